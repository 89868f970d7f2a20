/** A delivery as the API shows it. */
export interface DeliveryView {
  readonly id: string;
  readonly key: string;
  readonly revision: number;
  readonly kind: string;
  readonly channel: string;
  readonly destination: string;
  readonly part: number;
  /** Which of the destination's routes is in use, from 0. */
  readonly route: number;
  readonly state: string;
  /** How far it is known to have come; `unknowable` where nobody will ever say more. */
  readonly confirmation: string | null;
  readonly reason: string | null;
  readonly attempts: number;
  readonly acceptedAt: string | null;
  /** From the approval, or the ending, to the partner's acceptance. */
  readonly msToAcceptance: number | null;
  readonly receipts: { readonly expected: number | null; readonly confirmed: number; readonly failed: number };
}

/** States in which a delivery stays unless a person or a receipt moves it. */
const AT_REST = new Set(['accepted', 'confirmed', 'failed', 'dead', 'uncertain', 'cancelled', 'closed']);

/** Whether nothing more is to be waited for. */
export function isSettled({ state, receipts }: DeliveryView): boolean {
  return state === 'accepted' ? receipts.expected === 0 : AT_REST.has(state);
}

/** Whether the partner accepted and every receipt that was to come came and confirmed. */
export function isConfirmed({ state, receipts }: DeliveryView): boolean {
  return (state === 'confirmed' && receipts.failed === 0) || (state === 'accepted' && receipts.expected === 0);
}
