import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { totpAt } from '#identity/totp.js';
import { PASSWORD, Stage, type Name, type Told } from './testing/stage.js';

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

const propose = (kind: string, payload: object, as: Name = 'uros', more: object = {}) => stage.ask('POST', '/v1/changes', { as, body: { kind, payload, ...more } });
const changeOf = ({ json }: Told) => json['change'] as unknown as { id: string; status: string };
const halfOf = ({ json }: Told) => (json['told'] as unknown as { half: string }).half;
const confirm = async (id: string, as: Name = 'una', body?: object) => {
  await stage.signIn(as);
  return stage.ask('POST', `/v1/changes/${id}/confirm`, { as, body: body ?? { code: stage.freshCode(as) } });
};
const officerId = async (userName: string) => (await stage.sql<{ id: string }>('SELECT id FROM officers WHERE user_name = $1', [userName]))[0]!.id;
const factTypes = async () => (await stage.sql<{ type: string }>('SELECT type FROM facts ORDER BY seq')).map(({ type }) => type);
const added = (userName: string, roles = ['author']) => propose('officer.add', { userName, displayName: 'Nova Izmišljena', roles });

describe('a change by two administrators', () => {
  it('adds an officer only once the second has confirmed it, who then sets factors that no administrator ever knew', async () => {
    const proposed = await added('nova');
    expect([proposed.status, changeOf(proposed).status]).toEqual([201, 'open']);
    expect(await stage.sql(`SELECT FROM officers WHERE user_name = 'nova'`)).toHaveLength(0);
    const { id } = changeOf(proposed);
    const confirmed = await confirm(id);
    expect([confirmed.status, changeOf(confirmed).status]).toEqual([200, 'confirmed']);
    expect((await factTypes()).slice(-2)).toEqual(['change.confirmed', 'officer.added']);

    const halves = { proposerHalf: halfOf(proposed), confirmerHalf: halfOf(confirmed) };
    expect(halves.proposerHalf).not.toBe(halves.confirmerHalf);
    const begun = await stage.ask('POST', '/v1/enrolment/begin', { body: halves });
    expect(begun.json).toMatchObject({ userName: 'nova', roles: ['author'], otpauthUri: expect.stringContaining('otpauth://totp/') as string });
    const secret = String(begun.json['totpSecret']);
    expect((await stage.ask('POST', '/v1/enrolment/begin', { body: halves })).json['totpSecret']).toBe(secret);
    const own = { ...halves, password: 'moja izmišljena rečenica', totpCode: totpAt(secret, stage.clock.now()) };
    expect(await stage.ask('POST', '/v1/enrolment/complete', { body: { ...own, password: 'kratko' } })).toMatchObject({ status: 422, json: { code: 'PASSWORD_WEAK' } });
    expect(await stage.ask('POST', '/v1/enrolment/complete', { body: { ...own, totpCode: '000000' } })).toMatchObject({ status: 401, json: { code: 'CODE_WRONG' } });
    expect(await stage.ask('POST', '/v1/enrolment/complete', { body: own })).toMatchObject({ status: 200, json: { userName: 'nova' } });
    expect(await stage.ask('POST', '/v1/enrolment/complete', { body: own })).toMatchObject({ status: 401, json: { code: 'ENROLMENT_INVALID' } });
    expect((await factTypes()).at(-1)).toBe('officer.enrolled');

    const signIn = (code: string) => stage.ask('POST', '/v1/session', { body: { userName: 'nova', password: own.password, code } });
    expect(await signIn(own.totpCode)).toMatchObject({ status: 401, json: { code: 'CODE_REPLAYED' } });
    stage.clock.advance(30_000);
    expect(await signIn(totpAt(secret, stage.clock.now()))).toMatchObject({ status: 200 });

    // What was told once is nowhere: not in the facts, not in the tables, not in what administrators read.
    const kept = JSON.stringify([await stage.sql('SELECT record FROM facts'), await stage.sql('SELECT * FROM changes'), await stage.sql('SELECT * FROM enrolments'), (await stage.ask('GET', '/v1/changes?status=settled', { as: 'una' })).json]);
    for (const half of Object.values(halves)) expect(kept).not.toContain(half);
    expect(kept).not.toContain(secret);
  });

  it('is not confirmed or refused by who proposed it, and taken back by nobody else', async () => {
    const { id } = changeOf(await added('sama'));
    expect(await confirm(id, 'uros')).toMatchObject({ status: 403, json: { code: 'CHANGE_OWN' } });
    expect(await stage.ask('POST', `/v1/changes/${id}/refuse`, { as: 'uros', body: { reason: 'Predomislih se.' } })).toMatchObject({ status: 403, json: { code: 'CHANGE_OWN' } });
    expect(await stage.ask('POST', `/v1/changes/${id}/take-back`, { as: 'una' })).toMatchObject({ status: 403, json: { code: 'CHANGE_OWN' } });
    expect((await stage.ask('POST', `/v1/changes/${id}/take-back`, { as: 'uros' })).json).toMatchObject({ status: 'taken_back', decidedBy: { displayName: 'uros (izmišljena)' } });
    expect(await confirm(id)).toMatchObject({ status: 409, json: { code: 'CHANGE_SETTLED' } });
  });

  it('is refused with a reason, which the proposer reads and the audit does not', async () => {
    const { id } = changeOf(await added('odbijena'));
    expect(await stage.ask('POST', `/v1/changes/${id}/refuse`, { as: 'una', body: { reason: ' ' } })).toMatchObject({ status: 422, json: { code: 'REASON_MISSING' } });
    await stage.ask('POST', `/v1/changes/${id}/refuse`, { as: 'una', body: { reason: 'Ne radi kod nas.' } });
    expect((await stage.ask('GET', `/v1/changes/${id}`, { as: 'uros' })).json).toMatchObject({ status: 'refused', reason: 'Ne radi kod nas.' });
    expect(JSON.stringify(await stage.sql('SELECT record FROM facts'))).not.toContain('Ne radi');
    expect(await stage.sql(`SELECT FROM officers WHERE user_name = 'odbijena'`)).toHaveLength(0);
  });

  it('is carried out once, of many confirmations at the same moment', async () => {
    const { id } = changeOf(await added('jednom'));
    const una = (await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'una'`))[0]!.id;
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => stage.parts.changes.confirm(id as never, una as never, 'totp')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const t of tries) if (t.status === 'rejected') expect(t.reason).toMatchObject({ code: 'CHANGE_SETTLED' });
    expect((await factTypes()).filter((type) => type === 'change.confirmed')).toHaveLength(2);
  });

  it('needs a fresh proof from who confirms, and uses none up in vain', async () => {
    const { id } = changeOf(await added('dokaz'));
    expect(await confirm(id, 'una', {})).toMatchObject({ status: 403, json: { code: 'STEP_UP_MISSING' } });
    expect(await confirm(id, 'una', { code: '000000' })).toMatchObject({ status: 401, json: { code: 'CODE_WRONG' } });
    const code = stage.freshCode('una');
    expect(await confirm(randomUUID(), 'una', { code })).toMatchObject({ status: 404, json: { code: 'CHANGE_MISSING' } });
    expect(await confirm(id, 'una', { code })).toMatchObject({ status: 200 });
  });

  it('lapses after 72 hours, and its subject is free again', async () => {
    const payload = { officer: await officerId('vuk'), roles: ['author'], enabled: true };
    const { id } = changeOf(await propose('officer.change', payload));
    expect(await propose('officer.change', payload)).toMatchObject({ status: 409, json: { code: 'CHANGE_PENDING' } });
    stage.clock.advance(72 * 3_600_000);
    await stage.renew('uros', 'una');
    expect(await confirm(id)).toMatchObject({ status: 409, json: { code: 'CHANGE_SETTLED' } });
    const again = changeOf(await propose('officer.change', payload));
    expect((await stage.ask('GET', `/v1/changes/${id}`, { as: 'una' })).json).toMatchObject({ status: 'expired', decidedBy: null });
    expect(await factTypes()).toContain('change.expired');
    await stage.ask('POST', `/v1/changes/${again.id}/take-back`, { as: 'uros' });
  });

  it('is refused by its field when it does not fit', async () => {
    expect(await propose('officer.promote', {})).toMatchObject({ status: 422, json: { code: 'CHANGE_KIND_UNKNOWN' } });
    expect(await propose('constructor', {})).toMatchObject({ status: 422, json: { code: 'CHANGE_KIND_UNKNOWN' } });
    expect(await propose('officer.add', { userName: 'x1', roles: ['king'] })).toMatchObject({ status: 422, json: { code: 'CHANGE_INVALID', faults: [{ field: 'payload.displayName' }, { field: 'payload.roles[0]' }] } });
    expect(await propose('officer.add', { userName: 'mila', displayName: 'Druga Izmišljena', roles: ['author'] })).toMatchObject({ status: 409, json: { code: 'USER_NAME_TAKEN' } });
    expect(await propose('officer.add', { userName: 'novi', displayName: 'Novi', roles: ['auditor', 'author'] })).toMatchObject({ status: 422, json: { code: 'OFFICER_INVALID' } });
    expect(await propose('officer.reset', { officer: randomUUID() })).toMatchObject({ status: 422, json: { code: 'OFFICER_INVALID' } });
    expect(await propose('officer.reset', { officer: await officerId('mila') }, 'uros', { secret: 'x' })).toMatchObject({ status: 422, json: { code: 'CHANGE_INVALID', faults: [{ field: 'secret' }] } });
  });
});

describe('officers by two administrators', () => {
  it('are disabled, with their sessions, and enabled again', async () => {
    await stage.signIn('ana');
    const set = async (enabled: boolean) => confirm(changeOf(await propose('officer.change', { officer: await officerId('ana'), roles: ['author'], enabled })).id);
    expect((await set(false)).status).toBe(200);
    expect(await stage.ask('GET', '/v1/session', { as: 'ana' })).toMatchObject({ status: 401 });
    await set(true);
    expect((await stage.ask('GET', '/v1/officers', { as: 'una' })).json['items']).toContainEqual(expect.objectContaining({ userName: 'ana', enabled: true, enrolled: true }));
  });

  it('get over a lost second factor: everything old ends at once, and one code leads to new factors', async () => {
    await stage.signIn('iva');
    const proposed = await propose('officer.reset', { officer: await officerId('iva') });
    const confirmed = await confirm(changeOf(proposed).id);
    expect(await stage.ask('GET', '/v1/session', { as: 'iva' })).toMatchObject({ status: 401 });
    expect(await stage.ask('POST', '/v1/session', { body: { userName: 'iva', password: PASSWORD, code: stage.freshCode('iva') } })).toMatchObject({ status: 401, json: { code: 'CREDENTIALS_WRONG' } });
    const halves = { proposerHalf: halfOf(proposed), confirmerHalf: halfOf(confirmed) };
    // One administrator alone has one half.
    for (const alone of [{ ...halves, confirmerHalf: halves.proposerHalf }, { ...halves, proposerHalf: halves.confirmerHalf }, { ...halves, proposerHalf: '' }]) {
      expect(await stage.ask('POST', '/v1/enrolment/begin', { body: alone })).toMatchObject({ status: 401, json: { code: 'ENROLMENT_INVALID' } });
    }
    expect((await stage.ask('POST', '/v1/enrolment/begin', { body: { proposerHalf: ` ${halves.proposerHalf.toUpperCase()} `, confirmerHalf: halves.confirmerHalf } })).status).toBe(200);
    stage.clock.advance(24 * 3_600_000);
    expect(await stage.ask('POST', '/v1/enrolment/begin', { body: halves })).toMatchObject({ status: 401, json: { code: 'ENROLMENT_INVALID' } });
  });

  it('remain two administrators at least', async () => {
    await stage.renew('uros', 'una');
    const { id } = changeOf(await propose('officer.change', { officer: await officerId('uros'), roles: ['administrator'], enabled: false }));
    expect(await confirm(id)).toMatchObject({ status: 409, json: { code: 'ADMINISTRATORS_TOO_FEW' } });
    expect((await stage.ask('GET', `/v1/changes/${id}`, { as: 'una' })).json['status']).toBe('open');
  });
});

describe('the applications\' own role in the database', () => {
  let app: pg.Client;
  let uros: string;
  let una: string;
  beforeAll(async () => {
    app = new pg.Client({ connectionString: stage.parts.house.environment.DATABASE_URL });
    await app.connect();
    [uros, una] = [await officerId('uros'), await officerId('una')];
  });
  afterAll(() => app.end());

  const fact = (type: string, change: string, by: string) => JSON.stringify({ type, actor: `officer:${by}`, alert: null, at: '2026-11-24T18:00:00.000Z', body: { change }, id: randomUUID(), v: 1 });
  const settle = (id: string, verb: string, type: string, by: string) => app.query('SELECT settle_change($1, $2, $3, $4, $5, $6, $7)', [id, verb, by, stage.clock.now(), '{}', null, [fact(type, id, by)]]);

  it('cannot confirm what was proposed by somebody who is no administrator any more', async () => {
    await stage.renew('uros', 'una');
    const { id } = changeOf(await propose('officer.change', { officer: await officerId('vuk'), roles: ['author'], enabled: true }));
    await stage.sql(`UPDATE officers SET enabled = false WHERE user_name = 'uros'`);
    await expect(settle(id, 'confirm', 'change.confirmed', una)).rejects.toMatchObject({ code: 'FM001', message: 'ROLE_MISSING' });
    await stage.sql(`UPDATE officers SET enabled = true WHERE user_name = 'uros'`);
    await settle(id, 'take_back', 'change.taken_back', uros);
  });

  it('cannot confirm as the proposer, as no administrator, or with another fact', async () => {
    await stage.renew('uros', 'una');
    const { id } = changeOf(await propose('officer.change', { officer: await officerId('vuk'), roles: ['author'], enabled: true }));
    await expect(settle(id, 'confirm', 'change.confirmed', uros)).rejects.toMatchObject({ code: 'FM001', message: 'CHANGE_OWN' });
    await expect(settle(id, 'confirm', 'change.confirmed', await officerId('mila'))).rejects.toMatchObject({ code: 'FM001', message: 'ROLE_MISSING' });
    await expect(settle(id, 'confirm', 'change.refused', una)).rejects.toMatchObject({ code: 'FM003' });
    await expect(settle(id, 'expire', 'change.expired', una)).rejects.toMatchObject({ code: 'FM001', message: 'TRANSITION_NOT_ALLOWED' });
    await expect(settle(id, 'approve', 'change.confirmed', una)).rejects.toMatchObject({ code: 'FM001', message: 'CHANGE_SETTLED' });
    await settle(id, 'confirm', 'change.confirmed', una);
    await expect(settle(id, 'confirm', 'change.confirmed', una)).rejects.toMatchObject({ code: 'FM001', message: 'CHANGE_SETTLED' });
  });

  it.each([
    ['add an officer', `INSERT INTO officers (id, user_name, display_name, roles) VALUES (gen_random_uuid(), 'uljez', 'Uljez', '{approver}')`],
    ['give a role', `UPDATE officers SET roles = '{approver}'`],
    ['enable an officer', `UPDATE officers SET enabled = true`],
    ['write a change', `INSERT INTO changes SELECT * FROM changes`],
    ['settle a change by hand', `UPDATE changes SET status = 'confirmed'`],
    ['carry out a change by hand', `SELECT apply_officer_add(c, '{}', now()) FROM changes c`],
    ['issue an enrolment', `INSERT INTO enrolments SELECT * FROM enrolments`],
  ])('cannot %s', async (_what, sql) => {
    await expect(app.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('cannot give a password to who has none, nor state a change that was not made', async () => {
    await expect(app.query(`UPDATE officers SET password_hash = 'x' WHERE user_name = 'iva'`)).rejects.toMatchObject({ message: 'ENROLMENT_INVALID' });
    await expect(app.query('SELECT append_facts($1)', [[fact('change.confirmed', randomUUID(), una)]])).rejects.toMatchObject({ code: 'FM003' });
  });

  it('and even the owner cannot edit or unsettle a change', async () => {
    await expect(stage.sql(`UPDATE changes SET status = 'open', decided_by = NULL, decided_at = NULL WHERE status = 'confirmed'`)).rejects.toMatchObject({ code: 'FM002' });
    await expect(stage.sql(`UPDATE changes SET payload = '{}' WHERE status = 'open'`)).rejects.toMatchObject({ code: 'FM002' });
    await expect(stage.sql(`DELETE FROM changes`)).rejects.toMatchObject({ code: 'FM002' });
  });
});
