import type { ServerResponse } from 'node:http';
import { monotonicMs } from '#kernel/clock.js';

/** How long a reader has for an answer. */
export interface ReadingLimits {
  /** For every answer, in milliseconds. */
  readonly patienceMs: number;
  /** And a second more for so many octets of it. */
  readonly octetsPerSecond: number;
  /** Between two looks, in milliseconds. */
  readonly lookMs: number;
}

/** A telephone on a bad line reads faster. */
const LIMITS: ReadingLimits = { patienceMs: 20_000, octetsPerSecond: 4_096, lookMs: 1_000 };

/**
 * Cuts off readers that let an answer wait. Node limits how long a request may take to arrive and not how long an answer may take to
 * be read: who takes an octet a minute would hold a connection, and what waits for it, for as long as they like. An answer ends when
 * the system has taken all of it; what is then still under way is the system's, and the connection ends as an idle one does.
 */
export class SlowReaders {
  private readonly deadlines = new Map<ServerResponse, number>();
  private readonly limits: ReadingLimits;
  private timer: NodeJS.Timeout | undefined;

  /** `dropped` is told of each that was cut off. */
  constructor(private readonly dropped: () => void, limits: Partial<ReadingLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
  }

  /** An answer of so many octets is about to be written. */
  begin(response: ServerResponse, octets: number): void {
    const { patienceMs, octetsPerSecond, lookMs } = this.limits;
    this.deadlines.set(response, monotonicMs() + patienceMs + (octets / octetsPerSecond) * 1_000);
    this.timer ??= setInterval(() => this.look(), lookMs).unref();
  }

  /** All of an answer was taken, or its reader is gone. */
  end(response: ServerResponse): void {
    this.deadlines.delete(response);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.deadlines.clear();
  }

  private look(): void {
    const now = monotonicMs();
    for (const [response, deadline] of this.deadlines) {
      if (now < deadline) continue;
      this.deadlines.delete(response);
      response.destroy();
      this.dropped();
    }
  }
}
