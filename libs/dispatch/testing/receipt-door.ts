import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Receipt } from '../channel.js';
import { readReceipts } from '../https/receipt.js';
import { signWebhook } from '../webhook-signature.js';

/** The house's door for receipts, as the API serves it. */
export interface ReceiptDoor {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens a door for the receipts of one destination, on loopback, which hands over what is signed under `secret`. */
export async function openReceiptDoor(destination: DestinationId, secret: string, receive: (receipt: Receipt) => Promise<void>): Promise<ReceiptDoor> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    try {
      if (request.url !== `/v1/partners/${destination}/receipts`) return void response.writeHead(404).end();
      const receipts = readReceipts(destination, { secrets: [secret], headers: request.headers, body: Buffer.concat(chunks), now: new Date() });
      for (const receipt of receipts) await receive(receipt);
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

/** Posts a receipt signed under a secret that is not the destination's; resolves with whether the door said no. */
export async function knockForged(door: ReceiptDoor, destination: DestinationId, key: string, word: string): Promise<boolean> {
  const body = JSON.stringify({ key, stage: 'confirmed', word });
  const other = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
  const headers = { ...signWebhook(other, 'forged', Date.now() / 1000, body), connection: 'close' };
  const answer = await fetch(`${door.url}/v1/partners/${destination}/receipts`, { method: 'POST', body, headers });
  return answer.status === 401;
}
