import type { DeliveryState } from './delivery.js';

/**
 * How far a message is known to have come, as a person asks it. `unknowable`: the partner took it, and nobody will ever say
 * more, because the protocol has no receipts (cell broadcast: handsets do not answer). That is said, not filled in.
 */
export const LADDER = ['queued', 'sent', 'accepted', 'confirmed', 'failed', 'unknowable'] as const;
export type Confirmation = (typeof LADDER)[number];

/** The rung of a delivery; null for one that was called off or settled by a person. `expected`: receipts that are to come. */
export function confirmationOf(state: DeliveryState, expected: number | null): Confirmation | null {
  switch (state) {
    case 'queued':
    case 'waiting':
      return 'queued';
    case 'sending':
    case 'uncertain':
      return 'sent';
    case 'accepted':
      return expected === 0 ? 'unknowable' : 'accepted';
    case 'confirmed':
      return 'confirmed';
    case 'failed':
    case 'dead':
      return 'failed';
    case 'cancelled':
    case 'closed':
      return null;
  }
}
