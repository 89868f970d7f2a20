import type { AlertId, DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { deliveryKey, isEnding, type DeliveryKind } from './delivery.js';

/** An outbox row: what must go out. */
export interface OutboxRow {
  readonly id: string;
  readonly alertId: AlertId;
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly mode: Mode;
  readonly expiresAt: Date;
}

/** What planning has to know of a destination. */
export interface Reach {
  readonly id: DestinationId;
  readonly channel: string;
  readonly mode: Mode;
  readonly parts: number;
  /** Of each route, whether its channel's messages end by themselves at their expiry. */
  readonly lapses: readonly boolean[];
}

/** An earlier delivery of the same alert. */
export interface EarlierDelivery {
  readonly channel: string;
  readonly destination: DestinationId;
  readonly part: number;
  /** The route over which the partner has it, if it has. */
  readonly route: number;
  /** Whether the partner has or may have the message. */
  readonly mayHave: boolean;
}

export interface PlannedDelivery {
  readonly channel: string;
  readonly destination: DestinationId;
  readonly part: number;
  /** The route of the first attempt. */
  readonly route: number;
  readonly key: string;
  /** Left to the queue, so that a long audience does not take every connection at once. */
  readonly spread: boolean;
}

/** Parts of a long audience that start at once; the others are spread. */
const FIRST_PARTS = 4;

/**
 * Which deliveries an outbox row makes. A first alert or an update goes to every destination of its mode, over its first
 * route. An ending goes exactly to those that have or may have what it ends, over every route by which they may have it: who
 * never got the alert gets no "found". Expiry goes only where messages do not end by themselves.
 */
export function planFanOut(row: OutboxRow, reaches: readonly Reach[], earlier: readonly EarlierDelivery[]): PlannedDelivery[] {
  const targets = isEnding(row.kind) ? heldBy(row, reaches, earlier) : everyone(row, reaches);
  return targets.map(({ channel, destination, part, route }) => ({
    channel, destination, part, route, key: deliveryKey(row.alertId, row.revision, channel, destination, part, route),
    // An ending never waits.
    spread: part >= FIRST_PARTS && !isEnding(row.kind),
  }));
}

type Target = Omit<PlannedDelivery, 'key' | 'spread'>;

function everyone(row: OutboxRow, reaches: readonly Reach[]): Target[] {
  return reaches
    .filter((reach) => reach.mode === row.mode)
    .flatMap(({ id, channel, parts }) => Array.from({ length: parts }, (_, part) => ({ channel, destination: id, part, route: 0 })));
}

function heldBy(row: OutboxRow, reaches: readonly Reach[], earlier: readonly EarlierDelivery[]): Target[] {
  const lapses = new Map(reaches.map((reach) => [reach.id, reach.lapses]));
  const held = new Map<string, Target>();
  for (const { channel, destination, part, route, mayHave } of earlier) {
    if (!mayHave || (row.kind === 'expired' && lapses.get(destination)?.[route])) continue;
    held.set(`${channel}/${destination}/${part}/${route}`, { channel, destination, part, route });
  }
  return [...held.values()];
}
