import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import { monotonicMs } from '#kernel/clock.js';
import type { ClaimedDelivery } from './delivery.js';
import { Flights } from './flights.js';

const delivery = (id: string, changes: Partial<ClaimedDelivery> = {}): ClaimedDelivery => ({
  id: id as DeliveryId, alertId: 'alert' as AlertId, revision: 1, kind: 'alert', channel: 'cap-push', destination: 'tv' as DestinationId, part: 0, route: 0, key: id,
  attempt: 1, leaseToken: '1', had: false, expiresAt: new Date('2026-11-25T18:00:00Z'), contentHash: '', ...changes,
});

/** Flights over a store that still gives us some deliveries and tells for which it was asked. */
function flightsOf({ ours = [], trustMs = 250 }: { readonly ours?: readonly string[]; readonly trustMs?: number } = {}): { flights: Flights; asked: string[][] } {
  const asked: string[][] = [];
  const renew = async (all: readonly ClaimedDelivery[]) => {
    asked.push(all.map((d) => d.id));
    return all.map((d) => d.id).filter((id) => ours.includes(id));
  };
  return { flights: new Flights({ store: { renew }, leaseMs: 5_000, trustMs }), asked };
}

const LONG_AGO = -1e9;

describe('the attempts of a process', () => {
  it('go on as long as their leases do: what is no longer ours is aborted, and what has ended is asked about no more', async () => {
    const { flights, asked } = flightsOf({ ours: ['a', 'c'] });
    const [a, b, c] = [flights.begin(delivery('a'), monotonicMs()), flights.begin(delivery('b'), monotonicMs()), flights.begin(delivery('c'), monotonicMs())];
    flights.end(c);
    await flights.renew();
    expect([a, b, c].map((flight) => flight.abort.signal.aborted)).toEqual([false, true, false]);
    flights.end(b);
    await flights.renew();
    flights.end(a);
    await flights.renew();
    expect(asked).toEqual([['a', 'b'], ['a']]);
    expect(flights.size).toBe(0);
  });

  it('are trusted for a while after a claim; after that the store is asked before the first byte, once for many', async () => {
    const { flights, asked } = flightsOf({ ours: ['late'], trustMs: 60_000 });
    expect(await flights.holds(flights.begin(delivery('fresh'), monotonicMs()))).toBe(true);
    expect(asked).toEqual([]);
    const [late, lost] = [flights.begin(delivery('late'), LONG_AGO), flights.begin(delivery('lost'), LONG_AGO)];
    expect(await Promise.all([flights.holds(late), flights.holds(lost)])).toEqual([true, false]);
    expect(await flights.holds(late)).toBe(true);
    expect(asked).toEqual([['late', 'lost']]);
  });

  it('give way to a newer revision of their alert, those too that begin after the news; others fly on', async () => {
    const { flights } = flightsOf();
    const [older, newer, other] = [flights.begin(delivery('a'), monotonicMs()), flights.begin(delivery('b', { revision: 2 }), monotonicMs()), flights.begin(delivery('c', { alertId: 'other' as AlertId }), monotonicMs())];
    flights.heed('alert' as AlertId, 2);
    // Older news that comes late takes nothing back.
    flights.heed('alert' as AlertId, 1);
    const late = flights.begin(delivery('d'), monotonicMs());
    expect([older, newer, other, late].map((flight) => flight.abort.signal.aborted)).toEqual([true, false, false, true]);
    expect(await flights.holds(late)).toBe(false);
  });

  it('forget the news of the alert heard of least lately, so that memory ends somewhere', () => {
    const { flights } = flightsOf();
    const heard = (n: number) => `alert-${n}` as AlertId;
    for (let n = 0; n <= 1_000; n += 1) flights.heed(heard(n), 2);
    const begun = (n: number) => flights.begin(delivery(`d-${n}`, { alertId: heard(n) }), monotonicMs()).abort.signal.aborted;
    expect([begun(0), begun(1), begun(1_000)]).toEqual([false, true, true]);
  });

  it('all end when the process has to', () => {
    const { flights } = flightsOf();
    const all = ['a', 'b'].map((id) => flights.begin(delivery(id), monotonicMs()));
    flights.abortAll();
    expect(all.every((flight) => flight.abort.signal.aborted)).toBe(true);
  });
});
