import { SoftAuthenticator, type Odd } from '#identity/testing/authenticator.js';
import { relyingParty } from '#identity/passkey.js';
import { PASSWORD, Stage, type Name, type Told } from './testing/stage.js';

const ORIGIN = 'http://localhost:3000';
let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

type Options = { readonly challenge: string } & Record<string, unknown>;
const options = ({ json }: Told) => json as unknown as Options;
const device = () => new SoftAuthenticator(ORIGIN, 'localhost');
const lastFact = async () => (await stage.sql<{ record: string }>('SELECT record FROM facts ORDER BY seq DESC LIMIT 1')).map(({ record }) => JSON.parse(record) as { type: string; actor: string; body: Record<string, unknown> })[0]!;

async function begun(as: Name): Promise<Told> {
  await stage.signIn(as);
  return stage.ask('POST', '/v1/passkeys/options', { as, body: { code: stage.freshCode(as) } });
}
async function registered(as: Name, name = 'Ključ na stolu'): Promise<SoftAuthenticator> {
  const authenticator = device();
  const told = await stage.ask('POST', '/v1/passkeys', { as, body: { name, passkey: authenticator.make(options(await begun(as))) } });
  expect([told.status, told.json['name']]).toEqual([201, name]);
  return authenticator;
}
const challenge = async () => options(await stage.ask('POST', '/v1/session/passkey/options'));
const enter = (proof: object) => stage.ask('POST', '/v1/session/passkey', { body: proof });
const stepUp = (as: Name, purpose: object) => stage.ask('POST', '/v1/session/step-up', { as, body: purpose });

describe('a passkey', () => {
  it('is registered in a session after a fresh proof, with the user verified, and shown without its key', async () => {
    const told = await begun('mila');
    expect(told.json).toMatchObject({ rp: { id: 'localhost', name: 'Pronađi me' }, authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, attestation: 'none' });
    const made = device().make(options(told));
    expect(await stage.ask('POST', '/v1/passkeys', { as: 'mila', body: { name: '  ', passkey: made } })).toMatchObject({ status: 422, json: { code: 'OFFICER_INVALID', faults: [{ field: 'name' }] } });
    expect(await stage.ask('POST', '/v1/passkeys', { as: 'mila', body: { name: 'Telefon', passkey: made } })).toMatchObject({ status: 201, json: { name: 'Telefon', lastUsedAt: null } });
    expect(await lastFact()).toMatchObject({ type: 'officer.passkey_added' });
    expect((await stage.ask('GET', '/v1/passkeys', { as: 'mila' })).text).not.toContain(made.id);
    expect((await stage.ask('GET', '/v1/session', { as: 'mila' })).json['passkeys']).toBe(1);
  });

  it('is not registered without a proof, twice, with a used challenge, or with that of another session', async () => {
    expect(await stage.ask('POST', '/v1/passkeys/options', { as: 'mila', body: {} })).toMatchObject({ status: 403, json: { code: 'STEP_UP_MISSING' } });
    const authenticator = device();
    const first = options(await begun('ana'));
    const put = (as: Name, made: object) => stage.ask('POST', '/v1/passkeys', { as, body: { name: 'Ključ', passkey: made } });
    expect(await put('mila', authenticator.make(first))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
    expect(await put('ana', authenticator.make(first))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
    expect(await put('ana', authenticator.make(options(await begun('ana'))))).toMatchObject({ status: 201 });
    expect(await put('ana', authenticator.make(options(await begun('ana'))))).toMatchObject({ status: 409, json: { code: 'PASSKEY_KNOWN' } });
    expect(await put('ana', authenticator.make(await challenge()))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
  });

  it.each<[string, Odd]>([
    ['another origin', { origin: 'http://evil.example' }], ['another relying party', { rpId: 'evil.example' }], ['a user who was not verified', { userVerified: false }],
    ['a page within a page', { crossOrigin: true }], ['a proof instead', { type: 'webauthn.get' }],
  ])('is not registered from %s', async (_what, odd) => {
    const made = device().make(options(await begun('vuk')), odd);
    expect(await stage.ask('POST', '/v1/passkeys', { as: 'vuk', body: { name: 'Ključ', passkey: made } })).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
  });

  it('is not offered where the address has no name', () => {
    expect([relyingParty('http://127.0.0.1:3000'), relyingParty('http://[::1]:3000')]).toEqual([undefined, undefined]);
    expect(relyingParty('https://pronadjime.example/x')).toMatchObject({ id: 'pronadjime.example', origin: 'https://pronadjime.example' });
  });
});

describe('signing in with a passkey', () => {
  let authenticator: SoftAuthenticator;
  beforeAll(async () => { authenticator = await registered('iva'); });

  it('opens a session with nothing else, and the audit says how', async () => {
    const offered = await challenge();
    expect(offered).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] });
    const told = await enter(authenticator.prove(offered));
    expect(told).toMatchObject({ status: 200, json: { officer: { userName: 'iva' }, method: 'passkey', passkeys: 1 } });
    expect(told.headers['set-cookie']).toMatch(/^__Host-findme=[\w-]{43};/);
    expect(await lastFact()).toMatchObject({ type: 'officer.signed_in', body: { method: 'passkey' } });
  });

  it('takes a challenge once, and not after five minutes', async () => {
    const proof = authenticator.prove(await challenge());
    expect((await enter(proof)).status).toBe(200);
    expect(await enter(proof)).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
    const late = await challenge();
    stage.clock.advance(5 * 60_000);
    expect(await enter(authenticator.prove(late))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
  });

  it.each<[string, Odd, string]>([
    ['another origin', { origin: 'http://evil.example' }, 'passkey_refused'], ['another relying party', { rpId: 'evil.example' }, 'passkey_refused'],
    ['a user who was not verified', { userVerified: false }, 'passkey_refused'], ['a page within a page', { crossOrigin: true }, 'passkey_refused'],
    ['a counter that has gone back', { counter: 1 }, 'counter_back'],
  ])('is refused from %s, and the audit knows', async (_what, odd, cause) => {
    stage.clock.advance(3_600_000);
    const told = await enter(authenticator.prove(await challenge(), odd));
    expect([told.status, told.json['code'], told.headers['set-cookie']]).toEqual([401, 'PASSKEY_REFUSED', undefined]);
    expect(await lastFact()).toMatchObject({ type: 'officer.sign_in_failed', body: { cause } });
  });

  it('is refused to an officer who was disabled, in the same words', async () => {
    await stage.sql(`UPDATE officers SET enabled = false WHERE user_name = 'iva'`);
    try {
      expect(await enter(authenticator.prove(await challenge(), { counter: 50 }))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
      expect(await lastFact()).toMatchObject({ type: 'officer.sign_in_failed', body: { cause: 'disabled' } });
    } finally {
      await stage.sql(`UPDATE officers SET enabled = true WHERE user_name = 'iva'`);
    }
  });

  it('is refused for a passkey nobody registered, in the same words', async () => {
    expect(await enter(device().prove(await challenge()))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
    expect(await lastFact()).toMatchObject({ type: 'officer.sign_in_failed', body: { officer: null, cause: 'passkey_unknown' } });
  });

  it('ends with the passkey: removed with a fresh proof, it opens nothing', async () => {
    await stage.renew('vuk', 'mila');
    const doomed = await registered('vuk');
    const { id } = (await stage.ask('GET', '/v1/passkeys', { as: 'vuk' })).json['items']![0] as { id: string };
    expect(await stage.ask('POST', `/v1/passkeys/${id}/remove`, { as: 'mila', body: { code: '000000' } })).toMatchObject({ status: 404, json: { code: 'PASSKEY_MISSING' } });
    expect(await stage.ask('POST', `/v1/passkeys/${id}/remove`, { as: 'vuk', body: {} })).toMatchObject({ status: 403, json: { code: 'STEP_UP_MISSING' } });
    const proof = doomed.prove(options(await stepUp('vuk', { for: 'passkeys' })), { counter: 9 });
    expect((await stage.ask('POST', `/v1/passkeys/${id}/remove`, { as: 'vuk', body: { passkey: proof } })).status).toBe(204);
    expect(await lastFact()).toMatchObject({ type: 'officer.passkey_removed' });
    expect(await enter(doomed.prove(await challenge(), { counter: 10 }))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
  });

  it('spaces strangers out without closing the desk of who signed in there', async () => {
    let told = await enter(device().prove(await challenge()));
    for (let n = 0; told.status === 401 && n < 30; n += 1) told = await enter(device().prove(await challenge()));
    expect([told.status, told.json['code']]).toEqual([429, 'SIGN_IN_THROTTLED']);
    expect((await enter(authenticator.prove(await challenge(), { counter: 100 }))).status).toBe(200);
  });

  it('gives no end of challenges to who has not signed in', async () => {
    let told = await stage.ask('POST', '/v1/session/passkey/options');
    for (let n = 0; told.status === 200 && n < 100; n += 1) told = await stage.ask('POST', '/v1/session/passkey/options');
    expect([told.status, Number(told.headers['retry-after'])]).toEqual([429, 1]);
    expect((await stage.ask('POST', '/v1/session', { body: { userName: 'mila', password: PASSWORD, code: stage.freshCode('mila') } })).status).toBe(200);
  });
});

describe('approving with a passkey', () => {
  it('approves exactly the revision that the challenge was made for, in the session that asked', async () => {
    stage.clock.advance(3_600_000);
    await stage.renew('iva', 'vuk', 'mila');
    await registered('vuk');
    const authenticator = device();
    await stage.ask('POST', '/v1/passkeys', { as: 'iva', body: { name: 'Drugi', passkey: authenticator.make(options(await begun('iva'))) } });
    const { id, path } = await stage.written();
    const contentHash = await stage.submitted(path);
    const approve = (proof: object, as: Name = 'iva') => stage.ask('POST', `${path}/approve`, { as, body: { contentHash, passkey: proof } });
    const ask = async (purpose: object, as: Name = 'iva') => options(await stepUp(as, purpose));
    const purpose = { for: 'approve', alert: id, contentHash };
    const wrong = [
      await ask({ ...purpose, contentHash: 'b'.repeat(64) }), await ask({ ...purpose, alert: '00000000-0000-4000-8000-000000000009' }), await ask({ for: 'passkeys' }),
      await ask(purpose, 'vuk'), await challenge(),
    ];
    for (const offered of wrong) {
      stage.clock.advance(60_000);
      expect(await approve(authenticator.prove(offered))).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
      expect(await lastFact()).toMatchObject({ type: 'officer.step_up_failed', body: { cause: 'passkey_refused' } });
    }
    stage.clock.advance(60_000);
    expect((await approve(authenticator.prove(await ask(purpose), { userVerified: false }))).status).toBe(401);
    stage.clock.advance(60_000);
    const proof = authenticator.prove(await ask(purpose));
    expect(await approve(proof)).toMatchObject({ status: 200, json: { status: 'active' } });
    const [approved] = await stage.sql<{ record: string }>(`SELECT record FROM facts WHERE type = 'revision.approved'`);
    expect(JSON.parse(approved!.record)).toMatchObject({ body: { stepUp: 'passkey' } });
  });

  it('takes nobody else\'s passkey', async () => {
    const uros = await registered('uros');
    await registered('una');
    const { json } = await stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind: 'officer.add', payload: { userName: 'tuđi', displayName: 'Tuđi', roles: ['author'] } } });
    expect(json['code']).toBe('OFFICER_INVALID');
    const proposed = await stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind: 'officer.add', payload: { userName: 'nova', displayName: 'Nova Izmišljena', roles: ['author'] } } });
    const { id } = proposed.json['change'] as unknown as { id: string };
    const offered = options(await stepUp('una', { for: 'change', change: id }));
    expect(await stage.ask('POST', `/v1/changes/${id}/confirm`, { as: 'una', body: { passkey: uros.prove(offered) } })).toMatchObject({ status: 401, json: { code: 'PASSKEY_REFUSED' } });
    expect(await lastFact()).toMatchObject({ type: 'officer.step_up_failed', body: { cause: 'passkey_unknown' } });
  });

  it('is offered to who has a passkey, and a malformed proof is refused at the door', async () => {
    await stage.signIn('rada');
    expect(await stepUp('rada', { for: 'passkeys' })).toMatchObject({ status: 404, json: { code: 'PASSKEY_MISSING' } });
    expect(await enter({ id: 'x y', response: {} })).toMatchObject({ status: 422, json: { code: 'REQUEST_INVALID' } });
    const odd = device().prove({ challenge: 'AAAA' });
    expect(await enter({ ...odd, response: { ...odd.response, clientDataJSON: Buffer.from('null').toString('base64url') } })).toMatchObject({ status: 401 });
  });
});

describe('sessions', () => {
  it('say when they end, are kept open by what a person does and not by a screen that looks', async () => {
    stage.clock.advance(3_600_000);
    await stage.renew('rada');
    const from = stage.clock.now().getTime();
    const at = (minutes: number) => new Date(from + minutes * 60_000).toISOString();
    expect((await stage.ask('GET', '/v1/session', { as: 'rada' })).json).toMatchObject({ now: at(0), idleAt: at(30), absoluteAt: at(720), expiresAt: at(30), method: 'password+totp' });
    stage.clock.advance(20 * 60_000);
    await stage.ask('GET', '/v1/audit/facts', { as: 'rada', headers: { 'findme-background': '1' } });
    expect((await stage.ask('GET', '/v1/session', { as: 'rada' })).json['idleAt']).toBe(at(30));
    expect((await stage.ask('POST', '/v1/session/extend', { as: 'rada' })).json['idleAt']).toBe(at(50));
    stage.clock.advance(30 * 60_000);
    expect(await stage.ask('GET', '/v1/session', { as: 'rada' })).toMatchObject({ status: 401, json: { code: 'SESSION_MISSING', faults: [{ detail: 'idle' }] } });
  });

  it('are listed and ended by their officer, one or all, and say so to who was there', async () => {
    await stage.renew('ana');
    const first = await stage.signIn('ana');
    await stage.renew('ana');
    const items = (await stage.ask('GET', '/v1/sessions', { as: 'ana' })).json['items'] as unknown as { id: string; current: boolean }[];
    expect(items.map(({ current }) => current)).toEqual([true, false]);
    await stage.renew('mila');
    expect((await stage.ask('DELETE', `/v1/sessions/${items[1]!.id}`, { as: 'mila' })).status).toBe(204);
    expect((await stage.ask('GET', '/v1/session', { headers: { cookie: first } })).status).toBe(200);
    await stage.ask('DELETE', `/v1/sessions/${items[1]!.id}`, { as: 'ana' });
    expect(await stage.ask('GET', '/v1/session', { headers: { cookie: first } })).toMatchObject({ status: 401, json: { faults: [{ detail: 'ended_elsewhere' }] } });
    const second = await stage.signIn('ana');
    const out = await stage.ask('DELETE', '/v1/sessions', { as: 'ana' });
    expect([out.status, out.headers['set-cookie']]).toEqual([204, expect.stringMatching(/^__Host-findme=;/)]);
    expect(await stage.ask('GET', '/v1/session', { headers: { cookie: second } })).toMatchObject({ status: 401, json: { faults: [{ detail: 'ended_elsewhere' }] } });
    expect(await lastFact()).toMatchObject({ type: 'officer.sessions_ended', body: { sessions: expect.any(Number) as number } });
  });

  it('end with a word why when administrators reset the sign-in, passkeys included', async () => {
    await stage.renew('uros', 'una', 'iva');
    const cookie = await stage.signIn('iva');
    const iva = (await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'iva'`))[0]!.id;
    const { json } = await stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind: 'officer.reset', payload: { officer: iva } } });
    await stage.ask('POST', `/v1/changes/${(json['change'] as unknown as { id: string }).id}/confirm`, { as: 'una', body: { code: stage.freshCode('una') } });
    expect(await stage.ask('GET', '/v1/session', { headers: { cookie } })).toMatchObject({ status: 401, json: { faults: [{ detail: 'reset' }] } });
    expect(await stage.sql('SELECT FROM passkeys WHERE officer_id = $1', [iva])).toHaveLength(0);
  });
});
