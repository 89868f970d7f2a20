import type { DestinationId } from '#kernel/ids.js';
import type { DeliveryState } from './delivery.js';

/** How many of a part had been taken at a moment. */
export interface ReachMark {
  readonly at: Date;
  readonly taken: number;
  readonly total: number | null;
}

/** One part of a notice to one destination, as far as it has come. */
export interface ReachPart {
  readonly destination: DestinationId;
  readonly channel: string;
  readonly part: number;
  readonly state: DeliveryState;
  readonly acceptedAt: Date | null;
  readonly receipts: { readonly expected: number | null; readonly confirmed: number; readonly failed: number };
  /** Oldest first; none where a part is one message. */
  readonly marks: readonly ReachMark[];
}

/** How far a notice has come at one destination, and when its last subscriber will have it. */
export interface Reach {
  readonly destination: DestinationId;
  readonly channel: string;
  readonly parts: { readonly total: number; readonly accepted: number };
  /** People whom the partner took the notice for; `total` is null while they have not been counted. */
  readonly people: { readonly taken: number; readonly total: number | null };
  readonly receipts: { readonly expected: number; readonly confirmed: number; readonly failed: number };
  /** 0 to 100, of what the partner accepted. */
  readonly percent: number;
  /** People a second over the last window; null while nothing has been measured, and once all is done. */
  readonly perSecond: number | null;
  /** Done: when the last part was accepted. Under way: an estimate by the present rate. Null: nothing to estimate it from, or it waits for a person. */
  readonly lastSubscriberAt: Date | null;
  readonly isEstimate: boolean;
}

const WINDOW_MS = 30_000;
const DONE: readonly DeliveryState[] = ['accepted', 'confirmed'];
const UNDER_WAY: readonly DeliveryState[] = ['queued', 'sending', 'waiting'];

/**
 * What is known of every destination from its parts. The rate is measured over the last `windowMs`, so that an operator which
 * slows down is seen to. Pure.
 */
export function reachOf(parts: readonly ReachPart[], now: Date, windowMs = WINDOW_MS): Reach[] {
  const byDestination = new Map<DestinationId, ReachPart[]>();
  for (const part of parts) byDestination.set(part.destination, [...(byDestination.get(part.destination) ?? []), part]);
  return [...byDestination.values()].map((own) => reach(own, now, windowMs));
}

function reach(parts: readonly ReachPart[], now: Date, windowMs: number): Reach {
  const { destination, channel } = parts[0]!;
  const isDone = (part: ReachPart) => DONE.includes(part.state);
  const done = parts.filter(isDone);
  const takenOf = ({ marks }: ReachPart) => marks.at(-1)?.taken ?? 0;
  const totals = parts.map(totalOf);
  const known = totals.filter((total) => total !== null);
  // A part that has not begun is as large as the others are: its members are spread by chance.
  const usual = known.length > 0 ? sum(known) / known.length : null;
  const sizeOf = (index: number) => Math.max(totals[index] ?? usual ?? 1, 0);
  const size = sum(parts.map((_, index) => sizeOf(index)));
  const reached = sum(parts.map((part, index) => (isDone(part) ? sizeOf(index) : Math.min(sizeOf(index), totals[index] === null ? 0 : takenOf(part)))));
  const left = sum(parts.map((part, index) => (UNDER_WAY.includes(part.state) ? Math.max(0, sizeOf(index) - (totals[index] === null ? 0 : takenOf(part))) : 0)));
  const isOver = parts.every((part) => !UNDER_WAY.includes(part.state));
  const perSecond = isOver ? null : rateOf(parts, now, windowMs);
  const isComplete = done.length === parts.length;
  const canEstimate = !isOver && usual !== null && perSecond !== null && perSecond > 0;
  return {
    destination, channel,
    parts: { total: parts.length, accepted: done.length },
    people: { taken: sum(parts.map(takenOf)), total: known.length === parts.length ? sum(known) : null },
    receipts: { expected: sum(parts.map((p) => p.receipts.expected ?? 0)), confirmed: sum(parts.map((p) => p.receipts.confirmed)), failed: sum(parts.map((p) => p.receipts.failed)) },
    percent: isComplete ? 100 : size === 0 ? 0 : Math.min(99.9, Math.floor((reached / size) * 1_000) / 10),
    perSecond: perSecond === null ? null : Math.round(perSecond * 10) / 10,
    lastSubscriberAt: isComplete ? latest(done) : canEstimate ? new Date(now.getTime() + (left / perSecond) * 1_000) : null,
    isEstimate: !isComplete && canEstimate,
  };
}

/** People a second between the beginning of the window, or of the sending if that is later, and now. */
function rateOf(parts: readonly ReachPart[], now: Date, windowMs: number): number | null {
  const first = Math.min(...parts.flatMap(({ marks }) => marks.slice(0, 1).map(({ at }) => at.getTime())));
  const from = Math.max(first, now.getTime() - windowMs);
  const span = (now.getTime() - from) / 1_000;
  if (!Number.isFinite(first) || span <= 0) return null;
  return sum(parts.map(({ marks }) => {
    const atFrom = marks.filter(({ at }) => at.getTime() <= from).at(-1)?.taken ?? marks[0]?.taken ?? 0;
    return Math.max(0, (marks.at(-1)?.taken ?? 0) - atFrom);
  })) / span;
}

const totalOf = ({ marks }: ReachPart): number | null => marks.findLast(({ total }) => total !== null)?.total ?? null;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

function latest(parts: readonly ReachPart[]): Date | null {
  const times = parts.flatMap(({ acceptedAt }) => (acceptedAt ? [acceptedAt.getTime()] : []));
  return times.length > 0 ? new Date(Math.max(...times)) : null;
}
