import type { DestinationId } from '#kernel/ids.js';
import { reachOf, type ReachSums } from './reach.js';

const NOW = new Date('2026-11-24T18:10:00Z');
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);
const NOTHING = { parts: 0, total: 0, accepted: 0, acceptedTotal: 0 };
const of = (more: Partial<ReachSums>) => reachOf({
  destination: 'mts' as DestinationId, channel: 'smpp', parts: 1, accepted: 0, lastAcceptedAt: null, underWay: 1, receipts: { expected: 0, confirmed: 0, failed: 0 },
  taken: 0, known: NOTHING, open: { taken: 0, underWay: 0, left: 0 }, firstMarkAt: null, gained: 0, ...more,
}, NOW);
/** One part under way, of a known total. */
const counted = (taken: number, total = 1_000) => ({ taken, known: { ...NOTHING, parts: 1, total }, open: { taken, underWay: 1, left: total - taken } });

describe('how far a notice has come', () => {
  it('is measured over the last half minute, and tells when the last one will have it', () => {
    const reach = of({ ...counted(400), firstMarkAt: ago(60), gained: 300 });
    expect(reach).toMatchObject({ people: { taken: 400, total: 1_000 }, percent: 40, perSecond: 10, isEstimate: true });
    expect(reach.lastSubscriberAt).toEqual(ago(-60));
  });

  it('is measured from the first mark where that is nearer, and not before a moment has passed', () => {
    expect(of({ ...counted(200), firstMarkAt: ago(10), gained: 200 }).perSecond).toBe(20);
    expect(of({ ...counted(0), firstMarkAt: NOW }).perSecond).toBeNull();
  });

  it('estimates nothing of an operator that stands still', () => {
    expect(of({ ...counted(500), firstMarkAt: ago(600), gained: 0 })).toMatchObject({ perSecond: 0, lastSubscriberAt: null, isEstimate: false });
  });

  it('adds the parts of an operator, and takes one that has not begun for as large as the others', () => {
    const reach = of({
      parts: 4, accepted: 1, lastAcceptedAt: ago(5), underWay: 3, receipts: { expected: 1_000, confirmed: 600, failed: 10 }, taken: 1_500,
      known: { parts: 2, total: 2_000, accepted: 1, acceptedTotal: 1_000 }, open: { taken: 500, underWay: 1, left: 500 }, firstMarkAt: ago(20), gained: 1_500,
    });
    expect(reach).toMatchObject({ parts: { total: 4, accepted: 1 }, people: { taken: 1_500, total: null }, percent: 37.5, perSecond: 75, receipts: { expected: 1_000, confirmed: 600, failed: 10 } });
    // 2,500 are left at 75 a second.
    expect(reach.lastSubscriberAt!.getTime() - NOW.getTime()).toBeCloseTo((2_500 / 75) * 1_000, -1);
  });

  it('is whole only when every part was accepted, and then says when that was', () => {
    const known = { parts: 2, total: 2_000, accepted: 2, acceptedTotal: 2_000 };
    expect(of({ parts: 2, accepted: 2, underWay: 0, lastAcceptedAt: ago(30), taken: 2_000, known })).toMatchObject({ percent: 100, perSecond: null, lastSubscriberAt: ago(30), isEstimate: false });
    expect(of({ parts: 2, accepted: 1, underWay: 0, lastAcceptedAt: ago(60), taken: 2_000, known: { ...known, accepted: 1, acceptedTotal: 1_000 }, open: { taken: 1_000, underWay: 0, left: 0 }, firstMarkAt: ago(60) }))
      .toMatchObject({ percent: 99.9, perSecond: null, lastSubscriberAt: null });
  });

  it('knows of an operator\'s own list whether it was taken, and no more', () => {
    expect(of({})).toMatchObject({ percent: 0, perSecond: null, lastSubscriberAt: null, people: { taken: 0, total: null } });
    expect(of({ accepted: 1, underWay: 0, lastAcceptedAt: ago(1) })).toMatchObject({ percent: 100, lastSubscriberAt: ago(1), isEstimate: false });
  });
});
