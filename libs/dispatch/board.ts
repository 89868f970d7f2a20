import type { DeliveryId, DestinationId } from '#kernel/ids.js';
import type { BreakerState } from './breaker.js';
import { routeName, routesOf, type Destination } from './channel.js';
import type { DeliveryKind, DeliveryState } from './delivery.js';
import { confirmationOf } from './ladder.js';

/**
 * How a message stands with a partner, as the board says it; the one that needs a person most comes first. The rungs of the
 * ladder, and three that are none: `uncertain` (the partner may have it), `cancelled` (overtaken) and `closed` (settled by a person).
 */
export const STANDINGS = ['failed', 'uncertain', 'queued', 'sent', 'accepted', 'unknowable', 'confirmed', 'closed', 'cancelled'] as const;
export type Standing = (typeof STANDINGS)[number];

/** The standing of a delivery. `isMute`: no receipts will come. */
export function standingOf(state: DeliveryState, isMute: boolean): Standing {
  if (state === 'uncertain' || state === 'cancelled' || state === 'closed') return state;
  return confirmationOf(state, isMute ? 0 : null) ?? 'closed';
}

/** Deliveries of one message to one partner that stand alike. */
export interface DeliveryGroup {
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly destination: DestinationId;
  readonly route: number;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly isMute: boolean;
  readonly parts: number;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly firstAcceptedAt: Date | null;
  readonly lastAcceptedAt: Date | null;
  readonly expected: number;
  readonly confirmed: number;
  readonly failed: number;
  /** One of them, and how its last attempt ended. */
  readonly example: DeliveryId;
  readonly outcome: string | null;
  readonly reason: string | null;
}

/** A message of an alert: what was decided, and when. */
export interface MessageTimes {
  readonly revision: number;
  readonly kind: DeliveryKind;
  /** Exact instant of the approval, or of the decision to end. */
  readonly decidedAt: Date;
  /** When its deliveries were made; null while that has not happened. */
  readonly plannedAt: Date | null;
}

/** The last change of route of a message to a partner. */
export interface Moved {
  readonly destination: DestinationId;
  readonly revision: number;
  readonly at: Date;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  /** How many such changes there were, over all parts. */
  readonly count: number;
}

/** A route's breaker as its dispatcher last wrote it down. */
export interface BreakerRow {
  /** As `routeName` says it. */
  readonly route: string;
  readonly state: BreakerState | 'half-open';
  readonly changedAt: Date;
}

/** One message to one partner. */
export interface BoardMessage {
  readonly revision: number;
  readonly kind: DeliveryKind;
  /** That of the part which needs a person most. */
  readonly standing: Standing;
  /** Parts by their standing. */
  readonly parts: Readonly<Partial<Record<Standing, number>>>;
  /** Which route is in use, from 0, and its channel. */
  readonly route: number;
  readonly channel: string;
  readonly attempts: number;
  /** How the last attempt of the part that needs a person most ended. */
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly nextAttemptAt: Date | null;
  readonly acceptedAt: Date | null;
  /** Milliseconds from the decision until the partner had accepted all parts that were not called off; null before. */
  readonly msToAcceptance: number | null;
  readonly receipts: { readonly expected: number; readonly confirmed: number; readonly failed: number };
  readonly moved: Omit<Moved, 'destination' | 'revision'> | null;
}

/** A message over all partners. */
export interface BoardTimes extends MessageTimes {
  readonly partners: number;
  /** Partners that accepted every part. */
  readonly accepted: number;
  readonly firstAcceptedAt: Date | null;
  readonly lastAcceptedAt: Date | null;
  /** Milliseconds from the decision to the first and to the last acceptance so far. */
  readonly msToFirst: number | null;
  readonly msToLast: number | null;
}

export interface BoardRoute {
  readonly channel: string;
  readonly breaker: BreakerRow['state'];
  /** When the breaker last changed; null where it never did. */
  readonly since: Date | null;
}

export interface BoardPartner {
  readonly destination: DestinationId;
  readonly name: string;
  /** The channel of its first route, by which the board arranges partners. */
  readonly channel: string;
  /** False for a partner that the configuration has no more. */
  readonly isConfigured: boolean;
  readonly routes: readonly BoardRoute[];
  /** Newest first. */
  readonly messages: readonly BoardMessage[];
}

export interface BoardInput {
  /** The configured destinations of the alert's mode. */
  readonly destinations: readonly Destination[];
  readonly messages: readonly MessageTimes[];
  readonly groups: readonly DeliveryGroup[];
  readonly moves: readonly Moved[];
  readonly breakers: readonly BreakerRow[];
}

/** The board from what the database counted. Pure. */
export function boardOf({ destinations, messages, groups, moves, breakers }: BoardInput): { readonly messages: readonly BoardTimes[]; readonly partners: readonly BoardPartner[] } {
  const decided = new Map(messages.map((message) => [message.revision, message.decidedAt]));
  const moved = new Map(moves.map(({ destination, revision, ...move }) => [`${destination}/${revision}`, move]));
  const states = new Map(breakers.map((breaker) => [breaker.route, breaker]));
  const byPartner = grouped(groups, ({ destination }) => destination);
  const known = new Map(destinations.map((destination) => [destination.id, destination]));
  const ids = [...known.keys(), ...[...byPartner.keys()].filter((id) => !known.has(id))];
  const partners = ids.map((id): BoardPartner => {
    const own = byPartner.get(id) ?? [];
    const destination = known.get(id);
    return {
      destination: id, name: destination?.name ?? id, channel: destination?.channel ?? own[0]!.channel, isConfigured: destination !== undefined,
      routes: destination ? routesOf(destination).map(({ channel }, route) => routeOf(channel, states.get(routeName(id, route)))) : [],
      messages: [...grouped(own, ({ revision }) => revision)].sort(([a], [b]) => b - a)
        .map(([revision, parts]) => messageOf(parts, decided.get(revision)!, moved.get(`${id}/${revision}`) ?? null)),
    };
  });
  return { partners, messages: messages.map((message) => timesOf(message, partners, groups)) };
}

const routeOf = (channel: string, breaker: BreakerRow | undefined): BoardRoute => ({ channel, breaker: breaker?.state ?? 'closed', since: breaker?.changedAt ?? null });

function messageOf(groups: readonly DeliveryGroup[], decidedAt: Date, moved: BoardMessage['moved']): BoardMessage {
  const parts: Partial<Record<Standing, number>> = {};
  for (const group of groups) {
    const standing = standingOf(group.state, group.isMute);
    parts[standing] = (parts[standing] ?? 0) + group.parts;
  }
  const worst = [...groups].sort((a, b) => rank(a) - rank(b))[0]!;
  // What was called off or closed unsent never counts against the time of the others.
  const counting = groups.filter(({ state, lastAcceptedAt }) => (state !== 'cancelled' && state !== 'closed') || lastAcceptedAt !== null);
  const isWhole = counting.length > 0 && counting.every(({ lastAcceptedAt, state }) => lastAcceptedAt !== null && state !== 'queued' && state !== 'sending' && state !== 'waiting');
  const acceptedAt = latest(groups.map((group) => group.lastAcceptedAt));
  const sum = (of: (group: DeliveryGroup) => number) => groups.reduce((all, group) => all + of(group), 0);
  return {
    revision: worst.revision, kind: worst.kind, standing: standingOf(worst.state, worst.isMute), parts, route: worst.route, channel: worst.channel,
    attempts: sum((g) => g.attempts), outcome: worst.outcome, reason: worst.reason, nextAttemptAt: earliest(groups.map((group) => group.nextAttemptAt)),
    acceptedAt, msToAcceptance: isWhole && acceptedAt ? acceptedAt.getTime() - decidedAt.getTime() : null,
    receipts: { expected: sum((g) => g.expected), confirmed: sum((g) => g.confirmed), failed: sum((g) => g.failed) }, moved,
  };
}

function timesOf(message: MessageTimes, partners: readonly BoardPartner[], groups: readonly DeliveryGroup[]): BoardTimes {
  const told = partners.flatMap(({ messages }) => messages.filter(({ revision }) => revision === message.revision));
  const own = groups.filter(({ revision }) => revision === message.revision);
  const firstAcceptedAt = earliest(own.map((group) => group.firstAcceptedAt));
  const lastAcceptedAt = latest(own.map((group) => group.lastAcceptedAt));
  const since = (at: Date | null) => at && at.getTime() - message.decidedAt.getTime();
  return {
    ...message, partners: told.length, accepted: told.filter(({ msToAcceptance }) => msToAcceptance !== null).length,
    firstAcceptedAt, lastAcceptedAt, msToFirst: since(firstAcceptedAt), msToLast: since(lastAcceptedAt),
  };
}

const rank = ({ state, isMute }: DeliveryGroup): number => STANDINGS.indexOf(standingOf(state, isMute));

function grouped<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

const times = (dates: readonly (Date | null)[]): number[] => dates.flatMap((date) => (date ? [date.getTime()] : []));
const earliest = (dates: readonly (Date | null)[]): Date | null => (times(dates).length > 0 ? new Date(Math.min(...times(dates))) : null);
const latest = (dates: readonly (Date | null)[]): Date | null => (times(dates).length > 0 ? new Date(Math.max(...times(dates))) : null);
