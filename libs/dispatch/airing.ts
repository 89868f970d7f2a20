import { LEAST_SECONDS } from '#alerts/speech.js';
import { sha256Hex } from '#kernel/canonical.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from './channel.js';
import type { DeliveryKind } from './delivery.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The rulebook (Official Gazette of RS 43/2024): at once, every 30 minutes for 8 hours, then hourly to 48 hours after the first airing. */
export const RULEBOOK = { often: { everyMs: 30 * MINUTE_MS, untilMs: 8 * HOUR_MS }, seldom: { everyMs: HOUR_MS, untilMs: 48 * HOUR_MS } } as const;

/** How long after its time an airing still counts as in time: a programme is interrupted at the end of a sentence, not of a word. */
export const ON_TIME_MS = 5 * MINUTE_MS;
/** How long before its time an airing already counts for a slot: partners' clocks differ, and a news block may begin early. */
export const EARLY_MS = 2 * MINUTE_MS;
/** What a partner is given to report after a slot's window has closed, before the slot is said to be missed. */
export const REPORT_MS = 10 * MINUTE_MS;
/** How long a playout that took a slot may stay silent before it is asked again: longer than a notice, a queue and a bulletin before it. */
export const SILENT_MS = 2 * MINUTE_MS;

/**
 * How airings come about: `triggered` where the system pushes each slot into a playout; `awaited` where the partner airs by
 * itself and reports each airing.
 */
export type AiringManner = 'triggered' | 'awaited';

/**
 * `due`: its time has come and nothing is proved yet. `aired`: in time. `late`: after `ON_TIME_MS`, before the next. `missed`:
 * the window closed without proof. `stopped`: the alert ended, or a newer revision took its place, before it was aired.
 */
export type SlotState = 'due' | 'aired' | 'late' | 'missed' | 'stopped';

/**
 * The times at which a notice is due that was first aired (or had to be) at `firstDue`: those from `now` to `until`, both
 * included, in order.
 */
export function slotsFor(firstDue: Date, now: Date, until: Date): Date[] {
  const { often, seldom } = RULEBOOK;
  const first = firstDue.getTime();
  const slots: Date[] = [];
  for (let after = 0; after <= seldom.untilMs && first + after <= until.getTime(); after += after < often.untilMs ? often.everyMs : seldom.everyMs) {
    if (first + after >= now.getTime()) slots.push(new Date(first + after));
  }
  return slots;
}

/** The slot that follows one due at `due`; undefined after the last. One within `EARLY_MS` would be the same airing and is left out. */
export function slotAfter(firstDue: Date, due: Date): Date | undefined {
  return slotsFor(firstDue, new Date(due.getTime() + EARLY_MS + 1), new Date(due.getTime() + 3 * HOUR_MS))[0];
}

/** When a slot's window closes: when that of the next opens, or an hour after the last. */
export function windowEnd(firstDue: Date, due: Date): Date {
  const next = slotAfter(firstDue, due);
  return new Date(next ? next.getTime() - EARLY_MS : due.getTime() + HOUR_MS);
}

/** The idempotency key of a slot. The first is the delivery itself. */
export function slotKey(deliveryKey: string, number: number): string {
  return number === 0 ? deliveryKey : sha256Hex(`${deliveryKey}/airing/${number}`).slice(0, 32);
}

/** A slot as its verdict needs it. */
export interface OpenSlot {
  readonly key: string;
  readonly manner: AiringManner;
  readonly due: Date;
  /** When its window closes. */
  readonly until: Date;
  readonly state: SlotState;
}

/** An airing that a partner or its playout has proved by a receipt. */
export interface Airing {
  /** Place of the receipt among all receipts. */
  readonly seq: string;
  /** What the receipt speaks of: our key. */
  readonly key: string;
  /** When it was aired; when the receipt came, if it does not say. */
  readonly at: Date;
  /** How long it lasted, if the partner says so. */
  readonly seconds?: number;
  /** On air without a voice, because no voice program was there. */
  readonly silent: boolean;
}

export type Verdict =
  | { readonly state: 'aired' | 'late'; readonly airing: Airing }
  | { readonly state: 'missed'; readonly reason: 'no_proof' | 'too_short' };

/**
 * What becomes of a slot, given the airings of its delivery; undefined while it stays as it is. A triggered slot is proved
 * by the receipt of its own key, an awaited one by an airing within its window. Proof that comes after the slot was called
 * missed still counts. An airing that is too short proves nothing.
 */
export function judge(slot: OpenSlot, airings: readonly Airing[], now: Date): Verdict | undefined {
  if (slot.state !== 'due' && slot.state !== 'missed') return undefined;
  const opens = slot.due.getTime() - EARLY_MS;
  const mine = airings.filter(({ key, at }) => (slot.manner === 'triggered' ? key === slot.key : at.getTime() >= opens && at < slot.until));
  // A second less is taken: partners report whole seconds.
  const proof = mine.filter(({ seconds }) => seconds === undefined || seconds >= LEAST_SECONDS - 1).sort((a, b) => a.at.getTime() - b.at.getTime())[0];
  if (proof) return { state: proof.at.getTime() <= slot.due.getTime() + ON_TIME_MS ? 'aired' : 'late', airing: proof };
  if (slot.state === 'missed' || now.getTime() < slot.until.getTime() + REPORT_MS) return undefined;
  return { state: 'missed', reason: mine.length > 0 ? 'too_short' : 'no_proof' };
}

/** A destination that airs notices, and how over each of its routes. */
export interface Airer {
  readonly id: DestinationId;
  readonly manners: readonly AiringManner[];
}

/** A slot that this process has taken to trigger it. */
export interface ClaimedSlot {
  readonly deliveryId: DeliveryId;
  readonly alertId: AlertId;
  readonly revision: number;
  readonly destination: DestinationId;
  readonly number: number;
  readonly key: string;
  /** Of the delivery: its key, and the route and channel that took it. */
  readonly delivery: { readonly key: string; readonly route: number; readonly channel: string };
  /** The route over which the slot went so far, or the one before it. */
  readonly route: number;
  /** Other routes that have or may have the notice. */
  readonly given: readonly GivenRoute[];
  readonly contentHash: string;
  readonly attempt: number;
  readonly leaseToken: string;
}

/** A route over which the notice was given for an airing; `accepted` when its partner said so. */
export interface GivenRoute {
  readonly route: number;
  readonly accepted: boolean;
}

/** The route that a slot takes from now on, and why it is another one than before. */
export interface SlotMove {
  readonly from: number;
  readonly to: number;
  readonly channel: string;
  /** Left out where it is the same. */
  readonly reason?: string;
}

export interface SlotName {
  readonly deliveryId: DeliveryId;
  readonly number: number;
}

/** What an advance found. */
export interface Advance {
  /** Slots to be triggered now. */
  readonly due: readonly SlotName[];
  /** When something is due next, if anything is. */
  readonly nextAt?: Date;
}

/** Where slots are kept. Every call is one transaction and writes its facts with it. */
export interface AiringStore {
  /**
   * Brings all slots up to now: opens the first of what was accepted, lets the next fall due, applies what receipts prove,
   * stops those of alerts that ended or were updated, and calls missed what is out of time. Any process may do it at any time.
   */
  advance(airers: readonly Airer[], now: Date): Promise<Advance>;
  /** Takes a slot to trigger it, having read the alert again; undefined when it is not due, not to be aired any more, or another's. */
  claim(slot: SlotName, leaseMs: number, now: Date): Promise<ClaimedSlot | undefined>;
  /** Whether a claimed slot is still to be aired this very moment. */
  holds(slot: ClaimedSlot): Promise<boolean>;
  /**
   * Writes down over which route a claimed slot goes, before its first byte, so that the ending goes there as well; and what
   * moved and why. False when the slot is not to be aired any more, or is another's.
   */
  place(slot: ClaimedSlot, move: SlotMove): Promise<boolean>;
  /** Writes down what came of giving a slot to a route. */
  answered(slot: ClaimedSlot, route: number, outcome: Outcome): Promise<void>;
  /** Gives a slot back with what came of it and when it is to be asked again; never, where a partner airs it by itself. Unless another has it now. */
  release(slot: ClaimedSlot, outcome: Outcome, nextAttemptAt: Date | undefined): Promise<void>;
}

/** A slot as the desks see it. */
export interface SlotView {
  readonly deliveryId: DeliveryId;
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly destination: DestinationId;
  readonly channel: string;
  readonly manner: AiringManner;
  readonly number: number;
  readonly dueAt: Date;
  readonly state: SlotState;
  readonly attempts: number;
  readonly reason: string | null;
  /** Proof: the receipt, when it was aired and for how long. */
  readonly receiptSeq: number | null;
  readonly airedAt: Date | null;
  readonly seconds: number | null;
  readonly silent: boolean;
}

/** How one broadcaster has kept the rulebook. */
export interface Compliance {
  readonly destination: DestinationId;
  readonly due: number;
  readonly aired: number;
  readonly late: number;
  readonly missed: number;
  readonly stopped: number;
  /** Of the slots whose verdict is known and that were not stopped, the part that was aired in time; null before the first. */
  readonly inTime: number | null;
  readonly firstAiredAt: Date | null;
  readonly lastAiredAt: Date | null;
}

/** Counts slots by destination, in the order in which destinations first appear. */
export function complianceOf(slots: readonly SlotView[]): Compliance[] {
  const byDestination = new Map<DestinationId, SlotView[]>();
  for (const slot of slots) byDestination.set(slot.destination, [...(byDestination.get(slot.destination) ?? []), slot]);
  return [...byDestination].map(([destination, own]) => {
    const count = (state: SlotState): number => own.filter((slot) => slot.state === state).length;
    const [aired, late, missed] = [count('aired'), count('late'), count('missed')];
    const known = aired + late + missed;
    const times = own.flatMap(({ airedAt }) => (airedAt ? [airedAt] : [])).sort((a, b) => a.getTime() - b.getTime());
    return {
      destination, due: count('due'), aired, late, missed, stopped: count('stopped'), inTime: known === 0 ? null : aired / known,
      firstAiredAt: times[0] ?? null, lastAiredAt: times.at(-1) ?? null,
    };
  });
}
