import { monotonicMs, type Clock } from '#kernel/clock.js';
import type { AlertId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { wordOf } from '#audit/fact.js';
import { approvedContent, type NoticeSource } from '#dispatch/approved-content.js';
import { SILENT_MS, type Airer, type AiringManner, type AiringStore, type ClaimedSlot, type SlotMove, type SlotName } from '#dispatch/airing.js';
import { routesOf, type Channel, type Destination, type Message, type Outcome } from '#dispatch/channel.js';
import { backoffMs } from '#dispatch/delivery.js';
import type { Partners, Route } from '#dispatch/partners.js';
import { chooseRoute, isRouteTrouble } from '#dispatch/routes.js';

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

/** How a route airs: a partner that is told over one that knows no airings airs by itself. */
function mannerOf({ channel, destination: { settings } }: Pick<Route, 'channel' | 'destination'>): AiringManner {
  return channel.airing?.(settings) ?? 'awaited';
}

/** The destinations of a configuration that air notices, and how over each of their routes. */
export function airersOf(destinations: readonly Destination[], channelOf: (kind: string) => Channel): Airer[] {
  return destinations.flatMap((destination): Airer[] => {
    const routes = routesOf(destination).map((route) => ({ channel: channelOf(route.channel), destination: route }));
    const airs = routes.some((route) => route.channel.airing?.(route.destination.settings) !== undefined);
    return airs ? [{ id: destination.id, manners: routes.map(mannerOf) }] : [];
  });
}

/** What came of a slot: an outcome, over a route, of a partner that is triggered or airs by itself from now on. */
interface Given {
  readonly outcome: Outcome;
  readonly channel?: string;
  readonly manner?: AiringManner;
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
    // Long enough for an attempt over each route, one after another.
    const routes = Math.max(1, ...this.input.airers.map(({ manners }) => manners.length));
    const slot = await store.claim(name, this.attemptMs * routes + LEASE_GRACE_MS, clock.now());
    if (!slot) return;
    onClaim(slot);
    const started = monotonicMs();
    const { outcome, manner, channel = slot.delivery.channel } = await this.give(slot, heldAt, abort);
    const waitMs = outcome.kind === 'accepted' ? SILENT_MS : Math.max('retryAfterMs' in outcome ? outcome.retryAfterMs ?? 0 : 0, backoffMs(slot.attempt + 2, random()));
    const isLeft = outcome.kind === 'accepted' && manner === 'awaited';
    await store.release(slot, outcome, isLeft ? undefined : new Date(clock.now().getTime() + waitMs));
    log.event('delivery.attempted', {
      deliveryId: slot.deliveryId, channel, destination: slot.destination, attempt: slot.attempt, outcome: outcome.kind,
      ...('reason' in outcome && { reason: outcome.reason }), ms: Math.round(monotonicMs() - started),
    });
  }

  /**
   * Gives a slot to the partner over the route that is in force: the first whose breaker is closed, the next one when there is
   * trouble with it, as deliveries go.
   */
  private async give(slot: ClaimedSlot, heldAt: number, abort: AbortSignal): Promise<Given> {
    const routes = this.input.partners.get(slot.destination)?.routes;
    if (!routes) return { outcome: { kind: 'deferred', reason: 'destination_not_configured' } };
    const content = await approvedContent(this.input.notices, slot);
    if ('kind' in content) return { outcome: content };
    const message: Message = { key: slot.key, deliveryId: slot.deliveryId, part: 0, ...content };
    let given: Given = { outcome: { kind: 'deferred', reason: 'breaker_open' } };
    let here = slot.route;
    let from = 0;
    let trouble: string | undefined;
    for (;;) {
      const to = chooseRoute(routes, from);
      if (to === undefined) return given;
      const way = routes[to]!;
      given = await this.over(way, slot, { from: here, to, channel: way.channel.kind, ...(to !== here && { reason: trouble ?? reasonOf(here, to, routes.length) }) }, { message, heldAt, abort });
      here = to;
      if (!isRouteTrouble(given.outcome) || !('reason' in given.outcome)) return given;
      trouble = given.outcome.reason;
      from = to + 1;
    }
  }

  private async over(route: Route, slot: ClaimedSlot, move: SlotMove, { message, heldAt, abort }: { readonly message: Message; readonly heldAt: number; readonly abort: AbortSignal }): Promise<Given> {
    const { store, log } = this.input;
    const { channel, destination } = route;
    const manner = mannerOf(route);
    const as = (outcome: Outcome): Given => ({ outcome, channel: channel.kind, manner });
    const known = move.to === slot.delivery.route ? { accepted: true } : slot.given.find((one) => one.route === move.to);
    // Read again: nothing airs after a withdrawal, and the ending has to know the route before its first byte.
    const isNews = move.reason !== undefined || known === undefined;
    if (isNews ? !(await store.place(slot, move)) : monotonicMs() - heldAt > TRUST_MS && !(await store.holds(slot))) return as({ kind: 'deferred', reason: 'no_longer_due' });
    if (move.reason !== undefined) log.event('delivery.rerouted', { deliveryId: slot.deliveryId, destination: slot.destination, from: move.from, to: move.to, reason: wordOf(move.reason) }, 'warn');
    // Who airs by itself has it already, or may have it and would show it twice.
    if (manner === 'awaited' && known && (known.accepted || channel.resend(destination.settings) === 'ask')) return as({ kind: 'accepted', references: [], expectedReceipts: 0 });
    // Who airs by itself is told once, and reports under the delivery's own key.
    const outcome = await this.publish(route, manner === 'awaited' ? { ...message, key: slot.delivery.key } : message, abort);
    await store.answered(slot, move.to, outcome);
    return as(outcome);
  }

  private async publish({ breaker, connection }: Route, message: Message, abort: AbortSignal): Promise<Outcome> {
    if (abort.aborted || this.stopping) return { kind: 'deferred', reason: 'aborted' };
    if (!breaker.admits()) return { kind: 'deferred', reason: 'breaker_open' };
    const late = AbortSignal.timeout(this.attemptMs);
    const outcome = await breaker.send(() => connection.publish(message, AbortSignal.any([abort, late])));
    // A channel cannot know why its signal aborted; a partner that lets time run out is in trouble.
    return late.aborted && !abort.aborted && 'reason' in outcome && outcome.reason === 'aborted' ? { ...outcome, reason: 'timeout' } : outcome;
  }
}

/** Why a slot goes over another route than the one before it. */
function reasonOf(here: number, to: number, routes: number): string {
  if (here >= routes) return 'route_not_configured';
  return to > here ? 'breaker_open' : 'breaker_closed';
}
