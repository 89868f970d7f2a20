import type { EntityManager } from 'typeorm';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import { destinationActor, wordOf } from '#audit/fact.js';
import type { Outcome, Receipt } from '#dispatch/channel.js';
import type { AttemptRecord } from '#dispatch/delivery-store.js';
import { rows } from './database.js';
import { storable } from './delivery-rows.js';
import type { Facts } from './facts.js';

/** New receipts of one delivery, or of none that we know. */
interface ReceiptGroup {
  delivery_id: DeliveryId | null; alert_id: AlertId | null; destination: string; confirmed: number; failed: number; first: string; last: string; digest: string;
}

/** First half of the advisory locks on references; the second is a destination. */
const REFERENCE_LOCK = 4_608_193;

/**
 * Receipts in PostgreSQL: written as they came, matched to deliveries, counted. Counts decide what becomes of a delivery, so
 * the order of receipts does not matter. Each method is part of its caller's transaction.
 */
export class ReceiptBook {
  constructor(private readonly facts: Facts) {}

  /**
   * Receipts and the references they speak of arrive in any order, in two transactions at once too: per destination one of
   * them waits, so that neither misses the other. Taken before any row lock.
   */
  async lock(manager: EntityManager, destinations: readonly string[]): Promise<void> {
    if (destinations.length === 0) return;
    await rows(manager, `SELECT pg_advisory_xact_lock($1, h) FROM (SELECT DISTINCT hashtext(d) AS h FROM unnest($2::text[]) AS d ORDER BY h) AS sorted`,
      [REFERENCE_LOCK, [...new Set(destinations)]]);
  }

  /** Writes receipts that are new, counts them, and returns their facts: one for those of one delivery that arrived together. */
  async write(manager: EntityManager, receipts: readonly Receipt[]): Promise<string[]> {
    // Matched as they are written, each by an index (a join would read all references); a receipt that is quicker than the
    // answer to its message is matched when that is recorded.
    const groups = await rows<ReceiptGroup>(manager,
      `WITH added AS (
         INSERT INTO receipts (destination, receipt_key, reference, key, stage, word, partner_at, delivery_id)
         SELECT v.*, coalesce((SELECT f.delivery_id FROM delivery_references f WHERE f.destination = v.destination AND f.reference = v.reference),
                              (SELECT k.id FROM deliveries k WHERE k.destination = v.destination AND k.key = v.key))
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
                AS v (destination, receipt_key, reference, key, stage, word, partner_at)
         ON CONFLICT DO NOTHING RETURNING seq, destination, receipt_key, stage, word, delivery_id)
       SELECT r.delivery_id, d.alert_id, r.destination, count(*) FILTER (WHERE stage = 'confirmed')::integer AS confirmed,
              count(*) FILTER (WHERE stage = 'failed')::integer AS failed, min(r.seq) AS first, max(r.seq) AS last,
              encode(sha256(convert_to(string_agg(r.seq || ' ' || r.receipt_key || ' ' || r.stage || ' ' || r.word, E'\n' ORDER BY r.seq), 'UTF8')), 'hex') AS digest
         FROM added r LEFT JOIN deliveries d ON d.id = r.delivery_id
        GROUP BY r.delivery_id, d.alert_id, r.destination ORDER BY min(r.seq)`,
      [
        receipts.map((r) => r.destination), receipts.map((r) => storable(r.receiptKey)),
        receipts.map((r) => ('reference' in r.about ? storable(r.about.reference) : null)), receipts.map((r) => ('key' in r.about ? storable(r.about.key) : null)),
        receipts.map((r) => r.stage), receipts.map((r) => wordOf(r.word, 40)),
        receipts.map((r) => (r.at && !Number.isNaN(r.at.getTime()) ? r.at.toISOString() : null)),
      ]);
    await this.add(manager, groups);
    return groups.map((group) => this.fact(group));
  }

  /** Keeps the partner's identifiers of what it accepted, and matches receipts that were quicker than the answer. */
  async keepReferences(manager: EntityManager, attempts: readonly AttemptRecord[]): Promise<void> {
    const pairs = attempts.flatMap(({ delivery, outcome }) =>
      referencesOf(outcome).map((reference) => ({ delivery, reference: storable(reference) })));
    if (pairs.length === 0) return;
    const destinations = pairs.map((p) => p.delivery.destination);
    const references = pairs.map((p) => p.reference);
    await rows(manager, `INSERT INTO delivery_references SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) ON CONFLICT DO NOTHING`,
      [destinations, references, pairs.map((p) => p.delivery.id)]);
    await rows(manager,
      `UPDATE receipts r SET delivery_id = f.delivery_id FROM unnest($1::text[], $2::text[]) AS v (destination, reference)
         JOIN delivery_references f USING (destination, reference)
        WHERE r.delivery_id IS NULL AND r.destination = v.destination AND r.reference = v.reference`, [destinations, references]);
  }

  /** Counts the receipts of deliveries anew. A confirmation also proves an acceptance whose answer was lost. */
  async recount(manager: EntityManager, ids: readonly DeliveryId[]): Promise<void> {
    if (ids.length === 0) return;
    await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
    await rows(manager,
      judging(`SELECT r.delivery_id AS id, count(*) FILTER (WHERE stage = 'confirmed')::integer AS confirmed,
                      count(*) FILTER (WHERE stage = 'failed' AND r.seq > k.heard_up_to)::integer AS failed, min(received_at) AS first_at
                 FROM receipts r JOIN deliveries k ON k.id = r.delivery_id WHERE r.delivery_id = ANY ($1) GROUP BY r.delivery_id`), [ids]);
  }

  /** As `recount`, for receipts that are new and matched: only they are counted, however many a long audience has sent before. */
  private async add(manager: EntityManager, groups: readonly ReceiptGroup[]): Promise<void> {
    const matched = groups.filter((group) => group.delivery_id !== null);
    if (matched.length === 0) return;
    const ids = matched.map((group) => group.delivery_id);
    await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
    await rows(manager,
      judging(`SELECT k.id, k.confirmed + v.confirmed AS confirmed, k.failed + v.failed AS failed, clock_timestamp() AS first_at
                 FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS v (id, confirmed, failed) JOIN deliveries k ON k.id = v.id`),
      [ids, matched.map((group) => group.confirmed), matched.map((group) => group.failed)]);
  }

  /** With a digest that binds the rows. */
  private fact({ delivery_id: deliveryId, alert_id: alertId, destination, confirmed, failed, first, last, digest }: ReceiptGroup): string {
    return this.facts.make('receipt.received', destinationActor(destination), alertId ?? undefined, {
      deliveryId, destination, confirmed, failed, firstSeq: Number(first), lastSeq: Number(last), digest,
    });
  }
}

/** The partner's identifiers of what it is known to have taken. */
export const referencesOf = (outcome: Outcome): readonly string[] => ('references' in outcome ? outcome.references ?? [] : []);

/** What the counts `(id, confirmed, failed, first_at)` of deliveries make of them. */
function judging(counted: string): string {
  return `WITH counted AS (${counted}),
       judged AS (
         SELECT c.*, CASE
             WHEN d.state NOT IN ('waiting', 'uncertain', 'dead', 'accepted', 'confirmed', 'failed') THEN d.state
             WHEN c.confirmed > 0 AND c.confirmed + c.failed >= coalesce(d.expected, 1) THEN 'confirmed'
             WHEN c.failed > 0 AND c.failed >= coalesce(d.expected, 1) AND d.state IN ('accepted', 'failed') THEN 'failed'
             ELSE d.state END AS state
           FROM counted c JOIN deliveries d USING (id))
       UPDATE deliveries d SET confirmed = j.confirmed, failed = j.failed, state = j.state, may_have = true,
              accepted_at = CASE WHEN j.state IN ('confirmed', 'failed') THEN coalesce(d.accepted_at, j.first_at) ELSE d.accepted_at END,
              next_attempt_at = CASE WHEN j.state = 'waiting' THEN d.next_attempt_at END
         FROM judged j WHERE d.id = j.id`;
}
