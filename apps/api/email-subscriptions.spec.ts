import { simpleParser } from 'mailparser';
import { emailSettings } from '#channels/email/config.js';
import { startFakePartner, type FakeMailServer } from '#channels/email/fake-partner.js';
import { EMAIL, leaveLink } from '#channels/email/links.js';
import type { DestinationId } from '#kernel/ids.js';
import { Stage } from './testing/stage.js';

const PATH = '/v1/subscriptions/email';
const secret = (name: string): string => `${name}-of-the-spec`;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let stage: Stage;
let server: FakeMailServer;
beforeAll(async () => {
  const settings = {
    host: '127.0.0.1', port: 0, security: 'none', simulated: true, audience: { kind: 'subscribers' }, from: { name: 'Pronađi me', address: 'findme@police.example' },
    bounce: { host: '127.0.0.1', port: 0, domain: 'b.example', secret: 'drill-bounces' },
  };
  server = await startFakePartner({ id: 'gradjani' as DestinationId, name: 'Građani', channel: 'email', mode: 'drill', settings: emailSettings.parse(settings) }, { secret });
  stage = await Stage.open({
    secret, configuration: JSON.stringify({ sender: 'proba@findme.example', destinations: [{ id: 'gradjani', name: 'Građani', channel: 'email', mode: 'drill', simulated: true, settings: { ...settings, port: server.port } }] }),
  });
});
afterAll(async () => {
  await stage.close();
  await server.close();
});
beforeEach(() => stage.sql('DELETE FROM subscribers'));

let count = 0;
const someone = () => `Ana.${++count}@gradjani.example`;
const body = (more: object = {}) => ({ mode: 'drill', language: 'sr-Latn', districts: null, address: someone(), ...more });
const stored = () => stage.sql<{ kind: string; language: string; districts: string[] | null; confirmed_at: Date | null }>('SELECT * FROM subscribers ORDER BY kind, created_at');

/** The link in the newest mail to an address, as a path. */
async function linkTo(address: string): Promise<string> {
  const { bytes } = (await server.waitFor(() => server.received.some((m) => m.to === address)), server.received.filter((m) => m.to === address).at(-1)!);
  const { pathname, search } = new URL(/https?:\S+/.exec((await simpleParser(bytes)).text ?? '')![0]);
  return `${pathname}${search}`;
}

async function asks(more: object = {}): Promise<{ address: string; link: string }> {
  const wish = body(more);
  expect((await stage.ask('POST', PATH, { body: wish })).status).toBe(202);
  return { address: wish.address, link: await linkTo(wish.address) };
}

describe('subscribing by e-mail', () => {
  it('subscribes nobody until the link in their mailbox is used, and then once', async () => {
    const { link } = await asks({ language: 'en', districts: ['RS-20', 'RS-20'] });
    expect(await stored()).toMatchObject([{ kind: 'email-wish', confirmed_at: null }]);
    // Programs that look at links before people do confirm nothing.
    const page = await stage.ask('GET', link);
    expect([page.status, page.headers['referrer-policy']]).toEqual([200, 'same-origin']);
    expect(page.text).toContain('<form method="post">');
    expect(page.text).not.toMatch(/<script|https?:\/\//);
    expect((await stored())[0]!.kind).toBe('email-wish');
    expect((await stage.ask('POST', link)).status).toBe(200);
    expect(await stored()).toMatchObject([{ kind: 'email', language: 'en', districts: ['RS-20'] }]);
    expect((await stored())[0]!.confirmed_at).toBeInstanceOf(Date);
    expect((await stage.ask('POST', link, { body: '', headers: FORM })).status).toBe(404);
  });

  it('forgets who never confirms, and takes no link of yesterday', async () => {
    const { link } = await asks();
    stage.clock.advance(86_400_001);
    expect((await stage.ask('POST', link)).status).toBe(404);
    await asks();
    expect((await stored()).length).toBe(1);
  });

  it('answers the same whether an address is subscribed or not, and changes nothing for who is until they confirm', async () => {
    const { address, link } = await asks();
    await stage.ask('POST', link);
    const [known, unknown] = [await stage.ask('POST', PATH, { body: body({ address: address.toUpperCase(), language: 'en' }) }), await stage.ask('POST', PATH, { body: body() })];
    expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
    expect((await stored()).filter((r) => r.kind === 'email')).toMatchObject([{ language: 'sr-Latn' }]);
  });

  it('fills nobody\'s mailbox, and says nothing of that either', async () => {
    const address = someone();
    for (let n = 0; n < 6; n++) expect((await stage.ask('POST', PATH, { body: body({ address }) })).status).toBe(202);
    expect(server.received.filter((m) => m.to === address).length).toBe(3);
    expect((await stage.ask('POST', await linkTo(address))).status).toBe(200);
  });

  it('tells a mailbox that is refused from none, and a mail server that is away from one', async () => {
    const address = someone();
    server.gone.add(address);
    expect((await stage.ask('POST', PATH, { body: body({ address }) })).status).toBe(202);
    server.setFaults({ error: true });
    const away = await stage.ask('POST', PATH, { body: body() });
    server.setFaults({});
    expect([away.status, away.json['code']]).toEqual([503, 'MAIL_UNREACHABLE']);
  });

  it.each([
    ['an address with a command in it', { address: 'a@b.example\r\nRCPT TO:<x@y.example>' }, 'REQUEST_INVALID'], ['no address', { address: 'ana' }, 'REQUEST_INVALID'],
    ['another field', { name: 'Ana' }, 'REQUEST_INVALID'], ['a district that is none', { districts: ['RS-99'] }, 'AREA_UNKNOWN_DISTRICT'], ['a mode without such mail', { mode: 'live' }, 'ROUTE_MISSING'],
  ])('refuses %s', async (_what, more, code) => {
    expect((await stage.ask('POST', PATH, { body: body(more) })).json['code']).toBe(code);
    expect(await stored()).toEqual([]);
  });

  it('works by a page without script', async () => {
    const page = await stage.ask('GET', '/vezba/pretplata/e-posta?jezik=en');
    expect(page.text).toContain('<html lang="en">');
    expect(page.text).not.toMatch(/<script|\son\w+=/);
    expect((await stage.ask('GET', '/pretplata/e-posta')).status).toBe(404);
    expect((await stage.ask('GET', '/')).text).toContain('Notices by e-mail: <a href="/vezba/pretplata/e-posta">drill</a></li>');
    const address = someone();
    const fields = new URLSearchParams([['address', address], ['language', 'sr-Cyrl'], ['district', 'RS-20'], ['district', 'RS-00']]);
    expect((await stage.ask('POST', '/vezba/pretplata/e-posta', { body: fields.toString(), headers: FORM })).status).toBe(200);
    await stage.ask('POST', await linkTo(address));
    expect(await stored()).toMatchObject([{ kind: 'email', language: 'sr-Cyrl', districts: ['RS-20', 'RS-00'] }]);
    expect((await stage.ask('POST', '/vezba/pretplata/e-posta', { body: fields.toString(), headers: { ...FORM, 'sec-fetch-site': 'cross-site' } })).json['code']).toBe('CROSS_SITE');
    expect((await stage.ask('POST', PATH, { body: fields.toString(), headers: FORM })).status).toBe(415);
  });

  it('leaves no address in the log', async () => {
    await asks();
    expect(JSON.stringify(stage.logged)).not.toMatch(/gradjani\.example/i);
  });
});

describe('leaving', () => {
  const leave = (address: string, from = 'drill-bounces') => {
    const { pathname, search } = new URL(leaveLink('https://findme.example', 'drill', address, secret(from)));
    return `${pathname}${search}`;
  };
  const subscribed = async () => {
    const { address, link } = await asks();
    await stage.ask('POST', link);
    return address;
  };
  const members = async () => (await stored()).filter((r) => r.kind === EMAIL).length;

  it('happens by the button, never by looking', async () => {
    const link = leave(await subscribed());
    expect((await stage.ask('GET', link)).text).toContain('<form method="post">');
    expect(await members()).toBe(1);
    expect((await stage.ask('POST', link, { body: '', headers: { ...FORM, 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
    expect(await members()).toBe(0);
  });

  it.each([
    ['urlencoded', 'List-Unsubscribe=One-Click', FORM],
    ['multipart', '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n', { 'content-type': 'multipart/form-data; boundary=b' }],
  ])('happens with one click in a mail program, without a cookie or a page before it: %s', async (_form, posted, headers) => {
    const address = await subscribed();
    expect((await stage.ask('POST', leave(address), { body: posted, headers })).status).toBe(200);
    expect(await members()).toBe(0);
    // Again, or by a mail from before they subscribed anew: the same answer.
    expect((await stage.ask('POST', leave(address), { body: posted, headers })).status).toBe(200);
  });

  it('takes no link that we did not make', async () => {
    const address = await subscribed();
    const good = leave(address);
    for (const link of [leave(address, 'another'), good.slice(0, -2), good.replace('/vezba', ''), '/vezba/odjava/e-posta', '/vezba/odjava/e-posta?t=x']) expect((await stage.ask('POST', link)).status).toBe(404);
    expect(await members()).toBe(1);
  });
});
