import { rows } from '#storage/database.js';
import type { NoticeSource } from '#dispatch/approved-content.js';
import type { Outcome } from '#dispatch/channel.js';
import { ACCEPTED, DispatchStage, held, type Answer } from '../support/dispatch-stage.js';
import { AUTHOR } from '../support/officers.js';
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
    const store = stage.inTwoSteps();
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

    const slow = stage.inTwoSteps();
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

it('says nothing of a child in its log', async () => {
  await stage.approved();
  await stage.dispatcher().drain();
  expect(stage.logged.join('\n')).not.toMatch(/Kanarinka|Probić/);
});
