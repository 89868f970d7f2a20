import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner, Faults, LedgerEntry } from '#dispatch/testing/fake-partner.js';
import { breaksAnswers, httpOctets, sendBroken } from '#dispatch/testing/broken-answer.js';
import { Ledger } from '#dispatch/testing/ledger.js';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import type { OsmoCbcSettings } from './config.js';

const PATH = '/api/ecbe/v1/message';
const BODY_LIMIT = 64 * 1024;

/** What the program itself reads of a message, wrapped as it wants it. */
const messageSchema = z.object({
  cbe_name: z.string(),
  category: z.enum(['normal', 'high_priority', 'background']).optional(),
  repetition_period: z.int().min(0).max(4_095),
  num_of_bcast: z.int().min(0).max(65_535).optional(),
  scope: z.object({ scope_plmn: z.object({}) }),
  smscb_message: z.object({
    message_id: z.int().min(0).max(65_535),
    serial_nr: z.object({ serial_nr_encoded: z.int().min(0).max(65_535) }),
    payload: z.union([
      z.object({ payload_encoded: z.object({ dcs: z.int().min(0).max(255), pages: z.array(z.string().regex(/^([0-9a-f]{2}){0,82}$/i)).min(1).max(15) }) }),
      z.object({ payload_decoded: z.object({ character_set: z.enum(['gsm', 'ucs2']), data_utf8: z.string() }) }),
    ]),
  }),
});

/**
 * A simulated Osmocom CBC on loopback, with the traps of the real one: one place for an identifier, 409 while it is taken,
 * 201 for UCS-2 text of which nothing is broadcast, and no answer to every other DELETE of an identifier that it does not
 * know. The ledger holds what handsets would show: the same identifier and serial number again has no effect on them.
 */
export async function startOsmoCbc({ settings }: Destination<OsmoCbcSettings>, secret: (name: string) => string): Promise<FakePartner> {
  const { host, port, tls, simulated } = settings;
  const secure = tls && simulated;
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host) || (tls && !simulated)) throw fail('CONFIGURATION_INVALID', 'settings.host', 'A simulated partner has an address on loopback and, with TLS, a server key.');
  const server = secure ? createSecureServer({ key: secret(secure.serverKey), cert: secret(secure.serverCertificate) }) : createServer();
  server.keepAliveTimeout = 75_000;
  server.listen(port, host.replace(/[[\]]/g, ''));
  await once(server, 'listening');
  return new OsmoCbc(server);
}

class OsmoCbc implements FakePartner {
  readonly port: number;
  readonly ledger: readonly LedgerEntry[];
  private faults: Faults = {};
  private readonly active = new Set<number>();
  private readonly shown = new Set<string>();
  private readonly unknown = new Set<number>();
  private readonly book: Ledger;
  private readonly pauses = new Set<() => void>();

  constructor(private readonly server: Server) {
    this.book = new Ledger('the CBC');
    this.ledger = this.book.entries;
    this.port = (server.address() as AddressInfo).port;
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
    for (const wake of [...this.pauses]) wake();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { faults } = this;
    if (faults.latencyMs) await this.pause(faults.latencyMs);
    if (faults.hang) return;
    if (faults.reset) return void response.destroy();
    if (faults.error) return answer(response, 500, 'Internal Server Error');
    const key = String(request.headers['idempotency-key'] ?? '');
    const id = /^\/api\/ecbe\/v1\/message\/(\d{1,5})$/.exec(request.url ?? '')?.[1];
    const creates = request.method === 'POST' && request.url === PATH;
    if (!creates && !(request.method === 'DELETE' && id !== undefined)) return answer(response, 404, '');
    if (faults.refuse) return answer(response, 400, 'Error in it_queue');
    if (faults.throttle) return answer(response, 429, '', { 'Retry-After': '1' });
    if (creates) this.create(key, body, response);
    else this.remove(key, Number(id), response);
  }

  private create(key: string, body: Buffer, response: ServerResponse): void {
    const parsed = messageSchema.safeParse(json(body));
    if (!parsed.success) return answer(response, 400, parsed.error.issues[0]?.message ?? '');
    const { message_id: id, serial_nr: { serial_nr_encoded: serial }, payload } = parsed.data.smscb_message;
    if (this.active.has(id)) return answer(response, 409, 'Could not allocate');
    this.active.add(id);
    this.unknown.delete(id);
    const nothingOfIt = 'payload_decoded' in payload && payload.payload_decoded.character_set === 'ucs2';
    if (!nothingOfIt) {
      const name = `${id}/${serial}`;
      this.book.write({ key, action: 'publish', sha256: sha256Hex(body), duplicate: this.shown.has(name), at: Date.now() });
      this.shown.add(name);
    }
    this.finish(response, 201, 'Created');
  }

  private remove(key: string, id: number, response: ServerResponse): void {
    if (!this.active.delete(id)) {
      // The real one loses a race in its own threads: now it answers, now it never does.
      if (!this.unknown.delete(id)) return void this.unknown.add(id);
      return answer(response, 404, 'Unknown message ID');
    }
    // Without a key it makes room for a message and is none itself.
    if (key !== '') this.book.write({ key, action: 'withdraw', sha256: sha256Hex(`${id}`), duplicate: false, at: Date.now() });
    this.finish(response, 200, 'OK');
  }

  private finish(response: ServerResponse, status: number, body: string): void {
    if (this.faults.loseAcknowledgement) return void response.destroy();
    if (breaksAnswers(this.faults) && response.socket) return sendBroken(response.socket, httpOctets(status, {}, body), this.faults);
    if (this.faults.rubbish) return void response.socket?.end('not quite HTTP\r\n\r\n');
    answer(response, status, body);
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

function answer(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) }).end(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
