import type { LedgerEntry } from '#dispatch/testing/fake-partner.js';
import type { DeliveryView } from './views.js';

/** How a delivery compares with what its partner wrote down. */
export interface LedgerCheck {
  /** Entries under the delivery's key with an effect of their own. */
  readonly effects: number;
  /** Repetitions under the same key, without a further effect. */
  readonly duplicates: number;
}

/** What the ledgers of the simulated partners say about the deliveries of one alert. */
export interface LedgerReport {
  readonly of: ReadonlyMap<string, LedgerCheck>;
  /** Deliveries that are accepted here and unknown there. */
  readonly lost: readonly string[];
  /** Entries of the drill's time that no delivery explains: destination and key. */
  readonly unexpected: readonly string[];
}

/** Compares deliveries with ledgers. `since` (milliseconds since the epoch) leaves out what earlier drills left there. */
export function compareLedgers(deliveries: readonly DeliveryView[], ledgers: ReadonlyMap<string, readonly LedgerEntry[]>, since: number): LedgerReport {
  const known = new Set(deliveries.map((d) => `${d.destination} ${d.key}`));
  const of = new Map<string, LedgerCheck>();
  const lost: string[] = [];
  for (const delivery of deliveries) {
    const entries = (ledgers.get(delivery.destination) ?? []).filter((entry) => entry.key === delivery.key);
    const effects = entries.filter((entry) => !entry.duplicate).length;
    of.set(delivery.id, { effects, duplicates: entries.length - effects });
    if (delivery.acceptedAt !== null && effects === 0) lost.push(delivery.destination);
  }
  const unexpected = [...ledgers].flatMap(([destination, entries]) =>
    entries.filter((entry) => entry.at >= since && !known.has(`${destination} ${entry.key}`)).map((entry) => `${destination} ${entry.key}`));
  return { of, lost, unexpected };
}

/** Reads every simulated partner's ledger from its control address; destinations that are not simulated have none. */
export async function readLedgers(controlUrl: string): Promise<ReadonlyMap<string, readonly LedgerEntry[]>> {
  const list = await read<{ destination: string }[]>(`${controlUrl}/partners`);
  return new Map(await Promise.all(list.map(async ({ destination }) =>
    [destination, await read<LedgerEntry[]>(`${controlUrl}/partners/${destination}/ledger`)] as const)));
}

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`the simulated partners answered ${response.status}`);
  return (await response.json()) as T;
}
