import { isIPv4 } from 'node:net';
import type { Clock } from '#kernel/clock.js';
import { sourceOf } from '#identity/throttle.js';

/** How many requests may come at once, and how many a second after that. */
export interface Budget {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket { used: number; at: number }

/** Sources remembered; the longest untouched is forgotten, which gives it its burst again. */
const SOURCES = 20_000;

/** Spaces requests at a door that is open to anyone: so many from one source, and so many altogether. In memory: it may be lost. */
export class RequestBudget {
  private readonly buckets = new Map<string, Bucket>();
  private readonly all: Bucket = { used: 0, at: 0 };

  constructor(private readonly clock: Clock, private readonly each: Budget, private readonly together: Budget) {}

  /**
   * Takes one request from an address. Seconds to wait when there is no room for it, else 0. Requests from this machine come
   * through a proxy of ours and are those of many people: they count altogether only.
   */
  take(address: string): number {
    const now = this.clock.now().getTime();
    const source = sourceOf(address);
    const own = source === '0:0:0:0::/64' || (isIPv4(source) && source.startsWith('127.')) ? undefined : this.bucketOf(source, now);
    const wait = Math.max(waitFor(this.all, this.together, now), own ? waitFor(own, this.each, now) : 0);
    if (wait > 0) return wait;
    this.all.used += 1;
    if (own) own.used += 1;
    return 0;
  }

  private bucketOf(source: string, now: number): Bucket {
    const bucket = this.buckets.get(source) ?? { used: 0, at: now };
    this.buckets.delete(source);
    this.buckets.set(source, bucket);
    for (const [oldest] of this.buckets) {
      if (this.buckets.size <= SOURCES) break;
      this.buckets.delete(oldest);
    }
    return bucket;
  }
}

/** Lets what was used drain away, and tells the whole seconds until there is room for one more. */
function waitFor(bucket: Bucket, { burst, perSecond }: Budget, now: number): number {
  bucket.used = Math.max(0, bucket.used - (Math.max(0, now - bucket.at) / 1_000) * perSecond);
  bucket.at = now;
  return bucket.used + 1 <= burst ? 0 : Math.max(1, Math.ceil((bucket.used + 1 - burst) / perSecond));
}
