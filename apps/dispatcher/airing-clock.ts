import { monotonicMs, type Clock } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { contentHashOf } from '#alerts/notice.js';
import { SILENT_MS, type Airer, type AiringStore, type ClaimedSlot, type SlotName } from '#dispatch/airing.js';
import type { Channel, Destination, Message, Outcome } from '#dispatch/channel.js';
import { backoffMs } from '#dispatch/delivery.js';
import type { NoticeSource } from '#dispatch/dispatcher.js';
import type { Partners } from '#dispatch/partners.js';

export interface AiringClockInput {
  readonly store: AiringStore;
  readonly notices: NoticeSource;
  readonly partners: Partners;
  readonly airers: readonly Airer[];
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  /** Wakes the clock when the next slot is due. May be lost: the sweep asks as well. */
  readonly wake: (at: Date) => void;
  /** The longest that giving a slot to a playout may take, in milliseconds. */
  readonly attemptMs?: number;
}

/** A claim is trusted so long without asking again, in milliseconds; see the dispatcher. */
const TRUST_MS = 250;
const LEASE_GRACE_MS = 5_000;

/** The destinations of a configuration that air notices, and how. */
export function airersOf(destinations: readonly Destination[], channelOf: (kind: string) => Channel): Airer[] {
  return destinations.flatMap(({ id, channel, settings }): Airer[] => {
    const manner = channelOf(channel).airing?.(settings);
    return manner === undefined ? [] : [{ id, manner }];
  });
}

/**
 * Keeps every broadcaster's slots: lets them fall due, gives those of playouts to them, and reads what receipts prove. May
 * run in several processes at once: the store hands each slot to one of them.
 */
export class AiringClock {
  private readonly flights = new Map<Promise<void>, { readonly alertId: () => AlertId | undefined; readonly abort: AbortController }>();
  private advancing: Promise<void> | undefined;
  private again = false;
  private stopping = false;
  private readonly attemptMs: number;

  constructor(private readonly input: AiringClockInput) {
    this.attemptMs = input.attemptMs ?? 15_000;
  }

  /** Brings all slots up to now and triggers what is due. Resolves when that has begun; asked again meanwhile, it runs once more. */
  async advance(): Promise<void> {
    if (this.stopping || this.input.airers.length === 0) return;
    this.again = true;
    this.advancing ??= this.run().finally(() => (this.advancing = undefined));
    await this.advancing;
  }

  /** An alert ended or was updated: what is on its way to a playout for it is called back. */
  heed(alertId: AlertId): void {
    for (const flight of this.flights.values()) if (flight.alertId() === alertId) flight.abort.abort();
  }

  /** Resolves when nothing that was begun is still under way. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.flights.keys()]);
  }

  /** Takes no more slots and ends those under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.advancing?.catch(() => undefined);
    for (const { abort } of this.flights.values()) abort.abort();
    await this.settled();
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopping) {
      this.again = false;
      const { due, nextAt } = await this.input.store.advance(this.input.airers, this.input.clock.now());
      for (const slot of due) this.begin(slot);
      if (nextAt) this.input.wake(nextAt);
    }
  }

  private begin(slot: SlotName): void {
    let claimed: ClaimedSlot | undefined;
    const abort = new AbortController();
    const work = this.trigger(slot, abort.signal, (taken) => (claimed = taken))
      .catch((error: unknown) => this.input.log.event('app.failed', { cause: causeOf(error) }, 'error'))
      .finally(() => this.flights.delete(work));
    this.flights.set(work, { alertId: () => claimed?.alertId, abort });
  }

  private async trigger(name: SlotName, abort: AbortSignal, onClaim: (slot: ClaimedSlot) => void): Promise<void> {
    const { store, clock, log, random } = this.input;
    const heldAt = monotonicMs();
    const slot = await store.claim(name, this.attemptMs + LEASE_GRACE_MS, clock.now());
    if (!slot) return;
    onClaim(slot);
    const started = monotonicMs();
    const outcome = await this.send(slot, heldAt, abort);
    const waitMs = outcome.kind === 'accepted' ? SILENT_MS : Math.max('retryAfterMs' in outcome ? outcome.retryAfterMs ?? 0 : 0, backoffMs(slot.attempt + 2, random()));
    await store.release(slot, outcome, new Date(clock.now().getTime() + waitMs));
    const partner = this.input.partners.get(slot.destination);
    log.event('delivery.attempted', {
      deliveryId: slot.deliveryId, channel: partner?.destination.channel ?? '', destination: slot.destination, attempt: slot.attempt, outcome: outcome.kind,
      ...('reason' in outcome && { reason: outcome.reason }), ms: Math.round(monotonicMs() - started),
    });
  }

  private async send(slot: ClaimedSlot, heldAt: number, abort: AbortSignal): Promise<Outcome> {
    const { store, partners } = this.input;
    const partner = partners.get(slot.destination);
    if (!partner) return { kind: 'deferred', reason: 'destination_not_configured' };
    // A playout is triggered over its own route; what fell back to another one airs as that partner does.
    const [{ breaker, connection }] = partner.routes;
    if (!breaker.admits()) return { kind: 'deferred', reason: 'breaker_open' };
    const message = await this.message(slot);
    if ('kind' in message) return message;
    // Read again if time has passed since the claim: nothing airs after a withdrawal.
    if (monotonicMs() - heldAt > TRUST_MS && !(await store.holds(slot))) return { kind: 'deferred', reason: 'no_longer_due' };
    if (abort.aborted || this.stopping) return { kind: 'deferred', reason: 'aborted' };
    const signal = AbortSignal.any([abort, AbortSignal.timeout(this.attemptMs)]);
    return breaker.send(() => connection.publish(message, signal));
  }

  /** What is to be aired, read back and held against the approved hash; or why nothing may be. */
  private async message({ alertId, revision, contentHash, deliveryId, key }: ClaimedSlot): Promise<Message | Outcome> {
    const { notices } = this.input;
    const notice = await notices.notice(alertId, revision);
    if (!notice) return { kind: 'refused', reason: 'case_erased' };
    if (notice.contentHash !== contentHash || contentHashOf(notice) !== contentHash) return { kind: 'refused', reason: 'hash_not_approved' };
    const bytes = notice.photo && (await notices.photo(alertId, notice.photo.sha256));
    return { key, deliveryId, part: 0, notice, ...(notice.photo && bytes && { photo: { sha256: notice.photo.sha256, mediaType: notice.photo.mediaType, bytes } }) };
  }
}
