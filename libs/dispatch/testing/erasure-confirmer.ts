import { setMaxListeners } from 'node:events';
import { signRequest } from '../partner-signature.js';

const PAUSES_MS: readonly number[] = [100, 200, 400, 800, 1_500, 2_000, 2_000, 3_000, 3_000, 4_000];

/**
 * The part of a simulated partner that has erased what it was asked to: it reads its open requests at the API and confirms each.
 * What is asked a little later than the alert ended is found by looking again for some seconds; then it looks no more.
 */
export class ErasureConfirmer {
  private readonly closing = new AbortController();
  private looking = false;
  /** Something ended while it was looking. */
  private again = false;
  private requests = 0;
  private reading: NodeJS.Timeout | undefined;
  /** Each partner looks at a pace of its own: hundreds that look at the same moment would be one blow after another. */
  private readonly pace = 0.5 + Math.random();

  /** `url`: that of the destination at the API, `…/v1/partners/rts-1`. */
  constructor(private readonly url: string, private readonly secret: string) {
    setMaxListeners(0, this.closing.signal);
  }

  /** Looks in the background, for some seventeen seconds from now on. */
  look(): void {
    this.again = true;
    if (this.looking || this.closing.signal.aborted) return;
    this.looking = true;
    void this.keepLooking().finally(() => {
      this.looking = false;
    });
  }

  /** Reads the list at these intervals, as long as `wants` says so. */
  readEvery(ms: number, wants: () => boolean): void {
    this.reading ??= setInterval(() => {
      if (wants() && !this.looking) void this.confirmOpen();
    }, ms * this.pace).unref();
  }

  close(): void {
    clearInterval(this.reading);
    this.closing.abort();
  }

  private async keepLooking(): Promise<void> {
    for (let turn = 0; turn < PAUSES_MS.length; turn += 1) {
      if (this.again) turn = 0;
      this.again = false;
      await this.pause(PAUSES_MS[turn]! * this.pace);
      if (this.closing.signal.aborted || (await this.confirmOpen()) === 'no_such_door') return;
    }
  }

  /** Confirms what is open; nothing when the API is away. */
  private async confirmOpen(): Promise<'looked' | 'no_such_door'> {
    const list = await this.send('GET', '/erasures');
    if (list === undefined) return 'looked';
    if (list.status >= 400 && list.status < 500) return 'no_such_door';
    const { items = [] } = JSON.parse(list.body || '{}') as { items?: { id: string }[] };
    await Promise.all(items.map(({ id }) => this.send('POST', `/erasures/${id}/confirm`)));
    return 'looked';
  }

  private async send(method: 'GET' | 'POST', path: string): Promise<{ status: number; body: string } | undefined> {
    const address = new URL(`${this.url}${path}`);
    this.requests += 1;
    const signed = signRequest(this.secret, `look-${Date.now()}-${this.requests}`, Date.now() / 1000, { method, target: `${address.pathname}${address.search}` });
    try {
      const answer = await fetch(address, { method, headers: { ...signed, connection: 'close' }, signal: AbortSignal.any([this.closing.signal, AbortSignal.timeout(5_000)]) });
      return { status: answer.status, body: await answer.text() };
    } catch {
      return undefined;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.closing.signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      this.closing.signal.addEventListener('abort', end, { once: true });
    });
  }
}
