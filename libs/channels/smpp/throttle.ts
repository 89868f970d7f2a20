import { monotonicMs } from '#kernel/clock.js';

/** How far a late timer may be caught up, in milliseconds: more would be a burst that an operator punishes. */
const CATCH_UP_MS = 20;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Lets messages to one operator pass one after another at an even rate, over all binds together, and holds everything
 * while the operator asks to slow down. Runs on a clock that never jumps.
 */
export class Throttle {
  private readonly intervalMs: number;
  /** Those who outrank the rest, and the rest; each in the order they came. */
  private readonly waiting = [new Set<(go: boolean) => void>(), new Set<(go: boolean) => void>()] as const;
  private closed = false;
  private nextAt = 0;
  private pausedUntil = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;

  constructor(ratePerSecond: number) {
    this.intervalMs = 1_000 / ratePerSecond;
  }

  /**
   * Resolves with true when the next message may leave, with false when the signal aborted or the throttle closed first.
   * First come, first served, but urgent ones before all others.
   */
  pass(signal: AbortSignal, urgent: boolean): Promise<boolean> {
    if (signal.aborted || this.closed) return Promise.resolve(false);
    if (this.size === 0 && this.take()) return Promise.resolve(true);
    const queue = this.waiting[urgent ? 0 : 1];
    return new Promise((resolve) => {
      const end = (go: boolean): void => {
        queue.delete(end);
        signal.removeEventListener('abort', stop);
        resolve(go);
      };
      const stop = (): void => end(false);
      signal.addEventListener('abort', stop, { once: true });
      queue.add(end);
      this.schedule();
    });
  }

  /** Sends everybody away. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const queue of this.waiting) for (const end of queue) end(false);
  }

  /** The operator said "too fast": everything waits, twice as long each time until one is taken again. */
  slowDown(): void {
    const now = monotonicMs();
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
    return Math.max(0, this.pausedUntil - monotonicMs());
  }

  private take(): boolean {
    const now = monotonicMs();
    if (now < Math.max(this.nextAt, this.pausedUntil)) return false;
    this.nextAt = Math.max(this.nextAt, now - CATCH_UP_MS) + this.intervalMs;
    return true;
  }

  private get size(): number {
    return this.waiting[0].size + this.waiting[1].size;
  }

  private schedule(): void {
    if (this.timer !== undefined || this.size === 0 || this.closed) return;
    const wait = Math.max(this.nextAt, this.pausedUntil) - monotonicMs();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      for (const end of [...this.waiting[0], ...this.waiting[1]]) {
        if (!this.take()) break;
        end(true);
      }
      this.schedule();
    }, Math.max(1, Math.ceil(wait)));
  }
}
