import { summarize } from './channel-summary.js';
import type { DeliveryView } from './views.js';

let last = 0;
const delivery = (more: Partial<DeliveryView>): DeliveryView => ({
  id: String((last += 1)), key: 'key', revision: 1, kind: 'alert', channel: 'cap-push', destination: 'rts-1', part: 0, route: 0, state: 'confirmed', confirmation: null, reason: null, attempts: 1,
  acceptedAt: '2026-11-24T18:00:00Z', msToAcceptance: 10, receipts: { expected: 1, confirmed: 1, failed: 0 }, ...more,
});

describe('what a drill says of a channel', () => {
  it('is when the first, half and the last of its deliveries were accepted', () => {
    const [channel] = summarize([300, 20, 100, 40].map((msToAcceptance, n) => delivery({ msToAcceptance, destination: `tv-${n}` })));
    expect(channel).toMatchObject({ destinations: 4, deliveries: 4, accepted: 4, firstMs: 20, halfMs: 40, lastMs: 300, confirmed: 4 });
  });

  it('names no last acceptance while one is missing, and no half while half are', () => {
    const missing = { msToAcceptance: null, acceptedAt: null, state: 'dead' };
    expect(summarize([delivery({}), delivery(missing), delivery(missing)])).toMatchObject([{ accepted: 1, firstMs: 10, halfMs: null, lastMs: null, confirmed: 1 }]);
  });

  it('counts the signs behind a centre, and keeps the ending apart', () => {
    const channels = summarize([
      delivery({ channel: 'datex2', state: 'accepted', receipts: { expected: 90, confirmed: 88, failed: 1 } }), delivery({ channel: 'datex2', kind: 'found', receipts: { expected: 90, confirmed: 90, failed: 0 } }),
    ]);
    expect(channels.map(({ phase, confirmed, receipts }) => [phase, confirmed, receipts.confirmed])).toEqual([['alert', 0, 88], ['ending', 1, 90]]);
  });
});
