import { rows } from '#storage/database.js';
import type { Outcome } from '#dispatch/channel.js';
import { ACCEPTED, DispatchStage, held, type Call } from '../support/dispatch-stage.js';
import { APPROVER } from '../support/officers.js';
import { until } from '../support/until.js';

const BUSY: Outcome = { kind: 'deferred', reason: 'busy' };

let stage: DispatchStage;

beforeEach(async () => {
  stage = await DispatchStage.open([{ id: 'rts' }, { id: 'mts', resend: 'ask' }]);
});

afterEach(async () => {
  await stage.close();
});

const bySight = (calls: readonly Call[]) => calls.map((c) => `${c.destination} ${c.action}`).sort();

describe('a withdrawal', () => {
  it('aborts what is being sent, waits for none of it, and goes to who may have the alert', async () => {
    const hanging = held();
    stage.answer('rts', hanging.answer);
    stage.answer('mts', () => ({ kind: 'refused', reason: 'no' }));
    const alert = await stage.approved();
    const dispatcher = stage.dispatcher();
    const draining = dispatcher.drain();
    const call = await hanging.call;
    await until(() => stage.states(), (states) => states.includes('mts alert dead'));
    await stage.withdrawn(alert);
    await dispatcher.drain();
    expect(call.signal.aborted).toBe(true);
    expect(bySight(stage.calls)).toEqual(['mts publish', 'rts publish', 'rts withdraw']);
    expect(await stage.states()).toEqual(['mts alert dead', 'rts alert cancelled', 'rts withdrawn accepted']);
    // The answer comes late: it is kept as an attempt and moves nothing.
    hanging.release(ACCEPTED);
    await draining;
    expect(await stage.states()).toContain('rts alert cancelled');
    expect(await rows(stage.source, `SELECT FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'alert' AND a.outcome = 'accepted'`)).toHaveLength(1);
  });

  it('kills what waits', async () => {
    stage.answer('rts', () => BUSY);
    stage.answer('mts', () => BUSY);
    const alert = await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    await stage.withdrawn(alert);
    await dispatcher.drain();
    expect(await stage.states()).toEqual(['mts alert cancelled', 'rts alert cancelled']);
    stage.offsetMs = 2_000;
    await dispatcher.deliver(stage.wakes.map((w) => w.id));
    await dispatcher.sweep(0);
    expect(stage.calls).toHaveLength(2);
    expect(await stage.facts('delivery.cancelled', alert.id)).toBe(2);
  });

  it('is planned before alerts that wait, and kills its own alert before it was planned', async () => {
    const first = await stage.approved();
    await stage.withdrawn(first);
    const planned: string[] = [];
    const store = stage.deliveries();
    const planNext = store.planNext.bind(store);
    store.planNext = async (plan) => {
      const made = await planNext(plan);
      if (made) planned.push(made.row.kind);
      return made;
    };
    await stage.dispatcher({ store }).drain();
    expect(planned).toEqual(['withdrawn', 'alert']);
    expect(stage.calls).toEqual([]);
    expect(await stage.states()).toEqual(['mts alert cancelled', 'rts alert cancelled']);
  });

  it('is heeded even by a dispatcher whose claim was still on its way when the news came', async () => {
    const alert = await stage.approved();
    const store = stage.inTwoSteps();
    const claim = store.claim.bind(store);
    const slow = stage.dispatcher({ store });
    store.claim = async (...args) => {
      store.claim = claim;
      const claimed = await claim(...args);
      await stage.withdrawn(alert);
      await stage.dispatcher().drain();
      await slow.heed(alert.id);
      return claimed;
    };
    await slow.drain();
    expect(bySight(stage.calls)).toEqual(['mts withdraw', 'rts withdraw']);
    expect(await stage.states()).toEqual(['mts alert cancelled', 'mts withdrawn accepted', 'rts alert cancelled', 'rts withdrawn accepted']);
  });

  it('is not overtaken by a dispatcher that stood still between claim and send and heard nothing', async () => {
    const alert = await stage.approved();
    let stand!: () => void;
    const still = new Promise<void>((resolve) => { stand = resolve; });
    let reached!: () => void;
    const reading = new Promise<void>((resolve) => { reached = resolve; });
    const paused = stage.dispatcher({
      trustMs: 5,
      notices: {
        notice: async (id, revision) => {
          reached();
          await still;
          return stage.alerts.sentNotice(id, revision);
        },
        photo: async () => undefined,
      },
    });
    const draining = paused.drain();
    await reading;
    await stage.withdrawn(alert);
    await stage.dispatcher().drain();
    await new Promise((resolve) => setTimeout(resolve, 10));
    stand();
    await draining;
    expect(bySight(stage.calls)).toEqual(['mts withdraw', 'rts withdraw']);
    expect(await stage.states()).not.toContain('rts alert uncertain');
  });

  it('is sent again, and a person told, when a publish slipped out after it all the same', async () => {
    const alert = await stage.approved();
    const store = stage.deliveries();
    const [row] = [await store.planNext((r) => [{ channel: 'rts', destination: 'rts' as never, part: 0, route: 0, key: `${r.alertId}`, spread: false }])];
    const { taken } = await store.claim(row!.queued, alert.id, 5_000, stage.clock.now());
    await stage.withdrawn(alert);
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    const startedAt = new Date(Date.now() + 5);
    const outcome = { kind: 'accepted', references: ['r-1'], expectedReceipts: 0 } as const;
    const record = { delivery: taken[0]!, startedAt, ms: 1, outcome, settlement: { state: 'accepted', mayHave: true } as const };
    await store.record([record]);
    await store.record([record]);
    expect(await stage.seen()).toEqual([
      expect.objectContaining({ kind: 'alert', state: 'uncertain', reason: 'sent_after_ending', may_have: true }),
      expect.objectContaining({ kind: 'withdrawn', state: 'queued', reason: 'overtaken' }),
    ]);
    expect(await stage.facts('delivery.dead', alert.id)).toBe(1);
    await dispatcher.sweep(0);
    await until(() => stage.states(), (states) => states.includes('rts withdrawn accepted'));
    expect(stage.taken.filter((t) => t.action === 'withdraw').map((t) => t.key)).toEqual([stage.taken[0]!.key, stage.taken[0]!.key]);
  });

  it('reaches a partner only once however many had a part in it, and ends at erasure', async () => {
    const alert = await stage.updated(await stage.approved());
    const dispatchers = [stage.dispatcher(), stage.dispatcher()];
    await Promise.all(dispatchers.map((d) => d.drain()));
    const ended = await stage.withdrawn(alert);
    await Promise.all(dispatchers.flatMap((d) => [d.drain(), d.sweep(0), d.drain()]));
    await until(() => stage.states(), (states) => states.filter((s) => s.endsWith('withdrawn accepted')).length === 2);
    expect(bySight(stage.calls).filter((c) => c.endsWith('withdraw'))).toEqual(['mts withdraw', 'rts withdraw']);
    await stage.act(ended, { do: 'erase' }, APPROVER);
    expect(await stage.alerts.sentNotice(alert.id, 3)).toBeUndefined();
  });
});
