import { rows } from '#storage/database.js';
import { ACCEPTED, DispatchStage, held } from '../support/dispatch-stage.js';
import { until } from '../support/until.js';

let stage: DispatchStage;

beforeEach(async () => {
  stage = await DispatchStage.open([{ id: 'rts' }, { id: 'mts', resend: 'ask' }]);
});

afterEach(async () => {
  await stage.close();
});

describe('a crash', () => {
  it('between commit and plan, between plan and claim: another finds it', async () => {
    await stage.approved();
    const store = stage.inTwoSteps();
    store.claim = async () => { throw new Error('killed'); };
    await expect(stage.dispatcher({ store }).drain()).rejects.toThrow('killed');
    expect(await stage.states()).toEqual(['mts alert queued', 'rts alert queued']);
    await stage.dispatcher().sweep(0);
    await until(() => stage.states(), (states) => states.every((s) => s.endsWith('accepted')));
  });

  it('between claim and send: uncertain, repeated where safe, left to a person where not', async () => {
    await stage.approved();
    const store = stage.inTwoSteps();
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
