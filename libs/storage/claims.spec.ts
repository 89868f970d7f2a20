import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Outcome } from '#dispatch/channel.js';
import { deliveryKey, settle, type ClaimedDelivery } from '#dispatch/delivery.js';
import type { PlannedDelivery } from '#dispatch/plan.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { until } from '../../tests/support/until.js';
import { rows } from './database.js';
import type { PgDeliveryStore } from './delivery-store.js';

/*
 * What may be sent is decided where it is taken, under a lock that an ending waits for: planning may be late, and a sender may
 * have stood still.
 */
let stage: DispatchStage;
let store: PgDeliveryStore;
let owner: pg.Client;

beforeAll(async () => {
  stage = await DispatchStage.open([]);
  store = stage.deliveries();
  owner = new pg.Client({ connectionString: stage.ownerUrl });
  await owner.connect();
});

afterAll(async () => {
  await owner.end();
  await stage.close();
});

const tv = 'tv' as DestinationId;
const toTv = (row: { alertId: AlertId; revision: number }): PlannedDelivery[] =>
  [{ channel: 'mail', destination: tv, part: 0, route: 0, key: deliveryKey(row.alertId, row.revision, 'mail', tv, 0), spread: false }];

/** A new alert and its one delivery, planned and taken by nobody. */
async function planned() {
  const alert = await stage.approved();
  const made = await store.planNext(toTv);
  expect(made?.row.alertId).toBe(alert.id);
  return { alert, id: made!.queued[0]! };
}

/** Plans what is left, so that no story finds another's outbox row. */
const planRest = async () => {
  while (await store.planNext(() => [])) { /* The next one. */ }
};

afterEach(async () => {
  await owner.query('ROLLBACK');
  await planRest();
});

const claim = async (id: DeliveryId) => (await store.claim([id], randomUUID(), 5_000, stage.clock.now())).taken[0];
const look = async (id: DeliveryId) => (await stage.seen()).find((d) => d.id === id);
const record = (delivery: ClaimedDelivery, outcome: Outcome) => store.record([
  { delivery, startedAt: stage.clock.now(), ms: 1, outcome, settlement: settle(delivery, outcome, 'safe', new Date(stage.clock.now().getTime() - 60_000), 0) },
]);

describe('taking a delivery', () => {
  it('finds it superseded once a newer revision is approved, though nobody has planned that yet', async () => {
    const { alert, id } = await planned();
    await stage.updated(alert);
    expect(await claim(id)).toBeUndefined();
    expect(await look(id)).toMatchObject({ state: 'cancelled', reason: 'superseded', attempts: 0, may_have: false });
  });

  it('finds it withdrawn once its alert is, though nobody has planned the ending yet', async () => {
    const { alert, id } = await planned();
    await stage.withdrawn(alert);
    expect(await claim(id)).toBeUndefined();
    expect(await look(id)).toMatchObject({ state: 'cancelled', reason: 'withdrawn', attempts: 0, may_have: false });
  });

  it('finds no words for an ending of what was erased', async () => {
    const { alert } = await planned();
    await stage.withdrawn(alert);
    const ending = (await store.planNext(toTv))!.queued[0]!;
    await owner.query(`UPDATE alerts SET status = 'erased', erased_at = now() WHERE id = $1`, [alert.id]);
    expect(await claim(ending)).toBeUndefined();
    expect(await look(ending)).toMatchObject({ state: 'cancelled', reason: 'erased' });
  });

  it.each(['claims', 'plans and takes'])('waits for an officer who is just ending the alert, and then sends nothing: %s', async (how) => {
    const alert = await stage.approved();
    const [id] = how === 'claims' ? (await store.planNext(toTv))!.queued : [];
    await owner.query('BEGIN');
    await owner.query('SELECT FROM alerts WHERE id = $1 FOR UPDATE', [alert.id]);
    await owner.query(`UPDATE alerts SET status = 'withdrawn', ended_at = now(), proposal = NULL WHERE id = $1`, [alert.id]);
    const taking = id === undefined
      ? store.planNext(toTv, { by: randomUUID(), leaseMs: 5_000, now: stage.clock.now() }).then((made) => made!.taken[0])
      : claim(id);
    await untilWaiting();
    await owner.query('COMMIT');
    expect(await taking).toBeUndefined();
  });

  it('is not done by who plans the ending of what was erased', async () => {
    const { alert } = await planned();
    await stage.withdrawn(alert);
    await owner.query(`UPDATE alerts SET status = 'erased', erased_at = now() WHERE id = $1`, [alert.id]);
    const made = await store.planNext(toTv, { by: randomUUID(), leaseMs: 5_000, now: stage.clock.now() });
    expect(made).toMatchObject({ row: { revision: 2 }, taken: [] });
  });

  it.each(['superseded', 'ended'])('is not done by who plans it when it was %s by then', async (how) => {
    const alert = await stage.approved();
    if (how === 'superseded') await stage.updated(alert);
    else await stage.withdrawn(alert);
    const taker = { by: randomUUID(), leaseMs: 5_000, now: stage.clock.now() };
    // The ending goes first; what it ends is planned all the same and sent by nobody.
    const all = [await store.planNext(toTv, taker), await store.planNext(toTv, taker)];
    const first = all.find((made) => made?.row.revision === 1);
    expect(first?.taken).toEqual([]);
    expect(first?.queued).toHaveLength(1);
    expect(await claim(first!.queued[0]!)).toBeUndefined();
  });

  it('is not done by who plans it after its time', async () => {
    const alert = await stage.approved();
    const over = alert.published!.expiresAt;
    const made = await store.planNext(toTv, { by: randomUUID(), leaseMs: 5_000, now: over });
    expect(made).toMatchObject({ row: { alertId: alert.id }, taken: [] });
    const [id] = made!.queued;
    expect((await store.claim([id!], randomUUID(), 5_000, over)).taken).toEqual([]);
    expect(await look(id!)).toMatchObject({ state: 'dead', reason: 'expired', may_have: false });
  });

  it('is an ending\'s turn before that of what waits for longer', async () => {
    const waiting = await planned();
    await owner.query(`UPDATE deliveries SET state = 'waiting', next_attempt_at = now() - interval '1 day' WHERE id = $1`, [waiting.id]);
    const { alert } = await planned();
    await stage.withdrawn(alert);
    const ending = (await store.planNext(toTv))!.queued[0]!;
    await owner.query(`UPDATE deliveries SET state = 'waiting', next_attempt_at = now() WHERE id = $1`, [ending]);
    const due = await store.due(new Date(stage.clock.now().getTime() + 60_000), 1_000);
    expect(due.filter((id) => id === ending || id === waiting.id)).toEqual([ending, waiting.id]);
  });

  it('that lapsed says that the partner may have it, under a fence of its own', async () => {
    const { id } = await planned();
    const first = (await claim(id))!;
    expect(await store.takeLapsed(randomUUID(), 5_000)).toEqual([]);
    await stage.lapse();
    const lapsed = (await store.takeLapsed(randomUUID(), 5_000)).find((d) => d.id === id);
    expect(lapsed).toMatchObject({ had: true, attempt: 1 });
    expect(BigInt(lapsed!.leaseToken)).toBeGreaterThan(BigInt(first.leaseToken));
  });

  it('tells whether the partner may have had it before', async () => {
    const { id } = await planned();
    const first = await claim(id);
    expect(first).toMatchObject({ had: false, attempt: 1 });
    // From the moment it is taken, whatever becomes of who took it.
    expect(await look(id)).toMatchObject({ state: 'sending', may_have: true });
    await record(first!, { kind: 'uncertain', reason: 'timeout' });
    expect(await claim(id)).toMatchObject({ had: true, attempt: 2 });
  });

  it('gives each taker a fence of its own: what an earlier one says again changes nothing', async () => {
    const { id } = await planned();
    const first = await claim(id);
    const deferred: Outcome = { kind: 'deferred', reason: 'busy' };
    await record(first!, deferred);
    const second = await claim(id);
    expect(BigInt(second!.leaseToken)).toBeGreaterThan(BigInt(first!.leaseToken));
    await record(first!, deferred);
    await store.postpone([{ delivery: first!, until: stage.clock.now(), reason: 'stopping' }]);
    expect(await store.renew([first!], 5_000)).toEqual([]);
    expect(await look(id)).toMatchObject({ state: 'sending', attempts: 2 });
    expect(await store.renew([second!], 5_000)).toEqual([id]);
  });

  it('is over for what was uncertain, waited or was under way when its alert ended', async () => {
    for (const state of ['uncertain', 'waiting', 'sending'] as const) {
      const { alert, id } = await planned();
      const delivery = (await claim(id))!;
      const outcome: Outcome = state === 'waiting' ? { kind: 'deferred', reason: 'busy' } : { kind: 'uncertain', reason: 'timeout' };
      if (state !== 'sending') await store.record([{ delivery, startedAt: stage.clock.now(), ms: 1, outcome, settlement: settle(delivery, outcome, 'ask', stage.clock.now(), 0) }]);
      expect(await look(id)).toMatchObject({ state });
      await stage.withdrawn(alert);
      await planRest();
      expect(await look(id)).toMatchObject({ state: 'cancelled', reason: 'withdrawn' });
      expect(await store.renew([delivery], 5_000)).toEqual([]);
    }
  });

  it('leaves alone what waits for a person, was taken, or has come', async () => {
    const { id } = await planned();
    const delivery = await claim(id);
    expect(await claim(id)).toBeUndefined();
    await store.record([{ delivery: delivery!, startedAt: stage.clock.now(), ms: 1, outcome: { kind: 'uncertain', reason: 'timeout' }, settlement: { state: 'uncertain', mayHave: true, reason: 'timeout' } }]);
    expect(await claim(id)).toBeUndefined();
    expect(await look(id)).toMatchObject({ state: 'uncertain', attempts: 1 });
  });
});

describe('taking a broadcaster\'s slot', () => {
  /** A slot of a notice that a playout has taken, due since a minute. */
  async function due() {
    const { alert, id } = await planned();
    await record((await claim(id))!, { kind: 'accepted', references: [], expectedReceipts: 1 });
    const now = stage.clock.now().getTime();
    await owner.query(`INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, next_attempt_at) VALUES ($1, 0, $2, 'triggered', $3, $4, $3)`,
      [id, randomUUID(), new Date(now - 60_000), new Date(now + 200 * 3_600_000)]);
    return { alert, id };
  }
  const take = (id: DeliveryId, now = stage.clock.now()) =>
    rows<{ attempts: number; lease_token: string }>(stage.source, `SELECT * FROM claim_airing($1, 0, interval '1 minute', $2)`, [id, now]);
  const set = (id: DeliveryId, change: string) => owner.query(`UPDATE airing_slots SET ${change} WHERE delivery_id = $1`, [id]);

  it('is for one at a time, each with a fence of its own', async () => {
    const { id } = await due();
    const both = await Promise.all([take(id), take(id)]);
    expect(both.flat()).toHaveLength(1);
    const [first] = both.flat();
    await set(id, `leased_until = clock_timestamp() - interval '1 second'`);
    const [again] = await take(id);
    expect(again?.attempts).toBe(2);
    expect(BigInt(again!.lease_token)).toBeGreaterThan(BigInt(first!.lease_token));
  });

  it.each([
    ['stopped', `state = 'stopped'`], ['missed', `state = 'missed'`], ['the partner\'s own to air', `manner = 'awaited'`],
    ['to be asked again later', `next_attempt_at = now() + interval '1 hour'`], ['to be asked no more', 'next_attempt_at = NULL'],
    ['out of its window', `due_at = now() - interval '2 hours', until = now() - interval '1 hour'`],
  ])('is refused when it is %s', async (_what, change) => {
    const { id } = await due();
    await set(id, change);
    expect(await take(id)).toEqual([]);
  });

  it('is refused once the alert has ended, was updated, or is out of time', async () => {
    const [ended, updated, late] = [await due(), await due(), await due()];
    await stage.withdrawn(ended.alert);
    await stage.updated(updated.alert);
    expect([await take(ended.id), await take(updated.id)]).toEqual([[], []]);
    const over = late.alert.published!.expiresAt;
    expect(await take(late.id, over)).toEqual([]);
    expect(await take(late.id, new Date(over.getTime() - 1))).toHaveLength(1);
  });

  it('waits for an officer who is just ending the alert, and then airs nothing', async () => {
    const { alert, id } = await due();
    await owner.query('BEGIN');
    await owner.query('SELECT FROM alerts WHERE id = $1 FOR UPDATE', [alert.id]);
    await owner.query(`UPDATE alerts SET status = 'withdrawn', ended_at = now(), proposal = NULL WHERE id = $1`, [alert.id]);
    const taking = take(id);
    await untilWaiting();
    await owner.query('COMMIT');
    expect(await taking).toEqual([]);
  });
});

/** Until somebody waits for a lock. */
const untilWaiting = () => until(
  async () => (await owner.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rowCount, (count) => count !== 0);
