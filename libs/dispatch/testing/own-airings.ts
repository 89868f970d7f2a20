import type { Clock } from '#kernel/clock.js';
import { RULEBOOK, slotAfter, slotsFor } from '../airing.js';

interface OnAir {
  readonly key: string;
  readonly firstAt: Date;
  readonly until: Date;
  next: Date | undefined;
}

const LOOK_MS = 1_000;

/**
 * The part of a simulated broadcaster that airs by itself: what it took once it airs again at every time of the rulebook, by its
 * own clock, until the notice is updated, ends or expires; and reports each airing. The first is its caller's.
 */
export class OwnAirings {
  /** By every identifier of an alert: its first message and its updates. */
  private readonly onAir = new Map<string, OnAir>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly clock: Clock, private readonly report: (key: string, at: Date) => void, private readonly lookMs = LOOK_MS) {}

  /** A message was taken and is on air now. `references` name what it updates: it is aired instead, at the times of the first. */
  begin(key: string, identifier: string, references: readonly string[], until: Date): void {
    const now = this.clock.now();
    const earlier = references.map((name) => this.onAir.get(name)).find((found) => found !== undefined);
    const firstAt = earlier?.firstAt ?? now;
    const [next] = slotsFor(firstAt, new Date(now.getTime() + 1), new Date(now.getTime() + 2 * RULEBOOK.seldom.everyMs));
    const airing: OnAir = { key, firstAt, until, next };
    for (const [name, known] of this.onAir) if (known === earlier) this.onAir.set(name, airing);
    this.onAir.set(identifier, airing);
    this.timer ??= setInterval(() => this.look(), this.lookMs).unref();
  }

  /** An alert ended. */
  end(references: readonly string[]): void {
    const ended = new Set(references.map((name) => this.onAir.get(name)));
    for (const [name, airing] of this.onAir) if (ended.has(airing)) this.onAir.delete(name);
    if (this.onAir.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.onAir.clear();
  }

  private look(): void {
    const now = this.clock.now();
    for (const [name, airing] of this.onAir) {
      for (; airing.next && airing.next <= now && airing.next < airing.until; airing.next = slotAfter(airing.firstAt, airing.next)) this.report(airing.key, airing.next);
      if (!airing.next || airing.until <= now) this.onAir.delete(name);
    }
    if (this.onAir.size === 0) this.close();
  }
}
