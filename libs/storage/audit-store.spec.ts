import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { systemClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds, type AlertId, type DestinationId, type FactId } from '#kernel/ids.js';
import { createCheckpointKey, readPublicKeys, type Checkpoint } from '#audit/checkpoint.js';
import { destinationActor, makeFact, SYSTEM } from '#audit/fact.js';
import type { Receipt } from '#dispatch/channel.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { PgAuditStore } from './audit-store.js';
import { CaseKeys } from './case-keys.js';
import { openDatabase } from './database.js';
import { PgDeliveryStore } from './delivery-store.js';

const NOW = new Date('2026-11-24T18:00:00Z');
const KEY = createCheckpointKey();
const KEYS = readPublicKeys([KEY.publicKeyPem]);

let database: TestDatabase;
let source: DataSource;
let owner: pg.Client;
let store: PgAuditStore;

beforeAll(async () => {
  database = await freshDatabase();
  source = await openDatabase({ url: database.appUrl, name: 'spec', poolSize: 3 });
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // Lets the owner take rows away under a checkpoint.
  await owner.query('ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_seq_fkey');
  store = new PgAuditStore(source);
});

/** Empty again, in less time than a new database takes. */
beforeEach(() => tamper('TRUNCATE facts, checkpoints, receipts CASCADE; UPDATE chain_head SET seq = 0, hash = decode(repeat(\'00\', 32), \'hex\')'));

afterAll(async () => {
  await owner.end();
  await source.destroy();
  await database.drop();
});

const fact = (n: number, alertId?: AlertId) => makeFact({
  id: randomIds.next<FactId>(), at: new Date(NOW.getTime() + n * 1_000), type: 'breaker.changed', actor: SYSTEM, ...(alertId && { alertId }),
  body: { destination: `station-${n}`, state: 'open' },
}).record;
const append = (...records: string[]) => source.query('SELECT append_facts($1)', [records]);
const fill = (count: number) => append(...Array.from({ length: count }, (_, n) => fact(n + 1)));
/** What the owner can do who wants to: triggers off, rows changed, triggers on. */
const tamper = async (sql: string) => owner.query(`ALTER TABLE facts DISABLE TRIGGER ALL; ALTER TABLE checkpoints DISABLE TRIGGER ALL; ${sql}; ALTER TABLE facts ENABLE TRIGGER ALL`);
const MAKE_ROOM = 'UPDATE facts SET seq = seq + 1000 WHERE seq > 5; UPDATE facts SET seq = seq - 999 WHERE seq > 1000';
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

describe('the audit in the database', () => {
  it('streams all rows in order, page by page', async () => {
    await fill(25);
    const seqs = (await all(store.stream({ page: 10 }))).map((row) => row.seq);
    expect(seqs).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
    expect((await all(store.stream({ after: 3, upTo: 6, page: 2 }))).map((row) => row.seq)).toEqual([4, 5, 6]);
  });

  it('signs where it stands, once for each place', async () => {
    expect(await store.checkpoint(KEY.privateKeyPem, NOW)).toBeUndefined();
    await fill(2);
    const first = await store.checkpoint(KEY.privateKeyPem, NOW);
    expect(first).toMatchObject({ seq: 2, keyId: KEY.keyId });
    expect(await store.checkpoint(KEY.privateKeyPem, NOW)).toBeUndefined();
    await fill(1);
    const second = await store.checkpoint(KEY.privateKeyPem, NOW);
    expect(await all(store.checkpoints({ page: 1 }))).toEqual([first, second]);
    expect(await store.verify(KEYS)).toMatchObject({ ok: true, facts: 3, checkpoints: 2, coveredTo: 3 });
  });

  it('is good when nothing was written yet', async () => {
    expect(await store.verify(KEYS)).toMatchObject({ ok: true, facts: 0, checkpoints: 0, receipts: { ok: true, receipts: 0 } });
  });

  describe('in an owner\'s hands', () => {
    let kept: Checkpoint | undefined;
    beforeEach(async () => {
      await fill(9);
      kept = await store.checkpoint(KEY.privateKeyPem, NOW);
      await fill(3);
    });

    it.each([
      ['a record changed', `UPDATE facts SET record = replace(record, 'station-5', 'station-7') WHERE seq = 5`, { seq: 5, reason: 'record-changed' }],
      ['a hash changed', `UPDATE facts SET hash = sha256('x') WHERE seq = 5`, { seq: 5, reason: 'hash-changed' }],
      ['a row taken out', 'DELETE FROM facts WHERE seq = 4', { seq: 4, to: 4, reason: 'gap' }],
      ['two rows changed places', 'UPDATE facts SET seq = CASE seq WHEN 6 THEN 107 ELSE 106 END WHERE seq IN (6, 7); UPDATE facts SET seq = seq - 100 WHERE seq > 100', { seq: 6, reason: 'reordered' }],
      ['a row put in', `${MAKE_ROOM}; INSERT INTO facts SELECT 6, record, hash FROM facts WHERE seq = 5`, { seq: 6, reason: 'inserted' }],
      ['a row put in and linked', `${MAKE_ROOM}; INSERT INTO facts SELECT 6, record, sha256(hash || convert_to(record, 'UTF8')) FROM facts WHERE seq = 5`, { seq: 7, reason: 'record-changed' }],
      ['the tail dropped', 'DELETE FROM facts WHERE seq > 10', { seq: 11, to: 12, reason: 'tail-missing' }],
      ['a row before the first', `INSERT INTO facts SELECT 0, record, hash FROM facts WHERE seq = 1`, { seq: 1, reason: 'out-of-order' }],
      ['a row added past the chain', `INSERT INTO facts SELECT 13, record, sha256(hash || convert_to(record, 'UTF8')) FROM facts WHERE seq = 12`, { seq: 13, reason: 'inserted' }],
    ])('shows %s', async (_what, sql, broken) => {
      expect(await store.verify(KEYS)).toMatchObject({ ok: true, facts: 12 });
      await tamper(sql);
      const verdict = await store.verify(KEYS);
      expect([verdict.ok, verdict.broken]).toEqual([false, broken]);
    });

    it('shows a tail dropped together with the end of the chain, by the checkpoint', async () => {
      await tamper('DELETE FROM facts WHERE seq > 7; UPDATE chain_head SET seq = 7, hash = (SELECT hash FROM facts WHERE seq = 7)');
      expect((await store.verify(KEYS)).broken).toEqual({ seq: 8, to: 9, reason: 'tail-missing' });
      await tamper('DELETE FROM checkpoints');
      // Nothing in the database tells any more: what was carried off the host does.
      expect((await store.verify(KEYS)).ok).toBe(true);
      expect((await store.verify(KEYS, [kept!])).broken).toEqual({ seq: 8, to: 9, reason: 'tail-missing' });
    });

    it('shows a checkpoint that was changed or signed by somebody else', async () => {
      await tamper(`UPDATE checkpoints SET document = replace(document, '"v":1', '"v":2')`);
      expect((await store.verify(KEYS)).checkpointFaults).toMatchObject([{ seq: 9, reason: 'malformed' }]);
      await store.checkpoint(createCheckpointKey().privateKeyPem, NOW);
      const verdict = await store.verify(KEYS);
      expect(verdict.ok).toBe(false);
      expect(verdict.checkpointFaults.map((f) => f.reason)).toEqual(['malformed', 'unknown-key']);
    });
  });

  describe('about receipts', () => {
    const receipt = (key: string): Receipt => ({ destination: 'rts-1' as DestinationId, receiptKey: key, about: { key: 'k' }, stage: 'confirmed', word: 'aired' });
    const rest = (sql: string) => owner.query(sql);
    beforeEach(async () => {
      const deliveries = new PgDeliveryStore(source, new CaseKeys(MasterKey.of(randomBytes(32))), systemClock, randomIds);
      await deliveries.receive([receipt('a'), receipt('b'), receipt('c')]);
      await deliveries.receive([receipt('d'), receipt('d')]);
    });

    it('finds each in its fact, the same one counted once', async () => {
      expect(await store.verify(KEYS)).toMatchObject({ ok: true, facts: 2, receipts: { ok: true, receipts: 4, undecided: 0 } });
    });

    it.each([
      ['changed', `UPDATE receipts SET word = 'displayed' WHERE receipt_key = 'b'`, { fact: 1, reason: 'receipt-changed' }],
      ['taken out', `DELETE FROM receipts WHERE receipt_key = 'b'`, { fact: 1, reason: 'receipt-missing' }],
      ['put in', `INSERT INTO receipts (destination, receipt_key, key, stage, word) VALUES ('rts-1', 'z', 'k', 'confirmed', 'aired')`, { reason: 'receipt-unaudited' }],
    ])('shows one that was %s', async (_what, sql, broken) => {
      await rest(sql);
      const { ok, receipts } = await store.verify(KEYS);
      expect(ok).toBe(false);
      expect(receipts.broken).toMatchObject(broken);
    });

    it('tells those of two processes apart that arrived in between each other', async () => {
      const [one, other] = await Promise.all([0, 1].map(async () => {
        const client = new pg.Client({ connectionString: database.appUrl });
        await client.connect();
        await client.query('BEGIN');
        return client;
      })) as [pg.Client, pg.Client];
      const added = new Map<pg.Client, string[]>([[one, []], [other, []]]);
      for (const [n, client] of [one, other, one, other, one].entries()) {
        const { rows: [row] } = await client.query<{ seq: string }>(`INSERT INTO receipts (destination, receipt_key, key, stage, word) VALUES ('rts-1', $1, 'k', 'confirmed', 'aired') RETURNING seq`, [`mixed-${n}`]);
        added.get(client)!.push(row!.seq);
      }
      const writeFact = async (client: pg.Client) => {
        const seqs = added.get(client)!;
        const { rows: [d] } = await client.query<{ digest: string }>(
          `SELECT encode(sha256(convert_to(string_agg(seq || ' ' || receipt_key || ' ' || stage || ' ' || word, E'\n' ORDER BY seq), 'UTF8')), 'hex') AS digest FROM receipts WHERE seq = ANY ($1)`, [seqs]);
        const made = makeFact({
          id: randomIds.next<FactId>(), at: NOW, type: 'receipt.received', actor: destinationActor('rts-1'),
          body: { deliveryId: null, destination: 'rts-1', confirmed: seqs.length, failed: 0, firstSeq: Number(seqs[0]), lastSeq: Number(seqs.at(-1)), digest: d!.digest },
        });
        await client.query('SELECT append_facts($1)', [[made.record]]);
        await client.query('COMMIT');
        await client.end();
      };
      await writeFact(one);
      await writeFact(other);
      expect((await store.verify(KEYS)).receipts).toEqual({ ok: true, receipts: 9, undecided: 0 });
      // After a restore no row tells its transaction any more.
      await rest(`UPDATE receipts SET word = word`);
      expect((await store.verify(KEYS)).receipts).toEqual({ ok: true, receipts: 9, undecided: 0 });
      await rest(`UPDATE receipts SET stage = 'failed' WHERE receipt_key = 'mixed-3'`);
      expect((await store.verify(KEYS)).receipts).toMatchObject({ ok: false, broken: { reason: 'receipt-changed' } });
    });
  });
});
