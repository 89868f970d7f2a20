import { Stage } from './testing/stage.js';

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

const signIn = (body: object, headers: Record<string, string> = {}) => stage.ask('POST', '/v1/session', { body, headers });
const good = () => ({ userName: 'mila', password: 'izmišljena rečenica 27', code: stage.freshCode('mila') });

describe('a session', () => {
  it('comes as a cookie that only this host gets, over a secure line, out of reach of scripts', async () => {
    const told = await signIn(good());
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({ officer: { userName: 'mila', roles: ['author'] }, expiresAt: '2026-11-24T18:30:30.000Z' });
    expect(told.headers['set-cookie']).toMatch(/^__Host-findme=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(told.text).not.toMatch(/[\w-]{43}/);
  });

  it('knows its device by two words, and keeps nothing else of what the browser says that it is', async () => {
    const canary = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; canary-77) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
    for (const [header, device] of [[canary, { browser: 'chrome', system: 'windows' }], ['canary-77', null]] as const) {
      const cookie = String((await signIn(good(), { 'user-agent': header })).headers['set-cookie']).split(';')[0]!;
      const items = (await stage.ask('GET', '/v1/sessions', { headers: { cookie } })).json['items'] as unknown as { current: boolean; device: unknown }[];
      expect(items.filter(({ current }) => current)).toMatchObject([{ device }]);
    }
    const kept = await stage.sql<{ row: string }>('SELECT s::text AS row FROM sessions s UNION ALL SELECT record FROM facts');
    expect(kept.length).toBeGreaterThan(2);
    expect(kept.filter(({ row }) => /canary|Mozilla/.test(row))).toEqual([]);
  });

  it('is over after signing out', async () => {
    const cookie = String((await signIn(good())).headers['set-cookie']).split(';')[0]!;
    expect((await stage.ask('GET', '/v1/session', { headers: { cookie } })).json).toMatchObject({ officer: { userName: 'mila' } });
    const out = await stage.ask('DELETE', '/v1/session', { headers: { cookie } });
    expect([out.status, out.headers['set-cookie']]).toEqual([204, expect.stringMatching(/^__Host-findme=; .*Expires=Thu, 01 Jan 1970/)]);
    expect(await stage.ask('GET', '/v1/session', { headers: { cookie } })).toMatchObject({ status: 401, json: { code: 'SESSION_MISSING' } });
  });

  it('is not opened by what does not fit, and the answer tells no more', async () => {
    for (const wrong of [{ ...good(), password: 'x' }, { ...good(), userName: 'nobody' }, { ...good(), code: '000000' }]) {
      const told = await signIn(wrong);
      expect([told.status, told.json['code'], told.headers['set-cookie']]).toEqual([401, 'CREDENTIALS_WRONG', undefined]);
    }
    expect(await signIn({ userName: 'mila' })).toMatchObject({ status: 422, json: { code: 'REQUEST_INVALID', faults: [{ field: 'password' }, { field: 'code' }] } });
  });

  it('says how long to wait after failures', async () => {
    let told = await signIn({ ...good(), userName: 'iva', password: 'x' });
    for (let i = 0; told.status === 401 && i < 10; i += 1) told = await signIn({ userName: 'iva', password: 'x', code: '000000' });
    expect([told.status, told.json['code'], Number(told.headers['retry-after'])]).toEqual([429, 'SIGN_IN_THROTTLED', 1]);
  });
});

describe('a change asked for from elsewhere', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }, false],
    ['a sister site', { 'sec-fetch-site': 'same-site' }, false],
    ['another origin', { origin: 'https://evil.example' }, false],
    ['an origin without a name', { origin: 'null' }, false],
    ['our own pages', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' }, true],
    ['our own origin, by an older browser', { origin: 'http://localhost:3000' }, true],
    ['a program', {}, true],
  ])('%s', async (_from, headers, allowed) => {
    const before = await stage.rowCounts();
    const told = await stage.ask('POST', '/v1/drill/alerts', { as: 'ana', body: {}, headers });
    expect([told.status, told.json['code']]).toEqual(allowed ? [422, 'CONTENT_INVALID'] : [403, 'CROSS_SITE']);
    expect(await stage.rowCounts()).toEqual(before);
    if (!allowed) expect((await signIn(good(), headers)).json['code']).toBe('CROSS_SITE');
  });
});
