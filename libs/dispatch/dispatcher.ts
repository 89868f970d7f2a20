import { monotonicMs, type Clock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { wordOf } from '#audit/fact.js';
import { contentHashOf, type SentNotice } from '#alerts/notice.js';
import { Batcher } from './batcher.js';
import type { Message, Outcome, Photo, Receipt } from './channel.js';
import { isEnding, type ClaimedDelivery, type Move } from './delivery.js';
import type { AttemptRecord, DeliveryStore, Postponed } from './delivery-store.js';
import { Gate } from './gate.js';
import type { Partners } from './partners.js';
import { planFanOut } from './plan.js';
import { placeOn, settleOn, type RouteView } from './routes.js';

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
  /**
   * How long a claim is trusted without asking again, in milliseconds. A process that stood still between claim and send
   * (paused, swapped out, busy) asks before its first byte, so that it sends nothing that was withdrawn meanwhile.
   */
  readonly trustMs?: number;
}

interface Flight {
  readonly delivery: ClaimedDelivery;
  readonly abort: AbortController;
  /** When the store last said that the delivery is ours, on the clock that never jumps. */
  heldAt: number;
}

type Content = Pick<Message, 'notice' | 'photo'>;
type Unsent = Extract<Outcome, { kind: 'refused' | 'deferred' }>;

/** Alerts whose newest revision is remembered. */
const REMEMBERED = 1_000;

/**
 * Carries what is in the outbox to the partners. Every entry point may be called at any time and any number of times, by
 * several dispatchers at once: the store hands each row and each delivery to one of them.
 */
export class Dispatcher {
  private readonly flights = new Set<Flight>();
  private readonly works = new Set<Promise<void>>();
  private readonly newest = new Map<AlertId, number>();
  private readonly gates = new Map<string, Gate>();
  private readonly recorder: Batcher<AttemptRecord>;
  private readonly asker: Batcher<Flight>;
  private readonly leaseMs: number;
  private readonly attemptMs: number;
  private readonly trustMs: number;
  private stopping = false;

  constructor(private readonly input: DispatcherInput) {
    this.leaseMs = input.leaseMs ?? 5_000;
    this.attemptMs = input.attemptMs ?? 15_000;
    this.trustMs = input.trustMs ?? 250;
    this.recorder = new Batcher((attempts) => persistently(() => input.store.record(attempts)));
    this.asker = new Batcher((flights) => this.ask(flights));
  }

  /** Deliveries being sent now. */
  get inFlight(): number {
    return this.flights.size;
  }

  /** Plans every outbox row that waits and sends what it makes. Resolves when the attempts have ended. */
  async drain(): Promise<void> {
    const sending: Promise<void>[] = [];
    try {
      await this.plan((work) => sending.push(settled(work)));
    } finally {
      await Promise.all(sending);
    }
  }

  /** Ends attempts for revisions of an alert that are older than the newest in the outbox, and lets none of them begin. */
  async heed(alertId: AlertId): Promise<void> {
    this.abortOlder(alertId, await this.input.store.newestRevision(alertId));
  }

  /** Takes and sends deliveries, as far as they are due and nobody else took them. Resolves when the attempts have ended. */
  async deliver(ids: readonly DeliveryId[]): Promise<void> {
    if (!this.stopping && ids.length > 0) await this.working(this.take(ids));
  }

  /**
   * Finds what nobody woke: outbox rows, deliveries past their time, and those whose sender went away. `graceMs` leaves the
   * queue time to do its part. Resolves when all is found; the attempts go on, so that a partner that hangs holds up no
   * other sweep.
   */
  async sweep(graceMs: number): Promise<void> {
    const { store, clock, log } = this.input;
    const found = await Promise.allSettled([
      this.plan((work) => this.follow(work)),
      store.takeLapsed(this.input.id, this.leaseMs).then((lapsed) => Promise.all(lapsed.map((delivery) => {
        log.event('delivery.recovered', { deliveryId: delivery.id, channel: delivery.channel, destination: delivery.destination }, 'warn');
        return this.record(delivery, clock.now(), 0, { kind: 'uncertain', reason: 'sender_lost' });
      }))),
    ]);
    this.begin(await store.due(new Date(clock.now().getTime() - graceMs), 1_000));
    for (const part of found) if (part.status === 'rejected') throw part.reason;
  }

  /** Keeps the leases of what is being sent, and ends what is no longer ours to send. */
  async renew(): Promise<void> {
    await this.ask([...this.flights]);
  }

  /** Probes all partners and begins to deliver what waited for those that came back. */
  async probe(timeoutMs: number): Promise<void> {
    const { store, clock, partners } = this.input;
    for (const destination of await partners.probe(timeoutMs)) this.begin(await store.hasten(destination, clock.now()));
  }

  /** Tries at once what waits for destinations that have changed; for those that are gone, so that it comes before a person. */
  async reconsider(destinations: readonly DestinationId[]): Promise<void> {
    for (const destination of destinations) this.begin(await this.input.store.hasten(destination, this.input.clock.now()));
  }

  /** Takes no more work, lets attempts under way end for at most `graceMs`, then aborts them; records everything. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const deadline = monotonicMs() + graceMs;
    while (this.works.size > 0 && monotonicMs() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { abort } of this.flights) abort.abort();
    while (this.works.size > 0 && monotonicMs() < deadline + 2_000) await new Promise((resolve) => setTimeout(resolve, 20));
    await this.recorder.settled();
  }

  private async plan(begin: (work: Promise<void>) => void): Promise<void> {
    const { id: by, store, partners, clock, log, wake } = this.input;
    while (!this.stopping) {
      const heldAt = monotonicMs();
      const planned = await store.planNext((row, earlier) => planFanOut(row, partners.reaches, earlier), { by, leaseMs: this.leaseMs, now: clock.now() });
      if (!planned) return;
      const { row, queued, taken, spread } = planned;
      log.event('outbox.planned', { outboxId: row.id, alertId: row.alertId, revision: row.revision, deliveries: queued.length + taken.length + spread.length });
      this.abortOlder(row.alertId, row.revision);
      begin(this.working(this.attemptUnlessStopping(taken, heldAt)));
      begin(this.deliver(queued));
      for (const id of spread) wake(id, 1, clock.now());
    }
  }

  /** Work that `stop` waits for. */
  private async working(work: Promise<void>): Promise<void> {
    this.works.add(work);
    try {
      await work;
    } finally {
      this.works.delete(work);
    }
  }

  /** Delivers without being waited for. What goes wrong on the way is found again by the sweep. */
  private begin(ids: readonly DeliveryId[]): void {
    this.follow(this.deliver(ids));
  }

  private follow(work: Promise<void>): void {
    work.catch((error: unknown) => this.failed(error));
  }

  private async take(ids: readonly DeliveryId[]): Promise<void> {
    const { store, clock, log } = this.input;
    // Before the question, not after the answer: a pause in between must not count as trust.
    const heldAt = monotonicMs();
    const { taken, died } = await store.claim(ids, this.input.id, this.leaseMs, clock.now());
    for (const { id, channel, destination } of died) log.event('delivery.skipped', { deliveryId: id, channel, destination, cause: 'no_longer_due' });
    await this.attemptUnlessStopping(taken, heldAt);
  }

  private async attemptUnlessStopping(taken: readonly ClaimedDelivery[], heldAt: number): Promise<void> {
    const { store, clock } = this.input;
    if (this.stopping) await store.postpone(taken.map((delivery) => ({ delivery, until: clock.now(), reason: 'stopping' })));
    else await this.attemptAll(taken, heldAt);
  }

  private async ask(flights: readonly Flight[]): Promise<void> {
    if (flights.length === 0) return;
    const heldAt = monotonicMs();
    const held = new Set(await this.input.store.renew(flights.map((flight) => flight.delivery), this.leaseMs));
    for (const flight of flights) {
      if (held.has(flight.delivery.id)) flight.heldAt = heldAt;
      else flight.abort.abort();
    }
  }

  private abortOlder(alertId: AlertId, revision: number): void {
    const newest = Math.max(revision, this.newest.get(alertId) ?? 0);
    this.newest.delete(alertId);
    this.newest.set(alertId, newest);
    for (const [oldest] of this.newest) {
      if (this.newest.size <= REMEMBERED) break;
      this.newest.delete(oldest);
    }
    for (const { delivery, abort } of this.flights) {
      if (delivery.alertId === alertId && delivery.revision < newest) abort.abort();
    }
  }

  private async attemptAll(taken: readonly ClaimedDelivery[], heldAt: number): Promise<void> {
    await this.input.partners.seek(taken.map(({ destination }) => destination)).catch((error: unknown) => this.failed(error));
    const held: ClaimedDelivery[] = [];
    const moved: { readonly delivery: ClaimedDelivery; readonly move: Move }[] = [];
    const admitted: ClaimedDelivery[] = [];
    for (const delivery of taken) {
      const place = placeOn(delivery, this.routesTo(delivery));
      if (place.do === 'move') moved.push({ delivery, move: place.move });
      else if (place.do === 'hold' || !this.admits(delivery)) held.push(delivery);
      else admitted.push(delivery);
    }
    const messages = new Map<string, Promise<Content | Unsent>>();
    const contentOf = (d: ClaimedDelivery) => {
      const name = `${d.alertId}/${d.revision}`;
      const known = messages.get(name) ?? this.content(d);
      messages.set(name, known);
      return known;
    };
    await Promise.all([this.postpone(held), this.move(moved), ...admitted.map((delivery) => this.attempt({ delivery, abort: new AbortController(), heldAt }, contentOf(delivery)))]);
  }

  private routesTo({ destination }: ClaimedDelivery): readonly RouteView[] {
    const routes = this.input.partners.get(destination)?.routes ?? [];
    return routes.map(({ channel, destination: { settings }, breaker }) => ({ channel: channel.kind, resend: channel.resend(settings), breaker }));
  }

  /** Endings never wait for a breaker. */
  private admits({ kind, destination, route }: ClaimedDelivery): boolean {
    return isEnding(kind) || (this.input.partners.get(destination)?.routes[route]?.breaker.admits() ?? true);
  }

  /** Puts deliveries on another route without an attempt, and takes them again there and then. */
  private async move(moved: readonly { readonly delivery: ClaimedDelivery; readonly move: Move }[]): Promise<void> {
    if (moved.length === 0) return;
    const { store, clock } = this.input;
    await store.postpone(moved.map(({ delivery, move }) => ({ delivery, until: clock.now(), reason: move.reason ?? 'breaker_open', move })));
    for (const { delivery, move } of moved) this.logMove(delivery, move);
    await this.take(moved.map(({ delivery }) => delivery.id));
  }

  private logMove({ id: deliveryId, destination, route }: ClaimedDelivery, { to, reason }: Move): void {
    if (reason !== undefined) this.input.log.event('delivery.rerouted', { deliveryId, destination, from: route, to, reason: wordOf(reason) }, 'warn');
  }

  private async postpone(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const { store, partners, clock } = this.input;
    const postponed = deliveries.map((delivery): Postponed => {
      const { destination, route, had } = delivery;
      const routes = partners.get(destination)?.routes ?? [];
      const hold = (had ? routes[route] : routes.at(-1))?.breaker.holdMs ?? 0;
      // When it is woken, the first route may be back.
      const back = !had && route > 0 && routes[0] ? { move: { to: 0, channel: routes[0].channel.kind } } : {};
      return { delivery, until: new Date(clock.now().getTime() + Math.max(hold, 250)), reason: 'breaker_open', ...back };
    });
    await store.postpone(postponed);
    for (const { delivery, until } of postponed) this.input.wake(delivery.id, delivery.attempt, until);
  }

  /** What is to be sent, or why nothing may be. Never rejects. */
  private async content({ alertId, revision, contentHash }: ClaimedDelivery): Promise<Content | Unsent> {
    try {
      const notice = await this.input.notices.notice(alertId, revision);
      if (!notice) return { kind: 'refused', reason: 'case_erased' };
      // Hash sent = hash approved: read back and computed again, never taken on trust.
      if (notice.contentHash !== contentHash || contentHashOf(notice) !== contentHash) {
        this.failed(new Error('a stored notice does not have the hash that was approved'));
        return { kind: 'refused', reason: 'hash_not_approved' };
      }
      if (!notice.photo) return { notice };
      const bytes = await this.input.notices.photo(alertId, notice.photo.sha256);
      const photo: Photo | undefined = bytes && { sha256: notice.photo.sha256, mediaType: notice.photo.mediaType, bytes };
      return photo ? { notice, photo } : { notice };
    } catch (error) {
      this.failed(error);
      return { kind: 'deferred', reason: 'content_unavailable' };
    }
  }

  private async attempt(flight: Flight, content: Promise<Content | Unsent>): Promise<void> {
    this.flights.add(flight);
    const { delivery, abort } = flight;
    // The news of a newer revision may have come while the claim was on its way.
    if (delivery.revision < (this.newest.get(delivery.alertId) ?? 0)) abort.abort();
    let again = false;
    const gate = this.gateOf(delivery);
    const leave = gate && (await gate.enter(abort.signal));
    try {
      const loaded = await this.ready(flight, content);
      const startedAt = this.input.clock.now();
      const started = monotonicMs();
      const outcome = 'kind' in loaded ? loaded : await this.send(delivery, loaded, abort);
      again = await this.record(delivery, startedAt, monotonicMs() - started, outcome);
    } catch (error) {
      // The database: the lease lapses and the sweep settles the delivery as uncertain.
      this.failed(error);
    } finally {
      leave?.();
      this.flights.delete(flight);
    }
    if (again) await this.take([delivery.id]);
  }

  /** Where parts of a long audience wait for each other. Endings do not wait for what they end, nor for another alert. */
  private gateOf({ destination, route, kind }: ClaimedDelivery): Gate | undefined {
    const way = this.input.partners.get(destination)?.routes[route];
    const limit = way?.channel.partsAtOnce?.(way.destination.settings);
    if (limit === undefined) return undefined;
    const name = `${destination}/${route}/${isEnding(kind) ? 'ending' : 'notice'}/${limit}`;
    const gate = this.gates.get(name) ?? new Gate(limit);
    this.gates.set(name, gate);
    return gate;
  }

  /** The content, when the delivery still is ours to send this very moment. */
  private async ready(flight: Flight, content: Promise<Content | Unsent>): Promise<Content | Unsent> {
    const loaded = await content;
    if ('kind' in loaded) return loaded;
    try {
      while (!flight.abort.signal.aborted && monotonicMs() - flight.heldAt > this.trustMs) await this.asker.add(flight);
    } catch (error) {
      this.failed(error);
      return { kind: 'deferred', reason: 'store_busy' };
    }
    return flight.abort.signal.aborted ? { kind: 'deferred', reason: 'aborted' } : loaded;
  }

  private async send(delivery: ClaimedDelivery, content: Content, abort: AbortController): Promise<Outcome> {
    const route = this.input.partners.get(delivery.destination)?.routes[delivery.route];
    // Two administrators took it out: a person tells the partner, or has it sent once it is in force again.
    if (!route && this.input.partners.isDisabled(delivery.destination)) return { kind: 'refused', reason: 'destination_disabled' };
    if (!route) return { kind: 'deferred', reason: 'destination_not_configured' };
    const { connection, breaker, channel, destination } = route;
    const limitMs = channel.attemptMs?.(destination.settings) ?? this.attemptMs;
    const message: Message = { key: delivery.key, deliveryId: delivery.id, part: delivery.part, ...content };
    // One signal for both reasons to end: composed ones (AbortSignal.any) cost a tenth of a fan-out's time.
    const { signal } = abort;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = !signal.aborted;
      abort.abort();
    }, limitMs);
    try {
      return await breaker.send(async () => {
        const outcome = await (isEnding(delivery.kind) ? connection.withdraw(message, signal) : connection.publish(message, signal));
        // A channel cannot know why its signal aborted; a partner that lets time run out is in trouble.
        return isLate && 'reason' in outcome && outcome.reason === 'aborted' ? { ...outcome, reason: 'timeout' } : outcome;
      });
    } catch (error) {
      // A bug in the channel. Bytes may have left.
      this.failed(error);
      return { kind: 'uncertain', reason: 'channel_failed' };
    } finally {
      clearTimeout(timer);
    }
  }

  private failed(error: unknown): void {
    this.input.log.event('app.failed', { cause: causeOf(error) }, 'error');
  }

  /** Writes down what an attempt came to. Tells whether the delivery goes on over another route at once. */
  private async record(delivery: ClaimedDelivery, startedAt: Date, ms: number, outcome: Outcome): Promise<boolean> {
    const { clock, log, random, wake } = this.input;
    const settlement = settleOn(delivery, outcome, this.routesTo(delivery), clock.now(), random());
    await this.recorder.add({ delivery, startedAt, ms, outcome, settlement });
    const { id: deliveryId, channel, destination, attempt } = delivery;
    const reason = 'reason' in outcome ? { reason: wordOf(outcome.reason) } : {};
    log.event('delivery.attempted', { deliveryId, channel, destination, attempt, outcome: outcome.kind, ...reason, ms: Math.round(ms) });
    if (settlement.state === 'dead') log.event('delivery.dead', { deliveryId, channel, destination, reason: settlement.reason ?? '' }, 'warn');
    if (settlement.move) this.logMove(delivery, settlement.move);
    if (settlement.move?.reason !== undefined) return true;
    if (settlement.nextAttemptAt) wake(deliveryId, attempt + 1, settlement.nextAttemptAt);
    return false;
  }
}

/** Gathers receipts from all connections into few writes. */
export function receiptBatcher(store: DeliveryStore): (receipt: Receipt) => Promise<void> {
  const batcher = new Batcher<Receipt>((receipts) => store.receive(receipts));
  return (receipt) => batcher.add(receipt);
}

/** Marks a promise as looked after, whoever waits for it later. */
function settled(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}

/** What came back from a partner is worth a few more tries when the database falters; leases are renewed meanwhile. */
async function persistently(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (attempt === 6 || !(error instanceof Refusal)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}
