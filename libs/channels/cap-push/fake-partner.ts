import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CapMessage } from '#cap/read.js';
import { verifyCap } from '#cap/sign.js';
import { CAP_NAMESPACE } from '#cap/write.js';
import { leaf, XML_LIMIT } from '#cap/xml.js';
import { sha256Hex } from '#kernel/canonical.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner, Faults, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import type { CapPushSettings } from './config.js';
import { ReceiptSender } from './receipt-sender.js';

/** What a simulated partner gets from the house that plays it. */
export interface FakePartnerOptions {
  /** A secret by its name in the settings. */
  readonly secret: (name: string) => string;
  /** Root of the house's API, to which receipts are posted; without it none are sent. */
  readonly apiUrl?: string;
}

/**
 * A simulated broadcaster: a real HTTPS server at the address of the settings (port 0 for any free one), on loopback only.
 * It verifies the signature of what it takes, tells repetitions by key and by CAP identifier, acknowledges in CAP and posts
 * a signed receipt, `aired` or `stopped`.
 */
export async function startFakePartner(destination: Destination<CapPushSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  const { url, simulated, ca, clientCertificate } = destination.settings;
  const { hostname, port, pathname } = new URL(url);
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
  return new SimulatedBroadcaster(destination, options, server, pathname);
}

class SimulatedBroadcaster implements FakePartner {
  readonly port: number;
  readonly ledger: LedgerEntry[] = [];
  private faults: Faults = {};
  private readonly waiting = new Set<() => void>();
  private readonly pauses = new Set<() => void>();
  private readonly receipts: ReceiptSender | undefined;

  constructor(private readonly destination: Destination<CapPushSettings>, private readonly options: FakePartnerOptions, private readonly server: Server, private readonly path: string) {
    this.port = (server.address() as AddressInfo).port;
    const { secret } = destination.settings;
    if (options.apiUrl !== undefined) this.receipts = new ReceiptSender(`${options.apiUrl}/v1/partners/${encodeURIComponent(destination.id)}/receipts`, options.secret(secret));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A caller that goes away in the middle is its own affair.
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  setFaults(faults: Faults): void {
    this.faults = faults;
  }

  async waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs = 5_000): Promise<readonly LedgerEntry[]> {
    if (predicate(this.ledger)) return this.ledger;
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!predicate(this.ledger)) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(this.ledger);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`the ledger of ${this.destination.id} did not come to what was awaited; it has ${this.ledger.length} entries`));
      }, timeoutMs);
      this.waiting.add(look);
    });
  }

  async close(): Promise<void> {
    this.receipts?.close();
    for (const wake of [...this.pauses]) wake();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const faults = this.faults;
    if (faults.latencyMs) await this.pause(faults.latencyMs);
    if (faults.hang) return;
    if (faults.reset) return void response.destroy();
    if (faults.error) return answer(response, 500);
    if (new URL(request.url ?? '/', 'https://partner').pathname !== this.path) return answer(response, 404);
    if (request.method === 'HEAD') return answer(response, 204);
    if (request.method !== 'POST') return answer(response, 405);
    if (!body) return answer(response, 413);
    if (faults.refuse) return answer(response, 422);
    if (faults.throttle) return answer(response, 429, { 'Retry-After': '1' });
    this.take(request, response, body, faults);
  }

  private take(request: IncomingMessage, response: ServerResponse, body: Buffer, faults: Faults): void {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || request.headers['content-type'] !== 'application/cap+xml') return answer(response, 400);
    let message: CapMessage;
    try {
      message = verifiedMessage(body, this.options.secret(this.destination.settings.signingCertificate));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return answer(response, 422);
    }
    const duplicate = this.ledger.some((entry) => entry.key === key || entry.identifier === message.identifier);
    const action = message.msgType === 'Cancel' ? 'withdraw' : 'publish';
    this.ledger.push({ key, identifier: message.identifier, action, sha256: sha256Hex(body), duplicate, at: Date.now() });
    for (const look of [...this.waiting]) look();

    if (!duplicate && !faults.noReceipts) response.once('close', () => this.receipts?.send(key, action === 'publish' ? 'aired' : 'stopped', faults.duplicateReceipts ? 2 : 1));
    if (faults.loseAcknowledgement) return void response.destroy();
    if (faults.rubbish) return answer(response, 200, { 'Content-Type': 'application/cap+xml' }, '<alert>not quite');
    answer(response, 200, { 'Content-Type': 'application/cap+xml' }, acknowledge(message, `${this.destination.id}@partners.example`, new Date()));
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

const verified = new Map<string, CapMessage>();

/** Hundreds of simulated partners in one process get the same octets: verified once for the same octets and certificate. */
function verifiedMessage(body: Buffer, trusted: string): CapMessage {
  const name = `${sha256Hex(body)} ${sha256Hex(trusted)}`;
  const known = verified.get(name);
  if (known) return known;
  const { message } = verifyCap(body, { trusted: [trusted], now: new Date() });
  const oldest = verified.keys().next().value;
  if (verified.size >= 8 && oldest !== undefined) verified.delete(oldest);
  verified.set(name, message);
  return message;
}

/** A CAP acknowledgement of a message (CAP 1.2 section 3.2.1: `msgType` Ack, `references` names what is acknowledged). */
export function acknowledge(message: CapMessage, sender: string, now: Date): string {
  const sent = `${now.toISOString().slice(0, 19)}+00:00`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${CAP_NAMESPACE}">${[
    leaf('identifier', `ack-${message.identifier}`),
    leaf('sender', sender),
    leaf('sent', sent),
    leaf('status', message.status),
    leaf('msgType', 'Ack'),
    leaf('scope', 'Private'),
    leaf('addresses', message.sender),
    leaf('references', `${message.sender},${message.identifier},${message.sent}`),
  ].join('')}</alert>`;
}

function answer(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}, body = ''): void {
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': String(Buffer.byteLength(body)) }) }).end(body);
}

/** The body, or nothing when it is over the limit; it is read to its end so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= XML_LIMIT) chunks.push(chunk);
  }
  return size <= XML_LIMIT ? Buffer.concat(chunks) : undefined;
}
