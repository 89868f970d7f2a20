import { monotonicMs, type Clock } from '#kernel/clock.js';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { contentHashOf, type SentNotice } from '#alerts/notice.js';
import { Batcher } from './batcher.js';
import type { Message, Outcome, Photo, Receipt } from './channel.js';
import { isEnding, settle, type ClaimedDelivery } from './delivery.js';
import type { AttemptRecord, DeliveryStore, Postponed } from './delivery-store.js';
import type { Partners } from './partners.js';
import { planFanOut } from './plan.js';

/** Where the dispatcher reads what it sends. */
export interface NoticeSource {
  /** The frozen notice of an approved revision or of an ending; undefined once the case is erased. */
  notice(alertId: AlertId, revision: number): Promise<SentNotice | undefined>;
  photo(alertId: AlertId, sha256: string): Promise<Uint8Array | undefined>;
}

/** Wakes a delivery at a time. May be lost: the sweep finds what nobody woke. */
export type Wake = (id: DeliveryId, attempt: number, at: Date) => void;

export interface DispatcherInput {
  readonly id: string;
  readonly store: DeliveryStore;
  readonly notices: NoticeSource;
  readonly partners: Partners;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly leaseMs?: number;
  /** The longest one attempt may take, in milliseconds. */
  readonly attemptMs?: number;
}

interface Flight {
  readonly delivery: ClaimedDelivery;
  readonly abort: AbortController;
}

/** Parts beyond the first of a long audience are spread by the queue; this many start at once. */
const FIRST_PARTS = 4;

/**
 * Carries what is in the outbox to the partners. Every entry point may be called at any time and any number of times, by
 * several dispatchers at once: the store hands each row and each delivery to one of them.
 */
export class Dispatcher {
  private readonly flights = new Map<DeliveryId, Flight>();
  private readonly recorder: Batcher<AttemptRecord>;
  private readonly leaseMs: number;
  private readonly attemptMs: number;
  private stopping = false;

  constructor(private readonly input: DispatcherInput) {
    this.leaseMs = input.leaseMs ?? 5_000;
    this.attemptMs = input.attemptMs ?? 15_000;
    this.recorder = new Batcher((attempts) => persistently(() => input.store.record(attempts)));
  }

  /** Deliveries being sent now. */
  get inFlight(): number {
    return this.flights.size;
  }

  /** Plans every outbox row that waits and sends what it makes. Resolves when the attempts have ended. */
  async drain(): Promise<void> {
    const { store, partners, log } = this.input;
    const sending: Promise<void>[] = [];
    while (!this.stopping) {
      const planned = await store.planNext((row, earlier) => planFanOut(row, partners.reaches, earlier));
      if (!planned) break;
      const { row, deliveries } = planned;
      log.event('outbox.planned', { outboxId: row.id, alertId: row.alertId, revision: row.revision, deliveries: deliveries.length });
      this.abortOlder(row.alertId, row.revision);
      sending.push(this.deliver(deliveries));
    }
    await Promise.all(sending);
  }

  /** Ends attempts for revisions of an alert that are older than the newest in the outbox. */
  async heed(alertId: AlertId): Promise<void> {
    if (![...this.flights.values()].some((flight) => flight.delivery.alertId === alertId)) return;
    this.abortOlder(alertId, await this.input.store.newestRevision(alertId));
  }

  /** Takes and sends deliveries, as far as they are due and nobody else took them. Resolves when the attempts have ended. */
  async deliver(ids: readonly DeliveryId[]): Promise<void> {
    const { store, clock, log } = this.input;
    const { taken, died } = await store.claim(ids, this.input.id, this.leaseMs, clock.now());
    for (const { id, channel, destination } of died) log.event('delivery.skipped', { deliveryId: id, channel, destination, cause: 'no_longer_due' });
    await this.attemptAll(taken);
  }

  /**
   * Finds what nobody woke: outbox rows, deliveries past their time, and those whose sender went away. `graceMs` leaves the
   * queue time to do its part.
   */
  async sweep(graceMs: number): Promise<void> {
    const { store, clock, log } = this.input;
    await this.drain();
    const lapsed = await store.takeLapsed(this.input.id, this.leaseMs);
    await Promise.all(lapsed.map((delivery) => {
      log.event('delivery.recovered', { deliveryId: delivery.id, channel: delivery.channel, destination: delivery.destination }, 'warn');
      return this.record(delivery, clock.now(), 0, { kind: 'uncertain', reason: 'sender_lost' });
    }));
    await this.deliver(await store.due(new Date(clock.now().getTime() - graceMs), 1_000));
  }

  /** Keeps the leases of what is being sent. */
  async renew(): Promise<void> {
    if (this.flights.size > 0) await this.input.store.renew(this.input.id, this.leaseMs);
  }

  /** Probes all partners and at once delivers what waited for those that came back. */
  async probe(timeoutMs: number): Promise<void> {
    const { store, clock, partners } = this.input;
    const back = await partners.probe(timeoutMs);
    await Promise.all(back.map(async (destination) => this.deliver(await store.hasten(destination, clock.now()))));
  }

  /** Takes no more work, lets attempts under way end for at most `graceMs`, then aborts them; records everything. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const deadline = monotonicMs() + graceMs;
    while (this.flights.size > 0 && monotonicMs() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { abort } of this.flights.values()) abort.abort();
    while (this.flights.size > 0 && monotonicMs() < deadline + 2_000) await new Promise((resolve) => setTimeout(resolve, 20));
    await this.recorder.settled();
  }

  private abortOlder(alertId: AlertId, revision: number): void {
    for (const { delivery, abort } of this.flights.values()) {
      if (delivery.alertId === alertId && delivery.revision < revision) abort.abort();
    }
  }

  private async attemptAll(taken: readonly ClaimedDelivery[]): Promise<void> {
    const [postponed, admitted] = split(taken, (delivery) => this.isHeldBack(delivery));
    const messages = new Map<string, Promise<Pick<Message, 'notice' | 'photo'> | undefined>>();
    const contentOf = (d: ClaimedDelivery) => {
      const name = `${d.alertId}/${d.revision}`;
      const known = messages.get(name) ?? this.content(d.alertId, d.revision);
      messages.set(name, known);
      return known;
    };
    await Promise.all([this.postpone(postponed), ...admitted.map((delivery) => this.attempt(delivery, contentOf(delivery)))]);
  }

  /** Endings never wait: neither for a breaker nor in a queue. */
  private isHeldBack(delivery: ClaimedDelivery): boolean {
    if (isEnding(delivery.kind)) return false;
    const partner = this.input.partners.get(delivery.destination);
    return (partner !== undefined && !partner.breaker.admits()) || (delivery.part >= FIRST_PARTS && delivery.attempt === 1 && !delivery.had && this.flights.size > 500);
  }

  private async postpone(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const { store, partners, clock } = this.input;
    const postponed = deliveries.map((delivery): Postponed => {
      const hold = partners.get(delivery.destination)?.breaker.holdMs ?? 0;
      return { delivery, until: new Date(clock.now().getTime() + Math.max(hold, 250)), reason: hold > 0 ? 'breaker_open' : 'spread' };
    });
    await store.postpone(postponed);
    for (const { delivery, until } of postponed) this.input.wake(delivery.id, delivery.attempt, until);
  }

  private async content(alertId: AlertId, revision: number): Promise<Pick<Message, 'notice' | 'photo'> | undefined> {
    const notice = await this.input.notices.notice(alertId, revision);
    if (!notice) return undefined;
    // Hash sent = hash approved: read back and computed again, never taken on trust.
    if (contentHashOf(notice) !== notice.contentHash) throw new Error('a stored notice does not have the hash that was approved');
    if (!notice.photo) return { notice };
    const bytes = await this.input.notices.photo(alertId, notice.photo.sha256);
    const photo: Photo | undefined = bytes && { sha256: notice.photo.sha256, mediaType: notice.photo.mediaType, bytes };
    return photo ? { notice, photo } : { notice };
  }

  private async attempt(delivery: ClaimedDelivery, content: Promise<Pick<Message, 'notice' | 'photo'> | undefined>): Promise<void> {
    const abort = new AbortController();
    this.flights.set(delivery.id, { delivery, abort });
    try {
      const loaded = await content;
      const startedAt = this.input.clock.now();
      const started = monotonicMs();
      const outcome = loaded ? await this.send(delivery, loaded, abort.signal) : ({ kind: 'refused', reason: 'case_erased' } as const);
      await this.record(delivery, startedAt, monotonicMs() - started, outcome);
    } catch (error) {
      // A bug or the database: the lease lapses and the sweep settles the delivery as uncertain.
      this.input.log.event('app.failed', { app: 'dispatcher', cause: causeOf(error) }, 'error');
    } finally {
      this.flights.delete(delivery.id);
    }
  }

  private async send(delivery: ClaimedDelivery, content: Pick<Message, 'notice' | 'photo'>, abort: AbortSignal): Promise<Outcome> {
    const partner = this.input.partners.get(delivery.destination);
    if (!partner) return { kind: 'deferred', reason: 'destination_not_configured' };
    if (abort.aborted) return { kind: 'deferred', reason: 'aborted' };
    const { connection, breaker } = partner;
    const message: Message = { key: delivery.key, deliveryId: delivery.id, part: delivery.part, ...content };
    const signal = AbortSignal.any([abort, AbortSignal.timeout(this.attemptMs)]);
    return breaker.send(() => (isEnding(delivery.kind) ? connection.withdraw(message, signal) : connection.publish(message, signal)));
  }

  private async record(delivery: ClaimedDelivery, startedAt: Date, ms: number, outcome: Outcome): Promise<void> {
    const { clock, log, partners, random, wake } = this.input;
    const partner = partners.get(delivery.destination);
    const resend = partner ? partner.channel.resend(partner.destination.settings) : 'safe';
    const settlement = settle(delivery, outcome, resend, clock.now(), random());
    await this.recorder.add({ delivery, startedAt, ms, outcome, settlement });
    const { id: deliveryId, channel, destination, attempt } = delivery;
    const reason = 'reason' in outcome ? { reason: outcome.reason } : {};
    log.event('delivery.attempted', { deliveryId, channel, destination, attempt, outcome: outcome.kind, ...reason, ms: Math.round(ms) });
    if (settlement.state === 'dead') log.event('delivery.dead', { deliveryId, channel, destination, reason: settlement.reason ?? '' }, 'warn');
    if (settlement.nextAttemptAt) wake(deliveryId, attempt + 1, settlement.nextAttemptAt);
  }
}

/** Gathers receipts from all connections into few writes. */
export function receiptBatcher(store: DeliveryStore): (receipt: Receipt) => Promise<void> {
  const batcher = new Batcher<Receipt>((receipts) => store.receive(receipts));
  return (receipt) => batcher.add(receipt);
}

/** What came back from a partner is worth a few more tries when the database falters; leases are renewed meanwhile. */
async function persistently(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (attempt === 6) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
