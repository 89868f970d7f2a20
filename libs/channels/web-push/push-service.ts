import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ProbeResult } from '#dispatch/channel.js';
import { endpointOf, type Outgoing, type Toward } from '#dispatch/outgoing.js';
import type { Headers } from './hpack.js';
import { Http1 } from './http1.js';
import { Http2Line, STREAMS } from './http2-line.js';
import type { Stop } from './stop.js';

/** What became of one request: an answer, or why there is none and whether any octet of it can have left. */
export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'broken'; readonly reason: string; readonly left: boolean };

/** One message for a browser. */
export interface PushRequest {
  readonly path: string;
  readonly headers: Headers;
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
  readonly outgoing: Outgoing;
  /** Told when the first connection is up and when the last one is gone. */
  readonly onState: (state: 'open' | 'closed') => void;
}

/** Why a request without a body was not sent. */
export const NOTHING_TO_SEND = 'nothing_to_send';
const EMPTY: Exchange = { kind: 'broken', reason: NOTHING_TO_SEND, left: false };
const NO_HTTP2 = 'no_http2';

/** A connection, being made or made, and the requests that wait for it to be made. */
interface Trunk {
  readonly line: Promise<Http2Line>;
  ready?: Http2Line;
  waiting: number;
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

  private readonly toward: Toward;

  constructor(private readonly options: PushServiceOptions) {
    // Browsers name their push service, so whatever they name is one of the public internet.
    this.toward = options.outgoing.toward({ ...endpointOf(options.origin), publicOnly: true });
  }

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
        const begin = (line: Http2Line): void => {
          cancel = line.begin({
            path: request.path, headers: request.headers,
            body: () => {
              const octets = request.body();
              if (octets) left = true;
              else finish(EMPTY);
              return octets;
            },
            answered: (status, retryAfter) => finish({ kind: 'answer', status, ...(retryAfter !== undefined && { retryAfter }) }),
            broken: (reason, acted) => {
              left = acted;
              broken(reason);
            },
          });
        };
        const trunk = this.trunk();
        if (trunk.ready) begin(trunk.ready);
        else {
          trunk.waiting += 1;
          trunk.line.then((line) => !finished && begin(line), (error: unknown) => {
            if (finished) return;
            if (this.http1) old();
            else broken(reasonOf(error));
          }).finally(() => (trunk.waiting -= 1));
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
    this.trunk().line.then((line) => line.ping()).then(
      (alive) => (alive ? end?.({ well: true }) : broken('lost')),
      (error: unknown) => (this.http1 && reasonOf(error) === NO_HTTP2 ? end?.({ well: true }) : broken(reasonOf(error))));
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
    for (const { line } of this.trunks) line.then((l) => l.destroy(), () => undefined);
    this.trunks = [];
    this.http1?.close();
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
    this.trunks = this.trunks.filter(({ ready }) => !ready?.closed);
    let best: Trunk | undefined;
    for (const trunk of this.trunks) {
      if (trunk.ready ? trunk.ready.hasRoom : trunk.waiting < STREAMS) return trunk;
      if (!best || loadOf(trunk) < loadOf(best)) best = trunk;
    }
    return best && this.trunks.length >= this.options.connections ? best : this.open();
  }

  private open(): Trunk {
    const trunk: Trunk = { line: this.connect(), waiting: 0 };
    const gone = (): void => {
      this.trunks = this.trunks.filter((t) => t !== trunk);
      if (trunk.ready && !this.trunks.some((t) => t.ready)) this.options.onState('closed');
    };
    trunk.line.then((line) => {
      if (this.closed) return line.destroy();
      const first = !this.trunks.some((t) => t.ready);
      trunk.ready = line;
      if (first) this.options.onState('open');
      if (line.closed) gone();
      else line.onClose = gone;
    }, gone);
    this.trunks.push(trunk);
    return trunk;
  }

  private async connect(): Promise<Http2Line> {
    const { origin, ca, window } = this.options;
    const { host: authority } = new URL(origin);
    const { host } = endpointOf(origin);
    if (this.closed) throw new Reason('closed');
    const socket = connectTls({
      ...this.toward, ALPNProtocols: ['h2', 'http/1.1'], minVersion: 'TLSv1.2', ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }),
    });
    socket.setNoDelay(true);
    const end = (reason: string): void => void socket.destroy(new Reason(reason));
    const timer = setTimeout(() => end('timeout'), this.options.timeoutMs);
    this.calls.add(end);
    try {
      await secured(socket);
      if (socket.alpnProtocol !== 'h2') {
        this.http1 ??= new Http1({ origin, window, toward: this.toward, ...(ca !== undefined && { ca }) });
        throw new Reason(NO_HTTP2);
      }
      const line = new Http2Line(socket, authority);
      await line.ready;
      return line;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.calls.delete(end);
    }
  }
}

const loadOf = ({ ready, waiting }: Trunk): number => waiting + (ready?.load ?? 0);

/** Resolves once the TLS connection stands; rejects with what ended it before. */
function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.on('error', reject);
    socket.once('close', () => reject(new Reason('lost')));
  });
}

/** Why a connection was not made, in a word of ours. */
class Reason extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof Reason) return error.message;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code.toLowerCase() : 'broken';
}
