import { compareLedgers } from './ledgers.js';
import type { DeliveryView } from './views.js';

const delivery: DeliveryView = {
  id: 'd1', key: 'key-1', revision: 1, kind: 'alert', channel: 'smpp', destination: 'mts', part: 0, route: 1, state: 'confirmed', confirmation: null, reason: null, attempts: 1,
  acceptedAt: '2026-11-24T18:00:00Z', msToAcceptance: 10, receipts: { expected: 1, confirmed: 1, failed: 0 },
};

describe('the ledgers of simulated partners', () => {
  it('count over all routes of a destination', () => {
    const report = compareLedgers([delivery], new Map([['mts', []], ['mts#2', [{ key: 'key-1', effects: 2, duplicates: 1 }]]]));
    expect([report.of.get('d1'), report.lost, report.unexpected]).toEqual([{ effects: 2, duplicates: 1 }, [], []]);
  });

  it('show what was accepted and is not there, and what nobody sent', () => {
    const report = compareLedgers([delivery], new Map([['mts', [{ key: 'key-2', effects: 1, duplicates: 0 }]]]));
    expect([report.lost, report.unexpected]).toEqual([['mts'], ['mts key-2']]);
  });
});
