import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DestinationId } from '#kernel/ids.js';
import type { Channel, Destination } from './channel.js';
import { HttpsConnection } from './https/connection.js';
import type { HttpsAddress } from './https/settings.js';
import { addressWordOf, endpointOf, OutgoingRules, type OutgoingInput } from './outgoing.js';
import { ControlLine } from './playout/control-line.js';
import { MemoryAudience } from './testing/memory-audience.js';

const NONE: OutgoingInput = { private: [], tunnels: [], own: [], resolve: () => Promise.reject(new Error('asked')) };
const patient = () => new AbortController().signal;

let server: Server;
let port: number;
let calls = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    calls += 1;
    socket.on('error', () => undefined).end('hello');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => (calls = 0));
afterAll(() => new Promise((done) => server.close(done)));

/** What a connection came to: the word of the address, another error's code, or what was said over it. */
function knock(rules: OutgoingRules, host: string, { simulated = false, secured = false } = {}): Promise<string> {
  const toward = rules.of({ simulated }).toward({ host, port });
  return new Promise((resolve) => {
    const socket = secured ? connectTls({ ...toward, servername: 'partner.example' }) : connect(toward);
    socket.once('data', (bytes) => resolve(String(bytes)));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(addressWordOf(error) ?? String(error.code)));
  });
}

describe('a connection to a destination', () => {
  it.each([
    ['127.0.0.1', 'address_loopback'], ['localhost', 'address_loopback'], ['10.1.2.3', 'address_private'], ['169.254.169.254', 'address_metadata'], ['0.0.0.0', 'address_reserved'],
    ['::1', 'address_loopback'], ['::ffff:127.0.0.1', 'address_reserved'], ['fe80::1%lo', 'address_reserved'], ['224.0.0.1', 'address_reserved'],
  ])('is not made to %s, over TLS neither', async (host, word) => {
    const rules = await OutgoingRules.open(NONE);
    expect([await knock(rules, host), await knock(rules, host, { secured: true }), calls]).toEqual([word, word, 0]);
    await expect(rules.of({}).addressesOf({ host, port }, patient())).rejects.toMatchObject(host === 'localhost' ? {} : { code: word });
  });

  it.each(['127.1', '0x7f.0.0.1', '2130706433', '017700000001'])('is not made to loopback in another spelling: %s', async (host) => {
    const { resolve: _, ...system } = NONE;
    expect(await knock(await OutgoingRules.open(system), host)).toMatch(/^address_loopback$|^E/);
    expect(calls).toBe(0);
  });

  it('looks a name up once, and goes to the address that was judged though the name means another one a moment later', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const rules = await OutgoingRules.open({ ...NONE, tunnels: [port], resolve: async () => answers[Math.min(asked++, 1)]! });
    expect([await knock(rules, 'partner.example'), asked]).toEqual(['hello', 1]);
    expect([await knock(rules, 'partner.example'), asked, calls]).toEqual(['address_private', 2, 1]);
  });

  it('is not made to a host one of whose addresses is refused, whichever it is', async () => {
    for (const addresses of [['8.8.8.8', '127.0.0.1'], ['127.0.0.1', '8.8.8.8'], ['8.8.8.8', '::ffff:10.0.0.1']]) {
      expect(await knock(await OutgoingRules.open({ ...NONE, resolve: async () => addresses }), 'partner.example')).toMatch(/^address_/);
    }
    expect(await knock(await OutgoingRules.open({ ...NONE, resolve: async () => [] }), 'partner.example')).toBe('ENOTFOUND');
    expect(calls).toBe(0);
  });

  it('reaches loopback where the partner is played by the house, and through a tunnel that the configuration names', async () => {
    expect(await knock(await OutgoingRules.open(NONE), '127.0.0.1', { simulated: true })).toBe('hello');
    const tunnelled = await OutgoingRules.open({ ...NONE, tunnels: [port] });
    expect(await knock(tunnelled, '127.0.0.1')).toBe('hello');
    expect(tunnelled.of({}).refusalOf({ host: '127.0.0.1', port: port + 1 })).toBe('address_loopback');
    expect(tunnelled.of({}).refusalOf({ host: '127.0.0.1', port, publicOnly: true })).toBe('address_loopback');
  });

  it('goes over a leased line that the configuration names, and never where strangers name the host', async () => {
    const rules = await OutgoingRules.open({ ...NONE, private: ['10.20.0.0/16', 'fd12::/32'] });
    const refusal = (host: string, publicOnly = false) => rules.of({}).refusalOf({ host, port, ...(publicOnly && { publicOnly }) });
    expect([refusal('10.20.1.1'), refusal('fd12::9'), refusal('10.21.0.1'), refusal('10.20.1.1', true), refusal('8.8.8.8', true)]).toEqual([undefined, undefined, 'address_private', 'address_private', undefined]);
    // What a list cannot open.
    expect((await OutgoingRules.open({ ...NONE, private: ['100.64.0.0/10', 'fc00::/7'] })).of({}).refusalOf({ host: '100.100.100.200', port })).toBe('address_metadata');
  });

  it('never goes to the house\'s own servers: on loopback by their port, elsewhere by the whole machine, by name too', async () => {
    const names: Record<string, string[]> = { 'database.internal': ['10.20.0.5'], 'partner.example': ['10.20.0.5'] };
    const rules = await OutgoingRules.open({ ...NONE, private: ['10.20.0.0/16'], own: [{ host: '127.0.0.1', port }, { host: 'database.internal', port: 5432 }, { host: '8.8.4.4' }], resolve: (host) => (names[host] ? Promise.resolve(names[host]) : Promise.reject(new Error('unknown'))) });
    expect(await knock(rules, '127.0.0.1', { simulated: true })).toBe('address_own');
    const refusal = (host: string, at: number) => rules.of({ simulated: true }).refusalOf({ host, port: at });
    expect([refusal('127.0.0.9', port), refusal('::1', port), refusal('127.0.0.1', port + 1), refusal('10.20.0.5', 80), refusal('10.20.0.6', 80), refusal('8.8.4.4', 443)])
      .toEqual(['address_own', 'address_own', undefined, 'address_own', undefined, 'address_own']);
    expect(await knock(rules, 'partner.example')).toBe('address_own');
    // The database moves: the next name is judged by where it is now.
    names['database.internal'] = ['10.20.0.9'];
    names['partner.example'] = ['10.20.0.9'];
    expect(await knock(rules, 'partner.example')).toBe('address_own');
    // And is held to be where it was while nobody knows.
    delete names['database.internal'];
    expect([await knock(rules, 'partner.example'), calls]).toEqual(['address_own', 0]);
  });

  it('ends the look-up of a name with its signal', async () => {
    const rules = await OutgoingRules.open({ ...NONE, resolve: () => new Promise(() => undefined) });
    const abort = new AbortController();
    const asked = rules.of({}).addressesOf({ host: 'partner.example', port }, abort.signal);
    abort.abort('enough');
    await expect(asked).rejects.toBe('enough');
  });
});

describe('what speaks over it', () => {
  const line = async (rules: OutgoingRules) => ({
    clock: { now: () => new Date(0) }, log: { event: () => undefined }, secret: () => '', outgoing: rules.of({}), audience: new MemoryAudience(), receive: () => Promise.resolve(),
  });

  it('HTTPS says the word of the address, and nothing leaves', async () => {
    const settings = { url: `https://partner.example:${port}/`, timeoutMs: 5_000 };
    const destination: Destination<HttpsAddress> = { id: 'p' as DestinationId, name: 'P', channel: 'p', mode: 'drill', settings };
    const https = new HttpsConnection(destination, await line(await OutgoingRules.open({ ...NONE, resolve: async () => ['127.0.0.1'] })), { pack: () => ({ method: 'POST', headers: {} }), judge: () => ({ kind: 'refused', reason: 'x' }) });
    expect([await https.probe(patient()), calls]).toEqual([{ well: false, reason: 'address_loopback' }, 0]);
    await https.close();
  });

  it('a playout\'s line says it too', async () => {
    const open = ControlLine.open({ host: '127.0.0.1', port, timeoutMs: 5_000 }, (await OutgoingRules.open(NONE)).of({}), patient());
    await expect(open).rejects.toMatchObject({ reason: 'address_loopback', left: false });
    expect(calls).toBe(0);
  });
});

describe('a configuration', () => {
  it('is told of every number in it that would not be called, over each route; names wait until they are called', async () => {
    const channel = { connectsTo: (settings: unknown) => [endpointOf(settings as string)] } as unknown as Channel;
    const destination: Destination = {
      id: 'p' as DestinationId, name: 'P', channel: 'p', mode: 'live', settings: 'https://[::1]/', fallbacks: [{ channel: 'p', settings: 'https://partner.example/' }, { channel: 'p', settings: 'https://192.168.0.1:8443/' }],
    };
    const rules = await OutgoingRules.open(NONE);
    expect(rules.faultsOf(destination, () => channel)).toEqual([
      { code: 'ADDRESS_REFUSED', field: 'settings', detail: 'address_loopback: ::1' }, { code: 'ADDRESS_REFUSED', field: 'fallbacks.1.settings', detail: 'address_private: 192.168.0.1' },
    ]);
    expect(rules.faultsOf({ ...destination, simulated: true }, () => channel)).toMatchObject([{ field: 'fallbacks.1.settings' }]);
  });
});
