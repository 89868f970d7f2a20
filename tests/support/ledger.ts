import type { DeliveryView } from '#apps/findme/drill/views.js';
import type { Stack } from './stack.js';

/** What the partners' ledgers say about deliveries: the oracle of every fault test. */
export interface Balance {
  /** Deliveries that no partner has. */
  readonly lost: string[];
  /** What a partner has that no delivery explains. */
  readonly unexpected: string[];
  /** Repetitions that the partner recognised by their key. */
  readonly repeated: number;
  /** Effects beyond the first under one key: what must not be. */
  readonly doubled: string[];
}

/** Holds deliveries against the ledgers. A message to a list of numbers has one effect a number. */
export function balance(stack: Stack, deliveries: readonly DeliveryView[], effectsOf: (delivery: DeliveryView) => number = () => 1): Balance {
  const keys = new Set(deliveries.map((d) => `${d.destination} ${d.key}`));
  const taken = (d: DeliveryView) => stack.partner(d.destination).ledger.filter((entry) => entry.key === d.key);
  return {
    lost: deliveries.filter((d) => taken(d).length === 0).map((d) => `${d.kind} ${d.destination}`),
    unexpected: [...stack.partners].flatMap(([id, { ledger }]) => ledger.filter((e) => !keys.has(`${id} ${e.key}`)).map((e) => `${id} ${e.action}`)),
    repeated: deliveries.reduce((sum, d) => sum + taken(d).filter((e) => e.duplicate).length, 0),
    doubled: deliveries.filter((d) => taken(d).filter((e) => !e.duplicate).length > effectsOf(d)).map((d) => `${d.kind} ${d.destination}`),
  };
}

/** Effects of one delivery in the test configuration: parts of two numbers out of three, one for everything else. */
export const effectsInStack = (d: DeliveryView): number => (d.destination === 'operator-numbers' ? (d.part === 0 ? 2 : 1) : 1);
