import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * A process full of partners, each an HTTPS server on a port of its own. They note when a message begins to arrive and
 * acknowledge it as cheaply as they can, so that the senders are measured and not they.
 */
export interface PartnersOrder {
  readonly key: string;
  readonly certificate: string;
  readonly count: number;
}

/** What the process says: where its partners listen, and when all of them had the first octets of a new message. */
export type PartnersWord =
  | { readonly ports: readonly number[] }
  /** On the machine's own clock that never jumps, in nanoseconds. */
  | { readonly first: string; readonly last: string };

const reached = new Set<number>();
let first = 0n;
let total = 0;

function arrived(partner: number): void {
  const at = process.hrtime.bigint();
  if (reached.size === 0) first = at;
  reached.add(partner);
  if (reached.size < total) return;
  reached.clear();
  process.send!({ first: String(first), last: String(at) } satisfies PartnersWord);
}

function take(partner: number, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'POST') {
    response.writeHead(204).end();
    return;
  }
  arrived(partner);
  let head = '';
  request.on('data', (chunk: Buffer) => {
    if (head === '') head = chunk.subarray(0, 2_000).toString('latin1');
  });
  request.on('end', () => {
    const answer = acknowledgement(head);
    response.writeHead(200, { 'Content-Type': 'application/cap+xml', 'Content-Length': String(answer.length) }).end(answer, 'latin1');
  });
}

function acknowledgement(head: string): string {
  const of = (tag: string): string => new RegExp(`<${tag}>([^<]*)<`).exec(head)?.[1] ?? '';
  const [identifier, sender, sent] = [of('identifier'), of('sender'), of('sent')];
  return '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">' +
    `<identifier>ack-${identifier}</identifier><sender>partner@partners.example</sender><sent>${sent}</sent><status>${of('status')}</status><msgType>Ack</msgType>` +
    `<scope>Private</scope><addresses>${sender}</addresses><references>${sender},${identifier},${sent}</references></alert>`;
}

async function serve({ key, certificate, count }: PartnersOrder): Promise<void> {
  total = count;
  const ports = await Promise.all(Array.from({ length: count }, (_, partner) => new Promise<number>((resolve, reject) => {
    const server = createServer({ key, cert: certificate }, (request, response) => take(partner, request, response));
    // Warm connections are the sender's business here; a partner does not hang up.
    server.keepAliveTimeout = 0;
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  })));
  process.send!({ ports } satisfies PartnersWord);
}

process.once('message', (order) => void serve(order as PartnersOrder));
process.once('disconnect', () => process.exit(0));
