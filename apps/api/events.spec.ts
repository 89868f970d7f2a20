import { randomBytes } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drillKeys } from '#cap/testing/keys.js';
import { CANARY_NAMES } from '#dispatch/testing/sample-notice.js';
import { Stage } from './testing/stage.js';

let stage: Stage;
let port: number;
const CONFIGURATION = `
sender: proba@findme.example
signing: { drill: { key: signing-key, certificate: signing-certificate } }
destinations:
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: p, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 10 } }
`;

beforeAll(async () => {
  const keys = await drillKeys();
  stage = await Stage.open({ configuration: CONFIGURATION, secret: (name) => (name === 'signing-key' ? keys.signing.key : keys.signing.certificate) });
  for (const name of ['mila', 'iva', 'vuk', 'rada'] as const) await stage.signIn(name);
  await stage.app.listen(0, '127.0.0.1');
  ({ port } = stage.app.getHttpServer().address() as AddressInfo);
});
afterAll(() => stage.close());

interface Event { readonly id: number; readonly event: string; readonly data: Record<string, unknown> }

/** A reader of a stream over a real connection. */
class Reader {
  text = '';
  private constructor(readonly response: IncomingMessage) {
    response.on('data', (chunk: Buffer) => { this.text += chunk.toString(); });
    response.on('error', () => undefined);
  }

  static async open(path: string, headers: Record<string, string> = {}): Promise<Reader> {
    return new Reader(await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject);
    }));
  }

  get events(): Event[] {
    return [...this.text.matchAll(/^id: (\d+)\nevent: (.+)\ndata: (.+)\n\n/gm)].map(([, id, event, text]) => {
      const data = JSON.parse(text!) as Record<string, unknown>;
      return { id: Number(id), event: event === 'fact' ? String(data['type']) : event!, data };
    });
  }

  async until(condition: (events: Event[]) => boolean): Promise<Event[]> {
    const deadline = performance.now() + 60_000;
    while (!condition(this.events)) {
      if (performance.now() > deadline) throw new Error(`waited in vain; events: ${this.events.map((e) => e.event).join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.events;
  }

  close(): void {
    this.response.destroy();
  }
}

async function published(): Promise<{ id: string; path: string }> {
  const { id, path } = await stage.written();
  const contentHash = await stage.submitted(path);
  expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
  return { id, path };
}

const cookie = async (name: 'vuk' | 'rada') => ({ cookie: await stage.signIn(name) });

describe('the event stream', () => {
  it('tells officers and auditors every fact of a mode as it comes, and everyone what the feed has new; nothing personal to either', async () => {
    const [desk, live, anyone] = await Promise.all([
      Reader.open('/v1/drill/events', await cookie('vuk')), Reader.open('/v1/live/events', await cookie('rada')), Reader.open('/feeds/drill/events'),
    ]);
    expect([desk, live, anyone].map((r) => [r.response.statusCode, r.response.headers['content-type'], r.response.headers['x-content-type-options']])).toEqual(Array(3).fill([200, 'text/event-stream; charset=utf-8', 'nosniff']));
    expect([desk.response.headers['access-control-allow-origin'], anyone.response.headers['access-control-allow-origin']]).toEqual([undefined, '*']);
    const { id, path } = await published();
    await stage.ask('POST', `${path}/found`, { as: 'vuk', body: { reason: 'vežba' } });
    const seen = await desk.until((events) => events.some((e) => e.event === 'alert.found'));
    expect(seen.map((e) => e.event)).toEqual(['alert.created', 'revision.saved', 'revision.submitted', 'revision.approved', 'alert.found']);
    expect(new Set(seen.map((e) => e.data['alert']))).toEqual(new Set([id]));
    const told = await anyone.until((events) => events.length === 2);
    expect(told.map((e) => e.event)).toEqual(['published', 'ended']);
    expect(told.map((e) => e.id)).toEqual(seen.slice(-2).map((e) => e.id));
    const [first, last] = told.map((e) => e.data as { cap: string; page: string; kind: string; alert: string });
    expect([first!.alert, first!.kind, last!.kind, first!.cap]).toEqual([id, 'alert', 'found', `http://localhost:3000/feeds/drill/cap/findme-drill-${id}-1.xml`]);
    const page = await stage.ask('GET', new URL(first!.page).pathname);
    expect(page.status).toBe(200);
    expect((await stage.ask('GET', new URL(last!.cap).pathname)).status).toBe(200);
    expect(live.events).toEqual([]);
    for (const name of [...CANARY_NAMES, 'vežba']) expect(`${desk.text}${anyone.text}`).not.toContain(name);
    for (const reader of [desk, live, anyone]) reader.close();
  });

  it('resumes after the last event that was read, by header or address', async () => {
    const { id } = await published();
    const all = await Reader.open('/v1/drill/events?after=0', await cookie('rada'));
    const whole = await all.until((events) => events.some((e) => e.event === 'revision.approved' && e.data['alert'] === id));
    const middle = whole[Math.floor(whole.length / 2)]!.id;
    const [rest, feed] = await Promise.all([
      Reader.open('/v1/drill/events', { ...(await cookie('rada')), 'last-event-id': String(middle) }), Reader.open('/feeds/drill/events', { 'last-event-id': '0' }),
    ]);
    const expected = whole.filter((e) => e.id > middle).map((e) => e.id);
    expect((await rest.until((events) => events.length >= expected.length)).map((e) => e.id)).toEqual(expected);
    expect((await feed.until((events) => events.at(-1)?.data['alert'] === id)).map((e) => e.event)).toEqual(['published', 'ended', 'published']);
    for (const reader of [all, rest, feed]) reader.close();
  });

  it('is for who may read deliveries, names its fault, and answers a HEAD', async () => {
    expect((await stage.ask('GET', '/v1/drill/events')).json['code']).toBe('SESSION_MISSING');
    expect((await stage.ask('GET', '/v1/drill/events', { as: 'uros' })).json['code']).toBe('ROLE_MISSING');
    expect((await stage.ask('GET', '/v1/drill/events', { as: 'rada', headers: { 'last-event-id': '-1' } })).json['code']).toBe('REQUEST_INVALID');
    expect((await stage.ask('GET', '/feeds/drill/events?after=x')).json['code']).toBe('REQUEST_INVALID');
    expect((await stage.ask('GET', '/feeds/other/events')).status).toBe(404);
    const head = await stage.app.inject({ method: 'HEAD', url: '/feeds/drill/events' });
    expect([head.statusCode, head.headers['content-type'], head.body]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
  });
});

describe('the feed of a language', () => {
  it('has the titles and summaries of that language, a strong tag of its own, and the same CAP files', async () => {
    await published();
    stage.clock.advance(1_000);
    const [all, latin, cyrillic, english] = await Promise.all(['', 'sr-Latn/', 'sr-Cyrl/', 'en/'].map((l) => stage.ask('GET', `/feeds/drill/${l}cap.atom`)));
    const caps = (text: string) => [...text.matchAll(/href="([^"]+\.xml)"/g)].map((m) => m[1]);
    for (const feed of [latin!, cyrillic!, english!]) expect([feed.status, caps(feed.text)]).toEqual([200, caps(all!.text)]);
    expect([latin!.text.includes('<title>VEŽBA: Pronađi me</title>'), cyrillic!.text.includes('<title>ВЕЖБА: Пронађи ме</title>'), english!.text.includes('<title>DRILL: Find Me</title>')]).toEqual([true, true, true]);
    expect([cyrillic!.text.includes('xml:lang="sr-Cyrl"'), cyrillic!.text.includes('Канаринка'), cyrillic!.text.includes('Kanarinka')]).toEqual([true, true, false]);
    expect(english!.text).toContain('http://localhost:3000/feeds/drill/en/cap.atom');
    expect(new Set([all, latin, cyrillic, english].map((feed) => String(feed!.headers['etag']))).size).toBe(4);
    expect((await stage.ask('GET', '/feeds/drill/en/cap.atom', { headers: { 'if-none-match': String(english!.headers['etag']) } })).status).toBe(304);
    for (const language of ['de', 'cap', randomBytes(3).toString('hex')]) expect((await stage.ask('GET', `/feeds/drill/${language}/cap.atom`)).status).toBe(404);
  });
});

// Last: the application is closed by it.
it('ends its streams when the application stops', async () => {
  const reader = await Reader.open('/feeds/drill/events');
  const ended = new Promise((resolve) => reader.response.once('close', resolve));
  await stage.app.close();
  await ended;
});
