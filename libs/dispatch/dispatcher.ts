import { monotonicMs, type Clock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { wordOf } from '#audit/fact.js';
import { approvedContent, type Content, type NoticeSource, type Unsent } from './approved-content.js';
import { Batcher } from './batcher.js';
import type { Outcome } from './channel.js';
import { isEnding, type ClaimedDelivery, type Move } from './delivery.js';
import type { AttemptRecord, DeliveryStore, Postponed } from './delivery-store.js';
import { Flights, type Flight, type FlightsInput } from './flights.js';
import type { Partners } from './partners.js';
import { planFanOut } from './plan.js';
import { holdOn, placeOn, settleOn, type RouteView } from './routes.js';
import { Transmitter, type TransmitterInput } from './transmitter.js';

/** Wakes a delivery at a time. May be lost: the sweep finds what nobody woke. */
export type Wake = (id: DeliveryId, attempt: number, at: Date) => void;

export interface DispatcherInput extends Partial<Pick<FlightsInput, 'leaseMs' | 'trustMs'> & Pick<TransmitterInput, 'attemptMs'>> {
  readonly id: string;
  readonly store: DeliveryStore;
  readonly notices: NoticeSource;
  readonly partners: Partners;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Carries what is in the outbox to the partners. Every entry point may be called at any time and any number of times, by
 * several dispatchers at once: the store hands each row and each delivery to one of them.
 */
export class Dispatcher {
  private readonly works = new Set<Promise<void>>();
  private readonly flights: Flights;
  private readonly transmitter: Transmitter;
  private readonly recorder: Batcher<AttemptRecord>;
  private readonly leaseMs: number;
  private stopping = false;

  constructor(private readonly input: DispatcherInput) {
    const { store, partners, leaseMs = 5_000, trustMs = 250, attemptMs = 15_000 } = input;
    this.leaseMs = leaseMs;
    this.flights = new Flights({ store, leaseMs, trustMs });
    this.transmitter = new Transmitter({ partners, attemptMs, failed: (error) => this.failed(error) });
    this.recorder = new Batcher((attempts) => persistently(() => store.record(attempts)));
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
    this.flights.heed(alertId, await this.input.store.newestRevision(alertId));
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
  renew(): Promise<void> {
    return this.flights.renew();
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
    this.flights.abortAll();
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
      this.flights.heed(row.alertId, row.revision);
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
    await Promise.all([this.postpone(held), this.move(moved), ...admitted.map((delivery) => this.attempt(this.flights.begin(delivery, heldAt), contentOf(delivery)))]);
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
    const { store, clock } = this.input;
    const postponed = deliveries.map((delivery): Postponed => {
      const { holdMs, ...move } = holdOn(delivery, this.routesTo(delivery));
      return { delivery, until: new Date(clock.now().getTime() + holdMs), reason: 'breaker_open', ...move };
    });
    await store.postpone(postponed);
    for (const { delivery, until } of postponed) this.input.wake(delivery.id, delivery.attempt, until);
  }

  /** What is to be sent, or why nothing may be. Never rejects. */
  private async content(delivery: ClaimedDelivery): Promise<Content | Unsent> {
    try {
      const content = await approvedContent(this.input.notices, delivery);
      if ('kind' in content && content.reason === 'hash_not_approved') this.failed(new Error('a stored notice does not have the hash that was approved'));
      return content;
    } catch (error) {
      this.failed(error);
      return { kind: 'deferred', reason: 'content_unavailable' };
    }
  }

  private async attempt(flight: Flight, content: Promise<Content | Unsent>): Promise<void> {
    const { delivery, abort } = flight;
    let again = false;
    const gate = this.transmitter.gateOf(delivery);
    const leave = gate && (await gate.enter(abort.signal));
    try {
      const loaded = await this.ready(flight, content);
      const startedAt = this.input.clock.now();
      const started = monotonicMs();
      const outcome = 'kind' in loaded ? loaded : await this.transmitter.send(delivery, loaded, abort);
      again = await this.record(delivery, startedAt, monotonicMs() - started, outcome);
    } catch (error) {
      // The database: the lease lapses and the sweep settles the delivery as uncertain.
      this.failed(error);
    } finally {
      leave?.();
      this.flights.end(flight);
    }
    if (again) await this.take([delivery.id]);
  }

  /** The content, when the delivery still is ours to send this very moment. */
  private async ready(flight: Flight, content: Promise<Content | Unsent>): Promise<Content | Unsent> {
    const loaded = await content;
    if ('kind' in loaded) return loaded;
    try {
      return (await this.flights.holds(flight)) ? loaded : { kind: 'deferred', reason: 'aborted' };
    } catch (error) {
      this.failed(error);
      return { kind: 'deferred', reason: 'store_busy' };
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
