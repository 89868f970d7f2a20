import { createECDH, randomBytes } from 'node:crypto';
import webpush from 'web-push';
import { FixedClock } from '#kernel/clock.js';
import { RequestBudget } from './request-budget.js';
import { Stage } from './testing/stage.js';

const pair = webpush.generateVAPIDKeys();
const live = `{ vapid: { key: live-vapid, subject: "mailto:proba@findme.example" } }`;
const drill = `{ vapid: { key: drill-vapid, subject: "mailto:proba@findme.example" }, services: [{ hosts: 127.0.0.1 }], simulated: { port: 0, serverKey: k, serverCertificate: c } }`;
const destination = (id: string, mode: string, settings: string) => `  - { id: ${id}, name: Pregledači, channel: web-push, mode: ${mode}, simulated: true, settings: ${settings} }`;
const PATH = '/v1/subscriptions/web-push';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    configuration: ['sender: proba@findme.example', 'destinations:', destination('push', 'live', live), destination('push-drill', 'drill', drill)].join('\n'),
    secret: (name) => (name === 'live-vapid' ? pair.privateKey : name === 'drill-vapid' ? webpush.generateVAPIDKeys().privateKey : 'secret'),
  });
});
afterAll(() => stage.close());

/** What a browser would give. */
function browser(endpoint = `https://fcm.googleapis.com/fcm/send/${randomBytes(12).toString('base64url')}`) {
  const curve = createECDH('prime256v1');
  return { endpoint, keys: { p256dh: curve.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') } };
}
const body = (more: object = {}) => ({ mode: 'live', language: 'sr-Cyrl', districts: null, subscription: browser(), ...more });
const stored = () => stage.sql<{ mode: string; language: string; districts: string[] | null; confirmed_at: Date }>('SELECT * FROM subscribers ORDER BY created_at');
beforeEach(() => stage.sql('DELETE FROM subscribers'));

describe('subscribing with a browser', () => {
  it('asks nobody who they are, gives a token, and takes the browser in again with another choice', async () => {
    const subscription = browser();
    const first = await stage.ask('POST', PATH, { body: body({ subscription }) });
    expect([first.status, Object.keys(first.json)]).toEqual([201, ['token']]);
    const second = await stage.ask('POST', PATH, { body: body({ subscription, language: 'en', districts: ['RS-20', 'RS-00', 'RS-20'] }) });
    expect(second.status).toBe(201);
    expect(await stored()).toMatchObject([{ mode: 'live', language: 'en', districts: ['RS-20', 'RS-00'] }]);
    expect((await stored())[0]!.confirmed_at).toBeInstanceOf(Date);
  });

  it('ends with the token, with nothing else, and once', async () => {
    const token = String((await stage.ask('POST', PATH, { body: body() })).json['token']);
    const leave = (authorization?: string) => stage.ask('DELETE', PATH, { ...(authorization !== undefined && { headers: { authorization } }) });
    for (const wrong of [undefined, '', 'Bearer', `Bearer ${token.slice(1)}`, `Basic ${token}`, `Bearer ${'A'.repeat(43)}`, `Bearer ${token} x`]) expect((await leave(wrong)).status).toBe(404);
    expect((await stored()).length).toBe(1);
    expect((await leave(`Bearer ${token}`)).status).toBe(204);
    expect((await leave(`Bearer ${token}`)).status).toBe(404);
    expect(await stored()).toEqual([]);
  });

  it.each([
    ['an address on a private network', { subscription: browser('https://127.0.0.1/x') }, 'ENDPOINT_NOT_ALLOWED'],
    ['a host that is on no list', { subscription: browser('https://push.example/x') }, 'ENDPOINT_NOT_ALLOWED'],
    ['http', { subscription: browser('http://fcm.googleapis.com/x') }, 'ENDPOINT_NOT_ALLOWED'],
    ['an address of the drill in live', { subscription: browser('https://127.0.0.1:4171/wpush/1') }, 'ENDPOINT_NOT_ALLOWED'],
    ['no point of the curve', { subscription: { ...browser(), keys: { p256dh: Buffer.alloc(65, 4).toString('base64url'), auth: browser().keys.auth } } }, 'REQUEST_INVALID'],
    ['no address', { subscription: { keys: browser().keys } }, 'REQUEST_INVALID'],
    ['another field', { name: 'Ana' }, 'REQUEST_INVALID'],
    ['another language', { language: 'de' }, 'REQUEST_INVALID'],
    ['no district', { districts: [] }, 'REQUEST_INVALID'],
    ['a district that is none', { districts: ['RS-00', 'RS-99'] }, 'AREA_UNKNOWN_DISTRICT'],
  ])('refuses %s', async (_what, more, code) => {
    const told = await stage.ask('POST', PATH, { body: body(more) });
    expect([told.status, told.json['code']]).toEqual([422, code]);
    expect(told.text).not.toContain('push.example');
    expect(await stored()).toEqual([]);
  });

  it('is refused from another site\'s page, and leaves no address in the log', async () => {
    expect((await stage.ask('POST', PATH, { body: body(), headers: { 'sec-fetch-site': 'cross-site' } })).json['code']).toBe('CROSS_SITE');
    await stage.ask('POST', PATH, { body: body() });
    expect(JSON.stringify(stage.logged)).not.toContain('googleapis');
  });

  it('gives the key of each mode, as a library would print it', async () => {
    expect((await stage.ask('GET', `${PATH}/key`)).json).toEqual({ mode: 'live', key: pair.publicKey });
    const inDrill = (await stage.ask('GET', `${PATH}/key?mode=drill`)).json as unknown as { key: string };
    expect(Buffer.from(inDrill.key, 'base64url').length).toBe(65);
    expect(inDrill.key).not.toBe(pair.publicKey);
  });
});

describe('the subscription page', () => {
  it.each([['/pretplata', 'sr-Latn', 'live'], ['/pretplata?jezik=en', 'en', 'live'], ['/vezba/pretplata?jezik=sr-Cyrl', 'sr-Cyrl', 'drill']])('%s speaks %s and loads nothing from anywhere else', async (path, language, mode) => {
    const { status, text, headers } = await stage.ask('GET', path);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain(`<html lang="${language}">`);
    expect(text).toContain(`data-mode="${mode}"`);
    expect(text.includes('class="banner"')).toBe(mode === 'drill');
    expect(text.match(/name="district"/g)!.length).toBe(25);
    // No request to anybody else, no script and no style in line, no handler in an attribute.
    expect(text).not.toMatch(/https?:\/\/|<style|\son\w+=|javascript:|<script(?! src="\/pretplata\.js" defer><\/script>)/);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('can be used without eyes and without a mouse: every field has its words, every group its legend, and what happens is said', async () => {
    const { text } = await stage.ask('GET', '/pretplata');
    const inputs = text.match(/<input[^>]*>/g)!;
    expect(text.match(/<label[^>]*><input[^>]*> [^<]+<\/label>/g)!.length).toBe(inputs.length);
    expect(text.match(/<fieldset>/g)!.length).toBe(text.match(/<legend>[^<]+<\/legend>/g)!.length);
    expect(text).toContain('role="status" aria-live="polite"');
    expect(text).toContain('<noscript>');
    for (const says of ['joined', 'left', 'standing', 'denied', 'unable', 'nowhere', 'later', 'failed', 'wait']) expect(text).toContain(`data-says="${says}"`);
  });

  it('has its script and its worker beside it, which say no word that the page does not have', async () => {
    const [script, worker] = [await stage.ask('GET', '/pretplata.js'), await stage.ask('GET', '/sw.js')];
    for (const { status, headers, text } of [script, worker]) {
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/javascript; charset=utf-8', 'no-cache']);
      expect(text).not.toMatch(/https?:\/\/|innerHTML|eval\(|importScripts/);
    }
    const { text } = await stage.ask('GET', '/pretplata');
    for (const [, name] of script.text.matchAll(/say\('(\w+)'\)/g)) expect(text).toContain(`data-says="${name}"`);
  });
});

describe('the budget of a door that is open to anyone', () => {
  const clock = new FixedClock('2026-11-24T18:00:00Z');
  const budget = () => new RequestBudget(clock, { burst: 3, perSecond: 1 }, { burst: 5, perSecond: 10 });

  it('spaces one source and leaves the others alone', () => {
    const b = budget();
    expect([1, 2, 3, 4].map(() => b.take('8.8.8.8'))).toEqual([0, 0, 0, 1]);
    expect(b.take('8.8.4.4')).toBe(0);
    clock.advance(1_000);
    expect([b.take('8.8.8.8'), b.take('8.8.8.8')]).toEqual([0, 1]);
  });

  it('counts a network of IPv6 as one, and this machine only altogether', () => {
    const b = budget();
    expect(['2a00:1:2:3::1', '2a00:1:2:3::2', '2a00:1:2:3::3', '2a00:1:2:3::4'].map((a) => b.take(a))).toEqual([0, 0, 0, 1]);
    expect(['127.0.0.1', '::ffff:127.0.0.1', '::1'].map((a) => b.take(a))).toEqual([0, 0, 1]);
  });
});

describe('the front page', () => {
  it('leads there where there is something to subscribe to', async () => {
    const { text } = await stage.ask('GET', '/');
    for (const path of ['/pretplata', '/vezba/pretplata']) expect(text).toContain(`href="${path}"`);
  });
});

describe('the door', () => {
  it('says when to come again after many subscriptions at once', async () => {
    const ask = (remoteAddress: string) => stage.app.inject({ method: 'DELETE', url: PATH, remoteAddress, headers: { authorization: 'Bearer x' } });
    const many = await Promise.all(Array.from({ length: 62 }, () => ask('8.8.8.8')));
    const late = many.filter((told) => told.statusCode === 429);
    expect((await ask('8.8.4.4')).statusCode).toBe(404);
    expect(late.length).toBe(2);
    expect(late[0]!.json<{ code: string }>().code).toBe('SUBSCRIPTION_THROTTLED');
    expect(Number(late[0]!.headers['retry-after'])).toBeGreaterThan(0);
  });
});
