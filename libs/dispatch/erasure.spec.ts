import { randomUUID } from 'node:crypto';
import { FixedClock } from '#kernel/clock.js';
import type { AlertId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from './channel.js';
import { chasePauseMs, ErasureChaser, type ErasureId, type ErasureRequest, type ErasureStore } from './erasure.js';
import { confirmationOf, LADDER } from './ladder.js';

const MINUTE = 60_000;
const request = (destination: string, chased = 0): ErasureRequest => ({
  id: randomUUID() as string as ErasureId, alertId: randomUUID() as string as AlertId, mode: 'drill', destination: destination as DestinationId, askedAt: new Date(0), dueAt: new Date(1), chased, keys: [],
});

function chaser(due: readonly ErasureRequest[], askOf: (id: string) => (() => Promise<Outcome>) | undefined) {
  const clock = new FixedClock('2026-11-24T18:00:00Z');
  const written: { destination: string; outcome: string; inMinutes: number }[] = [];
  const logged: string[] = [];
  const lookedBackMs: number[] = [];
  const store: ErasureStore = {
    ask: ({ now, endedAfter }) => {
      lookedBackMs.push(now.getTime() - endedAfter.getTime());
      return Promise.resolve([]);
    },
    takeDue: () => Promise.resolve(due),
    chased: (r, outcome, at, nextAt) => Promise.resolve(void written.push({ destination: r.destination, outcome, inMinutes: (nextAt.getTime() - at.getTime()) / MINUTE })),
  };
  return { written, logged, lookedBackMs, chaser: new ErasureChaser({ store, reachable: [], proofs: [], askOf, clock, log: { event: (name) => void logged.push(name) } }) };
}

describe('chasing an erasure', () => {
  it('grows rarer and never stops', () => {
    const pauses = Array.from({ length: 20 }, (_, n) => chasePauseMs(n + 1));
    expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
    expect([pauses[0], pauses.at(-1)]).toEqual([MINUTE, 24 * 60 * MINUTE]);
  });

  it('calls each whose time has come, writes down what came of it, and lets none hold up another', async () => {
    const accepted: Outcome = { kind: 'accepted', references: [], expectedReceipts: 0 };
    const answers: Record<string, () => Promise<Outcome>> = {
      well: () => Promise.resolve(accepted), away: () => Promise.resolve({ kind: 'deferred', reason: 'connect_refused' }), broken: () => Promise.reject(new TypeError('quotes')),
    };
    const { chaser: chase, written, logged } = chaser([request('well'), request('away', 3), request('broken', 1), request('removed')], (id) => answers[id]);
    await chase.tick();
    expect(written).toEqual([
      { destination: 'well', outcome: 'accepted', inMinutes: 1 }, { destination: 'away', outcome: 'deferred', inMinutes: 60 }, { destination: 'broken', outcome: 'uncertain', inMinutes: 5 },
    ]);
    expect(logged.filter((name) => name === 'app.failed')).toHaveLength(1);
  });
});

describe('asking', () => {
  it('looks far back at first and then at what ended lately', async () => {
    const { chaser: asking, lookedBackMs } = chaser([], () => undefined);
    for (let time = 0; time < 3; time += 1) await asking.tick();
    const [first, ...rest] = lookedBackMs;
    expect([first, rest]).toEqual([90 * 24 * 60 * MINUTE, [60 * MINUTE, 60 * MINUTE]]);
  });
});

describe('the ladder of a delivery', () => {
  it('has a rung for every state, and says where nobody can know', () => {
    const states = ['queued', 'sending', 'waiting', 'uncertain', 'accepted', 'confirmed', 'failed', 'dead', 'cancelled', 'closed'] as const;
    expect(states.map((state) => confirmationOf(state, 1))).toEqual(['queued', 'sent', 'queued', 'sent', 'accepted', 'confirmed', 'failed', 'failed', null, null]);
    expect(confirmationOf('accepted', 0)).toBe('unknowable');
    expect(LADDER).toContain(confirmationOf('accepted', null));
  });
});
