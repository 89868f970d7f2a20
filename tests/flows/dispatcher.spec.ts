import { rows } from '#storage/database.js';
import type { PgDeliveryStore } from '#storage/delivery-store.js';
import type { Outcome } from '#dispatch/channel.js';
import type { NoticeSource } from '#dispatch/dispatcher.js';
import { ACCEPTED, DispatchStage, type Answer, type Call } from '../support/dispatch-stage.js';
import { APPROVER, AUTHOR } from '../support/officers.js';
import { until } from '../support/until.js';

const UNCERTAIN: Outcome = { kind: 'uncertain', reason: 'timeout' };
const BUSY: Outcome = { kind: 'deferred', reason: 'busy' };

let stage: DispatchStage;

beforeEach(async () => {
  stage = await DispatchStage.open([{ id: 'rts' }, { id: 'mts', resend: 'ask' }]);
});

afterEach(async () => {
  await stage.close();
});

/** An answer that waits until it is told, whatever its signal says. */
function held(): { answer: Answer; call: Promise<Call>; release: (outcome: Outcome) => void } {
  let arrived: (call: Call) => void;
  let release!: (outcome: Outcome) => void;
  const call = new Promise<Call>((resolve) => { arrived = resolve; });
  const outcome = new Promise<Outcome>((resolve) => { release = resolve; });
  return { answer: (made) => { arrived(made); return outcome; }, call, release };
}

/** A store of which plan and claim are two steps, so that a story can come between them. */
function inTwoSteps(): PgDeliveryStore {
  const store = stage.deliveries();
  const planNext = store.planNext.bind(store);
  store.planNext = (plan) => planNext(plan);
  return store;
}

const bySight = (calls: readonly Call[]) => calls.map((c) => `${c.destination} ${c.action}`).sort();

describe('a dispatcher', () => {
  it('sends an approved alert to every destination at once, with the hash that was approved', async () => {
    const alert = await stage.approved();
    await stage.dispatcher().drain();
    expect(await stage.states()).toEqual(['mts alert accepted', 'rts alert accepted']);
    expect(stage.taken.map((t) => t.contentHash)).toEqual([alert.published!.contentHash, alert.published!.contentHash]);
    expect(await stage.facts('delivery.attempted', alert.id)).toBe(2);
    const [attempt] = await rows<{ content_hash: string }>(stage.source, 'SELECT DISTINCT content_hash FROM attempts');
    expect(attempt!.content_hash).toBe(alert.published!.contentHash);
  });

  it('sends nothing that nobody approved', async () => {
    await stage.dispatcher().drain();
    await stage.dispatcher().sweep(0);
    expect(stage.calls).toEqual([]);
  });

  it('repeats what was deferred when it is woken, not before, under the same key', async () => {
    stage.answer('rts', () => BUSY);
    await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    expect(await stage.states()).toEqual(['mts alert accepted', 'rts alert waiting']);
    const [wake] = stage.wakes;
    expect(wake!.at.getTime()).toBeGreaterThan(Date.now());
    await dispatcher.deliver([wake!.id]);
    expect(await stage.states()).toContain('rts alert accepted');
    expect(new Set(stage.calls.filter((c) => c.destination === 'rts').map((c) => c.message.key)).size).toBe(1);
  });

  it('sends to a destination that was disabled once it is in force again, though it has not heard of that yet', async () => {
    stage.answer('rts', () => BUSY);
    await stage.approved();
    await stage.dispatcher().drain();
    const waiting = (await stage.seen()).find((d) => d.destination === 'rts' && d.state === 'waiting');
    await stage.dispatcher({ disabled: 'rts' }).deliver([waiting!.id]);
    expect(await stage.states()).toEqual(['mts alert accepted', 'rts alert accepted']);
  });

  it('is woken by its own sweep when nobody else does', async () => {
    stage.answer('rts', () => BUSY);
    await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    await dispatcher.sweep(0);
    expect(await stage.states()).toContain('rts alert waiting');
    stage.offsetMs = 600;
    await dispatcher.sweep(0);
    await until(() => stage.states(), (states) => states.includes('rts alert accepted'));
  });

  it('repeats an uncertain send where that is safe, and asks a person where it is not', async () => {
    stage.answer('rts', (call) => { call.take(); return UNCERTAIN; });
    stage.answer('mts', (call) => { call.take(); return UNCERTAIN; });
    await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    expect(await stage.states()).toEqual(['mts alert uncertain', 'rts alert waiting']);
    await dispatcher.deliver((await stage.seen()).map((d) => d.id));
    expect(await stage.states()).toEqual(['mts alert uncertain', 'rts alert accepted']);
    const [mts] = await stage.seen();
    await stage.deliveries().settleDeadLetter(mts!.id, 'retry', AUTHOR, 'pozvan operater', new Date());
    await dispatcher.deliver([mts!.id]);
    expect(await stage.states()).toContain('mts alert accepted');
    expect(new Set(stage.taken.map((t) => t.key)).size).toBe(2);
  });

  it('lets what is past its expiry die, and says so', async () => {
    stage.answer('rts', () => BUSY);
    const alert = await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.drain();
    stage.offsetMs = 25 * 3_600_000;
    await dispatcher.sweep(0);
    await until(() => stage.states(), (states) => states.includes('rts alert dead'));
    expect(stage.calls.filter((c) => c.destination === 'rts')).toHaveLength(1);
    expect(await stage.facts('delivery.dead', alert.id)).toBe(1);
  });

  it('takes a signal that aborts by time for the partner\'s trouble, and opens its breaker', async () => {
    const silent: Answer = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'uncertain', reason: 'aborted' })));
    stage.answer('rts', silent, silent, silent);
    const dispatcher = stage.dispatcher({ attemptMs: 30, breaker: { volume: 3 } });
    await stage.approved();
    await stage.approved();
    await stage.approved();
    await dispatcher.drain();
    expect((await stage.seen()).filter((d) => d.destination === 'rts').map((d) => d.reason)).toEqual(['timeout', 'timeout', 'timeout']);
    await stage.approved();
    await dispatcher.drain();
    expect((await stage.seen()).filter((d) => d.reason === 'breaker_open' && d.state === 'waiting' && !d.may_have && d.attempts === 0)).toHaveLength(1);
    await dispatcher.probe(100);
    await until(() => stage.states(), (states) => states.filter((s) => s === 'rts alert accepted').length === 4);
  });

  it('treats a bug in a channel as uncertain, at once', async () => {
    stage.answer('rts', () => { throw new TypeError('Kanarinka'); });
    await stage.approved();
    await stage.dispatcher().drain();
    expect((await stage.seen())[1]).toMatchObject({ state: 'waiting', reason: 'channel_failed', may_have: true });
    expect(stage.logged.join('\n')).not.toContain('Kanarinka');
  });

  it('sends nothing when what is stored is not what was approved, nor when it cannot be read', async () => {
    const alert = await stage.approved();
    const other = await stage.approved();
    const stored = await stage.alerts.sentNotice(other.id, 1);
    const forged: NoticeSource = { notice: async (id) => (id === alert.id ? stored : { ...stored!, policeTelephone: '555' }), photo: async () => undefined };
    await stage.dispatcher({ notices: forged }).drain();
    expect(stage.calls).toEqual([]);
    expect((await stage.seen()).map((d) => d.reason)).toEqual(Array(4).fill('hash_not_approved'));
    const later = await stage.approved();
    await stage.dispatcher({ notices: { notice: async () => { throw new Error('away'); }, photo: async () => undefined } }).drain();
    expect((await stage.seen(later.id)).map((d) => `${d.state} ${d.may_have}`)).toEqual(['waiting false', 'waiting false']);
  });

  it('does not let a partner that hangs hold up the sweep, nor another partner', async () => {
    const hanging = held();
    stage.answer('rts', hanging.answer);
    await stage.approved();
    const dispatcher = stage.dispatcher();
    await dispatcher.sweep(0);
    await hanging.call;
    await stage.approved();
    await dispatcher.sweep(0);
    await until(() => stage.states(), (states) => states.filter((s) => s.endsWith('accepted')).length === 3);
    hanging.release(ACCEPTED);
    await until(() => dispatcher.inFlight, (count) => count === 0);
  });

  it('fails loudly but lives on when the database is away in mid drain', async () => {
    await stage.approved();
    const store = inTwoSteps();
    store.claim = async () => { throw new Error('away'); };
    await expect(stage.dispatcher({ store }).drain()).rejects.toThrow('away');
    await stage.dispatcher().sweep(0);
    await until(() => stage.states(), (states) => states.every((s) => s.endsWith('accepted')));
  });

  it('takes no more work once it stops, and gives back what it had just taken', async () => {
    const hanging = held();
    stage.answer('rts', hanging.answer);
    await stage.approved();
    const dispatcher = stage.dispatcher();
    const draining = dispatcher.drain();
    const call = await hanging.call;
    const stopping = dispatcher.stop(50);
    await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()));
    hanging.release({ kind: 'uncertain', reason: 'aborted' });
    await Promise.all([stopping, draining]);
    expect(await stage.states()).toEqual(['mts alert accepted', 'rts alert waiting']);
    await stage.approved();
    await dispatcher.drain();
    await dispatcher.sweep(0);
    expect(stage.calls).toHaveLength(2);

    const slow = inTwoSteps();
    const claim = slow.claim.bind(slow);
    let stopped: Promise<void> | undefined;
    const halting = stage.dispatcher({ store: slow });
    slow.claim = async (...args) => {
      const claimed = await claim(...args);
      stopped = halting.stop(1_000);
      return claimed;
    };
    await halting.drain();
    await stopped;
    expect(stage.calls).toHaveLength(2);
    expect((await stage.seen()).filter((d) => d.reason === 'stopping').map((d) => `${d.state} ${d.attempts} ${d.may_have}`)).toEqual(['waiting 0 false', 'waiting 0 false']);
  });
});

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
    const store = inTwoSteps();
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

describe('a crash', () => {
  it('between commit and plan, between plan and claim: another finds it', async () => {
    await stage.approved();
    const store = inTwoSteps();
    store.claim = async () => { throw new Error('killed'); };
    await expect(stage.dispatcher({ store }).drain()).rejects.toThrow('killed');
    expect(await stage.states()).toEqual(['mts alert queued', 'rts alert queued']);
    await stage.dispatcher().sweep(0);
    await until(() => stage.states(), (states) => states.every((s) => s.endsWith('accepted')));
  });

  it('between claim and send: uncertain, repeated where safe, left to a person where not', async () => {
    await stage.approved();
    const store = inTwoSteps();
    const claim = store.claim.bind(store);
    store.claim = async (...args) => {
      await claim(...args);
      throw new Error('killed');
    };
    await expect(stage.dispatcher({ store }).drain()).rejects.toThrow('killed');
    const other = stage.dispatcher();
    await other.sweep(0);
    expect(await stage.states()).toEqual(['mts alert sending', 'rts alert sending']);
    await stage.lapse();
    await other.sweep(0);
    expect(await stage.states()).toEqual(['mts alert uncertain', 'rts alert waiting']);
    await other.deliver((await stage.seen()).map((d) => d.id));
    expect(await stage.states()).toEqual(['mts alert uncertain', 'rts alert accepted']);
  });

  it('after the partner accepted, before it was recorded: the same key again, one effect', async () => {
    await stage.approved();
    const store = stage.deliveries();
    store.record = async () => { throw new Error('killed'); };
    await stage.dispatcher({ store }).drain();
    await stage.lapse();
    const other = stage.dispatcher();
    await other.sweep(0);
    await other.deliver((await stage.seen()).map((d) => d.id));
    const rts = stage.taken.filter((t) => t.destination === 'rts');
    expect(rts).toHaveLength(2);
    expect(new Set(rts.map((t) => t.key)).size).toBe(1);
    expect(await stage.states()).toEqual(['mts alert uncertain', 'rts alert accepted']);
  });

  it('of nobody: who was thought dead and comes back late changes nothing', async () => {
    const hanging = held();
    stage.answer('mts', hanging.answer);
    await stage.approved();
    const stopped = stage.dispatcher();
    const draining = stopped.drain();
    const call = await hanging.call;
    await stage.lapse();
    await stage.dispatcher().sweep(0);
    expect(await stage.states()).toContain('mts alert uncertain');
    await stopped.renew();
    expect(call.signal.aborted).toBe(true);
    hanging.release(ACCEPTED);
    await draining;
    expect(await stage.states()).toContain('mts alert uncertain');
    const attempts = await rows<{ outcome: string }>(stage.source,
      `SELECT outcome FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE destination = 'mts' ORDER BY a.lease_token`);
    expect(attempts.map((a) => a.outcome)).toEqual(['accepted', 'uncertain']);
  });

  it('of a recorder leaves a lease that lapses, however busy the process is otherwise', async () => {
    const store = stage.deliveries();
    const record = store.record.bind(store);
    store.record = async (attempts) => {
      if (attempts.some((a) => a.delivery.destination === 'rts')) throw new Error('bug');
      return record(attempts);
    };
    await stage.approved();
    const dispatcher = stage.dispatcher({ store, leaseMs: 60 });
    await dispatcher.drain();
    const hanging = held();
    stage.answer('mts', hanging.answer);
    await stage.approved();
    const draining = dispatcher.drain();
    await hanging.call;
    // Renewing what flies does not renew what fell.
    await until(async () => {
      await dispatcher.renew();
      return rows(stage.source, `SELECT FROM deliveries WHERE state = 'sending' AND leased_until < clock_timestamp()`);
    }, (lapsed) => lapsed.length > 0);
    hanging.release(ACCEPTED);
    await draining;
  });
});

it('says nothing of a child in its log', async () => {
  await stage.approved();
  await stage.dispatcher().drain();
  expect(stage.logged.join('\n')).not.toMatch(/Kanarinka|Probić/);
});
