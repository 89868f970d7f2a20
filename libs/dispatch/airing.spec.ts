import fc from 'fast-check';
import { LEAST_SECONDS } from '#alerts/speech.js';
import type { Airing, OpenSlot, SlotView } from './airing.js';
import { airedWord, readAiredWord } from './aired-word.js';
import { complianceOf, EARLY_MS, judge, ON_TIME_MS, REPORT_MS, slotAfter, slotKey, slotsFor, windowEnd } from './airing.js';

const first = new Date('2026-11-24T18:00:00Z');
const after = (minutes: number): Date => new Date(first.getTime() + minutes * 60_000);

describe('the airing clock', () => {
  it('is due at once, every half hour for eight hours, then hourly to forty-eight', () => {
    const all = slotsFor(first, first, after(10_000));
    const minutes = all.map((at) => (at.getTime() - first.getTime()) / 60_000);
    expect(minutes.slice(0, 3)).toEqual([0, 30, 60]);
    expect(minutes.slice(15, 19)).toEqual([450, 480, 540, 600]);
    expect(minutes.at(-1)).toBe(48 * 60);
    expect(minutes).toHaveLength(17 + 40);
  });

  it('gives the same slots however the time is cut', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 8 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), 3_000];
      const pieces = edges.slice(1).flatMap((edge, i) => slotsFor(first, after(edges[i]! + (i === 0 ? 0 : 0.0001)), after(edge)));
      expect([...new Set(pieces.map(Number))]).toEqual(slotsFor(first, first, after(3_000)).map(Number));
    }));
  });

  it('follows each slot with the next, across the eighth hour and not past the last', () => {
    expect(slotAfter(first, after(480))).toEqual(after(540));
    expect(slotAfter(first, after(2_880))).toBeUndefined();
    // An update came a minute before a slot: the two are one airing.
    expect(slotAfter(first, after(29))).toEqual(after(60));
    expect(windowEnd(first, after(0))).toEqual(new Date(after(30).getTime() - EARLY_MS));
    expect(windowEnd(first, after(2_880))).toEqual(after(2_940));
  });

  it('gives each slot a key of its own, the delivery\'s to the first', () => {
    expect(slotKey('k', 0)).toBe('k');
    expect(new Set([0, 1, 2].map((n) => slotKey('k', n))).size).toBe(3);
  });

  describe('judges a slot', () => {
    const slot = (changes: Partial<OpenSlot> = {}): OpenSlot => ({ key: 'slot', manner: 'awaited', due: after(30), until: windowEnd(first, after(30)), state: 'due', ...changes });
    const airing = (minutes: number, changes: Partial<Airing> = {}): Airing => ({ seq: '1', key: 'delivery', at: after(minutes), seconds: 24, silent: false, ...changes });
    it.each([
      ['aired in time', slot(), [airing(31)], 31, 'aired'],
      ['aired a little early', slot(), [airing(29)], 31, 'aired'],
      ['aired late', slot(), [airing(40)], 41, 'late'],
      ['still due', slot(), [airing(2)], 45, undefined],
      ['of the next slot', slot(), [airing(59)], 59, undefined],
      ['missed after its window and the time to report', slot(), [], 58 + REPORT_MS / 60_000, 'missed'],
      ['still due just before', slot(), [], 57.9 + REPORT_MS / 60_000, undefined],
      ['missed when too short', slot(), [airing(31, { seconds: 12 })], 100, 'missed'],
      ['aired when the partner does not say how long', slot(), [airing(31, { seconds: undefined })], 31, 'aired'],
      ['proved after it was called missed', slot({ state: 'missed' }), [airing(31)], 300, 'aired'],
      ['settled and left', slot({ state: 'stopped' }), [airing(31)], 300, undefined],
      ['of a playout by its own key only', slot({ manner: 'triggered' }), [airing(31)], 31, undefined],
      ['of a playout', slot({ manner: 'triggered' }), [airing(31, { key: 'slot' })], 31, 'aired'],
    ] as const)('%s', (_what, given, airings, now, state) => expect(judge(given, airings, after(now))?.state).toBe(state));

    it('takes the earliest airing that is long enough', () => {
      const verdict = judge(slot(), [airing(33, { seq: '3' }), airing(31, { seq: '1', seconds: 3 }), airing(32, { seq: '2', seconds: LEAST_SECONDS })], after(40));
      expect(verdict).toMatchObject({ state: 'aired', airing: { seq: '2' } });
      expect(ON_TIME_MS).toBeLessThan(30 * 60_000);
    });
  });

  it('reads the word of an airing as it was written, and a partner\'s own', () => {
    for (const [seconds, silent] of [[24, false], [21, true]] as const) expect(readAiredWord(airedWord(seconds, silent))).toEqual({ seconds, silent });
    expect(readAiredWord('aired')).toEqual({ silent: false });
    expect(readAiredWord('AIRED 24.5 s')).toEqual({ seconds: 24.5, silent: false });
    for (const other of ['displayed', 'aired sometimes', 'stopped', 'not aired 24']) expect(readAiredWord(other)).toBeUndefined();
  });

  it('counts compliance by destination', () => {
    const view = (destination: string, state: SlotView['state'], airedAt: Date | null = null) => ({ destination, state, airedAt }) as SlotView;
    expect(complianceOf([view('a', 'aired', after(0)), view('a', 'late', after(40)), view('b', 'due'), view('a', 'missed'), view('a', 'stopped'), view('a', 'aired', after(60))])).toEqual([
      { destination: 'a', due: 0, aired: 2, late: 1, missed: 1, stopped: 1, inTime: 0.5, firstAiredAt: after(0), lastAiredAt: after(60) },
      { destination: 'b', due: 1, aired: 0, late: 0, missed: 0, stopped: 0, inTime: null, firstAiredAt: null, lastAiredAt: null },
    ]);
  });
});
