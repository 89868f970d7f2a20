import { Agent, request, type RequestOptions } from 'node:https';
import { Agent as PlainAgent, request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { addressWordOf, endpointOf, type Outgoing } from '../outgoing.js';
import { ANSWER_LIMIT, saysTaken, type Answer } from './answer.js';

/** What became of one request: an answer, or a reason why there is none and whether any octet of the request can have left. */
export type Exchange = { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'broken'; readonly reason: string; readonly left: boolean };

/** One request. */
export interface Parcel {
  readonly method: 'POST' | 'PUT' | 'GET' | 'DELETE';
  /** Path and query, where they are not those of the address. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface WireOptions {
  /** `https:`, or `http:` where a channel's settings say so. */
  readonly url: string;
  readonly outgoing: Outgoing;
  readonly ca?: string;
  readonly clientKey?: string;
  readonly clientCertificate?: string;
  /** For each request, connecting included. */
  readonly timeoutMs: number;
  /** Statuses whose answer is read and not only its head; those that say that the message was taken when left out. */
  readonly reads?: (status: number) => boolean;
  /** Told when the first connection is up and when the last one is gone. */
  readonly onState: (state: 'open' | 'closed') => void;
}

/** First and longest pause before a lost connection is made again. */
const REWARM_MS = { first: 1_000, most: 60_000 };

/** How long the rest of an answer is read whose status has said everything. */
const DRAIN_MS = 2_000;

/** One partner has one agent, so there is nothing to tell apart: spares comparing whole certificates for each request. */
class PartnerAgent extends Agent {
  override getName(): string {
    return 'partner';
  }
}

/**
 * HTTPS to one partner over connections that are kept warm: one is made at once and made again whenever the partner closes
 * it. Requests never wait for each other, so a withdrawal overtakes a publication that hangs. Redirects are not followed.
 */
export class Wire {
  private readonly agent: PlainAgent;
  private readonly secure: boolean;
  private readonly target: RequestOptions;
  private readonly sockets = new Set<Socket>();
  private readonly cancels = new Set<() => void>();
  private rewarm: NodeJS.Timeout | undefined;
  private pauseMs = REWARM_MS.first;
  private closed = false;

  constructor(private readonly options: WireOptions) {
    const { ca, clientKey: key, clientCertificate: cert } = options;
    const keeping = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 2, scheduling: 'lifo' } as const;
    const secureContext = createSecureContext({ minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }), ...(key !== undefined && { key }), ...(cert !== undefined && { cert }) });
    this.secure = new URL(options.url).protocol === 'https:';
    this.agent = this.secure ? new PartnerAgent({ ...keeping, secureContext }) : new PlainAgent(keeping);
    const { host, lookup } = options.outgoing.toward(endpointOf(options.url));
    this.target = { ...urlToHttpOptions(new URL(options.url)), hostname: host, lookup, agent: this.agent };
    void this.warm();
  }

  /** Sends a request; the promise always resolves. */
  send({ method, path, headers, body }: Parcel, signal: AbortSignal): Promise<Exchange> {
    const length = body && { 'Content-Length': String(body.length) };
    return this.exchange({ ...this.target, method, ...(path !== undefined && { path }), headers: { ...headers, ...length } }, body, signal);
  }

  /** Asks for the head of the address; the promise always resolves. */
  head(signal?: AbortSignal): Promise<Exchange> {
    return this.exchange({ ...this.target, method: 'HEAD' }, undefined, signal);
  }

  /** Ends every call and every connection. */
  close(): void {
    this.closed = true;
    clearTimeout(this.rewarm);
    for (const cancel of [...this.cancels]) cancel();
    this.agent.destroy();
  }

  private async warm(): Promise<void> {
    const exchange = await this.head();
    if (exchange.kind === 'answer') this.pauseMs = REWARM_MS.first;
    else if (this.sockets.size === 0) this.warmLater();
  }

  private warmLater(): void {
    if (this.closed || this.rewarm) return;
    this.rewarm = setTimeout(() => {
      this.rewarm = undefined;
      if (this.sockets.size === 0) void this.warm();
    }, this.pauseMs).unref();
    this.pauseMs = Math.min(this.pauseMs * 2, REWARM_MS.most);
  }

  private exchange(options: RequestOptions, body: Buffer | undefined, signal?: AbortSignal): Promise<Exchange> {
    if (signal?.aborted) return Promise.resolve({ kind: 'broken', reason: 'aborted', left: false });
    if (this.closed) return Promise.resolve({ kind: 'broken', reason: 'closed', left: false });
    return new Promise((resolve) => {
      const outgoing = (this.secure ? request : plainRequest)(options);
      let left = false;
      let done = false;
      const end = (exchange: Exchange, destroy = true): void => {
        if (done) return;
        done = true;
        clearTimeout(timer);
        this.cancels.delete(cancel);
        signal?.removeEventListener('abort', abort);
        if (destroy) outgoing.destroy();
        resolve(exchange);
      };
      const broken = (reason: string) => end({ kind: 'broken', reason, left });
      const abort = () => broken('aborted');
      const cancel = () => broken('closed');
      const timer = setTimeout(() => broken('timeout'), this.options.timeoutMs);
      this.cancels.add(cancel);
      signal?.addEventListener('abort', abort, { once: true });

      outgoing.on('socket', (socket) => this.follow(outgoing, socket, () => (left = true)));
      // Stays for good: a request that was destroyed still reports its error, which nobody waits for any more.
      outgoing.on('error', (error) => broken(left ? 'connection_lost' : reasonOf(error)));
      outgoing.on('response', (incoming) => readAnswer(incoming, this.options.reads ?? saysTaken, (answer) => (answer ? end({ kind: 'answer', answer }, false) : broken('connection_lost'))));
      outgoing.end(body);
    });
  }

  /** Nothing of a request leaves before its connection is made and secured; on a connection that is warm it leaves at once. */
  private follow(outgoing: ClientRequest, socket: Socket, onLeft: () => void): void {
    if (outgoing.reusedSocket) {
      onLeft();
      return;
    }
    socket.once(this.secure ? 'secureConnect' : 'connect', () => {
      onLeft();
      this.sockets.add(socket);
      if (this.sockets.size === 1) this.options.onState('open');
      socket.once('close', () => {
        this.sockets.delete(socket);
        if (this.sockets.size > 0) return;
        this.options.onState('closed');
        this.warmLater();
      });
    });
  }
}

/** Reads an answer within its limit. Only where the partner says that it took the message does the body decide anything. */
function readAnswer(incoming: IncomingMessage, reads: (status: number) => boolean, done: (answer: Answer | undefined) => void): void {
  const status = incoming.statusCode ?? 0;
  const retryAfter = incoming.headers['retry-after'];
  const head = { status, ...(retryAfter !== undefined && { retryAfter }) };
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= ANSWER_LIMIT) chunks.push(chunk);
    else {
      done(head);
      incoming.destroy();
    }
  });
  incoming.on('end', () => done(incoming.complete ? { ...head, body: Buffer.concat(chunks) } : undefined));
  incoming.on('error', () => done(undefined));
  incoming.on('close', () => done(undefined));
  if (reads(status)) return;
  done(head);
  // The rest is read so that the connection can be used again, but not for ever.
  const patience = setTimeout(() => incoming.destroy(), DRAIN_MS).unref();
  incoming.once('close', () => clearTimeout(patience));
}

/** A word for why no connection came about. Never the message, which may name addresses. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  const refused = addressWordOf(error);
  if (refused !== undefined) return refused;
  switch (error.code) {
    case 'ECONNREFUSED': return 'connect_refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return 'name_unresolved';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH': return 'unreachable';
    case 'ECONNRESET':
    case 'EPIPE': return 'connect_reset';
    default: return 'tls_failed';
  }
}
