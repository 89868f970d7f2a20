import { monotonicMs } from '#kernel/clock.js';

/** How far a late timer may be caught up, in milliseconds: more would be a burst that an operator punishes. */
const CATCH_UP_MS = 20;
const SHORTEST_WAIT_MS = 1;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The even rate at which messages may leave to one operator, over all binds together, and the pauses that it asks for. `nowMs`
 * is a clock that never jumps.
 */
export class Throttle {
  private readonly intervalMs: number;
  private nextAt = 0;
  private pausedUntil = 0;
  private pauseMs = FIRST_PAUSE_MS;

  constructor(ratePerSecond: number, private readonly nowMs: () => number = monotonicMs) {
    this.intervalMs = 1_000 / ratePerSecond;
  }

  /** Milliseconds until the next message may leave; 0 when it may now. Never less than a timer can wait: what is due within that leaves together. */
  waitMs(): number {
    const now = this.nowMs();
    const paceMs = this.nextAt - now;
    return Math.max(paceMs < SHORTEST_WAIT_MS ? 0 : paceMs, this.pausedUntil - now, 0);
  }

  /** A message leaves. */
  spend(): void {
    this.nextAt = Math.max(this.nextAt, this.nowMs() - CATCH_UP_MS) + this.intervalMs;
  }

  /** The operator said "too fast": everything waits, twice as long each time until one is taken again. */
  slowDown(): void {
    const now = this.nowMs();
    // A whole window is refused at once; that is one "too fast", not ten.
    if (now < this.pausedUntil) return;
    this.pausedUntil = now + this.pauseMs;
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** The operator took a message: the next pause starts small again. */
  recover(): void {
    this.pauseMs = FIRST_PAUSE_MS;
  }

  /** Milliseconds until the present pause ends; 0 when there is none. */
  pausedMs(): number {
    return Math.max(0, this.pausedUntil - this.nowMs());
  }
}
