import type { DeliveryView } from './views.js';

/** What a partner's ledger has under one key. */
export interface LedgerCount extends LedgerCheck {
  readonly key: string;
}

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

/** Compares deliveries with what the ledgers have of the drill's time. Pure. */
export function compareLedgers(deliveries: readonly DeliveryView[], ledgers: ReadonlyMap<string, readonly LedgerCount[]>): LedgerReport {
  const name = (destination: string, key: string): string => `${destination} ${key}`;
  const known = new Set(deliveries.map((d) => name(d.destination, d.key)));
  const counts = new Map<string, LedgerCheck>();
  for (const [route, keys] of ledgers) {
    // `mts#2` is another way to `mts`: what either has of a delivery counts.
    const [destination = route] = route.split('#');
    for (const { key, effects, duplicates } of keys) {
      const before = counts.get(name(destination, key));
      counts.set(name(destination, key), { effects: effects + (before?.effects ?? 0), duplicates: duplicates + (before?.duplicates ?? 0) });
    }
  }
  const of = new Map(deliveries.map((d): [string, LedgerCheck] => {
    const { effects = 0, duplicates = 0 } = counts.get(name(d.destination, d.key)) ?? {};
    return [d.id, { effects, duplicates }];
  }));
  return {
    of,
    lost: deliveries.filter((d) => d.acceptedAt !== null && of.get(d.id)?.effects === 0).map((d) => d.destination),
    unexpected: [...counts.keys()].filter((entry) => !known.has(entry)),
  };
}

/** Reads every simulated partner's ledger, counted by key, from their control address. `since` (milliseconds since the epoch) leaves out earlier drills. */
export async function readLedgers(controlUrl: string, since: number): Promise<ReadonlyMap<string, readonly LedgerCount[]>> {
  const response = await fetch(`${controlUrl}/partners/ledgers?since=${since}`, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`the simulated partners answered ${response.status}`);
  const list = (await response.json()) as { destination: string; keys: LedgerCount[] }[];
  return new Map(list.map(({ destination, keys }) => [destination, keys]));
}
