import { rows } from '#storage/database.js';
import type { Outcome } from '#dispatch/channel.js';
import { DispatchStage } from '../support/dispatch-stage.js';
import { until } from '../support/until.js';

const AWAY: Outcome = { kind: 'deferred', reason: 'unreachable: ECONNREFUSED' };
const away = () => AWAY;
const UNCERTAIN: Outcome = { kind: 'uncertain', reason: 'timeout' };

let stage: DispatchStage;

beforeEach(async () => {
  stage = await DispatchStage.open([{ id: 'site-a', fallbacks: [{ id: 'site-b' }, { id: 'cap', lapses: true }] }]);
});

afterEach(async () => {
  await stage.close();
});

const called = () => stage.calls.map((c) => `${c.destination} ${c.action}`);
/** Where the deliveries stand and which route they are on. */
const standing = async () => (await stage.seen()).map((d) => `${d.kind} ${d.state} ${d.route} ${d.channel}`);
const moves = async () => (await rows<{ body: { from: number; to: number; reason: string } }>(stage.source,
  `SELECT record::jsonb -> 'body' AS body FROM facts WHERE type = 'delivery.rerouted' ORDER BY seq`)).map(({ body }) => `${body.from} to ${body.to}: ${body.reason}`);

describe('a partner with several routes', () => {
  it('is reached over the next one at once when the first is in trouble, under the same key, and the timeline says why', async () => {
    stage.answer('site-a', away);
    stage.answer('site-b', () => ({ kind: 'refused', reason: 'http_401' }));
    const alert = await stage.approved();
    await stage.dispatcher().drain();
    expect(called()).toEqual(['site-a publish', 'site-b publish', 'cap publish']);
    expect(new Set(stage.calls.map((c) => c.message.key)).size).toBe(1);
    expect(await standing()).toEqual(['alert accepted 2 cap']);
    expect(stage.wakes).toEqual([]);
    expect(await moves()).toEqual(['0 to 1: unreachable: ECONNREFUSED', '1 to 2: http_401']);
    const attempts = await rows(stage.source, 'SELECT number, route, outcome FROM attempts ORDER BY number');
    expect(attempts).toEqual([{ number: 1, route: 0, outcome: 'deferred' }, { number: 2, route: 1, outcome: 'refused' }, { number: 3, route: 2, outcome: 'accepted' }]);
    const facts = await rows<{ channel: string; route: number }>(stage.source,
      `SELECT record::jsonb -> 'body' ->> 'channel' AS channel, (record::jsonb -> 'body' ->> 'route')::int AS route FROM facts WHERE type = 'delivery.attempted' AND alert_id = $1 ORDER BY seq`, [alert.id]);
    expect(facts).toEqual([{ channel: 'site-a', route: 0 }, { channel: 'site-b', route: 1 }, { channel: 'cap', route: 2 }]);
  });

  it('gets the written notice over the next one where no program is there to speak it, and waits for a person where that is the only one', async () => {
    const mute: Outcome = { kind: 'refused', reason: 'voice_missing' };
    stage.answer('site-a', () => mute);
    await stage.approved();
    await stage.dispatcher().drain();
    expect(called()).toEqual(['site-a publish', 'site-b publish']);
    expect(await standing()).toEqual(['alert accepted 1 site-b']);
    expect(await moves()).toEqual(['0 to 1: voice_missing']);
    const alone = await DispatchStage.open([{ id: 'site-a' }]);
    try {
      alone.answer('site-a', () => mute);
      await alone.approved();
      await alone.dispatcher().drain();
      expect((await alone.seen()).map((d) => `${d.state} ${d.reason}`)).toEqual(['dead voice_missing']);
    } finally {
      await alone.close();
    }
  });

  it('is not tried over a route whose breaker is open, and is again once a probe found that well', async () => {
    const dispatcher = stage.dispatcher({ breaker: { volume: 1 } });
    stage.answer('site-a', away);
    await stage.approved();
    await dispatcher.drain();
    await stage.approved();
    await dispatcher.drain();
    expect(called()).toEqual(['site-a publish', 'site-b publish', 'site-b publish']);
    expect(await moves()).toEqual(['0 to 1: unreachable: ECONNREFUSED', '0 to 1: breaker_open']);
    expect((await stage.seen()).map((d) => d.attempts)).toEqual([2, 1]);
    await dispatcher.probe(100);
    await stage.approved();
    await dispatcher.drain();
    expect(called().slice(3)).toEqual(['site-a publish']);
  });

  it('is found unwell by probes alone, on every route', async () => {
    const dispatcher = stage.dispatcher({ breaker: { volume: 1 } });
    stage.unwell.add('site-a').add('site-b');
    await dispatcher.probe(100);
    await stage.approved();
    await dispatcher.drain();
    expect(called()).toEqual(['cap publish']);
    expect(await moves()).toEqual(['0 to 2: breaker_open']);
  });

  it('that is away on all of them is waited for, and reached over the first that comes back; nothing is lost', async () => {
    for (const route of ['site-a', 'site-b', 'cap']) stage.answer(route, away);
    await stage.approved();
    const dispatcher = stage.dispatcher({ breaker: { volume: 1 } });
    await dispatcher.drain();
    expect(called()).toEqual(['site-a publish', 'site-b publish', 'cap publish']);
    expect(await standing()).toEqual(['alert waiting 0 site-a']);
    expect(stage.wakes).toHaveLength(1);
    // Woken before anything is well: all breakers are open, so it waits on, without an attempt.
    await dispatcher.deliver([stage.wakes[0]!.id]);
    expect(called()).toHaveLength(3);
    expect(await standing()).toEqual(['alert waiting 0 site-a']);
    stage.unwell.add('site-a').add('cap');
    await dispatcher.probe(100);
    await until(standing, (all) => all[0] === 'alert accepted 1 site-b');
    expect(stage.taken).toHaveLength(1);
  });

  it('never has its last route blocked: an open breaker lets one message through when its patience is over', async () => {
    for (const route of ['site-a', 'site-b', 'cap']) stage.answer(route, away);
    await stage.approved();
    await stage.approved();
    const dispatcher = stage.dispatcher({ breaker: { volume: 1, patienceMs: 40 } });
    await dispatcher.drain();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const before = stage.calls.length;
    await dispatcher.deliver((await stage.seen()).filter((d) => d.state === 'waiting').map((d) => d.id));
    expect(called().slice(before)).toContain('cap publish');
    expect(await standing()).toContain('alert accepted 2 cap');
  });

  it('is not sent over another route what it may have already', async () => {
    stage.answer('site-a', (call) => { call.take(); return UNCERTAIN; }, away);
    const dispatcher = stage.dispatcher();
    await stage.approved();
    await dispatcher.drain();
    expect(await standing()).toEqual(['alert waiting 0 site-a']);
    const ids = stage.wakes.map(({ id }) => id);
    await dispatcher.deliver(ids);
    await dispatcher.deliver(ids);
    expect(called()).toEqual(['site-a publish', 'site-a publish', 'site-a publish']);
    expect(await standing()).toEqual(['alert accepted 0 site-a']);
    expect(await moves()).toEqual([]);
  });

  it('is not sent over another route what a sender that was lost may have sent over one', async () => {
    stage.answer('site-a', away);
    const store = stage.deliveries();
    const record = store.record.bind(store);
    store.record = async (attempts) => {
      if (attempts.some((a) => a.delivery.route === 1)) throw new Error('killed');
      return record(attempts);
    };
    await stage.approved();
    await stage.dispatcher({ store }).drain();
    await stage.lapse();
    const other = stage.dispatcher();
    await other.sweep(0);
    expect(await standing()).toEqual(['alert waiting 1 site-b']);
    await other.deliver((await stage.seen()).map((d) => d.id));
    expect(called()).toEqual(['site-a publish', 'site-b publish', 'site-b publish']);
  });

  it('hears the end over the route that has the alert, and over no other, however unwell that is', async () => {
    const dispatcher = stage.dispatcher({ breaker: { volume: 1 } });
    stage.answer('site-a', away);
    const alert = await stage.approved();
    await dispatcher.drain();
    stage.unwell.add('site-b');
    await dispatcher.probe(100);
    stage.answer('site-b', away);
    await stage.withdrawn(alert);
    await dispatcher.drain();
    expect(called().slice(2)).toEqual(['site-b withdraw']);
    await dispatcher.deliver((await stage.seen()).map((d) => d.id));
    expect(called().slice(2)).toEqual(['site-b withdraw', 'site-b withdraw']);
    expect(await standing()).toEqual(['alert accepted 1 site-b', 'withdrawn accepted 1 site-b']);
  });

  it('hears the end over every route that has a revision of the alert', async () => {
    stage.answer('site-a', away);
    const dispatcher = stage.dispatcher();
    const alert = await stage.approved();
    await dispatcher.drain();
    const updated = await stage.updated(alert);
    await dispatcher.drain();
    await stage.withdrawn(updated);
    await dispatcher.drain();
    expect(called().slice(0, 3)).toEqual(['site-a publish', 'site-b publish', 'site-a publish']);
    expect(called().slice(3).sort()).toEqual(['site-a withdraw', 'site-b withdraw']);
  });

  it('hears nothing after the end, though a move was under way', async () => {
    const alert = await stage.approved();
    const dispatcher = stage.dispatcher();
    stage.answer('site-a', async () => {
      await stage.withdrawn(alert);
      return AWAY;
    });
    await dispatcher.drain();
    await dispatcher.drain();
    expect(called().filter((call) => call.startsWith('site-b'))).toEqual([]);
    expect((await standing())[0]).toMatch(/^alert cancelled/);
  });
});
