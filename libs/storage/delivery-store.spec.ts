import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import type { DeliveryId, DestinationId } from '#kernel/ids.js';
import { verifyAudit } from '#audit/verify.js';
import type { Receipt, Stage } from '#dispatch/channel.js';
import type { ClaimedDelivery, Settlement } from '#dispatch/delivery.js';
import type { AttemptRecord } from '#dispatch/delivery-store.js';
import { deliveryKey, settle } from '#dispatch/delivery.js';
import { DispatchStage, type Seen } from '../../tests/support/dispatch-stage.js';
import { APPROVER, AUTHOR } from '../../tests/support/officers.js';
import { openDatabase, rows } from './database.js';
import { PgDeliveryStore } from './delivery-store.js';

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

/** A new alert with one delivery to each destination, planned. */
async function planned(...destinations: string[]): Promise<DeliveryId[]> {
  const alert = await stage.approved();
  const made = await store.planNext((row) => destinations.map((id) => {
    const destination = id as DestinationId;
    return { channel: 'mail', destination, part: 0, route: 0, key: deliveryKey(row.alertId, row.revision, 'mail', destination, 0), spread: false };
  }));
  expect(made?.row.alertId).toBe(alert.id);
  return [...made!.queued];
}

const claim = async (ids: readonly DeliveryId[]) => (await store.claim(ids, randomUUID(), 5_000, stage.clock.now())).taken;

function attempt(delivery: ClaimedDelivery, kind: 'accepted' | 'uncertain' | 'refused', changes: { references?: string[]; expected?: number } = {}): AttemptRecord {
  const { references = [], expected = 1 } = changes;
  const settlement: Settlement = kind === 'accepted' ? { state: 'accepted', mayHave: true, expectedReceipts: expected }
    : kind === 'uncertain' ? { state: 'uncertain', mayHave: true, reason: 'timeout' } : { state: 'dead', mayHave: false, reason: 'no' };
  const outcome = kind === 'accepted' ? { kind, references, expectedReceipts: expected } as const : { kind, reason: 'x' } as const;
  return { delivery, startedAt: stage.clock.now(), ms: 1, outcome, settlement };
}

async function accepted(destination: string, references: string[], expected = 1): Promise<DeliveryId> {
  const [delivery] = await claim(await planned(destination));
  await store.record([attempt(delivery!, 'accepted', { references, expected })]);
  return delivery!.id;
}

let receiptKeys = 0;
const receipt = (destination: string, about: Receipt['about'], stage: Stage = 'confirmed', receiptKey = `r-${(receiptKeys += 1)}`): Receipt =>
  ({ destination: destination as DestinationId, receiptKey, about, stage, word: 'DELIVRD' });
const look = async (id: DeliveryId): Promise<Seen & { confirmed: number; failed: number; accepted_at: Date | null }> =>
  (await rows<Seen & { confirmed: number; failed: number; accepted_at: Date | null }>(stage.source, 'SELECT * FROM deliveries WHERE id = $1', [id]))[0]!;
const destinationOf = (name: string) => `${name}-${(receiptKeys += 1)}`;

describe('receipts', () => {
  it('confirm what was accepted once all of them have come, and say so in the audit', async () => {
    const rts = destinationOf('rts');
    const id = await accepted(rts, ['m-1', 'm-2'], 2);
    await store.receive([receipt(rts, { reference: 'm-1' })]);
    expect(await look(id)).toMatchObject({ state: 'accepted', confirmed: 1 });
    await store.receive([receipt(rts, { reference: 'm-2' })]);
    expect(await look(id)).toMatchObject({ state: 'confirmed', confirmed: 2 });
    const facts = await rows(stage.source, `SELECT FROM facts WHERE type = 'receipt.received' AND record::jsonb -> 'body' ->> 'deliveryId' = $1`, [id]);
    expect(facts).toHaveLength(2);
  });

  it('change nothing when they come again', async () => {
    const rts = destinationOf('rts');
    const id = await accepted(rts, ['m-1'], 2);
    const same = receipt(rts, { reference: 'm-1' });
    await store.receive([same, same]);
    const before = await stage.facts('receipt.received');
    await store.receive([same]);
    expect(await look(id)).toMatchObject({ state: 'accepted', confirmed: 1 });
    expect(await stage.facts('receipt.received')).toBe(before);
  });

  it('may come before the answer that they speak of', async () => {
    const rts = destinationOf('rts');
    const [delivery] = await claim(await planned(rts));
    await store.receive([receipt(rts, { reference: 'early' })]);
    expect((await look(delivery!.id)).state).toBe('sending');
    await store.record([attempt(delivery!, 'accepted', { references: ['early'] })]);
    expect(await look(delivery!.id)).toMatchObject({ state: 'confirmed', confirmed: 1 });
  });

  it('may come in the same moment as the answer, from another process', async () => {
    const rts = destinationOf('rts');
    const ids = await planned(...Array.from({ length: 20 }, (_, n) => `${rts}-${n}`));
    const taken = await claim(ids);
    await Promise.all(taken.flatMap((delivery, n) => [
      store.record([attempt(delivery, 'accepted', { references: [`same-${n}`] })]), store.receive([receipt(delivery.destination, { reference: `same-${n}` })]),
    ]));
    const states = await rows<{ state: string }>(stage.source, 'SELECT DISTINCT state FROM deliveries WHERE id = ANY ($1)', [ids]);
    expect(states).toEqual([{ state: 'confirmed' }]);
  });

  it('of what was taken in an uncertain attempt are counted; they confirm it when nothing is left to come', async () => {
    const mts = destinationOf('mts');
    const [delivery] = await claim(await planned(mts));
    const outcome = { kind: 'uncertain', reason: 'timeout', references: ['q-1', 'q-2'], expectedReceipts: 2 } as const;
    await store.record([{ ...attempt(delivery!, 'uncertain'), outcome, settlement: settle(delivery!, outcome, 'ask', stage.clock.now(), 0.5) }]);
    await store.receive([receipt(mts, { reference: 'q-1' })]);
    expect(await look(delivery!.id)).toMatchObject({ state: 'uncertain', confirmed: 1 });
    await store.receive([receipt(mts, { reference: 'q-2' })]);
    expect(await look(delivery!.id)).toMatchObject({ state: 'confirmed', confirmed: 2 });
  });

  it('prove an acceptance whose answer was lost', async () => {
    for (const kind of ['uncertain', 'refused'] as const) {
      const rts = destinationOf('rts');
      const [delivery] = await claim(await planned(rts));
      await store.record([attempt(delivery!, kind)]);
      await store.receive([receipt(rts, { key: delivery!.key })]);
      const seen = await look(delivery!.id);
      expect(seen).toMatchObject({ state: 'confirmed', may_have: true });
      expect(seen.accepted_at).toBeInstanceOf(Date);
    }
  });

  it('of failure leave what is uncertain to a person', async () => {
    const rts = destinationOf('rts');
    const [delivery] = await claim(await planned(rts));
    await store.record([attempt(delivery!, 'uncertain')]);
    await store.receive([receipt(rts, { key: delivery!.key }, 'failed')]);
    expect((await look(delivery!.id)).state).toBe('uncertain');
  });

  it('that fit nothing are kept and move nothing', async () => {
    const rts = destinationOf('rts');
    await store.receive([receipt(rts, { reference: 'nobody' }), receipt(rts, { key: 'f'.repeat(32) })]);
    const kept = await rows<{ delivery_id: string | null }>(stage.source, 'SELECT delivery_id FROM receipts WHERE destination = $1', [rts]);
    expect(kept.map((r) => r.delivery_id)).toEqual([null, null]);
  });

  it('of one partner never move another\'s delivery', async () => {
    const [rts, mts] = [destinationOf('rts'), destinationOf('mts')];
    const id = await accepted(rts, ['shared']);
    const { key } = await look(id);
    await store.receive([receipt(mts, { key }), receipt(mts, { reference: 'shared' }), receipt(mts, { key }, 'failed')]);
    expect(await look(id)).toMatchObject({ state: 'accepted', confirmed: 0, failed: 0 });
    const other = await accepted(mts, ['shared']);
    await store.receive([receipt(mts, { reference: 'shared' })]);
    expect([(await look(id)).state, (await look(other)).state]).toEqual(['accepted', 'confirmed']);
  });

  it('with words, times and identifiers that no database takes are kept all the same, and match', async () => {
    const rts = destinationOf('rts');
    const wild = [`x${'\0'}y`, 'z'.repeat(50_000)];
    const id = await accepted(rts, wild, 2);
    await store.receive(wild.map((reference, n) => ({ ...receipt(rts, { reference }, 'confirmed', `${reference}-${n}`), word: '\0ж<script>', at: new Date(Number.NaN) })));
    expect((await look(id)).state).toBe('confirmed');
  });

  it('lead to the same end in any order, in any batches, around the answer or not; a confirmed one never goes back', async () => {
    const plot = fc.record({
      stages: fc.array(fc.constantFrom<Stage[]>('confirmed', 'failed'), { minLength: 1, maxLength: 4 }),
      repeat: fc.array(fc.nat(3), { maxLength: 3 }),
      orders: fc.tuple(fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.nat())),
      together: fc.boolean(),
    });
    await fc.assert(fc.asyncProperty(plot, async ({ stages, repeat, orders, together }) => {
      const expected = stages.length;
      const ends: unknown[] = [];
      for (const order of orders) {
        const rts = destinationOf('rts');
        const [delivery] = await claim(await planned(rts));
        const all = stages.map((s, n) => receipt(rts, n % 2 ? { key: delivery!.key } : { reference: `m-${n}` }, s));
        const answer = 'answer' as const;
        const events = shuffled([...all, ...repeat.map((n) => all[n % all.length]!), answer], order);
        let confirmed = false;
        for (let n = 0; n < events.length; n += 1) {
          const event = events[n]!;
          if (event === answer) await store.record([attempt(delivery!, 'accepted', { references: stages.map((_, m) => `m-${m}`), expected })]);
          else if (together && typeof events[n + 1] === 'object') await store.receive([event, events[(n += 1)] as Receipt]);
          else await store.receive([event]);
          const { state } = await look(delivery!.id);
          if (confirmed) expect(state).toBe('confirmed');
          confirmed = state === 'confirmed';
        }
        const { state, confirmed: good, failed } = await look(delivery!.id);
        ends.push({ state, good, failed });
      }
      const good = stages.filter((s) => s === 'confirmed').length;
      expect(ends).toEqual(Array(2).fill({ state: good > 0 ? 'confirmed' : 'failed', good, failed: stages.length - good }));
    }), { numRuns: 12 });
  });
});

function shuffled<T>(items: readonly T[], numbers: Iterable<number> | Iterator<number>): T[] {
  const stream = numbers as Iterator<number>;
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice((stream.next().value as number) % left.length, 1));
  return out;
}

describe('a delivery', () => {
  it('that belongs to the far end of a long audience waits to be woken, while the first of it is taken at once', async () => {
    await stage.approved();
    const part = (number: number, spread: boolean) => ({ channel: 'mail', destination: 'long' as DestinationId, part: number, route: 0, key: `long-${number}`, spread });
    const taker = { by: randomUUID(), leaseMs: 5_000, now: stage.clock.now() };
    const made = await store.planNext(() => [part(0, false), part(1, true)], taker);
    expect(made!.taken.map((d) => d.part)).toEqual([0]);
    expect(made!.queued).toEqual([]);
    expect(made!.spread).toHaveLength(1);
    expect(await store.due(stage.clock.now(), 10)).toContain(made!.spread[0]);
    expect((await claim(made!.spread)).map((d) => [d.part, d.attempt])).toEqual([[1, 1]]);
  });

  it('exists once under one key, however often it is planned', async () => {
    const [id] = await planned('twice');
    await rows(stage.source, 'UPDATE outbox SET planned_at = NULL WHERE alert_id = (SELECT alert_id FROM deliveries WHERE id = $1)', [id]);
    const key = (await look(id!)).key;
    const again = await store.planNext(() => [{ channel: 'mail', destination: 'twice' as DestinationId, part: 0, route: 0, key, spread: false }]);
    expect(again?.queued).toEqual([]);
    expect(await rows(stage.source, 'SELECT FROM deliveries WHERE key = $1', [key])).toHaveLength(1);
  });

  it('is taken by one of many', async () => {
    const ids = await planned('a', 'b', 'c');
    const taken = (await Promise.all(Array.from({ length: 8 }, () => claim(ids)))).flat();
    expect(taken.map((d) => d.destination).sort()).toEqual(['a', 'b', 'c']);
  });

  it('is recorded once, and audited once, however often the recorder repeats itself', async () => {
    const [delivery] = await claim(await planned('repeated'));
    const record = attempt(delivery!, 'accepted', { references: ['x'] });
    await store.record([record, record]);
    await store.record([record]);
    expect(await stage.facts('delivery.attempted', delivery!.alertId)).toBe(1);
  });

  it('that died while it was being claimed has its fact in the same transaction', async () => {
    const [id] = await planned('late');
    const broken = new PgDeliveryStore(stage.source, stage.keys, { now: () => new Date(Number.NaN) }, stage.ids);
    await expect(broken.claim([id!], randomUUID(), 5_000, new Date(Date.now() + 1e9))).rejects.toThrow();
    expect((await look(id!)).state).toBe('queued');
    await store.claim([id!], randomUUID(), 5_000, new Date(Date.now() + 1e9));
    expect((await look(id!)).state).toBe('dead');
    expect(await stage.facts('delivery.dead', (await look(id!)).alert_id)).toBe(1);
  });

  it.each(['confirmed', 'closed', 'cancelled'])('that is %s stays so, even if the application says otherwise', async (state) => {
    const id = await accepted(destinationOf('rts'), []);
    await rows(stage.source, 'UPDATE deliveries SET state = $2 WHERE id = $1', [id, state]);
    await expect(rows(stage.source, `UPDATE deliveries SET state = 'dead' WHERE id = $1`, [id])).rejects.toMatchObject({ code: 'FM002' });
    await expect(rows(stage.source, `UPDATE deliveries SET key = 'x' WHERE id = $1`, [id])).rejects.toMatchObject({ code: '42501' });
    await expect(rows(stage.source, `UPDATE deliveries SET expires_at = now() WHERE id = $1`, [id])).rejects.toMatchObject({ code: '42501' });
  });

  it('keeps the lease of who sends it, and of nobody else', async () => {
    const [delivery, other] = await claim(await planned('held', 'lost'));
    await owner.query('UPDATE deliveries SET lease_token = lease_token + 1 WHERE id = $1', [other!.id]);
    expect(await store.renew([delivery!, other!], 5_000)).toEqual([delivery!.id]);
    await store.record([attempt(other!, 'accepted')]);
    expect((await look(other!.id)).state).toBe('sending');
  });
});

describe('a person\'s word on a dead letter', () => {
  const settle = (id: DeliveryId, verdict: 'retry' | 'close', reason = 'pozvan operater') => store.settleDeadLetter(id, verdict, AUTHOR, reason, stage.clock.now());
  const dead = async (kind: 'uncertain' | 'refused' = 'refused') => {
    const [delivery] = await claim(await planned(destinationOf('rts')));
    await store.record([attempt(delivery!, kind)]);
    return delivery!;
  };

  it('has it sent again, or closes it, with a reason and a fact', async () => {
    const again = await dead('uncertain');
    await settle(again.id, 'retry');
    expect(await look(again.id)).toMatchObject({ state: 'queued', settled_by: AUTHOR, may_have: true });
    const closed = await dead();
    await settle(closed.id, 'close');
    expect((await look(closed.id)).state).toBe('closed');
    expect([await stage.facts('delivery.retried', again.alertId), await stage.facts('delivery.closed', closed.alertId)]).toEqual([1, 1]);
  });

  it('is given once, with a reason, on a delivery that waits for it', async () => {
    const { id } = await dead();
    await expect(settle(id, 'close', ' ')).rejects.toMatchObject({ code: 'REASON_MISSING' });
    const both = await Promise.allSettled([settle(id, 'close'), settle(id, 'retry')]);
    expect(both.filter((r) => r.status === 'rejected')).toEqual([expect.objectContaining({ reason: expect.objectContaining({ code: 'DELIVERY_NOT_DEAD' }) })]);
    await expect(settle(await accepted(destinationOf('rts'), []), 'retry')).rejects.toMatchObject({ code: 'DELIVERY_NOT_DEAD' });
    await expect(settle(randomUUID() as string as DeliveryId, 'retry')).rejects.toMatchObject({ code: 'DELIVERY_MISSING' });
  });

  it('makes a new start: failures from before do not condemn the new attempt', async () => {
    const rts = destinationOf('rts');
    const id = await accepted(rts, ['m-1']);
    await store.receive([receipt(rts, { reference: 'm-1' }, 'failed')]);
    expect((await look(id)).state).toBe('failed');
    await settle(id, 'retry');
    const [delivery] = await claim([id]);
    await store.record([attempt(delivery!, 'accepted', { references: ['m-1', 'm-2'] })]);
    expect(await look(id)).toMatchObject({ state: 'accepted', failed: 0 });
    await store.receive([receipt(rts, { reference: 'm-2' })]);
    expect((await look(id)).state).toBe('confirmed');
  });

  it('does not bring back what has ended', async () => {
    const delivery = await dead('uncertain');
    const alert = await stage.alerts.load('drill', delivery.alertId);
    await stage.withdrawn(alert);
    await settle(delivery.id, 'retry');
    expect(await claim([delivery.id])).toEqual([]);
    expect(await look(delivery.id)).toMatchObject({ state: 'cancelled', reason: 'withdrawn' });
    while (await store.planNext(() => [])) { /* Leaves nothing for the next story. */ }
  });
});

describe('a database in trouble', () => {
  it('that kills a connection in mid transaction leaves nothing half done, and the next call works', async () => {
    const alert = await stage.approved();
    const kill = () => owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity 
                                      WHERE usename = 'findme_app' AND datname = current_database() AND wait_event_type = 'Lock'`);
    const facts = await stage.facts('outbox.planned');
    // Another holds the end of the chain, so that the transaction is still open when it is killed.
    await owner.query('BEGIN');
    await owner.query('SELECT FROM chain_head FOR UPDATE');
    const planning = store.planNext((row) => [{ channel: 'mail', destination: 'killed' as DestinationId, part: 0, route: 0, key: `k-${row.id}`, spread: false }]);
    const refused = expect(planning).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await untilWaiting();
    await kill();
    await refused;
    await owner.query('COMMIT');
    expect(await rows(stage.source, `SELECT FROM deliveries WHERE destination = 'killed'`)).toEqual([]);
    expect(await stage.facts('outbox.planned')).toBe(facts);
    const made = await store.planNext((row) => [{ channel: 'mail', destination: 'killed' as DestinationId, part: 0, route: 0, key: `k-${row.id}`, spread: false }]);
    expect([made?.row.alertId, made?.queued.length]).toEqual([alert.id, 1]);
  });

  it('that finds two waiting for each other lets one of them try again', async () => {
    const ids = await planned('one', 'two');
    const [first, second] = [...ids].sort();
    await owner.query('BEGIN');
    // The other side finds out first.
    await owner.query(`SET LOCAL deadlock_timeout = '20s'`);
    await owner.query('SELECT FROM deliveries WHERE id = $1 FOR UPDATE', [second]);
    const taken = (await claim([first!]))[0]!;
    const recording = store.postpone([{ delivery: taken, until: new Date(), reason: 'x' }, { delivery: { ...taken, id: second! }, until: new Date(), reason: 'x' }]);
    await untilWaiting();
    await owner.query('SELECT FROM deliveries WHERE id = $1 FOR UPDATE', [first]);
    await owner.query('COMMIT');
    await recording;
    expect((await look(first!)).state).toBe('waiting');
  });

  it('with two connections for fifty callers answers all of them soon: done, or busy', async () => {
    const source = await openDatabase({ url: stage.appUrl, name: 'starved', poolSize: 2, acquireTimeoutMs: 1_500 });
    try {
      const starved = new PgDeliveryStore(source, stage.keys, stage.clock, stage.ids);
      const [id] = await planned('starved');
      const [delivery] = await claim([id!]);
      const began = performance.now();
      const calls = Array.from({ length: 50 }, (_, n) => (n % 3 === 0 ? starved.record([attempt({ ...delivery!, attempt: n + 2 }, 'accepted', { references: [`s-${n}`] })])
        : n % 3 === 1 ? starved.receive([receipt('starved', { reference: `s-${n - 1}` })]) : starved.settleDeadLetter(id!, 'close', APPROVER, 'x', new Date())));
      const results = await Promise.allSettled(calls);
      expect(performance.now() - began).toBeLessThan(6_000);
      const codes = new Set(results.map((r) => (r.status === 'fulfilled' ? 'done' : (r.reason as { code: string }).code)));
      expect([...codes].filter((code) => !['done', 'STORE_BUSY', 'DELIVERY_NOT_DEAD'].includes(code))).toEqual([]);
      expect(codes).toContain('done');
    } finally {
      await source.destroy();
    }
  });

  it('still has one unbroken chain after all of this', async () => {
    const chain = await owner.query<{ seq: string; record: string; hash: Buffer }>('SELECT seq, record, hash FROM facts ORDER BY seq');
    async function* stored() {
      for (const row of chain.rows) yield { seq: Number(row.seq), record: row.record, hash: row.hash.toString('hex') };
    }
    expect(await verifyAudit({ rows: stored(), checkpoints: [], publicKeys: new Map() })).toMatchObject({ ok: true, facts: chain.rowCount });
  });
});

/** Until somebody waits for a lock. */
async function untilWaiting(): Promise<void> {
  for (;;) {
    const { rowCount } = await owner.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    if (rowCount) return;
  }
}
