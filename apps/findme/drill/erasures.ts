import type { ApiClient } from './api-client.js';
import type { DeliveryView } from './views.js';

/** A request to erase as the API shows it. */
export interface ErasureView {
  readonly destination: string;
  readonly confirmedAt: string | null;
  /** Who can confirm: the partner itself at the API, or an officer whom it told. */
  readonly confirms: 'partner' | 'receipt' | 'officer';
}

const POLL_MS = 250;

/** Whether nobody can confirm any more without a person. */
export const isErased = ({ confirmedAt, confirms }: ErasureView): boolean => confirmedAt !== null || confirms === 'officer';

/**
 * Waits until every destination that has accepted the alert is asked to erase it, and those that can have confirmed, or patience
 * ends. Returns the requests as they stand then.
 */
export async function watchErasures(api: ApiClient, alertId: string, deliveries: readonly DeliveryView[], say: (line: string) => void, patienceMs: number): Promise<readonly ErasureView[]> {
  const deadline = Date.now() + patienceMs;
  const holding = new Set(deliveries.filter((d) => ['alert', 'update'].includes(d.kind) && d.acceptedAt !== null).map((d) => d.destination));
  const shown = new Set<string>();
  for (;;) {
    const { items } = await api.get<{ items: ErasureView[] }>(`/v1/drill/erasures?state=all&alert=${alertId}&limit=1000`);
    for (const { destination, confirmedAt } of items) {
      if (confirmedAt === null || shown.has(destination)) continue;
      shown.add(destination);
      say(`  erased    ${destination}`);
    }
    const asked = new Set(items.map((item) => item.destination));
    if ((items.every(isErased) && [...holding].every((destination) => asked.has(destination))) || Date.now() > deadline) return items;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
