import type { Writable } from 'node:stream';
import type { Faults } from './fake-partner.js';

/** Whether a partner is to break its answers off or to trickle them. */
export const breaksAnswers = ({ truncate, trickleMs }: Faults): boolean => truncate === true || trickleMs !== undefined;

const trickles = new WeakMap<Writable, Buffer[]>();

/** Whether an answer still trickles: what else is to be said over the connection has to follow it, by `sendBroken`. */
export const isTrickling = (out: Writable): boolean => trickles.has(out);

/**
 * Sends half of an answer and no more, or all of it octet by octet until the caller goes away. Answers that trickle over the same
 * connection follow one another.
 */
export function sendBroken(out: Writable, octets: Buffer, { truncate, trickleMs = 1 }: Faults): void {
  if (out.destroyed || out.writableEnded) return;
  if (truncate) return void out.end(octets.subarray(0, octets.length >> 1), () => out.destroy());
  const waiting = trickles.get(out);
  if (waiting) return void waiting.push(octets);
  const queue = [octets];
  trickles.set(out, queue);
  const stop = (): void => {
    clearInterval(timer);
    out.off('close', stop);
    trickles.delete(out);
  };
  const timer = setInterval(() => {
    const [first] = queue;
    if (!first) return stop();
    out.write(first.subarray(0, 1));
    if (first.length > 1) queue[0] = first.subarray(1);
    else queue.shift();
  }, trickleMs);
  out.once('close', stop);
}

/** An answer of HTTP/1.1 as octets (RFC 9112 section 2.1). */
export function httpOctets(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): Buffer {
  const lines = Object.entries({ ...headers, ...(status !== 204 && { 'Content-Length': String(Buffer.byteLength(body)) }) }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}
