import type { DestinationId } from '#kernel/ids.js';
import { reachOf, type ReachPart } from './reach.js';

const NOW = new Date('2026-11-24T18:10:00Z');
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);
const mark = (seconds: number, taken: number, total: number | null = 1_000) => ({ at: ago(seconds), taken, total });
const part = (more: Partial<ReachPart> = {}): ReachPart => ({
  destination: 'mts' as DestinationId, channel: 'smpp', part: 0, state: 'sending', acceptedAt: null, receipts: { expected: null, confirmed: 0, failed: 0 }, marks: [], ...more,
});
const only = (parts: readonly ReachPart[]) => reachOf(parts, NOW)[0]!;

describe('how far a notice has come', () => {
  it('is measured over the last half minute, and tells when the last one will have it', () => {
    const reach = only([part({ marks: [mark(60, 0), mark(30, 100), mark(15, 250), mark(0, 400)] })]);
    expect(reach).toMatchObject({ people: { taken: 400, total: 1_000 }, percent: 40, perSecond: 10, isEstimate: true });
    expect(reach.lastSubscriberAt).toEqual(ago(-60));
  });

  it('sees an operator that slowed down, and estimates nothing of one that stands still', () => {
    expect(only([part({ marks: [mark(600, 0), mark(31, 500), mark(0, 530)] })]).perSecond).toBe(1);
    expect(only([part({ marks: [mark(600, 0), mark(300, 500)] })])).toMatchObject({ perSecond: 0, lastSubscriberAt: null, isEstimate: false });
  });

  it('adds the parts of an operator, and takes one that has not begun for as large as the others', () => {
    const reach = only([
      part({ state: 'accepted', acceptedAt: ago(5), marks: [mark(20, 0), mark(5, 1_000)], receipts: { expected: 1_000, confirmed: 600, failed: 10 } }),
      part({ part: 1, marks: [mark(20, 0), mark(0, 500)] }),
      part({ part: 2, state: 'waiting' }),
      part({ part: 3, state: 'queued' }),
    ]);
    expect(reach).toMatchObject({ parts: { total: 4, accepted: 1 }, people: { taken: 1_500, total: null }, percent: 37.5, perSecond: 75, receipts: { expected: 1_000, confirmed: 600, failed: 10 } });
    // 2,500 are left at 75 a second.
    expect(reach.lastSubscriberAt!.getTime() - NOW.getTime()).toBeCloseTo((2_500 / 75) * 1_000, -1);
  });

  it('is whole only when every part was accepted, and then says when that was', () => {
    const done = (at: Date, n: number) => part({ part: n, state: 'confirmed', acceptedAt: at, marks: [mark(90, 0), mark(60, 1_000)] });
    expect(only([done(ago(60), 0), done(ago(30), 1)])).toMatchObject({ percent: 100, perSecond: null, lastSubscriberAt: ago(30), isEstimate: false });
    expect(only([done(ago(60), 0), part({ part: 1, state: 'uncertain', marks: [mark(60, 0), mark(0, 1_000)] })])).toMatchObject({ percent: 99.9, perSecond: null, lastSubscriberAt: null });
  });

  it('knows of an operator\'s own list whether it was taken, and no more', () => {
    expect(only([part()])).toMatchObject({ percent: 0, perSecond: null, lastSubscriberAt: null, people: { taken: 0, total: null } });
    expect(only([part({ state: 'accepted', acceptedAt: ago(1) })])).toMatchObject({ percent: 100, lastSubscriberAt: ago(1), isEstimate: false });
  });

  it('keeps operators apart', () => {
    expect(reachOf([part(), part({ destination: 'a1' as DestinationId })], NOW).map((r) => r.destination)).toEqual(['mts', 'a1']);
    expect(reachOf([], NOW)).toEqual([]);
  });
});
