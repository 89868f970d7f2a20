import fc from 'fast-check';
import type { Outcome } from './channel.js';
import { backoffMs, isEnding, RETRY, settle } from './delivery.js';

const NOW = new Date('2026-11-24T18:00:00Z');
const delivery = (changes: Partial<Parameters<typeof settle>[0]> = {}) => ({ attempt: 1, had: false, expiresAt: new Date('2026-11-25T18:00:00Z'), ...changes });
const after = (outcome: Outcome, resend: 'safe' | 'ask' = 'safe', changes = {}) => settle(delivery(changes), outcome, resend, NOW, 0);

describe('what follows an attempt', () => {
  it('is done for now when the partner accepted', () => {
    expect(after({ kind: 'accepted', references: ['r'], expectedReceipts: 2 })).toEqual({ state: 'accepted', mayHave: true, expectedReceipts: 2 });
  });

  it('waits for a person when the partner refused; it has what it had before', () => {
    expect(after({ kind: 'refused', reason: 'no' })).toEqual({ state: 'dead', mayHave: false, reason: 'no' });
    expect(after({ kind: 'refused', reason: 'no' }, 'safe', { had: true })).toMatchObject({ state: 'dead', mayHave: true });
  });

  it('is repeated when it was deferred, and the partner has it no more than before', () => {
    expect(after({ kind: 'deferred', reason: 'busy' })).toEqual({ state: 'waiting', mayHave: false, reason: 'busy', nextAttemptAt: new Date('2026-11-24T18:00:00.500Z') });
    expect(after({ kind: 'deferred', reason: 'busy' }, 'ask', { had: true })).toMatchObject({ state: 'waiting', mayHave: true });
  });

  it('is repeated after uncertainty where repeating is safe, and waits for a person where it is not', () => {
    expect(after({ kind: 'uncertain', reason: 'timeout' }, 'safe')).toMatchObject({ state: 'waiting', mayHave: true, reason: 'timeout' });
    expect(after({ kind: 'uncertain', reason: 'timeout' }, 'ask')).toEqual({ state: 'uncertain', mayHave: true, reason: 'timeout' });
  });

  it('waits for the receipts of what was taken in an attempt that is uncertain otherwise', () => {
    const partly: Outcome = { kind: 'uncertain', reason: 'timeout', references: ['q-1'], expectedReceipts: 2 };
    expect(after(partly, 'ask')).toEqual({ state: 'uncertain', mayHave: true, reason: 'timeout', expectedReceipts: 2 });
    expect(after(partly, 'safe')).toMatchObject({ state: 'waiting', mayHave: true, expectedReceipts: 2 });
  });

  it('waits as long as the partner asks', () => {
    const { nextAttemptAt } = after({ kind: 'deferred', reason: 'throttled', retryAfterMs: 30_000 });
    expect(nextAttemptAt).toEqual(new Date(NOW.getTime() + 30_000));
  });

  it.each([31_536_000_000, 1e300, Number.POSITIVE_INFINITY, Number.NaN, -5])('is not silenced by a partner that asks to be left alone for %d ms', (retryAfterMs) => {
    const { state, nextAttemptAt } = after({ kind: 'deferred', reason: 'throttled', retryAfterMs });
    expect(state).toBe('waiting');
    expect(nextAttemptAt!.getTime() - NOW.getTime()).toBeGreaterThanOrEqual(500);
    expect(nextAttemptAt!.getTime() - NOW.getTime()).toBeLessThanOrEqual(300_000);
  });

  it('dies when the next attempt would come after the expiry', () => {
    const soon = { expiresAt: new Date(NOW.getTime() + 500) };
    expect(after({ kind: 'deferred', reason: 'busy' }, 'safe', soon)).toEqual({ state: 'dead', mayHave: false, reason: 'expired' });
    expect(after({ kind: 'uncertain', reason: 'timeout' }, 'safe', soon)).toEqual({ state: 'dead', mayHave: true, reason: 'expired' });
  });

  it('never forgets that the partner may have it, and never repeats past the expiry', () => {
    const outcome: fc.Arbitrary<Outcome> = fc.oneof(
      fc.constant<Outcome>({ kind: 'accepted', references: [], expectedReceipts: 1 }), fc.constant<Outcome>({ kind: 'refused', reason: 'r' }),
      fc.constant<Outcome>({ kind: 'uncertain', reason: 'r' }), fc.double().map((retryAfterMs): Outcome => ({ kind: 'deferred', reason: 'r', retryAfterMs })));
    const given = fc.record({ attempt: fc.integer({ min: 1, max: 100 }), had: fc.boolean(), expiresAt: fc.date({ min: NOW, max: new Date('2026-11-28'), noInvalidDate: true }) });
    fc.assert(fc.property(given, outcome, fc.constantFrom('safe' as const, 'ask' as const), fc.double({ min: 0, max: 0.999, noNaN: true }), (d, o, resend, random) => {
      const settled = settle(d, o, resend, NOW, random);
      if (d.had || o.kind === 'accepted' || o.kind === 'uncertain') expect(settled.mayHave).toBe(true);
      expect(settled.nextAttemptAt !== undefined).toBe(settled.state === 'waiting');
      if (settled.nextAttemptAt) expect(settled.nextAttemptAt < d.expiresAt && settled.nextAttemptAt > NOW).toBe(true);
    }));
  });
});

describe('the wait between attempts', () => {
  it('doubles up to its cap, the upper half of it random', () => {
    expect([1, 2, 3, 4].map((n) => backoffMs(n, 0))).toEqual([500, 1_000, 2_000, 4_000]);
    expect([1, 2, 3, 4].map((n) => backoffMs(n, 1))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(backoffMs(5_000, 0.5)).toBe(RETRY.capMs * 0.75);
  });
});

it('tells endings from what is published', () => {
  expect((['alert', 'update', 'found', 'withdrawn', 'expired'] as const).map(isEnding)).toEqual([false, false, true, true, true]);
});
