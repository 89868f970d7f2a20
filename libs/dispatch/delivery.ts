import { sha256Hex } from '#kernel/canonical.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from './channel.js';

/**
 * Where a delivery stands.
 * - `queued`: to be sent at once. `sending`: an attempt is under way. `waiting`: to be repeated at a time.
 * - `uncertain`: the partner may have acted and repeating is not safe; waits for a person.
 * - `accepted`: the partner took it. `confirmed`: every receipt says so. `failed`: the receipts say it did not arrive.
 * - `dead`: refused, or out of time; waits for a person. `cancelled`: overtaken by an ending or a newer revision.
 * - `closed`: a person settled it.
 */
export type DeliveryState = 'queued' | 'sending' | 'waiting' | 'uncertain' | 'accepted' | 'confirmed' | 'failed' | 'dead' | 'cancelled' | 'closed';

/** States that wait for a person: the dead letters. */
export const DEAD_LETTERS: readonly DeliveryState[] = ['dead', 'uncertain', 'failed'];

export type DeliveryKind = 'alert' | 'update' | 'found' | 'withdrawn' | 'expired';

/** Publishing kinds need an active alert; the others are endings. */
export const isEnding = (kind: DeliveryKind): boolean => kind !== 'alert' && kind !== 'update';

/** A delivery that this process has taken for sending. */
export interface ClaimedDelivery {
  readonly id: DeliveryId;
  readonly alertId: AlertId;
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly channel: string;
  readonly destination: DestinationId;
  readonly part: number;
  /** Which of the destination's routes this attempt takes, from 0; `channel` is that route's. */
  readonly route: number;
  readonly key: string;
  /** Number of the attempt now under way, from 1. */
  readonly attempt: number;
  /** Fences a sender that was thought dead. */
  readonly leaseToken: string;
  /** Whether the partner may have had the message before this attempt. */
  readonly had: boolean;
  readonly expiresAt: Date;
  /** The approved hash; what is sent must have it. */
  readonly contentHash: string;
}

/**
 * The idempotency key of a delivery: the same for every repetition, over another route too, opaque to the partner. `route` is
 * for endings, of which each route that may hold the message gets its own.
 */
export function deliveryKey(alertId: AlertId, revision: number, channel: string, destination: DestinationId, part: number, route = 0): string {
  return sha256Hex(`${alertId}/${revision}/${channel}/${destination}/${part}${route === 0 ? '' : `/${route}`}`).slice(0, 32);
}

/** The coming attempt takes another route of the same destination. */
export interface Move {
  readonly to: number;
  /** The channel of that route. */
  readonly channel: string;
  /** The trouble it flees; left out when it only begins again with the first route. */
  readonly reason?: string;
}

/** What becomes of a delivery after an attempt. */
export interface Settlement {
  readonly state: 'accepted' | 'waiting' | 'uncertain' | 'dead';
  /** Whether the partner may hold the message now. */
  readonly mayHave: boolean;
  readonly nextAttemptAt?: Date;
  readonly reason?: string;
  readonly expectedReceipts?: number;
  readonly move?: Move;
}

export interface RetryPolicy {
  /** Milliseconds before the second attempt; doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait between two attempts, in milliseconds. */
  readonly capMs: number;
}

export const RETRY: RetryPolicy = { baseMs: 1_000, capMs: 60_000 };

/** The longest wish of a partner to be left alone that is granted, in milliseconds: a wrong one must not silence a notice. */
const LONGEST_WISH_MS = 300_000;

/**
 * The wait before the attempt after number `attempt`, in milliseconds: exponential, with the upper half random so that
 * partners that came back are not all called at once. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number, { baseMs, capMs }: RetryPolicy = RETRY): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/**
 * Decides what follows an outcome. Repeats until the alert's expiry; an uncertain outcome is repeated only where the
 * channel makes repeating safe, and waits for a person where it does not.
 */
export function settle(
  delivery: Pick<ClaimedDelivery, 'attempt' | 'had' | 'expiresAt'>, outcome: Outcome, resend: 'safe' | 'ask', now: Date, random: number, policy?: RetryPolicy,
): Settlement {
  const retry = (mayHave: boolean, reason: string, atLeastMs = 0): Settlement => {
    const wished = Number.isNaN(atLeastMs) ? 0 : Math.min(atLeastMs, LONGEST_WISH_MS);
    const nextAttemptAt = new Date(now.getTime() + Math.max(wished, backoffMs(delivery.attempt, random, policy)));
    return nextAttemptAt < delivery.expiresAt ? { state: 'waiting', mayHave, reason, nextAttemptAt } : { state: 'dead', mayHave, reason: 'expired' };
  };
  switch (outcome.kind) {
    case 'accepted':
      return { state: 'accepted', mayHave: true, expectedReceipts: outcome.expectedReceipts };
    case 'refused':
      return { state: 'dead', mayHave: delivery.had, reason: outcome.reason };
    case 'deferred':
      return retry(delivery.had, outcome.reason, outcome.retryAfterMs);
    case 'uncertain':
      return {
        ...(resend === 'safe' ? retry(true, outcome.reason) : { state: 'uncertain', mayHave: true, reason: outcome.reason }),
        ...(outcome.expectedReceipts !== undefined && { expectedReceipts: outcome.expectedReceipts }),
      };
  }
}
