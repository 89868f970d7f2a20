import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drillKeys } from '#cap/testing/keys.js';
import type { Destination, Receipt } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { Refusal } from '#kernel/errors.js';
import { capPushSettings, type CapPushSettings, type CapPushSettingsInput } from '../config.js';
import { readReceipt } from '../receipt.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** The secrets of a drill by name. */
export async function drillSecrets(): Promise<(name: string) => string> {
  const { authority, signing, server } = await drillKeys();
  const secrets: Record<string, string> = {
    'drill-ca': authority.certificate,
    'drill-signing-key': signing.key,
    'drill-signing-certificate': signing.certificate,
    'tv-server-key': server.key,
    'tv-server-certificate': server.certificate,
    'tv-webhook': WEBHOOK_SECRET,
  };
  return (name) => {
    const value = secrets[name];
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}

/** A fictional broadcaster on loopback. */
export function broadcaster(port: number, settings: Partial<CapPushSettingsInput> = {}): Destination<CapPushSettings> {
  return {
    id: 'tv-proba' as DestinationId,
    name: 'TV Proba',
    channel: 'cap-push',
    mode: 'drill',
    settings: capPushSettings.parse({
      url: `https://127.0.0.1:${port}/cap`,
      sender: 'findme@example.rs',
      ca: 'drill-ca',
      signingKey: 'drill-signing-key',
      signingCertificate: 'drill-signing-certificate',
      secret: 'tv-webhook',
      simulated: { serverKey: 'tv-server-key', serverCertificate: 'tv-server-certificate' },
      ...settings,
    }),
  };
}

/** The house's door for receipts, as the API serves it later. */
export interface Door {
  readonly url: string;
  close(): Promise<void>;
}

export async function openDoor(destination: DestinationId, receive: (receipt: Receipt) => Promise<void>): Promise<Door> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    try {
      if (request.url !== `/v1/partners/${destination}/receipts`) return void response.writeHead(404).end();
      await receive(readReceipt(destination, { secrets: [WEBHOOK_SECRET], headers: request.headers, body: Buffer.concat(chunks), now: new Date() }));
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(error instanceof Refusal && error.code === 'RECEIPT_FORGED' ? 401 : 400).end();
    }
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
