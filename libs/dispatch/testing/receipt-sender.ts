import { setMaxListeners } from 'node:events';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { sha256Hex } from '#kernel/canonical.js';
import { signWebhook } from '../webhook-signature.js';
import type { ReceiptBody } from '../https/receipt.js';

const ATTEMPTS = 30;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The part of a simulated partner that reports back: signed receipts, repeated until they are taken. */
export class ReceiptSender {
  private readonly closing = new AbortController();

  constructor(private readonly url: string, private readonly secret: string) {
    // As many wait for the end as there are receipts on their way.
    setMaxListeners(0, this.closing.signal);
  }

  /**
   * Posts a receipt for each word in the background, several as a list, `times` times over under one id. `again` tells apart what
   * happened to the same message more than once.
   */
  send(key: string, words: readonly string[], times: number, at: Date, again = ''): void {
    const receipts = words.map((word): ReceiptBody => ({ key, stage: 'confirmed', word, at: at.toISOString() }));
    const body = JSON.stringify(receipts.length === 1 ? receipts[0] : receipts);
    const id = `receipt-${sha256Hex(`${key}/${words.join('/')}${again}`).slice(0, 32)}`;
    void (async () => {
      for (let time = 0; time < times; time += 1) await this.deliver(id, body);
    })();
  }

  close(): void {
    this.closing.abort();
  }

  private async deliver(id: string, body: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.closing.signal.aborted; attempt += 1) {
      if (attempt > 0) await this.pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS));
      if (this.closing.signal.aborted) return;
      // Signed anew each time: the timestamp must be recent, the id stays.
      const status = await this.post(body, { ...signWebhook(this.secret, id, Date.now() / 1000, body) });
      if (status >= 200 && status < 300) return;
    }
  }

  private post(body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const request = this.url.startsWith('https:') ? requestHttps : requestHttp;
    return new Promise((resolve) => {
      const outgoing = request(this.url, { method: 'POST', agent: false, signal: this.closing.signal, headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) } });
      outgoing.on('response', (response) => {
        response.resume();
        response.on('close', () => resolve(response.statusCode ?? 0));
      });
      outgoing.on('error', () => resolve(0));
      outgoing.end(body);
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.closing.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}
