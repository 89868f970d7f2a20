import type { DeliveryView } from './views.js';
import { isConfirmed } from './views.js';

/** How one phase of a drill went on one channel. */
export interface ChannelSummary {
  readonly phase: 'alert' | 'ending';
  readonly channel: string;
  readonly destinations: number;
  /** Deliveries: one for each part of a destination. */
  readonly deliveries: number;
  readonly accepted: number;
  /** Milliseconds from the approval, or the ending, to the acceptance of the first, of half and of the last; null when so many never came. */
  readonly firstMs: number | null;
  readonly halfMs: number | null;
  readonly lastMs: number | null;
  /** Of the deliveries: those whose partner confirmed all that was to be confirmed. */
  readonly confirmed: number;
  /** Signs, stations, numbers and broadcasters that were to confirm, and those that did. */
  readonly receipts: { readonly expected: number; readonly confirmed: number; readonly failed: number };
}

/** Sums up deliveries by phase and channel. Pure. */
export function summarize(deliveries: readonly DeliveryView[]): readonly ChannelSummary[] {
  const groups = new Map<string, { readonly phase: ChannelSummary['phase']; readonly channel: string; readonly of: DeliveryView[] }>();
  for (const delivery of deliveries) {
    const phase = ['alert', 'update'].includes(delivery.kind) ? 'alert' : 'ending';
    const name = `${phase} ${delivery.channel}`;
    const group = groups.get(name) ?? { phase, channel: delivery.channel, of: [] };
    groups.set(name, group);
    group.of.push(delivery);
  }
  return [...groups.values()].map(({ phase, channel, of }) => {
    const times = of.flatMap(({ msToAcceptance }) => (msToAcceptance === null ? [] : [msToAcceptance])).sort((a, b) => a - b);
    const sum = (pick: (delivery: DeliveryView) => number): number => of.reduce((total, delivery) => total + pick(delivery), 0);
    return {
      phase, channel, destinations: new Set(of.map(({ destination }) => destination)).size, deliveries: of.length, accepted: times.length,
      firstMs: times[0] ?? null, halfMs: times[Math.ceil(of.length / 2) - 1] ?? null, lastMs: times.length === of.length ? times.at(-1)! : null,
      confirmed: of.filter(isConfirmed).length,
      receipts: { expected: sum(({ receipts }) => receipts.expected ?? 0), confirmed: sum(({ receipts }) => receipts.confirmed), failed: sum(({ receipts }) => receipts.failed) },
    };
  }).sort((a, b) => (a.phase === b.phase ? (a.channel < b.channel ? -1 : 1) : a.phase === 'alert' ? -1 : 1));
}
