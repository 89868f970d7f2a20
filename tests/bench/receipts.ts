import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource, EntitySchema } from 'typeorm';
import { systemClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds, type DestinationId } from '#kernel/ids.js';
import type { Receipt } from '#dispatch/channel.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase } from '#storage/database.js';
import { PgDeliveryStore } from '#storage/delivery-store.js';
import { asOwner, onGround, type BenchDatabase } from './ground.js';
import { interleave, short, tell, type Report } from './report.js';

/*
 * Receipts of opted-in numbers: an operator's SMSC confirms message by message. Ours stores them, ties each to its
 * delivery by the operator's message identifier, counts, and writes the facts; the baseline only stores them.
 */
const ROUNDS = 5;
/** Receipts a round, in batches as the receipt batcher makes them. */
const RECEIPTS = 20_000;
const BATCH = 1_000;
/** Numbers in one part of an opted-in list, each with a receipt of its own. */
const PART = 500;
const OPERATORS = ['operator-1', 'operator-2', 'operator-3', 'operator-4'] as readonly string[] as readonly DestinationId[];

interface PlainReceipt {
  seq?: string; destination: string; receiptKey: string; reference: string | null; key: string | null; stage: string; word: string; partnerAt: Date | null;
  receivedAt?: Date; deliveryId: string | null;
}

/** The columns of `receipts` and its unique key, as an application with an ORM would have them. */
const plainReceipt = new EntitySchema<PlainReceipt>({
  name: 'PlainReceipt', tableName: 'plain_receipts',
  columns: {
    seq: { type: 'bigint', primary: true, generated: 'increment' },
    destination: { type: 'text' }, receiptKey: { type: 'text', name: 'receipt_key' }, reference: { type: 'text', nullable: true },
    key: { type: 'text', nullable: true }, stage: { type: 'text' }, word: { type: 'text' }, partnerAt: { type: 'timestamptz', name: 'partner_at', nullable: true },
    receivedAt: { type: 'timestamptz', name: 'received_at', default: () => 'clock_timestamp()' }, deliveryId: { type: 'uuid', name: 'delivery_id', nullable: true },
  },
  uniques: [{ columns: ['destination', 'receiptKey'] }],
});

async function measure(database: BenchDatabase): Promise<Report> {
  const source = await openDatabase({ url: database.appUrl, name: 'bench-receipts' });
  const plain = new DataSource({ type: 'postgres', url: database.ownerUrl, entities: [plainReceipt], synchronize: true, logging: false });
  await plain.initialize();
  try {
    const store = new PgDeliveryStore(source, new CaseKeys(MasterKey.of(randomBytes(32))), systemClock, randomIds);
    const repository = plain.getRepository(plainReceipt);
    const table = await interleave(`${short(RECEIPTS)} receipts into PostgreSQL`, 'rows/s', 'higher', ROUNDS, [
      {
        name: `TypeORM save, chunks of ${short(BATCH)}, stored only`,
        run: async (round) => {
          const entities = receiptsOf(round).map((r) => repository.create(plainOf(r)));
          return perSecond(RECEIPTS, () => repository.save(entities, { chunk: BATCH }));
        },
      },
      {
        name: `receive, batches of ${short(BATCH)}, stored, matched, counted, on record`,
        run: async (round) => {
          await accept(database, round);
          const batches = chunksOf(receiptsOf(round), BATCH);
          return perSecond(RECEIPTS, async () => {
            for (const batch of batches) await store.receive(batch);
          });
        },
      },
      {
        name: 'the same receipts again, which change nothing',
        run: async (round) => {
          // Whichever came first this round: they are there already when this one runs for the figure's sake.
          const batches = chunksOf(receiptsOf(round % 2 === 1 ? round - 1 : round), BATCH);
          return perSecond(RECEIPTS, async () => {
            for (const batch of batches) await store.receive(batch);
          });
        },
      },
    ]);
    await check(database);
    const { ratio } = table.rows[1]!;
    return {
      program: 'receipts', tables: [table], notes: [],
      aims: [{
        name: 'receipts into PostgreSQL', aim: 'at least 10 times TypeORM save in chunks of 1,000', met: ratio.median >= 10,
        reached: `${short(ratio.median)} times (${short(ratio.lowest)} to ${short(ratio.highest)})`,
      }],
    };
  } finally {
    await source.destroy();
    await plain.destroy();
  }
}

const deliveryOf = (round: number, part: number): string => `00000000-0000-4000-8000-${String(round * 1_000 + part).padStart(12, '0')}`;
const operatorOf = (part: number): DestinationId => OPERATORS[part % OPERATORS.length]!;

function receiptsOf(round: number): Receipt[] {
  // As they come: all parts' numbers mixed.
  return Array.from({ length: RECEIPTS }, (_, i): Receipt => {
    const part = i % (RECEIPTS / PART);
    const reference = `${round}-${i}`;
    return { destination: operatorOf(part), receiptKey: `${reference}:DELIVRD`, about: { reference }, stage: 'confirmed', word: 'DELIVRD', at: new Date(1_800_000_000_000 + i) };
  });
}

function plainOf(r: Receipt): PlainReceipt {
  return {
    destination: r.destination, receiptKey: r.receiptKey, reference: 'reference' in r.about ? r.about.reference : null, key: null, stage: r.stage, word: r.word,
    partnerAt: r.at ?? null, deliveryId: null,
  };
}

/** A round's alert as it stands once the operators have accepted all parts of it. */
async function accept({ ownerUrl }: BenchDatabase, round: number): Promise<void> {
  const parts = Array.from({ length: RECEIPTS / PART }, (_, part) => part);
  const alert = randomUUID();
  await asOwner(ownerUrl, async (client) => {
    await client.query(
      `INSERT INTO alerts (id, mode, status, version, case_number, created_by, created_at, last_revision, current_revision, expires_at)
       SELECT $1::uuid, 'drill', 'active', 1, 'KU-1/2026', id, now(), 1, 1, now() + interval '1 day' FROM officers LIMIT 1`, [alert]);
    await client.query(`INSERT INTO revisions (alert_id, number, kind, status, writers) VALUES ($1, 1, 'alert', 'draft', '{}')`, [alert]);
    await client.query(`INSERT INTO outbox (alert_id, revision, kind, content_hash) VALUES ($1, 1, 'alert', repeat('0', 64))`, [alert]);
    await client.query(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, part, key, state, attempts, may_have, expected, expires_at, accepted_at)
       SELECT d.id, $1, 1, 'alert', 'smpp', d.destination, d.part, d.id::text, 'accepted', 1, true, $2, now() + interval '1 day', now()
         FROM unnest($3::uuid[], $4::text[], $5::integer[]) AS d (id, destination, part)`,
      [alert, PART, parts.map((part) => deliveryOf(round, part)), parts.map(operatorOf), parts]);
    const references = Array.from({ length: RECEIPTS }, (_, i) => i);
    await client.query('INSERT INTO delivery_references SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])', [
      references.map((i) => operatorOf(i % parts.length)), references.map((i) => `${round}-${i}`), references.map((i) => deliveryOf(round, i % parts.length)),
    ]);
  });
}

/** A figure for work that was not done is worth nothing: every receipt is there once, and every delivery confirmed by them. */
async function check({ ownerUrl }: BenchDatabase): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    const { rows: [found] } = await client.query<{ receipts: number; open: number }>(
      `SELECT (SELECT count(*)::integer FROM receipts WHERE delivery_id IS NOT NULL) AS receipts,
              (SELECT count(*)::integer FROM deliveries WHERE state <> 'confirmed' OR confirmed <> $1) AS open`, [PART]);
    if (found?.receipts !== RECEIPTS * (ROUNDS + 1) || found.open !== 0) throw new Error(`receipts went missing: ${JSON.stringify(found)}`);
  });
}

async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (count / (performance.now() - started)) * 1_000;
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

tell(await onGround(false, async (ground) => measure(await ground.database())));
