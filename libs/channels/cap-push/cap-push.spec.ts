import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { readCap, type CapMessage } from '#cap/read.js';
import { verifyCap } from '#cap/sign.js';
import { issueClientCertificate } from '#cap/certificates.js';
import { drillKeys } from '#cap/testing/keys.js';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { Connection, Line, Outcome } from '#dispatch/channel.js';
import { readReceipts } from '#dispatch/https/receipt.js';
import { reasonOf } from '#dispatch/https/wire.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice, samplePhoto } from '#dispatch/testing/sample-notice.js';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { FixedClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { capPush, createCapPush } from './channel.js';
import type { CapPushSettingsInput } from './config.js';
import { acknowledge, startFakePartner } from './fake-partner.js';
import { SignedNotices } from './signed-notices.js';
import { broadcaster } from './testing/stage.js';

const clock = new FixedClock('2026-11-24T17:00:00Z');
const patient = () => new AbortController().signal;

/** A partner of which each test says what it does with a message. */
class ScriptedPartner {
  readonly seen: { method: string | undefined; url: string | undefined; headers: IncomingMessage['headers']; body: Buffer; port: number | undefined }[] = [];
  connections = 0;

  private constructor(private readonly server: Server, readonly port: number) {}

  static async start(onPost: (response: ServerResponse, body: Buffer) => void): Promise<ScriptedPartner> {
    const { server: keys } = await drillKeys();
    const server = createServer({ key: keys.key, cert: keys.certificate });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const partner = new ScriptedPartner(server, (server.address() as AddressInfo).port);
    server.on('secureConnection', () => (partner.connections += 1));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        partner.seen.push({ method: request.method, url: request.url, headers: request.headers, body, port: request.socket.remotePort });
        if (request.method === 'HEAD') response.writeHead(204).end();
        else onPost(response, body);
      });
    });
    return partner;
  }

  posts() {
    return this.seen.filter((s) => s.method === 'POST');
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

const ack = (body: Buffer, change: (message: CapMessage) => CapMessage = (m) => m) => acknowledge(change(readCap(body)), 'tv@example.rs', clock.now());

describe('cap-push', () => {
  const ends: (() => Promise<void> | void)[] = [];
  const said: string[] = [];
  let secret: (name: string) => string;
  beforeAll(async () => {
    secret = await drillSecrets('tv');
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const line = (): Line => ({ clock, log: { event: (name, fields) => void said.push(JSON.stringify({ name, ...fields })) }, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() });
  const open = (port: number, settings: Partial<CapPushSettingsInput> = {}, channel = capPush): Connection => {
    const connection = channel.open(broadcaster(port, settings), line());
    ends.push(() => connection.close());
    return connection;
  };
  const scripted = async (onPost: (response: ServerResponse, body: Buffer) => void): Promise<ScriptedPartner> => {
    const partner = await ScriptedPartner.start(onPost);
    ends.push(() => partner.close());
    return partner;
  };
  const outcomeOf = async (onPost: (response: ServerResponse, body: Buffer) => void, settings: Partial<CapPushSettingsInput> = {}): Promise<Outcome> => {
    const partner = await scripted(onPost);
    const outcome = await open(partner.port, settings).publish(sampleMessage(), patient());
    said.push(JSON.stringify(outcome));
    return outcome;
  };

  it('posts the signed message under its key, and takes an acknowledgement that names it', async () => {
    const partner = await scripted((response, body) => response.writeHead(202).end(ack(body)));
    const message = sampleMessage();
    const outcome = await open(partner.port).publish(message, patient());
    expect(outcome).toEqual({ kind: 'accepted', references: [message.notice.identifier], expectedReceipts: 1 });
    const [post] = partner.posts();
    expect(post).toMatchObject({ url: '/cap', headers: { 'content-type': 'application/cap+xml', 'idempotency-key': message.key } });
    const verified = verifyCap(post!.body, { trusted: [secret('drill-ca')], now: new Date() });
    expect(verified.message).toMatchObject({ identifier: message.notice.identifier, status: 'Exercise', msgType: 'Alert' });
    expect(verified.xml).toContain(`/photo/${samplePhoto.sha256}.jpg`);
  });

  it('withdraws by a CAP Cancel that refers to the alert', async () => {
    const partner = await scripted((response, body) => response.writeHead(200).end(ack(body)));
    const first = sampleNotice();
    const ending = sampleMessage({ notice: sampleEnding('withdrawn', first) });
    expect(await open(partner.port).withdraw(ending, patient())).toMatchObject({ kind: 'accepted', references: [ending.notice.identifier] });
    expect(readCap(partner.posts()[0]!.body)).toMatchObject({ msgType: 'Cancel', references: [{ identifier: first.identifier }] });
  });

  describe('reads the answer', () => {
    const to = (status: number, body = '', headers = {}) => (response: ServerResponse) => void response.writeHead(status, headers).end(body);
    const later = new Date(clock.now().getTime() + 90_000).toUTCString();
    it.each<[string, (response: ServerResponse, body: Buffer) => void, Outcome]>([
      ['4xx as refused', to(422), { kind: 'refused', reason: 'http_422' }],
      ['a redirect as refused, and does not follow it', to(307, '', { Location: 'https://127.0.0.1:1/' }), { kind: 'refused', reason: 'redirect' }],
      ['408 as deferred', to(408), { kind: 'deferred', reason: 'http_408' }],
      ['425 as deferred', to(425), { kind: 'deferred', reason: 'http_425' }],
      ['429 as deferred for the seconds it names', to(429, '', { 'Retry-After': '7' }), { kind: 'deferred', reason: 'http_429', retryAfterMs: 7_000 }],
      ['503 as deferred until the date it names', to(503, '', { 'Retry-After': later }), { kind: 'deferred', reason: 'http_503', retryAfterMs: 90_000 }],
      ['a Retry-After that is none', to(503, '', { 'Retry-After': 'soon' }), { kind: 'deferred', reason: 'http_503' }],
      ['a Retry-After beyond all patience', to(503, '', { 'Retry-After': '999999999' }), { kind: 'deferred', reason: 'http_503', retryAfterMs: 3_600_000 }],
      ['500 as deferred', to(500, 'x'.repeat(200_000)), { kind: 'deferred', reason: 'http_500' }],
      ['words as uncertain', to(200, 'OK'), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an empty answer as uncertain', to(200), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['204 as uncertain', to(204), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an acknowledgement with a DOCTYPE as uncertain', (r, b) => void r.end(ack(b).replace('<alert', '<!DOCTYPE alert [<!ENTITY a "b">]><alert')), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an acknowledgement of another message as uncertain', (r, b) => void r.end(ack(b, (m) => ({ ...m, identifier: 'another' }))), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an acknowledgement of another sender\'s message as uncertain', (r, b) => void r.end(ack(b, (m) => ({ ...m, sender: 'other@example.rs' }))), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an answer over 64 KiB as uncertain', (r, b) => void r.end(ack(b).replace('</alert>', `${' '.repeat(70_000)}</alert>`)), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['an endless answer as uncertain, in time', (r) => { r.writeHead(200); const fill = () => void r.write('x'.repeat(16_384), (error) => { if (!error) fill(); }); fill(); }, { kind: 'uncertain', reason: 'answer_invalid' }],
      ['a message that is no acknowledgement as uncertain', (r, b) => void r.end(b), { kind: 'uncertain', reason: 'answer_invalid' }],
      ['a CAP Error as refused', (r, b) => void r.end(ack(b).replace('>Ack<', '>Error<')), { kind: 'refused', reason: 'cap_error' }],
      ['a truncated answer as uncertain', (r, b) => { r.writeHead(200, { 'Content-Length': '5000' }); r.write(ack(b), () => r.destroy()); }, { kind: 'uncertain', reason: 'connection_lost' }],
      ['a closed connection as uncertain', (r) => void r.destroy(), { kind: 'uncertain', reason: 'connection_lost' }],
    ])('%s', async (_name, onPost, expected) => {
      expect(await outcomeOf(onPost)).toEqual(expected);
    });

    it('a partner that stays silent as uncertain after the time of the settings', async () => {
      expect(await outcomeOf(() => undefined, { timeoutMs: 150 })).toEqual({ kind: 'uncertain', reason: 'timeout' });
    });
    it('a body that trickles as uncertain after the time of the settings', async () => {
      expect(await outcomeOf((r) => void r.writeHead(200).write('<alert'), { timeoutMs: 150 })).toEqual({ kind: 'uncertain', reason: 'timeout' });
    });
  });

  describe('before a byte leaves, everything is deferred', () => {
    const sockets: Socket[] = [];
    const silentServer = async () => {
      const server = createTcpServer((socket) => void sockets.push(socket));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      ends.push(() => {
        for (const socket of sockets.splice(0)) socket.destroy();
        server.close();
      });
      return server;
    };
    const publish = (port: number, settings: Partial<CapPushSettingsInput> = {}, signal = patient()) => open(port, settings).publish(sampleMessage(), signal);

    it('nobody listens', async () => {
      const server = await silentServer();
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      expect(await publish(port)).toEqual({ kind: 'deferred', reason: 'connect_refused' });
    });
    it.each([['ENOTFOUND', 'name_unresolved'], ['EAI_AGAIN', 'name_unresolved'], ['EHOSTUNREACH', 'unreachable'], ['ETIMEDOUT', 'unreachable'], ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'], ['EPROTO', 'tls_failed']])('%s is said as %s', (code, reason) => {
      expect(reasonOf(Object.assign(new Error('getaddrinfo partner.example'), { code }))).toBe(reason);
    });
    it('the handshake never ends, by time or by signal', async () => {
      const { port } = (await silentServer()).address() as AddressInfo;
      expect(await publish(port, { timeoutMs: 150 })).toEqual({ kind: 'deferred', reason: 'timeout' });
      const abort = new AbortController();
      const pending = publish(port, {}, abort.signal);
      abort.abort();
      expect(await pending).toEqual({ kind: 'deferred', reason: 'aborted' });
    });
    it('the partner hangs up in the handshake', async () => {
      const server = await silentServer();
      server.on('connection', (socket: Socket) => socket.resetAndDestroy());
      expect(await publish((server.address() as AddressInfo).port)).toEqual({ kind: 'deferred', reason: 'connect_reset' });
    });
    it('the server is vouched for by nobody we know', async () => {
      const partner = await scripted((r) => void r.writeHead(200).end());
      expect(await publish(partner.port, { ca: 'drill-signing-certificate' })).toEqual({ kind: 'deferred', reason: 'tls_failed' });
      expect(partner.posts()).toEqual([]);
    });
    it('the signal was aborted already', async () => {
      const partner = await scripted((r) => void r.writeHead(200).end());
      expect(await publish(partner.port, {}, AbortSignal.abort())).toEqual({ kind: 'deferred', reason: 'aborted' });
      expect(partner.posts()).toEqual([]);
    });
  });

  it('an abort after bytes left is uncertain', async () => {
    const abort = new AbortController();
    const partner = await scripted(() => abort.abort());
    expect(await open(partner.port).publish(sampleMessage(), abort.signal)).toEqual({ kind: 'uncertain', reason: 'aborted' });
  });

  it('closing ends what hangs and takes nothing more', async () => {
    let taken: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (taken = resolve));
    const partner = await scripted(() => taken());
    const connection = open(partner.port);
    const hanging = connection.publish(sampleMessage(), patient());
    await arrived;
    await connection.close();
    expect(await hanging).toEqual({ kind: 'uncertain', reason: 'closed' });
    expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'deferred', reason: 'closed' });
    expect(await connection.probe(patient())).toEqual({ well: false, reason: 'closed' });
  });

  it('keeps one connection warm, uses it, and makes it again after it was lost', async () => {
    const partner = await scripted((r, b) => void r.end(ack(b)));
    const connection = open(partner.port);
    expect(await connection.probe(patient())).toEqual({ well: true });
    for (let i = 0; i < 3; i += 1) expect((await connection.publish(sampleMessage(), patient())).kind).toBe('accepted');
    // The one made at opening, and one for the probe if it did not wait for it.
    expect(partner.connections).toBeLessThanOrEqual(2);
    expect(new Set(partner.posts().map((p) => p.port)).size).toBe(1);
  });

  it('never sends a drill to a live partner', async () => {
    const partner = await scripted((r, b) => void r.end(ack(b)));
    expect(await open(partner.port).publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    expect(partner.posts()).toEqual([]);
  });

  it('tells an ill partner by its answer to a probe', async () => {
    const fake = await startFakePartner(broadcaster(0), { secret });
    ends.push(() => fake.close());
    const connection = open(fake.port);
    fake.setFaults({ error: true });
    expect(await connection.probe(patient())).toEqual({ well: false, reason: 'http_500' });
    const elsewhere = open(fake.port, { url: `https://127.0.0.1:${fake.port}/other` });
    fake.setFaults({});
    expect(await elsewhere.probe(patient())).toEqual({ well: false, reason: 'http_404' });
  });

  it('names itself to a partner that asks for it', async () => {
    const { authority } = await drillKeys();
    const client = await issueClientCertificate(authority, { now: new Date(), name: 'find-me-drill' });
    const known = secret;
    secret = (name) => (name === 'client-key' ? client.key : name === 'client-certificate' ? client.certificate : known(name));
    const mutual = { clientKey: 'client-key', clientCertificate: 'client-certificate' };
    const fake = await startFakePartner(broadcaster(0, mutual), { secret });
    ends.push(() => fake.close());
    expect((await open(fake.port, mutual).publish(sampleMessage(), patient())).kind).toBe('accepted');
    expect((await open(fake.port).publish(sampleMessage(), patient())).kind).toMatch(/deferred|uncertain/);
    expect(fake.ledger).toHaveLength(1);
    secret = known;
  });

  it('signs a notice once for all partners, and holds it no longer than needed', async () => {
    const signed = new SignedNotices();
    const channel = createCapPush(signed);
    const partners = await Promise.all([1, 2, 3].map(() => scripted((r, b) => void r.end(ack(b)))));
    const notice = sampleNotice();
    const connections = partners.map((p) => open(p.port, {}, channel));
    for (const connection of connections) expect((await connection.publish(sampleMessage({ notice }), patient())).kind).toBe('accepted');
    expect(signed.size).toBe(1);
    expect(new Set(partners.map((p) => p.posts()[0]!.body.toString())).size).toBe(1);
    // The ending takes the child's data out of memory at once.
    await connections[0]!.withdraw(sampleMessage({ notice: sampleEnding('found', notice) }), patient());
    expect(signed.size).toBe(1);
    for (let i = 0; i < 40; i += 1) await connections[0]!.publish(sampleMessage(), patient());
    expect(signed.size).toBe(16);
  });

  it('refuses a signing key that is none, without telling it', () => {
    const connect = (settings: Partial<CapPushSettingsInput>) => () => capPush.open(broadcaster(1, settings), line());
    expect(connect({ signingKey: 'tv-server-key' })).toThrow(Refusal);
    expect(connect({ signingKey: 'drill-ca' })).toThrow(/CONFIGURATION_INVALID/);
    expect(connect({ signingCertificate: 'tv-server-certificate' })).toThrow(/CONFIGURATION_INVALID/);
  });

  it('sends no other photo than the approved one', async () => {
    const partner = await scripted((r, b) => void r.end(ack(b)));
    await expect(open(partner.port).publish(sampleMessage({ photo: { ...samplePhoto, sha256: '0'.repeat(64) } }), patient())).rejects.toThrow(TypeError);
  });

  it('a simulated partner refuses what is not signed by us, and lives on loopback only', async () => {
    const { stranger } = await drillKeys();
    const known = secret;
    const fake = await startFakePartner(broadcaster(0), { secret });
    ends.push(() => fake.close());
    secret = (name) => (name === 'drill-signing-key' ? stranger.key : name === 'drill-signing-certificate' ? stranger.certificate : known(name));
    expect(await open(fake.port).publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'http_422' });
    expect(fake.ledger).toEqual([]);
    secret = known;
    await expect(startFakePartner(broadcaster(0, { url: 'https://0.0.0.0:0/cap' }), { secret })).rejects.toThrow(Refusal);
  });

  it('reads a signed receipt, and nothing else', () => {
    const at = new Date('2026-11-24T17:00:00Z');
    const read = (body: string) => readReceipts(broadcaster(1).id, { secrets: [WEBHOOK_SECRET], headers: { ...signWebhook(WEBHOOK_SECRET, 'r1', at.getTime() / 1000, body) }, body, now: at });
    expect(read('{"key":"k","stage":"confirmed","word":"aired","at":"2026-11-24T18:00:00+01:00"}')).toEqual([{ destination: 'tv-proba', receiptKey: 'r1', about: { key: 'k' }, stage: 'confirmed', word: 'aired', at }]);
    expect(read('[{"key":"k","stage":"confirmed","word":"displayed A"},{"key":"k","stage":"failed","word":"dark B"}]')).toMatchObject([{ receiptKey: 'r1/0', word: 'displayed A' }, { receiptKey: 'r1/1', stage: 'failed' }]);
    for (const body of ['', '[]', 'aired', '{"key":"k"}', '{"key":"k","stage":"confirmed","word":"<script>"}', '{"key":"k","stage":"accepted","word":"aired"}']) expect(() => read(body)).toThrow(/REQUEST_INVALID/);
  });

  it('says no child\'s name and no secret in what it logs and answers', () => {
    const spoken = said.join('\n');
    expect(said.length).toBeGreaterThan(20);
    for (const name of CANARY_NAMES) expect(spoken).not.toContain(name);
    expect(spoken).not.toContain(WEBHOOK_SECRET);
    expect(spoken).not.toContain('PRIVATE KEY');
  });
});
