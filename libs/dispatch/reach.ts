import type { DestinationId } from '#kernel/ids.js';

/**
 * What is counted of the parts of a notice to one destination. A part has a mark each time its sender wrote down how many of
 * its members the partner had taken; its total is unknown until a mark says it.
 */
export interface ReachSums {
  readonly destination: DestinationId;
  readonly channel: string;
  readonly parts: number;
  /** Parts that the partner accepted, and when the last of them was. */
  readonly accepted: number;
  readonly lastAcceptedAt: Date | null;
  /** Parts that go on by themselves: queued, being sent, waiting for their next attempt. */
  readonly underWay: number;
  readonly receipts: { readonly expected: number; readonly confirmed: number; readonly failed: number };
  /** Members taken, over all parts. */
  readonly taken: number;
  /** Parts whose total is known: how many, their totals together, and of these the totals of the accepted. */
  readonly known: { readonly parts: number; readonly total: number; readonly accepted: number; readonly acceptedTotal: number };
  /** Members taken of parts with a known total that are not accepted, and of those under way: how many parts, and members left in them. */
  readonly open: { readonly taken: number; readonly underWay: number; readonly left: number };
  /** When the first part's first member was counted; null before. */
  readonly firstMarkAt: Date | null;
  /** Members taken since the beginning of the window, or since the first mark where that is later. */
  readonly gained: number;
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

/** The stretch over which the rate is measured, in milliseconds: short, so that an operator which slows down is seen to. */
export const WINDOW_MS = 30_000;

/** What is known of a destination from what was counted of its parts. Pure. */
export function reachOf(sums: ReachSums, now: Date, windowMs = WINDOW_MS): Reach {
  const { destination, channel, parts, accepted, underWay, receipts, taken, known, open } = sums;
  // A part that has not begun is as large as the others are: its members are spread by chance.
  const usual = known.parts > 0 ? known.total / known.parts : null;
  const uncounted = usual ?? 1;
  const size = known.total + (parts - known.parts) * uncounted;
  const reached = known.acceptedTotal + (accepted - known.accepted) * uncounted + open.taken;
  const left = open.left + (underWay - open.underWay) * uncounted;
  const isOver = underWay === 0;
  const perSecond = isOver ? null : rateOf(sums, now, windowMs);
  const isComplete = accepted === parts;
  const canEstimate = !isOver && usual !== null && perSecond !== null && perSecond > 0;
  return {
    destination, channel, parts: { total: parts, accepted }, people: { taken, total: known.parts === parts ? known.total : null }, receipts,
    percent: isComplete ? 100 : size === 0 ? 0 : Math.min(99.9, Math.floor((reached / size) * 1_000) / 10),
    perSecond: perSecond === null ? null : Math.round(perSecond * 10) / 10,
    lastSubscriberAt: isComplete ? sums.lastAcceptedAt : canEstimate ? new Date(now.getTime() + (left / perSecond) * 1_000) : null,
    isEstimate: !isComplete && canEstimate,
  };
}

/** People a second between the beginning of the window, or of the sending if that is later, and now. */
function rateOf({ firstMarkAt, gained }: ReachSums, now: Date, windowMs: number): number | null {
  if (firstMarkAt === null) return null;
  const span = (now.getTime() - Math.max(firstMarkAt.getTime(), now.getTime() - windowMs)) / 1_000;
  return span > 0 ? gained / span : null;
}
