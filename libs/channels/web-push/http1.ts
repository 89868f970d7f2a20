import { Agent, request as httpsRequest } from 'node:https';
import type { Toward } from '#dispatch/outgoing.js';
import type { Exchange, PushRequest } from './push-service.js';

/** What is read of an answer's body, in octets. */
const BODY_LIMIT = 64 * 1024;

export interface Http1Options {
  readonly origin: string;
  readonly ca?: string;
  /** Connections at once. */
  readonly window: number;
  readonly toward: Toward;
}

/** A push service that does not offer HTTP/2: one request a connection at a time, connections kept. Redirects are not followed. */
export class Http1 {
  private readonly agent: Agent;

  constructor(private readonly options: Http1Options) {
    const { ca, window } = options;
    this.agent = new Agent({ keepAlive: true, maxSockets: window, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) });
  }

  /** Sends a request; returns what cancels it. */
  begin({ path, headers }: PushRequest, octets: Buffer, finish: (exchange: Exchange) => void, broken: (reason: string) => void): () => void {
    const { toward } = this.options;
    const outgoing = httpsRequest(`${this.options.origin}${path}`, { method: 'POST', hostname: toward.host, lookup: toward.lookup, agent: this.agent, headers: { ...Object.fromEntries(headers), 'content-length': String(octets.length) } });
    outgoing.once('response', (response) => {
      const retryAfter = response.headers['retry-after'];
      finish({ kind: 'answer', status: response.statusCode ?? 0, ...(retryAfter !== undefined && { retryAfter }) });
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT) outgoing.destroy();
      });
      response.on('error', () => undefined);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => broken(error.code?.toLowerCase() ?? 'broken'));
    outgoing.end(octets);
    return () => outgoing.destroy();
  }

  close(): void {
    this.agent.destroy();
  }
}
