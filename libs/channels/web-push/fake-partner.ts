import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { constants, createSecureServer, type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { LANGUAGES } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner, Faults, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import { breaksAnswers } from '#dispatch/testing/broken-answer.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import { BrokenLine } from './broken-line.js';
import type { WebPushSettings } from './config.js';
import { FakeSubscriber } from './fake-subscriber.js';
import { Vapid } from './vapid.js';

/** What a simulated push service gets from the house that plays it. */
export interface FakePushOptions {
  readonly secret: (name: string) => string;
  /** Root of the house's API, where its fictional subscribers subscribe as everybody does; without it they do not. */
  readonly apiUrl?: string;
}

const payloadShape = z.looseObject({ v: z.literal(1), id: z.string().min(1), kind: z.enum(['alert', 'update', 'found', 'withdrawn']), title: z.string().min(1), body: z.string().min(1), tag: z.string().max(32) });
const tokenShape = z.object({ aud: z.string(), exp: z.number(), sub: z.string().min(1) });
const ONE_DAY_S = 86_400;
/** The longest body a push service has to take (RFC 8030 section 7.2). */
const BODY_LIMIT = 4_096;
const MOST_REMEMBERED = 5_000;
const SUBSCRIBING = { atOnce: 8, pauseMs: 200, untilMs: 120_000 };

/** What the keys of the fictional browsers come from, and what the browsers are called: the same at every start. */
export const seedOfSubscribers = (serverKey: string): string => sha256Hex(serverKey);
export const subscriberNames = (mode: Mode, count: number): string[] => Array.from({ length: count }, (_, n) => `${mode}-${n}`);

/**
 * A simulated push service with its browsers: HTTP/2 over TLS on loopback. It believes nothing: tokens are verified, every
 * body is decrypted with the browser's keys, no sender's key or salt may come twice.
 */
export async function startFakePartner(destination: Destination<WebPushSettings>, options: FakePushOptions): Promise<FakePushService> {
  const { simulated } = destination.settings;
  if (!simulated) throw fail('CONFIGURATION_INVALID', 'settings.simulated', 'A simulated push service has a server key and a port.');
  const server = createSecureServer({ key: options.secret(simulated.serverKey), cert: options.secret(simulated.serverCertificate), allowHTTP1: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line = new BrokenLine((server.address() as AddressInfo).port);
  try {
    await line.listen(simulated.port);
  } catch (error) {
    server.close();
    throw error;
  }
  return new FakePushService(destination, options, server, line);
}

export class FakePushService implements FakePartner {
  readonly port: number;
  readonly origin: string;
  readonly ledger: readonly LedgerEntry[];
  /** The fictional browsers, by the last part of their address. */
  readonly subscribers: ReadonlyMap<string, FakeSubscriber>;
  /** Those that are no more: their addresses answer 410. */
  readonly unsubscribed = new Set<string>();
  /** Who got what, as shown by the browser; the first of them, for all of a country's would fill the memory. */
  readonly received: { readonly name: string; readonly headers: IncomingHttpHeaders; readonly payload: unknown }[] = [];
  private faults: Faults = {};
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly seen = new Set<string>();
  private readonly taken = new Set<string>();
  private readonly book: Ledger;
  private readonly tokens = new Map<string, number>();
  private readonly publicKey: string;
  private readonly closing = new AbortController();

  constructor(private readonly destination: Destination<WebPushSettings>, options: FakePushOptions, private readonly server: Http2SecureServer, private readonly line: BrokenLine) {
    this.book = new Ledger(destination.id);
    this.ledger = this.book.entries;
    const { vapid, simulated } = destination.settings;
    this.port = line.port;
    this.origin = `https://127.0.0.1:${this.port}`;
    this.publicKey = new Vapid(options.secret(vapid.key), vapid.subject).publicKey;
    const seed = seedOfSubscribers(options.secret(simulated!.serverKey));
    const names = subscriberNames(destination.mode, simulated!.subscribers);
    this.subscribers = new Map(names.map((name) => [name, new FakeSubscriber(seed, name)]));
    server.on('session', (session) => {
      this.sessions.add(session);
      session.once('close', () => this.sessions.delete(session)).on('error', () => undefined);
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      // A caller that goes away in the middle is its own affair.
      this.serve(stream, headers).catch(() => stream.destroy());
    });
    server.on('sessionError', () => undefined).on('tlsClientError', () => undefined);
    if (options.apiUrl !== undefined && simulated!.subscribe) void this.subscribeAll(`${options.apiUrl}/v1/subscriptions/web-push`);
  }

  setFaults(faults: Faults): void {
    this.faults = faults;
    if (!breaksAnswers(faults)) this.line.mend();
  }

  waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs?: number): Promise<readonly LedgerEntry[]> {
    return this.book.waitFor(predicate, timeoutMs);
  }

  async close(): Promise<void> {
    this.closing.abort();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    for (const session of this.sessions) session.destroy();
    await Promise.all([closed, this.line.close()]);
  }

  private async serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    const { faults } = this;
    if (faults.latencyMs) await new Promise((resolve) => setTimeout(resolve, faults.latencyMs));
    if (faults.hang || stream.destroyed) return;
    if (faults.reset) return stream.session?.destroy();
    if (faults.error) return answer(stream, 500);
    if (faults.refuse) return answer(stream, 403);
    if (faults.throttle) return answer(stream, 429, { 'retry-after': '1' });
    const { status, ...more } = this.take(headers, Buffer.concat(chunks));
    if (status === 201 && faults.loseAcknowledgement) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    if (status === 201 && breaksAnswers(faults)) this.line.breakAnswers(faults);
    if (status === 201 && faults.rubbish) return answer(stream, 200, { 'content-type': 'text/html' }, '<p>Welcome to the guest network</p>');
    answer(stream, status, more);
  }

  /** Writes a message down, if it is one. */
  private take(headers: IncomingHttpHeaders, body: Buffer): { readonly status: number; readonly location?: string } {
    const name = /^\/wpush\/([a-z0-9-]+)$/.exec(headers[':path'] ?? '')?.[1] ?? '';
    const subscriber = this.subscribers.get(name);
    if (!subscriber) return { status: 404 };
    if (this.unsubscribed.has(name)) return { status: 410 };
    if (!this.isAuthorized(headers.authorization)) return { status: 403 };
    if (body.length > BODY_LIMIT) return { status: 413 };
    if (headers[':method'] !== 'POST' || headers['content-encoding'] !== 'aes128gcm' || !/^\d+$/.test(String(headers['ttl'])) || !/^[A-Za-z0-9_-]{0,32}$/.test(String(headers['topic'] ?? ''))) return { status: 400 };
    let payload: z.infer<typeof payloadShape>;
    try {
      const received = subscriber.receive(body);
      if (this.seen.has(received.salt) || this.seen.has(received.senderKey)) return { status: 400 };
      this.seen.add(received.salt).add(received.senderKey);
      payload = payloadShape.parse(JSON.parse(received.payload.toString('utf8')));
    } catch {
      return { status: 400 };
    }
    const mark = `${payload.id} ${name}`;
    const duplicate = this.taken.has(mark);
    this.taken.add(mark);
    const action = payload.kind === 'found' || payload.kind === 'withdrawn' ? 'withdraw' : 'publish';
    if (this.received.length < MOST_REMEMBERED) this.received.push({ name, headers, payload });
    this.book.write({ key: payload.id, action, sha256: sha256Hex(body), duplicate, at: Date.now() });
    return { status: 201, location: `${this.origin}/m/${this.ledger.length}` };
  }

  /** Whether the token is of the house's key, for this service, and valid for no more than a day (RFC 8292 section 4.2). */
  private isAuthorized(header: string | undefined): boolean {
    const [, head = '', body = '', signature = '', key = ''] = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(header ?? '') ?? [];
    if (key !== this.publicKey) return false;
    // A token serves for many messages: its signature is looked at once, its time always.
    const until = this.tokens.get(header!);
    if (until !== undefined) return until > Date.now() / 1_000;
    const point = Buffer.from(key, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: x!, y: y! } });
    if (!verify('sha256', Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))) return false;
    const token = tokenShape.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    if (!token.success || token.data.aud !== this.origin) return false;
    const left = token.data.exp - Date.now() / 1000;
    if (left <= 0 || left > ONE_DAY_S) return false;
    this.tokens.set(header!, token.data.exp);
    return true;
  }

  /** The fictional browsers subscribe by the public door, once it is open: the partners are up before the API is. */
  private async subscribeAll(url: string): Promise<void> {
    const deadline = Date.now() + SUBSCRIBING.untilMs;
    const queue = [...this.subscribers.values()].map((subscriber, n) => ({ subscriber, language: LANGUAGES[n % LANGUAGES.length] }));
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next && !this.closing.signal.aborted; next = queue.shift()) {
        const body = JSON.stringify({ mode: this.destination.mode, language: next.language, districts: null, subscription: next.subscriber.subscription(this.origin) });
        const taken = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: this.closing.signal })
          .then(async (response) => (await response.arrayBuffer(), response.status === 201 || (response.status < 500 && response.status !== 429)), () => false);
        if (taken || Date.now() > deadline) continue;
        queue.unshift(next);
        await new Promise((resolve) => setTimeout(resolve, SUBSCRIBING.pauseMs).unref());
      }
    };
    await Promise.all(Array.from({ length: SUBSCRIBING.atOnce }, worker));
  }
}

function answer(stream: ServerHttp2Stream, status: number, headers: Readonly<Record<string, string>> = {}, body = ''): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': status, ...headers }, { endStream: body === '' });
  if (body !== '') stream.end(body);
}
