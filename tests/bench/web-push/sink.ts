import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { FakeSubscriber } from '#channels/web-push/fake-subscriber.js';

/*
 * A push service in a process of its own, the same for all contenders: HTTP/2 and HTTP/1.1 on one port. It keeps every body
 * and answers 201; asked for its judgement, it decrypts all it was sent and looks for a salt or a key that came twice.
 */

export interface SinkInput { readonly key: string; readonly certificate: string; readonly seed: string }
export interface SinkVerdict { readonly messages: number; readonly subscribers: number; readonly unreadable: number; readonly repeated: number }

const subscribers = new Map<string, FakeSubscriber>();
const seen = new Set<string>();
let bodies: { readonly name: string; readonly body: Buffer }[] = [];

process.once('message', ({ key, certificate, seed }: SinkInput) => {
  const server = createSecureServer({ key, cert: certificate, allowHTTP1: true }, (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push({ name: request.url.slice('/wpush/'.length), body: Buffer.concat(chunks) });
      response.writeHead(201, { location: '/m/1' }).end();
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
  process.on('message', () => process.send?.(judge(seed)));
});
process.once('disconnect', () => process.exit(0));

function judge(seed: string): SinkVerdict {
  const names = new Set<string>();
  let unreadable = 0;
  let repeated = 0;
  for (const { name, body } of bodies) {
    names.add(name);
    const subscriber = subscribers.get(name) ?? new FakeSubscriber(seed, name);
    subscribers.set(name, subscriber);
    try {
      const { salt, senderKey } = subscriber.receive(body);
      if (seen.has(salt) || seen.has(senderKey)) repeated += 1;
      seen.add(salt).add(senderKey);
    } catch {
      unreadable += 1;
    }
  }
  const verdict = { messages: bodies.length, subscribers: names.size, unreadable, repeated };
  bodies = [];
  return verdict;
}
