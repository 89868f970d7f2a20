import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { until } from '../../tests/support/until.js';

/*
 * Changes by two administrators, asked of the database past the program: each rule alone, so that none hides behind another.
 */
const NOW = new Date('2026-11-24T18:00:00Z');
const HOUR_MS = 3_600_000;
const SYSTEM = '00000000-0000-0000-0000-000000000000';
const SEALED = Buffer.alloc(1);
const [ONE, TWO, THREE, AUTHOR] = ['1', '2', '3', '4'].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string, string];
const later = (ms: number) => new Date(NOW.getTime() + ms);

let database: TestDatabase;
let owner: pg.Client;
let app: pg.Client;
let second: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  [owner, app, second] = [database.ownerUrl, database.appUrl, database.appUrl].map((connectionString) => new pg.Client({ connectionString })) as [pg.Client, pg.Client, pg.Client];
  for (const client of [owner, app, second]) await client.connect();
});
beforeEach(async () => {
  await owner.query(
    `INSERT INTO officers (id, user_name, display_name, roles, password_hash, sealed_totp) VALUES
       ($1, 'prva', 'Prva', '{administrator}', 'x', ''), ($2, 'druga', 'Druga', '{administrator}', 'x', ''), ($3, 'treca', 'Treća', '{administrator}', 'x', ''), ($4, 'pisac', 'Pisac', '{author}', 'x', '')
     ON CONFLICT (id) DO UPDATE SET roles = excluded.roles, password_hash = 'x', sealed_totp = '', enabled = true`, [ONE, TWO, THREE, AUTHOR]);
});
afterEach(() => app.query('ROLLBACK'));
afterAll(async () => {
  for (const client of [owner, app, second]) await client.end();
  await database.drop();
});

const actor = (by: string) => (by === SYSTEM ? 'system' : `officer:${by}`);
const fact = (type: string, by: string, change?: string) =>
  JSON.stringify({ type, actor: actor(by), alert: null, at: NOW.toISOString(), body: change === undefined ? {} : { change }, id: randomUUID(), v: 1 });

interface Proposal { kind?: string; subject?: string; payload?: object; kept?: object; by?: string; expires?: Date; facts?: readonly string[] }
async function propose({ kind = 'officer.reset', subject = randomUUID(), payload = { officer: AUTHOR }, kept = {}, by = ONE, expires = later(72 * HOUR_MS), facts }: Proposal = {}): Promise<string> {
  const id = randomUUID();
  await app.query('SELECT propose_change($1, $2, $3, $4, $5, NULL, $6, $7, $8, $9)',
    [id, kind, subject, JSON.stringify(payload), JSON.stringify(kept), by, NOW, expires, facts ?? [fact('change.proposed', by, id)]]);
  return id;
}

const FACTS: Record<string, string> = { confirm: 'change.confirmed', refuse: 'change.refused', take_back: 'change.taken_back', expire: 'change.expired' };
interface Settling { by?: string; at?: Date; given?: object; reason?: Buffer | null; facts?: readonly string[] }
const settle = (id: string, verb: string, { by = TWO, at = NOW, given = {}, reason = null, facts }: Settling = {}, client = app) => client.query('SELECT settle_change($1, $2, $3, $4, $5, $6, $7)',
  [id, verb, by, at, JSON.stringify(given), reason, facts ?? [fact(FACTS[verb] ?? 'change.confirmed', by, id)]]);

const HALVES = { kept: { half: 'a'.repeat(64) }, given: { half: 'b'.repeat(64) } };
/** The author's sign-in, reset by two. */
async function reset(half = HALVES): Promise<void> {
  await settle(await propose({ kept: half.kept }), 'confirm', { given: half.given });
}

describe('a proposal', () => {
  it('is an administrator\'s, of a known kind, about what nothing else is open for, for three days at most', async () => {
    await expect(propose({ by: AUTHOR })).rejects.toThrow('ROLE_MISSING');
    await expect(propose({ kind: 'officer.promote' })).rejects.toThrow('CHANGE_KIND_UNKNOWN');
    await expect(propose({ expires: later(72 * HOUR_MS + 1) })).rejects.toMatchObject({ code: '23514' });
    const id = await propose({ subject: 'officer:x' });
    await expect(propose({ subject: 'officer:x' })).rejects.toThrow('CHANGE_PENDING');
    await settle(id, 'take_back', { by: ONE });
    await propose({ subject: 'officer:x' });
  });
});

describe('a change', () => {
  it.each<[string, Settling]>([
    ['confirm', { by: ONE }], ['refuse', { by: ONE, reason: SEALED }], ['take_back', { by: TWO }],
  ])('is decided by a second administrator, and taken back by the first alone: %s', async (verb, settling) => {
    await expect(settle(await propose(), verb, settling)).rejects.toThrow('CHANGE_OWN');
  });

  it('is no author\'s to confirm, and nobody\'s when who proposed it is no administrator any more', async () => {
    const id = await propose();
    await expect(settle(id, 'confirm', { by: AUTHOR })).rejects.toThrow('ROLE_MISSING');
    await owner.query(`UPDATE officers SET roles = '{author}' WHERE id = $1`, [ONE]);
    await expect(settle(id, 'confirm')).rejects.toThrow('ROLE_MISSING');
    // To refuse it takes one.
    await settle(id, 'refuse', { reason: SEALED });
  });

  it.each<[string, (id: string) => string[]]>([
    ['of another kind', (id) => [fact('change.confirmed', ONE, id)]],
    ['about another change', () => [fact('change.taken_back', ONE, randomUUID())]],
    ['by somebody else', (id) => [fact('change.taken_back', TWO, id)]],
    ['and one more about an alert', (id) => [fact('change.taken_back', ONE, id), fact('alert.withdrawn', ONE, id)]],
    ['and one more by somebody else', (id) => [fact('change.taken_back', ONE, id), fact('officer.changed', TWO, id)]],
    ['at all', () => []],
  ])('is not settled without its own fact: none %s', async (_what, factsOf) => {
    const id = await propose();
    await expect(settle(id, 'take_back', { by: ONE, facts: factsOf(id) })).rejects.toMatchObject({ code: 'FM003' });
    await settle(id, 'take_back', { by: ONE });
  });

  it('is not proposed without its own fact', async () => {
    await expect(propose({ facts: [fact('change.proposed', ONE, randomUUID())] })).rejects.toMatchObject({ code: 'FM003' });
  });

  it('is refused with a reason', async () => {
    await expect(settle(await propose(), 'refuse')).rejects.toThrow('REASON_MISSING');
  });

  it('is decided before it lapses, and lapses by the clock alone and not before', async () => {
    const id = await propose();
    const over = later(72 * HOUR_MS);
    for (const verb of ['confirm', 'refuse']) await expect(settle(id, verb, { at: over, reason: SEALED })).rejects.toThrow('CHANGE_SETTLED');
    await expect(settle(id, 'expire', { by: TWO, at: over })).rejects.toThrow('TRANSITION_NOT_ALLOWED');
    await expect(settle(id, 'expire', { by: SYSTEM, at: later(72 * HOUR_MS - 1) })).rejects.toThrow('TRANSITION_NOT_ALLOWED');
    await settle(id, 'expire', { by: SYSTEM, at: over });
    await expect(settle(id, 'expire', { by: SYSTEM, at: over })).rejects.toThrow('CHANGE_SETTLED');
  });

  it.each([
    `status = 'confirmed', decided_by = proposed_by, decided_at = now()`, `status = 'refused', decided_by = proposed_by, decided_at = now(), reason = ''`,
    `status = 'taken_back', decided_by = '${TWO}', decided_at = now()`, `status = 'confirmed', decided_at = now()`, `status = 'confirmed', decided_by = '${TWO}'`,
    `status = 'refused', decided_by = '${TWO}', decided_at = now()`, `status = 'expired', decided_by = '${TWO}', decided_at = now()`, `decided_at = now()`,
  ])('breaks no rule of its table, whoever writes it: %s', async (set) => {
    const id = await propose();
    await expect(owner.query(`UPDATE changes SET ${set} WHERE id = $1`, [id])).rejects.toMatchObject({ code: '23514' });
  });

  it('is never edited, unsettled or taken away, by the owner neither', async () => {
    const id = await propose();
    for (const set of [`payload = '{}'`, `kept = '{"half":"c"}'`, `kind = 'officer.add'`, `subject = 'x'`, `proposed_by = '${TWO}'`, `expires_at = now()`, `sealed = ''`]) {
      await expect(owner.query(`UPDATE changes SET ${set} WHERE id = $1`, [id])).rejects.toMatchObject({ code: 'FM002' });
    }
    await settle(id, 'take_back', { by: ONE });
    await expect(owner.query(`UPDATE changes SET status = 'open', decided_by = NULL, decided_at = NULL WHERE id = $1`, [id])).rejects.toMatchObject({ code: 'FM002' });
    for (const sql of ['DELETE FROM changes', 'TRUNCATE changes CASCADE']) await expect(owner.query(sql)).rejects.toMatchObject({ code: 'FM002', message: 'append-only: changes' });
  });
});

describe('administrators', () => {
  const disable = (officer: string, by = ONE) => propose({ kind: 'officer.change', payload: { officer, roles: ['administrator'], enabled: false }, by });

  it('remain two who can sign in: one who never enrolled does not count', async () => {
    await settle(await disable(THREE), 'confirm');
    const id = await disable(ONE);
    await expect(settle(id, 'confirm')).rejects.toThrow('ADMINISTRATORS_TOO_FEW');
    await owner.query(`UPDATE officers SET enabled = true, password_hash = NULL, sealed_totp = NULL WHERE id = $1`, [THREE]);
    await expect(settle(id, 'confirm')).rejects.toThrow('ADMINISTRATORS_TOO_FEW');
  });

  it('remain two when two others go at the same moment', async () => {
    // Neither change touches an officer of the other, so that nothing but the rule makes one wait.
    const [first, other] = [await disable(THREE), await disable(ONE, THREE)];
    await app.query('BEGIN');
    await settle(first, 'confirm', { by: TWO });
    const both = settle(other, 'confirm', { by: TWO }, second);
    const refused = expect(both).rejects.toThrow('ADMINISTRATORS_TOO_FEW');
    await until(async () => (await owner.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rowCount, (count) => count !== 0);
    await app.query('COMMIT');
    await refused;
  });
});

describe('an officer who is changed by two', () => {
  const session = () => owner.query(
    `INSERT INTO sessions (id, officer_id, token_hash, opened_at, seen_at) VALUES (gen_random_uuid(), $1, encode(sha256(gen_random_uuid()::text::bytea), 'hex'), $2, $2)`, [AUTHOR, NOW]);
  const causes = async () => (await owner.query<{ ended_cause: string | null }>('SELECT DISTINCT ended_cause FROM sessions WHERE officer_id = $1', [AUTHOR])).rows.map((row) => row.ended_cause);
  beforeEach(() => owner.query('DELETE FROM sessions'));

  it('is signed out everywhere when disabled, and stays signed in when only a role changes', async () => {
    await session();
    const set = async (roles: string[], enabled: boolean) => settle(await propose({ kind: 'officer.change', payload: { officer: AUTHOR, roles, enabled } }), 'confirm');
    await set(['author', 'approver'], true);
    expect(await causes()).toEqual([null]);
    await set(['author'], false);
    expect(await causes()).toEqual(['disabled']);
  });

  it('loses password, second factor, passkeys and sessions at once when reset', async () => {
    await session();
    await owner.query(`INSERT INTO passkeys (id, officer_id, credential_id, public_key, counter, transports, name, created_at) VALUES (gen_random_uuid(), $1, 'pk', '', 0, '{}', 'ključ', $2)`, [AUTHOR, NOW]);
    await reset();
    expect(await causes()).toEqual(['reset']);
    const { rows } = await owner.query(`SELECT password_hash, sealed_totp, (SELECT count(*)::int FROM passkeys WHERE officer_id = $1) AS passkeys FROM officers WHERE id = $1`, [AUTHOR]);
    expect(rows).toEqual([{ password_hash: null, sealed_totp: null, passkeys: 0 }]);
  });

  it('enrols with both halves, once, within a day, with the fact of just that', async () => {
    await reset();
    const enrol = (given: { first?: string; other?: string; at?: Date; facts?: readonly string[] } = {}) => {
      const { first = HALVES.kept.half, other = HALVES.given.half, at = NOW, facts = [fact('officer.enrolled', AUTHOR)] } = given;
      return app.query('SELECT enrol_officer($1, $2, $3, $4, $5, $6, $7, $8)', [AUTHOR, first, other, at, 'novi', SEALED, 1, facts]);
    };
    for (const wrong of [{ first: HALVES.given.half }, { other: HALVES.kept.half }, { at: later(24 * HOUR_MS) }]) await expect(enrol(wrong)).rejects.toThrow('ENROLMENT_INVALID');
    for (const facts of [[], [fact('officer.added', AUTHOR)], [fact('officer.enrolled', TWO)], [fact('officer.enrolled', AUTHOR), fact('officer.enrolled', AUTHOR)]]) {
      await expect(enrol({ facts })).rejects.toMatchObject({ code: 'FM003' });
    }
    await expect(app.query(`UPDATE officers SET password_hash = 'x' WHERE id = $1`, [AUTHOR])).rejects.toThrow('ENROLMENT_INVALID');
    await enrol({ at: later(24 * HOUR_MS - 1) });
    await expect(enrol()).rejects.toThrow('ENROLMENT_INVALID');
  });

  it('keeps factors that are there: an enrolment left over replaces none', async () => {
    await reset({ kept: { half: 'c'.repeat(64) }, given: { half: 'd'.repeat(64) } });
    await owner.query(`UPDATE officers SET password_hash = 'x', sealed_totp = '' WHERE id = $1`, [AUTHOR]);
    await expect(app.query('SELECT enrol_officer($1, $2, $3, $4, $5, $6, $7, $8)', [AUTHOR, 'c'.repeat(64), 'd'.repeat(64), NOW, 'novi', SEALED, 1, [fact('officer.enrolled', AUTHOR)]]))
      .rejects.toThrow('ENROLMENT_INVALID');
  });

  it.each([
    [`roles = '{author,administrator}'`], [`roles = '{author,auditor}'`], [`roles = '{author,partner}', destinations = '{tv}'`], [`roles = '{}'`], [`roles = '{king}'`],
    [`roles = '{partner}'`], [`destinations = '{tv}'`], [`roles = '{partner}', destinations = '{tv,NULL}'`], ['sealed_totp = NULL'], ['password_hash = NULL'],
  ])('is never one that there may not be: %s', async (set) => {
    await expect(owner.query(`UPDATE officers SET ${set} WHERE id = $1`, [AUTHOR])).rejects.toMatchObject({ code: '23514' });
  });

  it('has no session that was seen before it was opened, or ended without a time', async () => {
    await session();
    for (const set of [`seen_at = opened_at - interval '1 second'`, `ended_cause = 'reset'`, `token_hash = 'x'`]) {
      await expect(owner.query(`UPDATE sessions SET ${set}`)).rejects.toMatchObject({ code: '23514' });
    }
  });
});

describe('a destination', () => {
  const document = { name: 'TV', channel: 'cap-push', mode: 'drill', settings: {} };
  const set = async (id: string, { mode = 'drill', regroups = false, secrets = [] as object[] } = {}) =>
    settle(await propose({ kind: 'destination.set', payload: { id, ...document, mode }, kept: { simulated: true, regroups } }), 'confirm', { given: { secrets } });

  it('never goes from drill to live, not by two administrators either', async () => {
    await set('tv');
    await expect(set('tv', { mode: 'live' })).rejects.toThrow('DESTINATION_WORLD');
    for (const column of ['name', 'channel', 'settings', 'mode']) {
      await expect(owner.query(`UPDATE destinations SET document = document - $1::text`, [column])).rejects.toThrow(column === 'mode' ? 'DESTINATION_WORLD' : 'destinations_document_check');
    }
  });

  it('is not divided anew while an alert is active there, or anything of one is still to be told', async () => {
    const alert = randomUUID();
    await owner.query(
      `INSERT INTO alerts (id, mode, status, version, case_number, created_by, created_at, last_revision, current_revision, expires_at) VALUES ($1, 'drill', 'active', 1, 'KU-1', $2, now(), 1, 1, now())`, [alert, AUTHOR]);
    await owner.query(
      `INSERT INTO revisions (alert_id, number, kind, status, writers, submitted_by, decided_by, identifier, content_hash, sent_at, expires_at)
       VALUES ($1, 1, 'alert', 'approved', ARRAY[$2::uuid], $2, $3, 'tv-1', repeat('0', 64), now(), now())`, [alert, AUTHOR, ONE]);
    await owner.query(`INSERT INTO outbox (alert_id, revision, kind, content_hash) VALUES ($1, 1, 'alert', repeat('0', 64))`, [alert]);
    await owner.query(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at, accepted_at) VALUES (gen_random_uuid(), $1, 1, 'alert', 'smpp', 'mts', 'k-1', 'accepted', now(), now())`, [alert]);
    await expect(set('mts', { regroups: true })).rejects.toThrow('DESTINATION_BUSY');
    await set('mts');
    await owner.query(`UPDATE alerts SET status = 'found', ended_at = now() WHERE id = $1`, [alert]);
    for (const state of ['queued', 'uncertain']) {
      await owner.query(`UPDATE deliveries SET state = $2 WHERE alert_id = $1`, [alert, state]);
      await expect(set('mts', { regroups: true })).rejects.toThrow('DESTINATION_BUSY');
    }
    await owner.query(`UPDATE deliveries SET state = 'accepted' WHERE alert_id = $1`, [alert]);
    await set('mts', { regroups: true });
  });

  it('has no secret but the one that came with the change', async () => {
    const secret = (generation: number) => [{ name: 'hook', generation, sealed: '' }];
    await set('radio', { secrets: secret(1) });
    await set('radio', { secrets: secret(2) });
    expect((await owner.query(`SELECT generation, made_by, previous_until = made_at AS alone FROM destination_secrets WHERE destination = 'radio'`)).rows).toEqual([{ generation: 2, made_by: ONE, alone: true }]);
  });
});

describe('a challenge', () => {
  it.each([
    ['sign_in', `'${randomUUID()}'`, 'NULL'], ['register', 'NULL', 'NULL'], ['step_up', 'NULL', `'{}'`], ['register', '(SELECT id FROM sessions LIMIT 1)', `'{}'`],
    ['step_up', '(SELECT id FROM sessions LIMIT 1)', 'NULL'], ['sign_in', 'NULL', `'{}'`], ['other', 'NULL', 'NULL'],
  ])('belongs to a session but to sign in, and has a purpose to step up: not %s, %s, %s', async (ceremony, session, purpose) => {
    await owner.query(`INSERT INTO sessions (id, officer_id, token_hash, opened_at, seen_at) VALUES (gen_random_uuid(), $1, encode(sha256(gen_random_uuid()::text::bytea), 'hex'), $2, $2)`, [AUTHOR, NOW]);
    await expect(owner.query(`INSERT INTO passkey_challenges VALUES (repeat('0', 64), '${ceremony}', ${session}, ${purpose}, now())`)).rejects.toMatchObject({ code: '23514' });
  });
});
