/** The one place time comes from. Everything that needs "now" is given a Clock, so a test can hold it still. */
export interface Clock {
  /** The current instant. */
  now(): Date;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until it is moved; for tests and for replaying a moment. */
export class FixedClock implements Clock {
  private instant: Date;

  constructor(start: Date | string) {
    this.instant = new Date(start);
  }

  now(): Date {
    return new Date(this.instant);
  }

  /** Moves the clock forward by `ms` milliseconds (backward when negative). */
  advance(ms: number): void {
    this.instant = new Date(this.instant.getTime() + ms);
  }

  /** Sets the clock to an instant. */
  set(to: Date | string): void {
    this.instant = new Date(to);
  }
}

/** Milliseconds on a clock that never jumps; only differences mean anything. */
export function monotonicMs(): number {
  return performance.now();
}
