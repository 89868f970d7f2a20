import { monotonicMs } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { Batcher } from './batcher.js';
import type { ClaimedDelivery } from './delivery.js';
import type { DeliveryStore } from './delivery-store.js';

/** One attempt under way. Whoever finds that it is not to be made any more aborts it. */
export interface Flight {
  readonly delivery: ClaimedDelivery;
  readonly abort: AbortController;
  /** When the store last said that the delivery is ours, on the clock that never jumps. */
  heldAt: number;
}

export interface FlightsInput {
  readonly store: Pick<DeliveryStore, 'renew'>;
  readonly leaseMs: number;
  /**
   * How long a claim is trusted without asking again, in milliseconds. A process that stood still between claim and send
   * (paused, swapped out, busy) asks before its first byte, so that it sends nothing that was withdrawn meanwhile.
   */
  readonly trustMs: number;
}

/** Alerts whose newest revision is remembered. */
const REMEMBERED = 1_000;

/** The attempts of this process, and whether each is still its own to make: leases end, and newer revisions end older ones. */
export class Flights {
  private readonly flying = new Set<Flight>();
  private readonly newest = new Map<AlertId, number>();
  private readonly asker: Batcher<Flight>;

  constructor(private readonly input: FlightsInput) {
    this.asker = new Batcher((flights) => this.ask(flights));
  }

  get size(): number {
    return this.flying.size;
  }

  /** Begins an attempt at what the store said at `heldAt` to be ours. It flies until it is ended. */
  begin(delivery: ClaimedDelivery, heldAt: number): Flight {
    const flight = { delivery, abort: new AbortController(), heldAt };
    this.flying.add(flight);
    // The news of a newer revision may have come while the claim was on its way.
    if (delivery.revision < (this.newest.get(delivery.alertId) ?? 0)) flight.abort.abort();
    return flight;
  }

  end(flight: Flight): void {
    this.flying.delete(flight);
  }

  /** Aborts attempts for revisions of an alert that are older than this one, and those that begin later too. */
  heed(alertId: AlertId, revision: number): void {
    const newest = Math.max(revision, this.newest.get(alertId) ?? 0);
    this.newest.delete(alertId);
    this.newest.set(alertId, newest);
    for (const [oldest] of this.newest) {
      if (this.newest.size <= REMEMBERED) break;
      this.newest.delete(oldest);
    }
    for (const { delivery, abort } of this.flying) {
      if (delivery.alertId === alertId && delivery.revision < newest) abort.abort();
    }
  }

  /** Prolongs the leases of all, and aborts what is no longer ours to send. */
  renew(): Promise<void> {
    return this.ask([...this.flying]);
  }

  /** Whether an attempt is ours to make at this very moment. Asks the store when its last word is too old to be trusted. */
  async holds(flight: Flight): Promise<boolean> {
    while (!flight.abort.signal.aborted && monotonicMs() - flight.heldAt > this.input.trustMs) await this.asker.add(flight);
    return !flight.abort.signal.aborted;
  }

  abortAll(): void {
    for (const { abort } of this.flying) abort.abort();
  }

  private async ask(flights: readonly Flight[]): Promise<void> {
    if (flights.length === 0) return;
    // Before the question, not after the answer: a pause in between must not count as trust.
    const heldAt = monotonicMs();
    const held = new Set(await this.input.store.renew(flights.map((flight) => flight.delivery), this.input.leaseMs));
    for (const flight of flights) {
      if (held.has(flight.delivery.id)) flight.heldAt = heldAt;
      else flight.abort.abort();
    }
  }
}
