import { monotonicMs } from '#kernel/clock.js';
import type { Audience, Selection } from '#dispatch/audience.js';
import { deriveKeys, type MessageKeys } from './encryption.js';
import { readContact, type Receiver } from './subscription.js';

const HEADER = 86;
const SECRET = 28;
const ENTRY = HEADER + SECRET;
const CHUNK = 4_096;
const PAGE = 500;
/** Deriving gets so much of the time while nothing is sent: other work of the process waits no longer than one stint. */
const STINT_MS = 4;
const REST_MS = 16;
/** Between two looks at the audience. */
const LOOK_MS = 600_000;

/**
 * Keys for the next message to each subscriber, derived before there is an alert: the elliptic curve costs more than all
 * else of a message. Each set is for one message and handed out once; they are in memory only, and wiped when handed out.
 */
export class KeyStock {
  private readonly places = new Map<string, number>();
  private readonly chunks: Buffer[] = [];
  private readonly free: number[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busy = 0;
  private looking = false;
  private closed = false;

  constructor(private readonly limit: number, private readonly audience: Audience, private readonly selection: Pick<Selection, 'kind' | 'mode'>) {
    this.later(REST_MS);
  }

  get size(): number {
    return this.places.size;
  }

  /** The keys for a subscriber's next message, if there are any; nobody gets them a second time. */
  take(id: string): MessageKeys | undefined {
    const place = this.places.get(id);
    if (place === undefined) return undefined;
    this.places.delete(id);
    this.free.push(place);
    const entry = this.entry(place);
    const keys = { header: Buffer.from(entry.subarray(0, HEADER)), secret: Buffer.from(entry.subarray(HEADER)) };
    entry.fill(0);
    return keys;
  }

  /** While anything is sent nothing is derived in advance; what was used up is made again afterwards. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1;
    try {
      return await work();
    } finally {
      this.busy -= 1;
      if (this.busy === 0) this.later(1_000);
    }
  }

  /** Derives what is missing, up to the limit, and lets go what is for nobody any more. Resolves early when closed. */
  async fill(): Promise<void> {
    const seen = new Set<string>();
    let stint = monotonicMs();
    for (let after: string | undefined; !this.closed && seen.size < this.limit;) {
      const page = await this.audience.members({ ...this.selection, shard: 0, shards: 1 }, after, PAGE);
      for (const { id, contact } of page) {
        if (seen.size >= this.limit) break;
        seen.add(id);
        const receiver = this.places.has(id) ? undefined : readContact(contact);
        if (receiver) this.put(id, receiver);
        while ((monotonicMs() - stint > STINT_MS || this.busy > 0) && !this.closed) {
          await new Promise((resolve) => setTimeout(resolve, REST_MS).unref());
          stint = monotonicMs();
          if (this.busy === 0) break;
        }
      }
      if (page.length < PAGE) break;
      after = page.at(-1)!.place;
    }
    for (const id of [...this.places.keys()]) if (!seen.has(id)) this.take(id);
  }

  /** Wipes all keys. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const chunk of this.chunks) chunk.fill(0);
    this.places.clear();
  }

  private put(id: string, receiver: Receiver): void {
    let keys: MessageKeys;
    try {
      keys = deriveKeys(receiver);
    } catch {
      // No point of the curve: found out when it is to be sent to, and dropped.
      return;
    }
    const { header, secret } = keys;
    if (this.free.length === 0) {
      const first = this.chunks.length * CHUNK;
      this.chunks.push(Buffer.alloc(ENTRY * CHUNK));
      for (let place = first + CHUNK - 1; place >= first; place -= 1) this.free.push(place);
    }
    const place = this.free.pop()!;
    const entry = this.entry(place);
    entry.set(header, 0);
    entry.set(secret, HEADER);
    secret.fill(0);
    this.places.set(id, place);
  }

  private entry(place: number): Buffer {
    const at = (place % CHUNK) * ENTRY;
    return this.chunks[Math.floor(place / CHUNK)]!.subarray(at, at + ENTRY);
  }

  private later(ms: number): void {
    if (this.closed || this.limit === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.looking) return this.later(REST_MS);
      this.looking = true;
      // A database that is away makes alerts slower, not impossible: their keys are derived on the spot.
      void this.fill().catch(() => undefined).finally(() => {
        this.looking = false;
        this.later(LOOK_MS);
      });
    }, ms).unref();
  }
}
