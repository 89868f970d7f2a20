import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import sharp from 'sharp';
import { pageOf } from '#alerts/compose.js';
import type { AlertId } from '#kernel/ids.js';
import { drillKeys } from '#cap/testing/keys.js';
import { eventOf, EventStream } from './event-stream.js';
import { SlowReaders } from './slow-readers.js';
import { Stage } from './testing/stage.js';

const CONFIGURATION = `
sender: proba@findme.example
signing: { drill: { key: signing-key, certificate: signing-certificate } }
destinations:
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: p, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 10 } }
`;
/** More than what the machine itself keeps for a connection: 32 MiB for who receives and 4 for who sends, where Linux is set to keep much. */
const MUCH = 48 * 1024 * 1024;

/** A partner that asks, and from then on takes so many octets an hour that it takes none here. */
class Miser {
  readonly gone: Promise<unknown>;
  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    this.gone = once(socket, 'close');
  }

  static async open(port: number): Promise<Miser> {
    const socket = connect(port, '127.0.0.1');
    const miser = new Miser(socket);
    await once(socket, 'connect');
    socket.pause();
    return miser;
  }

  /** Asks for a document so often that the answers are more than the machine keeps; resolves once the first octets are there. */
  async ask(path: string, times: number): Promise<void> {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: findme.example\r\n\r\n`.repeat(times));
    await once(this.socket, 'readable');
    this.socket.read(1);
  }

  /** Whether it has been cut off; it notices once it reads again. */
  async isCutOff(): Promise<boolean> {
    this.socket.resume();
    await this.gone;
    return true;
  }
}

const fetched = async (port: number, path: string): Promise<{ status: number | undefined; octets: number }> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => { get({ port, host: '127.0.0.1', path, agent: false }, resolve).on('error', reject); });
  let octets = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) octets += chunk.length;
  return { status: response.statusCode, octets };
};

describe('a partner that reads an octet a minute', () => {
  let stage: Stage | undefined;
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  });

  async function opened(reading: { patienceMs: number; octetsPerSecond: number; lookMs: number }): Promise<{ port: number; address: string; size: number }> {
    const keys = await drillKeys();
    stage = await Stage.open({ configuration: CONFIGURATION, reading, secret: (name) => (name === 'signing-key' ? keys.signing.key : keys.signing.certificate) });
    const { id, path } = await stage.written();
    // A photo that no compression makes small, so that few answers are more than the machine keeps.
    const photo = await sharp({ create: { width: 1_200, height: 1_600, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 60 } } }).jpeg({ quality: 95 }).toBuffer();
    await stage.signIn('mila');
    const version = String((await stage.ask('GET', path, { as: 'mila' })).headers['etag']);
    expect((await stage.ask('PUT', `${path}/photo`, { as: 'mila', body: photo, headers: { 'if-match': version } })).status).toBe(200);
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    const approved = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
    expect(approved.status).toBe(200);
    stage.clock.advance(10_000);
    await stage.app.listen(0, '127.0.0.1');
    const { port } = stage.app.getHttpServer().address() as AddressInfo;
    const address = /src="([^"]+\.jpg)"/.exec((await stage.ask('GET', `/vezba/${pageOf(id as AlertId)}`)).text)![1]!;
    return { port, address, size: (await fetched(port, address)).octets };
  }
  const dropped = () => stage!.logged.filter(({ name }) => name === 'reader.dropped').length;

  it('is cut off from what feeds lead to, while others are answered as ever', async () => {
    const { port, address, size } = await opened({ patienceMs: 2_000, octetsPerSecond: 1e9, lookMs: 20 });
    expect(size).toBeGreaterThan(300_000);
    const miser = await Miser.open(port);
    await miser.ask(address, Math.ceil(MUCH / size));
    while (dropped() === 0) expect((await fetched(port, '/feeds/drill/cap.atom')).status).toBe(200);
    expect(await miser.isCutOff()).toBe(true);
    expect(await fetched(port, address)).toEqual({ status: 200, octets: size });
  });

  it('has the longer the more there is to read, and within that time gets all of it', async () => {
    const drops: string[] = [];
    const readers = new SlowReaders(() => void drops.push('slow'), { patienceMs: 1, octetsPerSecond: MUCH / 600, lookMs: 1 });
    const server = createServer((_request, response) => {
      readers.begin(response, MUCH);
      response.once('close', () => { readers.end(response); });
      response.end(Buffer.alloc(MUCH));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const slow = await Miser.open(port);
    await slow.ask('/', 1);
    for (let n = 0; n < 5; n += 1) expect(await fetched(port, '/')).toEqual({ status: 200, octets: MUCH });
    let octets = 0;
    slow.socket.on('data', (chunk: Buffer) => { octets += chunk.length; });
    while (octets < MUCH) await new Promise(setImmediate);
    expect(drops).toEqual([]);
    readers.close();
    slow.socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('is cut off from the event stream at the second heartbeat it has not read by', async () => {
    const logged: object[] = [];
    const events = new EventStream({ name: 'test', position: () => 0, history: async () => ({ events: [], upTo: 0 }), log: { event: (name, fields) => void logged.push({ name, ...fields }) }, limits: { waitingBytes: MUCH } });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      void events.join(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const miser = await Miser.open(port);
    await miser.ask('/', 1);
    const well = await new Promise<IncomingMessage>((resolve) => { get({ port, host: '127.0.0.1', agent: false }, resolve); });
    let heard = 0;
    well.on('data', (chunk: Buffer) => { heard += chunk.length; });
    while (events.size < 2) await new Promise(setImmediate);
    const fat = eventOf(1, 'fat', { fat: 'x'.repeat(MUCH) });
    events.send([fat]);
    while (heard < fat.bytes.length) await new Promise(setImmediate);
    events.beat();
    miser.socket.read(1);
    expect(events.size).toBe(2);
    events.beat();
    expect([events.size, logged]).toEqual([1, [{ name: 'stream.dropped', stream: 'test', cause: 'stalled' }]]);
    expect(await miser.isCutOff()).toBe(true);
    events.close();
    server.closeAllConnections();
    server.close();
  });
});
