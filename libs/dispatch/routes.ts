import { asksForPatience, type BreakerState } from './breaker.js';
import type { Outcome } from './channel.js';
import { isEnding, settle, type ClaimedDelivery, type Move, type Settlement } from './delivery.js';

/** What choosing has to know of a route. */
export interface RouteView {
  readonly channel: string;
  /** What its channel says of repeating. */
  readonly resend: 'safe' | 'ask';
  readonly breaker: { readonly state: BreakerState; readonly holdMs: number };
}

/**
 * The route for a message that has to leave now: the first from `from` on whose breaker is closed, else the last, as soon as
 * its breaker lets a message through all the same. Undefined when there is none at this moment.
 */
export function chooseRoute(routes: readonly Pick<RouteView, 'breaker'>[], from: number): number | undefined {
  const last = routes.length - 1;
  if (from > last) return undefined;
  const closed = routes.findIndex(({ breaker }, route) => route >= from && breaker.state === 'closed');
  if (closed !== -1) return closed;
  return routes[last]!.breaker.holdMs === 0 ? last : undefined;
}

/** A breaker that may close any moment is not asked more often. */
const SHORTEST_HOLD_MS = 250;

/** Where a delivery goes that was just taken: on as it stands, over another route, or nowhere for now. */
export type Place = { readonly do: 'send' } | { readonly do: 'move'; readonly move: Move } | { readonly do: 'hold' };

/**
 * Places a delivery. An ending goes where what it ends is, whatever the breaker says, and what its partner may hold already
 * stays on its route too: over another one it could come twice. A route that the configuration has no more is left.
 */
export function placeOn(delivery: Pick<ClaimedDelivery, 'kind' | 'route' | 'had'>, routes: readonly RouteView[]): Place {
  if (isEnding(delivery.kind) || routes.length === 0) return { do: 'send' };
  const here = routes[delivery.route];
  if (delivery.had) return here !== undefined && here.breaker.state === 'open' && here.breaker.holdMs > 0 ? { do: 'hold' } : { do: 'send' };
  const to = chooseRoute(routes, here === undefined ? 0 : delivery.route);
  if (to === undefined) return { do: 'hold' };
  if (to === delivery.route) return { do: 'send' };
  return { do: 'move', move: { to, channel: routes[to]!.channel, reason: here === undefined ? 'route_not_configured' : 'breaker_open' } };
}

/** Reasons that are ours, or the message's own: another route would find the same, or the partner has it already. */
const NOT_OF_THE_ROUTE: ReadonlySet<string> = new Set([
  'aborted', 'closed', 'overtaken', 'identifier_active', 'content_unavailable', 'store_busy', 'destination_not_configured', 'channel_failed', 'no_longer_due',
]);
/** The refusal is of the route, not of the message: our credentials are not good at this door; or we have no voice for it, where another route takes writing. */
const NOT_OF_THE_MESSAGE = /^(http_(401|403|407)|voice_missing)$/;

/**
 * Whether an outcome speaks of trouble with the route, so that another one may do better: nothing was taken, for a reason that
 * is neither ours nor "slow down", or the door is closed to us, or nothing can be spoken here. Never `uncertain`: the partner may have acted.
 */
export function isRouteTrouble(outcome: Outcome): boolean {
  if (outcome.kind === 'deferred') return !NOT_OF_THE_ROUTE.has(outcome.reason) && !asksForPatience(outcome);
  return outcome.kind === 'refused' && NOT_OF_THE_MESSAGE.test(outcome.reason);
}

/**
 * Decides what follows an attempt, as `settle` does, and moves on at once to the next route when this one was in trouble and
 * nothing was taken. After the last route it waits and begins with the first again: a round counts as one attempt.
 */
export function settleOn(
  delivery: Pick<ClaimedDelivery, 'kind' | 'route' | 'attempt' | 'had' | 'expiresAt'>, outcome: Outcome, routes: readonly RouteView[], now: Date, random: number,
): Settlement {
  const resend = routes[delivery.route]?.resend ?? 'safe';
  if (routes.length < 2 || isEnding(delivery.kind) || delivery.had) return settle(delivery, outcome, resend, now, random);
  const round = { ...delivery, attempt: Math.ceil(delivery.attempt / routes.length) };
  if (!isRouteTrouble(outcome) || !('reason' in outcome)) return fromTheFirst(settle(round, outcome, resend, now, random), delivery.route, routes);
  const to = chooseRoute(routes, delivery.route + 1);
  if (to !== undefined && now < delivery.expiresAt) {
    return { state: 'waiting', mayHave: false, reason: outcome.reason, nextAttemptAt: now, move: { to, channel: routes[to]!.channel, reason: outcome.reason } };
  }
  // Not let in at one door while another is only out of order: the round comes again, and nothing is given up.
  const deferred: Outcome = outcome.kind === 'deferred' ? outcome : { kind: 'deferred', reason: outcome.reason };
  return fromTheFirst(settle(round, deferred, resend, now, random), delivery.route, routes);
}

/** How long a delivery waits that found no route, in milliseconds, and the route it is on when it is woken: the first may be back. */
export function holdOn({ had, route }: Pick<ClaimedDelivery, 'had' | 'route'>, routes: readonly RouteView[]): { readonly holdMs: number; readonly move?: Move } {
  const holdMs = Math.max((had ? routes[route] : routes.at(-1))?.breaker.holdMs ?? 0, SHORTEST_HOLD_MS);
  return { holdMs, ...(!had && route > 0 && routes[0] && { move: { to: 0, channel: routes[0].channel } }) };
}

/** What waits and is held by nobody begins its next round with the first route. */
function fromTheFirst(settlement: Settlement, route: number, routes: readonly RouteView[]): Settlement {
  if (settlement.state !== 'waiting' || settlement.mayHave || route === 0) return settlement;
  return { ...settlement, move: { to: 0, channel: routes[0]!.channel } };
}
