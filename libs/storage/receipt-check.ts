import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { inTransaction, rows } from './database.js';

/** What is found when receipts are compared with the facts about them. */
export interface ReceiptVerdict {
  readonly ok: boolean;
  /** Receipts that a fact vouches for. */
  readonly receipts: number;
  /** Facts whose receipts cannot be told from others that arrived in the same moment; no fault, and no proof. */
  readonly undecided: number;
  /** The first thing wrong: the fact whose receipts are not what it says, or the receipt that no fact speaks of. */
  readonly broken?: { readonly fact?: number; readonly receipt?: number; readonly reason: ReceiptBreak };
}

export const RECEIPT_BREAKS = {
  'receipt-changed': 'The receipts are not those that the fact was made of.',
  'receipt-missing': 'A receipt that the fact was made of is not there any more.',
  'receipt-unaudited': 'A receipt is there that no fact speaks of.',
} as const;
export type ReceiptBreak = keyof typeof RECEIPT_BREAKS;

interface ReceiptFact { seq: string; destination: string; delivery_id: string | null; amount: number; first: string; last: string; digest: string }
interface ReceiptRow { seq: string; receipt_key: string; stage: string; word: string; delivery_id: string | null; writer: string }

const PAGE = 200;
/** Sets of receipts that are tried when several arrived at once for one delivery. */
const TRIES = 2_000;

/**
 * Compares each `receipt.received` fact with the rows it was made of: their number and the digest over `seq key stage word`.
 * Receipts that are in nobody's count were put in past the audit. All of it on one snapshot, since rows and fact are written
 * together.
 */
export function checkReceipts(source: DataSource): Promise<ReceiptVerdict> {
  return inTransaction(source, async (manager) => {
    await rows(manager, 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    let after = '0';
    let receipts = 0;
    let undecided = 0;
    for (;;) {
      const facts = await rows<ReceiptFact>(manager,
        `SELECT seq, b ->> 'destination' AS destination, b ->> 'deliveryId' AS delivery_id, (b ->> 'confirmed')::int + (b ->> 'failed')::int AS amount,
                b ->> 'firstSeq' AS first, b ->> 'lastSeq' AS last, b ->> 'digest' AS digest
           FROM (SELECT seq, record::jsonb -> 'body' AS b FROM facts WHERE type = 'receipt.received' AND seq > $1 ORDER BY seq LIMIT $2) AS f ORDER BY seq`,
        [after, PAGE]);
      for (const fact of facts) {
        const found = await compare(manager, fact);
        if (found === 'undecided') undecided += 1;
        else if (found !== 'good') return { ok: false, receipts, undecided, broken: { fact: Number(fact.seq), reason: found } };
        receipts += fact.amount;
      }
      if (facts.length < PAGE) break;
      after = facts.at(-1)!.seq;
    }
    const [stored] = await rows<{ amount: string }>(manager, 'SELECT count(*) AS amount FROM receipts');
    if (Number(stored!.amount) === receipts) return { ok: true, receipts, undecided };
    const stray = await findStray(manager);
    return { ok: false, receipts, undecided, broken: { ...(stray !== undefined && { receipt: stray }), reason: 'receipt-unaudited' } };
  });
}

async function compare(manager: EntityManager, { destination, delivery_id, amount, first, last, digest }: ReceiptFact): Promise<'good' | 'undecided' | ReceiptBreak> {
  // A receipt that fitted no delivery at first may have found its delivery later.
  const found = await rows<ReceiptRow>(manager,
    `SELECT seq, receipt_key, stage, word, delivery_id, xmin::text AS writer FROM receipts
      WHERE seq BETWEEN $1 AND $2 AND destination = $3 AND ($4::uuid IS NULL OR delivery_id = $4) ORDER BY seq`, [first, last, destination, delivery_id]);
  if (found.length < amount || found[0]?.seq !== first || found.at(-1)?.seq !== last) return 'receipt-missing';
  if (found.length === amount) return digestOf(found) === digest ? 'good' : 'receipt-changed';
  // Others arrived in between, by another process. Rows of one transaction say so as long as nothing has touched them.
  const together = found.filter((row) => row.writer === found[0]?.writer);
  if (together.length === amount && digestOf(together) === digest) return 'good';
  let tried = 0;
  for (const inner of choose(found.slice(1, -1), amount - 2)) {
    if (digestOf([found[0], ...inner, found.at(-1)!]) === digest) return 'good';
    tried += 1;
    if (tried === TRIES) return 'undecided';
  }
  return 'receipt-changed';
}

/** The first row that no fact's span covers; undefined when the one too many lies within a span. */
async function findStray(manager: EntityManager): Promise<number | undefined> {
  const [row] = await rows<{ seq: string | null }>(manager,
    `WITH spans AS MATERIALIZED (
       SELECT b ->> 'destination' AS destination, (b ->> 'firstSeq')::bigint AS first, (b ->> 'lastSeq')::bigint AS last
         FROM (SELECT record::jsonb -> 'body' AS b FROM facts WHERE type = 'receipt.received') AS f)
     SELECT min(r.seq) AS seq FROM receipts r WHERE NOT EXISTS (SELECT FROM spans s WHERE s.destination = r.destination AND r.seq BETWEEN s.first AND s.last)`);
  return row?.seq == null ? undefined : Number(row.seq);
}

function digestOf(found: readonly ReceiptRow[]): string {
  return createHash('sha256').update(found.map((r) => `${r.seq} ${r.receipt_key} ${r.stage} ${r.word}`).join('\n')).digest('hex');
}

/** Every way to take `amount` of the items, in order. */
function* choose<T>(items: readonly T[], amount: number): Generator<readonly T[]> {
  if (amount === 0) yield [];
  if (amount <= 0 || items.length < amount) return;
  const [head, ...rest] = items as [T, ...T[]];
  for (const others of choose(rest, amount - 1)) yield [head, ...others];
  yield* choose(rest, amount);
}
