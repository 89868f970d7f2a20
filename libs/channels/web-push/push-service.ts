import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ProbeResult } from '#dispatch/channel.js';
import { ANSWER_LIMIT } from '#dispatch/https/answer.js';
import { Http1 } from './http1.js';
import { publicAddressOf, type Resolve } from './public-address.js';
import type { Stop } from './stop.js';

/** What became of one request: an answer, or why there is none and whether any octet of it can have left. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'broken'; readonly reason: string; readonly left: boolean };

/** One message for a browser. */
export interface PushRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Made when its turn has come; nothing when there is nothing to send after all. */
  readonly body: () => Buffer | undefined;
}

export interface PushServiceOptions {
  /** `https://fcm.googleapis.com`. */
  readonly origin: string;
  readonly ca?: string;
  /** Requests at once, and connections that they share. */
  readonly window: number;
  readonly connections: number;
  /** Milliseconds for a request from its turn on, connecting included. */
  readonly timeoutMs: number;
  /** On loopback, so its address is not looked at. */
  readonly simulated: boolean;
  readonly resolve: Resolve;
  /** Told when the first connection is up and when the last one is gone. */
  readonly onState: (state: 'open' | 'closed') => void;
}

/** How long the rest of an answer is read whose status has said everything, in milliseconds. */
const DRAIN_MS = 2_000;
/** What a connection carries at once before the next is opened: what push services allow. */
const STREAMS = 100;

/** Why a request without a body was not sent. */
export const NOTHING_TO_SEND = 'nothing_to_send';
const EMPTY: Exchange = { kind: 'broken', reason: NOTHING_TO_SEND, left: false };
const NO_HTTP2 = 'no_http2';

/** One connection, being made or made. */
interface Trunk {
  readonly session: Promise<ClientHttp2Session>;
  ready?: ClientHttp2Session;
  inFlight: number;
}

/**
 * A push service by its origin: HTTP/2 connections kept and shared by all requests (RFC 8030 section 3). The host is looked up
 * for each connection, and the connection goes to the address that was checked. Redirects are not followed.
 */
export class PushService {
  private trunks: Trunk[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly calls = new Set<(reason: string) => void>();
  private underWay = 0;
  /** Set once the service was seen not to offer HTTP/2. */
  private http1: Http1 | undefined;
  private closed = false;

  constructor(private readonly options: PushServiceOptions) {}

  /** Sends a request; the promise always resolves. Ends at the latest when `stop` says so. */
  send(request: PushRequest, stop: Stop): Promise<Exchange> {
    return new Promise((resolve) => {
      let left = false;
      let finished = false;
      let timer: NodeJS.Timeout | undefined;
      let cancel: (() => void) | undefined;
      const started = { has: false };
      const finish = (exchange: Exchange): void => {
        if (finished) return;
        finished = true;
        clearTimeout(timer);
        this.calls.delete(broken);
        stop.calls.delete(broken);
        if (started.has) this.release();
        resolve(exchange);
      };
      const broken = (reason: string): void => {
        if (finished) return;
        cancel?.();
        finish({ kind: 'broken', reason, left });
      };
      if (stop.reason !== undefined || this.closed) return finish({ kind: 'broken', reason: stop.reason ?? 'closed', left: false });
      this.calls.add(broken);
      stop.calls.add(broken);
      this.turn(() => {
        // Those that wait end by themselves when all are stopped: none of them begins because another one ended first.
        if (finished || stop.reason !== undefined || this.closed) return false;
        started.has = true;
        timer = setTimeout(() => broken('timeout'), this.options.timeoutMs);
        const old = (): void => {
          const octets = request.body();
          if (!octets) return finish(EMPTY);
          left = true;
          cancel = this.http1!.begin(request, octets, finish, broken);
        };
        if (this.http1) {
          old();
          return true;
        }
        const trunk = this.trunk();
        trunk.inFlight += 1;
        const begin = (session: ClientHttp2Session): void => {
          if (finished) return void (trunk.inFlight -= 1);
          left = true;
          cancel = this.begin(session, trunk, request, finish, broken);
        };
        if (trunk.ready) begin(trunk.ready);
        else {
          trunk.session.then(begin, (error: unknown) => {
            trunk.inFlight -= 1;
            if (finished) return;
            if (this.http1) old();
            else broken(reasonOf(error));
          });
        }
        return true;
      });
    });
  }

  /** Asks over a connection, made if there is none, whether the service lives; publishes nothing. */
  async probe(signal: AbortSignal): Promise<ProbeResult> {
    if (signal.aborted) return { well: false, reason: 'aborted' };
    if (this.closed) return { well: false, reason: 'closed' };
    let end: ((result: ProbeResult) => void) | undefined;
    const given = new Promise<ProbeResult>((resolve) => (end = resolve));
    const broken = (reason: string): void => end?.({ well: false, reason });
    const abort = (): void => broken('aborted');
    this.calls.add(broken);
    signal.addEventListener('abort', abort, { once: true });
    this.trunk().session.then((session) => {
      if (session.destroyed) return broken('lost');
      session.ping((error) => (error ? broken(reasonOf(error)) : end?.({ well: true })));
    }, (error: unknown) => (this.http1 && reasonOf(error) === NO_HTTP2 ? end?.({ well: true }) : broken(reasonOf(error))));
    try {
      return await given;
    } finally {
      this.calls.delete(broken);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Ends every request and every connection. */
  close(): void {
    this.closed = true;
    for (const call of [...this.calls]) call('closed');
    for (const { session } of this.trunks) session.then((s) => s.destroy(), () => undefined);
    this.trunks = [];
    this.http1?.close();
  }

  private begin(session: ClientHttp2Session, trunk: Trunk, { path, headers, body }: PushRequest, finish: (exchange: Exchange) => void, broken: (reason: string) => void): () => void {
    const octets = body();
    if (!octets) {
      trunk.inFlight -= 1;
      finish(EMPTY);
      return () => undefined;
    }
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    let answer: Exchange | undefined;
    stream.on('response', (heads) => {
      const retryAfter = heads['retry-after'];
      answer = { kind: 'answer', status: heads[':status'] ?? 0, ...(typeof retryAfter === 'string' && { retryAfter }) };
      // The status has said everything; the rest is read and thrown away, up to a point. A stream reset for every answer would
      // look like an attack, and servers end the connection (CVE-2023-44487).
      if (stream.endAfterHeaders) stream.resume();
      else drain(stream);
      finish(answer);
    });
    stream.on('error', () => undefined);
    stream.once('close', () => {
      trunk.inFlight -= 1;
      broken('reset');
    });
    stream.end(octets);
    return () => stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Takes a turn within the window; `act` says whether it still wants it. */
  private turn(act: () => boolean): void {
    const go = (): void => {
      this.underWay += 1;
      if (!act()) this.release();
    };
    if (this.underWay < this.options.window) go();
    else this.waiting.push(go);
  }

  private release(): void {
    this.underWay -= 1;
    this.waiting.shift()?.();
  }

  /** A connection with room; another one while there may be more; else the least busy. */
  private trunk(): Trunk {
    this.trunks = this.trunks.filter(({ ready }) => !ready || !(ready.closed || ready.destroyed));
    let best: Trunk | undefined;
    for (const trunk of this.trunks) {
      if (trunk.inFlight < Math.min(STREAMS, trunk.ready?.remoteSettings.maxConcurrentStreams ?? STREAMS)) return trunk;
      if (!best || trunk.inFlight < best.inFlight) best = trunk;
    }
    return best && this.trunks.length >= this.options.connections ? best : this.open();
  }

  private open(): Trunk {
    const trunk: Trunk = { session: this.connect(), inFlight: 0 };
    const gone = (): void => {
      this.trunks = this.trunks.filter((t) => t !== trunk);
      if (trunk.ready && !this.trunks.some((t) => t.ready)) this.options.onState('closed');
    };
    trunk.session.then((session) => {
      if (this.closed) return session.destroy();
      const first = !this.trunks.some((t) => t.ready);
      trunk.ready = session;
      if (first) this.options.onState('open');
      session.once('close', gone);
      if (session.destroyed) gone();
    }, gone);
    this.trunks.push(trunk);
    return trunk;
  }

  private async connect(): Promise<ClientHttp2Session> {
    const { origin, ca, simulated, resolve, window } = this.options;
    const { hostname, port } = new URL(origin);
    const host = hostname.replace(/[[\]]/g, '');
    const address = simulated ? host : await publicAddressOf(host, resolve);
    if (address === undefined) throw new Reason('address_not_public');
    if (this.closed) throw new Reason('closed');
    const socket = connectTls({
      host: address, port: Number(port || 443), ALPNProtocols: ['h2', 'http/1.1'], minVersion: 'TLSv1.2', ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }),
    });
    socket.setNoDelay(true);
    await this.secured(socket);
    if (this.closed) {
      socket.destroy();
      throw new Reason('closed');
    }
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.http1 ??= new Http1({ origin, window, resolve, ...(ca !== undefined && { ca }) });
      throw new Reason(NO_HTTP2);
    }
    const session = connectHttp2(origin, { createConnection: () => socket, settings: { enablePush: false } });
    return new Promise((done, failed) => {
      session.once('connect', () => done(session));
      session.on('error', failed);
      session.once('close', () => failed(new Reason('lost')));
    });
  }

  /** Resolves once the TLS connection stands; ends it when that takes too long. */
  private secured(socket: TLSSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (reason: string): void => void socket.destroy(new Reason(reason));
      const timer = setTimeout(() => end('timeout'), this.options.timeoutMs);
      this.calls.add(end);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.calls.delete(end);
        act();
      };
      socket.once('secureConnect', () => settle(resolve));
      socket.on('error', (error: Error) => settle(() => reject(error)));
      socket.once('close', () => settle(() => reject(new Reason('lost'))));
    });
  }
}

/** Reads what follows a status, so long and so much as an honest service has to say. */
function drain(stream: ClientHttp2Stream): void {
  let size = 0;
  const cut = (): void => stream.close(constants.NGHTTP2_CANCEL);
  const timer = setTimeout(cut, DRAIN_MS).unref();
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > ANSWER_LIMIT) cut();
  });
  stream.once('close', () => clearTimeout(timer));
}

/** Why a connection was not made, in a word of ours. */
class Reason extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof Reason) return error.message;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code.toLowerCase() : 'broken';
}
