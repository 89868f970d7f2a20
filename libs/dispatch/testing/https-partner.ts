import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { sha256Hex } from '#kernel/canonical.js';
import { systemClock, type Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { Destination } from '../channel.js';
import type { HttpsAddress } from '../https/settings.js';
import { breaksAnswers, httpOctets, sendBroken } from './broken-answer.js';
import { ErasureConfirmer } from './erasure-confirmer.js';
import type { FakePartner, Faults, LedgerEntry } from './fake-partner.js';
import { Ledger } from './ledger.js';
import { OwnAirings } from './own-airings.js';
import { ReceiptSender } from './receipt-sender.js';

/** What a simulated partner gets from the house that plays it. */
export interface FakePartnerOptions {
  /** A secret by its name in the settings. */
  readonly secret: (name: string) => string;
  /** Root of the house's API, to which receipts are posted; without it none are sent. */
  readonly apiUrl?: string;
  /** It stands behind a destination's further route: what went over another it hears of at the API alone, so it reads the list of what to erase now and then. */
  readonly isFurtherRoute?: boolean;
  /** The partner's own clock; the machine's unless told. */
  readonly clock?: Clock;
}

/** A request as the simulated partner sees it. */
export interface PartnerRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a partner understood of a request. */
export interface PartnerMessage {
  /** CAP identifier or its equivalent, by which a repetition is recognised beside the key. */
  readonly identifier?: string;
  readonly action: LedgerEntry['action'];
  /** Its acknowledgement. */
  readonly answer: PartnerAnswer;
  /** A word for each receipt that follows, one at least: `aired`, `displayed A1-042`. */
  readonly words: readonly string[];
  /** What a broadcaster that airs by itself is to air again, until when; an ending names what it is to stop. By identifiers. */
  readonly airing?: { readonly references: readonly string[]; readonly until: Date };
}

export interface PartnerAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The protocol of a simulated partner. */
export interface PartnerManner {
  readonly method: 'POST' | 'PUT';
  readonly contentType: string;
  /** Tells whether messages go to this path; the path of the settings when left out. */
  serves?(path: string): boolean;
  /** Reads a message; nothing when it is none, which is answered 422. */
  read(request: PartnerRequest): PartnerMessage | undefined;
  /** Tells whether a request asks to erase, and how that is answered; nothing when it is something else. It is no message and in no ledger. */
  asksErasure?(request: PartnerRequest): PartnerAnswer | undefined;
  /** What a GET of a path gives. Without it a GET is not allowed. */
  fetch?(path: string): PartnerAnswer;
  /** Bytes that are no valid answer of the protocol. */
  readonly rubbish: PartnerAnswer;
}

/** How often a partner that hears of no ending reads what it is to erase, in milliseconds. */
const READ_EVERY_MS = 3_000;
const REQUEST_LIMIT = 4 * 1024 * 1024;

/**
 * A simulated partner that takes HTTPS: a real server at the address of the settings (port 0 for any free one), on loopback
 * only. It tells repetitions by key and identifier, acknowledges in the manner given and posts signed receipts. After an ending
 * it erases, and confirms that at the API.
 */
export async function startHttpsPartner(destination: Destination<HttpsAddress & { readonly secret?: string }>, options: FakePartnerOptions, manner: PartnerManner): Promise<FakePartner> {
  const { url, simulated, ca, clientCertificate } = destination.settings;
  const { hostname, port } = new URL(url);
  if (!simulated || !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) throw fail('CONFIGURATION_INVALID', 'settings.simulated', 'A simulated partner has a server key and an address on loopback.');
  const mutual = clientCertificate !== undefined && ca !== undefined;
  const server = createServer({
    key: options.secret(simulated.serverKey),
    cert: options.secret(simulated.serverCertificate),
    ...(mutual && { ca: options.secret(ca), requestCert: true, rejectUnauthorized: true }),
  });
  // What we ask of partners: a quiet connection stays open for longer than a minute.
  server.keepAliveTimeout = 75_000;
  server.listen(port === '' ? 443 : Number(port), hostname.replace(/[[\]]/g, ''));
  await once(server, 'listening');
  return new HttpsPartner(destination, options, server, manner);
}

class HttpsPartner implements FakePartner {
  readonly port: number;
  readonly ledger: readonly LedgerEntry[];
  private faults: Faults = {};
  private readonly path: string;
  private readonly book: Ledger;
  private readonly pauses = new Set<() => void>();
  private readonly receipts: ReceiptSender | undefined;
  private readonly airings: OwnAirings | undefined;
  private readonly clock: Clock;
  private readonly erasures: ErasureConfirmer | undefined;

  constructor(destination: Destination<HttpsAddress & { readonly secret?: string }>, options: FakePartnerOptions, private readonly server: Server, private readonly manner: PartnerManner) {
    this.book = new Ledger(destination.id);
    this.clock = options.clock ?? systemClock;
    this.ledger = this.book.entries;
    this.port = (server.address() as AddressInfo).port;
    this.path = new URL(destination.settings.url).pathname;
    const { secret } = destination.settings;
    // A partner without a secret never reports.
    if (options.apiUrl !== undefined && secret !== undefined) {
      const url = `${options.apiUrl}/v1/partners/${encodeURIComponent(destination.id)}`;
      this.receipts = new ReceiptSender(`${url}/receipts`, options.secret(secret));
      this.airings = new OwnAirings(this.clock, (key, at) => {
        if (!this.faults.noReceipts) this.receipts?.send(key, ['aired'], 1, at, `/${at.toISOString()}`);
      });
      this.erasures = new ErasureConfirmer(url, options.secret(secret));
      if (options.isFurtherRoute) this.erasures.readEvery(READ_EVERY_MS, () => !this.faults.noErasure);
    }
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A caller that goes away in the middle is its own affair.
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  setFaults(faults: Faults): void {
    this.faults = faults;
  }

  waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs?: number): Promise<readonly LedgerEntry[]> {
    return this.book.waitFor(predicate, timeoutMs);
  }

  async close(): Promise<void> {
    this.airings?.close();
    this.receipts?.close();
    this.erasures?.close();
    for (const wake of [...this.pauses]) wake();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { faults, manner } = this;
    const path = new URL(request.url ?? '/', 'https://partner').pathname;
    if (faults.latencyMs) await this.pause(faults.latencyMs);
    if (faults.hang) return;
    if (faults.reset) return void response.destroy();
    if (faults.error) return answer(response, { status: 500 });
    if (request.method === 'HEAD') return answer(response, { status: path === this.path ? 204 : 404 });
    if (!(manner.serves?.(path) ?? path === this.path)) return answer(response, { status: 404 });
    if (request.method === 'GET' && manner.fetch) return answer(response, faults.rubbish ? manner.rubbish : manner.fetch(path));
    if (request.method !== manner.method) return answer(response, { status: 405 });
    if (!body) return answer(response, { status: 413 });
    if (faults.refuse) return answer(response, { status: 422 });
    if (faults.throttle) return answer(response, { status: 429, headers: { 'Retry-After': '1' } });
    const asked = manner.asksErasure?.({ path, headers: request.headers, body });
    if (asked) {
      if (!faults.noErasure) this.erasures?.look();
      return answer(response, asked);
    }
    this.take({ path, headers: request.headers, body }, response, faults);
  }

  private take(request: PartnerRequest, response: ServerResponse, faults: Faults): void {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || request.headers['content-type'] !== this.manner.contentType) return answer(response, { status: 400 });
    const message = this.manner.read(request);
    if (!message) return answer(response, { status: 422 });
    const { action, identifier, words, airing } = message;
    const duplicate = this.ledger.some((entry) => entry.key === key || (identifier !== undefined && entry.identifier === identifier));
    this.book.write({ key, ...(identifier !== undefined && { identifier }), action, sha256: sha256Hex(request.body), duplicate, at: Date.now() });

    if (!duplicate && !faults.noReceipts) {
      const times = faults.duplicateReceipts ? 2 : 1;
      const at = this.clock.now();
      const report = () => this.receipts?.send(key, words, times, at);
      // The caller may have gone while the answer was held back; what was taken is reported all the same.
      if (response.closed) report();
      else response.once('close', report);
    }
    if (airing && identifier !== undefined && !duplicate) {
      if (action === 'publish') this.airings?.begin(key, identifier, airing.references, airing.until);
      else this.airings?.end(airing.references);
    }
    if (action === 'withdraw' && !faults.noErasure) this.erasures?.look();
    if (faults.loseAcknowledgement) return void response.destroy();
    if (breaksAnswers(faults) && response.socket) {
      const { status, headers = {}, body = '' } = message.answer;
      return sendBroken(response.socket, httpOctets(status, headers, body), faults);
    }
    answer(response, faults.rubbish ? this.manner.rubbish : message.answer);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.pauses.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.pauses.add(wake);
    });
  }
}

function answer(response: ServerResponse, { status, headers = {}, body = '' }: PartnerAnswer): void {
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': String(Buffer.byteLength(body)) }) }).end(body);
}

/** The body, or nothing when it is over the limit; it is read to its end so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= REQUEST_LIMIT) chunks.push(chunk);
  }
  return size <= REQUEST_LIMIT ? Buffer.concat(chunks) : undefined;
}
