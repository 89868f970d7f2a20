import type { DataSource, EntityManager } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId, FactId, Ids, OfficerId } from '#kernel/ids.js';
import type { Clock } from '#kernel/clock.js';
import { sha256Hex } from '#kernel/canonical.js';
import { keyedDigest, seal } from '#kernel/sealing.js';
import { destinationActor, makeFact, officerActor, SYSTEM, wordOf, type Actor, type FactBody, type FactType } from '#audit/fact.js';
import type { Receipt } from '#dispatch/channel.js';
import { isEnding, type ClaimedDelivery, type DeliveryKind } from '#dispatch/delivery.js';
import type { AttemptRecord, Claim, DeliveryStore, Planned, Postponed, Taker } from '#dispatch/delivery-store.js';
import type { EarlierDelivery, OutboxRow, PlannedDelivery } from '#dispatch/plan.js';
import type { CaseKeys } from './case-keys.js';
import { inTransaction, rows } from './database.js';

interface ClaimRow {
  id: DeliveryId; alert_id: AlertId; revision: number; kind: DeliveryKind; channel: string; destination: DestinationId; part: number; key: string; state: string;
  attempts: number; lease_token: string; had: boolean; reason: string | null; expires_at: Date; content_hash: string;
}

/** New receipts of one delivery, or of none that we know. */
interface ReceiptGroup {
  delivery_id: DeliveryId | null; alert_id: AlertId | null; destination: string; confirmed: number; failed: number; first: string; last: string; digest: string;
}

/** Sorted locking keeps two transactions from waiting for each other; should it happen all the same, one is repeated. */
const DEADLOCK = '40P01';

/** First half of the advisory locks on references; the second is a destination. */
const REFERENCE_LOCK = 4_608_193;

/** Deliveries, attempts and receipts in PostgreSQL. */
export class PgDeliveryStore implements DeliveryStore {
  constructor(
    private readonly source: DataSource,
    private readonly keys: CaseKeys,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  planNext(plan: (row: OutboxRow, earlier: readonly EarlierDelivery[]) => PlannedDelivery[], taker?: Taker): Promise<Planned | undefined> {
    return this.transaction(async (manager) => {
      const [row] = await rows<OutboxRow>(manager,
        `SELECT o.id, o.alert_id AS "alertId", o.revision, o.kind, a.mode, r.expires_at AS "expiresAt"
           FROM outbox o JOIN alerts a ON a.id = o.alert_id JOIN revisions r ON r.alert_id = o.alert_id AND r.number = o.revision
          WHERE o.planned_at IS NULL ORDER BY o.kind IN ('alert', 'update'), o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED`);
      if (!row) return undefined;
      const earlier = await rows<EarlierDelivery>(manager,
        `SELECT channel, destination, part, may_have AS "mayHave" FROM deliveries WHERE alert_id = $1 AND revision < $2 ORDER BY id FOR UPDATE`,
        [row.alertId, row.revision]);
      const cancelled = await this.cancelOlder(manager, row);
      const planned = plan(row, earlier);
      const isTaken = taker !== undefined && (await this.isDue(manager, row, taker.now));
      const added = await this.insert(manager, row, planned, isTaken ? taker : undefined);
      const deliveries = added.map((d) => d.id);
      await rows(manager, 'UPDATE outbox SET planned_at = $2 WHERE id = $1', [row.id, this.clock.now()]);
      await this.append(manager, [
        ...cancelled,
        this.fact('outbox.planned', SYSTEM, row.alertId, { revision: row.revision, deliveries: deliveries.length }),
      ]);
      return { row, deliveries, taken: isTaken ? added.map(toClaimed) : [] };
    });
  }

  async claim(ids: readonly DeliveryId[], by: string, leaseMs: number, now: Date): Promise<Claim> {
    if (ids.length === 0) return { taken: [], died: [] };
    return this.transaction(async (manager) => {
      const claimed = await rows<ClaimRow>(manager, 'SELECT * FROM claim_deliveries($1, $2, make_interval(secs => $3), $4)', [ids, by, leaseMs / 1000, now]);
      const died = claimed.filter((row) => row.state !== 'sending');
      await this.append(manager, died.map((row) => row.state === 'dead'
        ? this.fact('delivery.dead', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), attempts: row.attempts, reason: 'expired' })
        : this.fact('delivery.cancelled', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), cause: row.reason as FactBody<'delivery.cancelled'>['cause'] })));
      return { taken: claimed.filter((row) => row.state === 'sending').map(toClaimed), died: died.map(toClaimed) };
    });
  }

  async due(dueBefore: Date, limit: number): Promise<DeliveryId[]> {
    const found = await rows<{ id: DeliveryId }>(this.source,
      `SELECT id FROM deliveries WHERE (state = 'queued' AND created_at <= $1) OR (state = 'waiting' AND next_attempt_at <= $1)
        ORDER BY kind IN ('alert', 'update'), next_attempt_at NULLS FIRST LIMIT $2`, [dueBefore, limit]);
    return found.map((row) => row.id);
  }

  async hasten(destination: DestinationId, now: Date): Promise<DeliveryId[]> {
    const found = await rows<{ id: DeliveryId }>(this.source,
      `WITH waiting AS (SELECT id FROM deliveries WHERE destination = $1 AND state = 'waiting' ORDER BY id FOR UPDATE)
       UPDATE deliveries d SET next_attempt_at = $2 FROM waiting WHERE d.id = waiting.id RETURNING d.id`, [destination, now]);
    return found.map((row) => row.id);
  }

  async renew(deliveries: readonly ClaimedDelivery[], leaseMs: number): Promise<DeliveryId[]> {
    if (deliveries.length === 0) return [];
    const held = await rows<{ id: DeliveryId }>(this.source,
      `WITH held AS (
         SELECT d.id FROM deliveries d JOIN unnest($1::uuid[], $2::bigint[]) AS v (id, token) ON d.id = v.id AND d.lease_token = v.token
          WHERE d.state = 'sending' ORDER BY d.id FOR UPDATE OF d)
       UPDATE deliveries d SET leased_until = clock_timestamp() + make_interval(secs => $3) FROM held WHERE d.id = held.id RETURNING d.id`,
      [deliveries.map((d) => d.id), deliveries.map((d) => d.leaseToken), leaseMs / 1000]);
    return held.map((row) => row.id);
  }

  async takeLapsed(by: string, leaseMs: number): Promise<ClaimedDelivery[]> {
    const taken = await rows<ClaimRow>(this.source,
      `WITH lapsed AS (SELECT id FROM deliveries WHERE state = 'sending' AND leased_until < clock_timestamp() ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED)
       UPDATE deliveries d SET lease_token = lease_token + 1, leased_by = $1, leased_until = clock_timestamp() + make_interval(secs => $2)
         FROM lapsed, outbox o WHERE d.id = lapsed.id AND o.alert_id = d.alert_id AND o.revision = d.revision
       RETURNING d.id, d.alert_id, d.revision, d.kind, d.channel, d.destination, d.part, d.key, d.state, d.attempts, d.lease_token,
                 d.may_have AS had, d.reason, d.expires_at, o.content_hash`, [by, leaseMs / 1000]);
    return taken.map(toClaimed);
  }

  record(attempts: readonly AttemptRecord[]): Promise<void> {
    if (attempts.length === 0) return Promise.resolve();
    return this.transaction(async (manager) => {
      const ids = attempts.map((a) => a.delivery.id);
      await this.lockReferences(manager, attempts.flatMap(({ delivery, outcome }) => (outcome.kind === 'accepted' && outcome.references.length > 0 ? [delivery.destination] : [])));
      await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
      // A row moves only for the sender that still holds it; a fenced one leaves its attempt behind and nothing else.
      await rows(manager,
        `UPDATE deliveries d SET state = v.state, next_attempt_at = v.next_attempt_at, may_have = v.may_have, reason = v.reason, expected = v.expected,
                accepted_at = CASE WHEN v.state = 'accepted' THEN coalesce(d.accepted_at, v.ended_at) ELSE d.accepted_at END, leased_by = NULL, leased_until = NULL
           FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::integer[], $8::timestamptz[])
                AS v (id, token, state, next_attempt_at, may_have, reason, expected, ended_at)
          WHERE d.id = v.id AND d.lease_token = v.token AND d.state = 'sending'`,
        [
          ids, attempts.map((a) => a.delivery.leaseToken), attempts.map((a) => a.settlement.state), attempts.map((a) => a.settlement.nextAttemptAt ?? null),
          attempts.map((a) => a.settlement.mayHave), attempts.map((a) => a.settlement.reason ?? null), attempts.map((a) => a.settlement.expectedReceipts ?? null),
          attempts.map((a) => new Date(a.startedAt.getTime() + a.ms)),
        ]);
      const added = await rows<{ delivery_id: DeliveryId; lease_token: string }>(manager,
        `INSERT INTO attempts (delivery_id, number, lease_token, started_at, ms, outcome, reason, content_hash)
         SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::float8[], $6::text[], $7::text[], $8::text[])
         ON CONFLICT DO NOTHING RETURNING delivery_id, lease_token`,
        [
          ids, attempts.map((a) => a.delivery.attempt), attempts.map((a) => a.delivery.leaseToken), attempts.map((a) => a.startedAt), attempts.map((a) => a.ms),
          attempts.map((a) => a.outcome.kind), attempts.map((a) => reasonOf(a) ?? null), attempts.map((a) => a.delivery.contentHash),
        ]);
      const isNew = new Set(added.map((row) => `${row.delivery_id} ${row.lease_token}`));
      const fresh = attempts.filter((a) => isNew.delete(`${a.delivery.id} ${a.delivery.leaseToken}`));
      await this.keepReferences(manager, fresh);
      await this.applyReceipts(manager, ids);
      const overtaken = await this.overtaken(manager, fresh);
      await this.append(manager, [...fresh.flatMap((a) => this.attemptFacts(a)), ...overtaken]);
    });
  }

  postpone(postponed: readonly Postponed[]): Promise<void> {
    if (postponed.length === 0) return Promise.resolve();
    return this.transaction(async (manager) => {
      await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [postponed.map((p) => p.delivery.id)]);
      await rows(manager,
        `UPDATE deliveries d SET state = 'waiting', next_attempt_at = v.until, reason = v.reason, attempts = d.attempts - 1, may_have = v.had,
                leased_by = NULL, leased_until = NULL
           FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::boolean[]) AS v (id, token, until, reason, had)
          WHERE d.id = v.id AND d.lease_token = v.token AND d.state = 'sending'`,
        [
          postponed.map((p) => p.delivery.id), postponed.map((p) => p.delivery.leaseToken), postponed.map((p) => p.until), postponed.map((p) => p.reason),
          postponed.map((p) => p.delivery.had),
        ]);
    });
  }

  receive(receipts: readonly Receipt[]): Promise<void> {
    if (receipts.length === 0) return Promise.resolve();
    return this.transaction(async (manager) => {
      await this.lockReferences(manager, receipts.map((r) => r.destination));
      // Matched as they are written, each by an index (a join would read all references); a receipt that is quicker than the answer to its message is matched when that is recorded.
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
      await this.addReceipts(manager, groups);
      await this.append(manager, groups.map((group) => this.receiptFact(group)));
    });
  }

  async newestRevision(alertId: AlertId): Promise<number> {
    const [row] = await rows<{ revision: number | null }>(this.source, 'SELECT max(revision) AS revision FROM outbox WHERE alert_id = $1', [alertId]);
    return row?.revision ?? 0;
  }

  breakerChanged(destination: DestinationId, state: 'closed' | 'open' | 'half-open', at: Date): Promise<void> {
    return this.transaction(async (manager) => {
      await rows(manager,
        `INSERT INTO breakers VALUES ($1, $2, $3) ON CONFLICT (destination) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
        [destination, state, at]);
      await this.append(manager, [this.fact('breaker.changed', SYSTEM, undefined, { destination, state: state === 'half-open' ? 'half_open' : state })]);
    });
  }

  settleDeadLetter(id: DeliveryId, verdict: 'retry' | 'close', by: OfficerId, reason: string, at: Date): Promise<void> {
    return this.transaction(async (manager) => {
      const [row] = await rows<ClaimRow>(manager, `SELECT *, may_have AS had, '' AS content_hash FROM deliveries WHERE id = $1 FOR UPDATE`, [id]);
      if (!row) throw fail('DELIVERY_MISSING');
      if (!['dead', 'uncertain', 'failed'].includes(row.state)) throw fail('DELIVERY_NOT_DEAD');
      if (reason.trim() === '') throw fail('REASON_MISSING', 'reason');
      const key = await this.keys.of(manager, row.alert_id);
      await rows(manager,
        verdict === 'retry'
          ? `UPDATE deliveries SET state = 'queued', settled_by = $2, reason = NULL, failed = 0,
                    heard_up_to = coalesce((SELECT max(seq) FROM receipts WHERE delivery_id = $1), 0) WHERE id = $1`
          : `UPDATE deliveries SET state = 'closed', settled_by = $2 WHERE id = $1`, [id, by]);
      await rows(manager, 'INSERT INTO remarks (alert_id, revision, verb, by, at, sealed) VALUES ($1, $2, $3, $4, $5, $6)',
        [row.alert_id, row.revision, verdict, by, at, seal(key, Buffer.from(reason), `${row.alert_id}:remark`)]);
      const body = { ...naming(toClaimed(row)), remark: keyedDigest(key, reason) };
      await this.append(manager, [this.fact(verdict === 'retry' ? 'delivery.retried' : 'delivery.closed', officerActor(by), row.alert_id, body)]);
      if (verdict === 'retry') await rows(manager, `SELECT pg_notify('deliveries', $1)`, [id]);
    });
  }

  /** Older revisions' pending sends die with an ending or a newer revision; one under way is fenced. */
  private async cancelOlder(manager: EntityManager, row: OutboxRow): Promise<string[]> {
    const cause = isEnding(row.kind) ? row.kind : 'superseded';
    const died = await rows<ClaimRow>(manager,
      `UPDATE deliveries SET state = 'cancelled', reason = $3, next_attempt_at = NULL, leased_by = NULL, leased_until = NULL, lease_token = lease_token + 1
        WHERE alert_id = $1 AND revision < $2 AND state IN ('queued', 'sending', 'waiting', 'uncertain')
       RETURNING *, may_have AS had, '' AS content_hash`, [row.alertId, row.revision, cause]);
    return died.map((d) => this.fact('delivery.cancelled', SYSTEM, row.alertId, { ...naming(toClaimed(d)), cause: cause as FactBody<'delivery.cancelled'>['cause'] }));
  }

  private async isDue(manager: EntityManager, row: OutboxRow, now: Date): Promise<boolean> {
    const [answer] = await rows<{ sendable: boolean }>(manager, 'SELECT may_be_sent($1, $2, $3) AS sendable', [row.alertId, row.revision, row.kind]);
    return answer?.sendable === true && row.expiresAt > now;
  }

  private insert(manager: EntityManager, row: OutboxRow, planned: readonly PlannedDelivery[], taker?: Taker): Promise<ClaimRow[]> {
    return rows<ClaimRow>(manager,
      `INSERT INTO deliveries AS d (id, alert_id, revision, kind, channel, destination, part, key, expires_at,
                                    state, attempts, lease_token, leased_by, leased_until, may_have)
       SELECT v.id, $1, $2, $3, v.channel, v.destination, v.part, v.key, $4,
              CASE WHEN $10::uuid IS NULL THEN 'queued' ELSE 'sending' END, ($10 IS NOT NULL)::integer, ($10 IS NOT NULL)::integer, $10,
              clock_timestamp() + make_interval(secs => $11), $10 IS NOT NULL
         FROM unnest($5::uuid[], $6::text[], $7::text[], $8::integer[], $9::text[]) AS v (id, channel, destination, part, key)
       ON CONFLICT DO NOTHING RETURNING d.*, false AS had, (SELECT content_hash FROM outbox WHERE id = $12) AS content_hash`,
      [
        row.alertId, row.revision, row.kind, row.expiresAt, planned.map(() => this.ids.next()), planned.map((p) => p.channel),
        planned.map((p) => p.destination), planned.map((p) => p.part), planned.map((p) => p.key), taker?.by ?? null, taker ? taker.leaseMs / 1000 : null, row.id,
      ]);
  }

  /**
   * A publish that began after its alert had ended (its sender stood still in between) is not silently forgotten: the ending
   * is sent again, and a person has to see to it. Compares this machine's clock with the database's.
   */
  private async overtaken(manager: EntityManager, attempts: readonly AttemptRecord[]): Promise<string[]> {
    const left = attempts.filter(({ delivery, outcome }) => !isEnding(delivery.kind) && (outcome.kind === 'accepted' || outcome.kind === 'uncertain'));
    if (left.length === 0) return [];
    const overtaking = await rows<ClaimRow>(manager,
      `UPDATE deliveries d SET state = 'uncertain', reason = 'sent_after_ending', may_have = true
         FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS v (id, token, started_at), outbox o
        WHERE d.id = v.id AND d.state = 'cancelled' AND d.lease_token > v.token
          AND o.alert_id = d.alert_id AND o.kind IN ('found', 'withdrawn', 'expired') AND o.created_at < v.started_at
       RETURNING d.*, d.may_have AS had, '' AS content_hash`,
      [left.map((a) => a.delivery.id), left.map((a) => a.delivery.leaseToken), left.map((a) => a.startedAt)]);
    if (overtaking.length === 0) return [];
    await rows(manager,
      `WITH again AS (
         UPDATE deliveries e SET state = 'queued', reason = 'overtaken' FROM deliveries d
          WHERE d.id = ANY ($1) AND e.alert_id = d.alert_id AND e.channel = d.channel AND e.destination = d.destination AND e.part = d.part
            AND e.kind IN ('found', 'withdrawn', 'expired') AND e.state = 'accepted'
         RETURNING e.id)
       SELECT pg_notify('deliveries', id::text) FROM again`, [overtaking.map((row) => row.id)]);
    return overtaking.map((row) => this.fact('delivery.dead', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), attempts: row.attempts, reason: 'sent_after_ending' }));
  }

  /**
   * Receipts and the references they speak of arrive in any order, in two transactions at once too: per destination one of
   * them waits, so that neither misses the other. Taken before any row lock.
   */
  private async lockReferences(manager: EntityManager, destinations: readonly string[]): Promise<void> {
    if (destinations.length === 0) return;
    await rows(manager, `SELECT pg_advisory_xact_lock($1, h) FROM (SELECT DISTINCT hashtext(d) AS h FROM unnest($2::text[]) AS d ORDER BY h) AS sorted`,
      [REFERENCE_LOCK, [...new Set(destinations)]]);
  }

  /** Keeps the partner's identifiers, and matches receipts that were quicker than the answer. */
  private async keepReferences(manager: EntityManager, attempts: readonly AttemptRecord[]): Promise<void> {
    const pairs = attempts.flatMap(({ delivery, outcome }) =>
      outcome.kind === 'accepted' ? outcome.references.map((reference) => ({ delivery, reference: storable(reference) })) : []);
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

  /**
   * Counts the receipts of deliveries anew and lets the counts decide, so that their order does not matter. A confirmation
   * also proves an acceptance whose answer was lost.
   */
  private async applyReceipts(manager: EntityManager, ids: readonly DeliveryId[]): Promise<void> {
    if (ids.length === 0) return;
    await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
    await rows(manager,
      judging(`SELECT r.delivery_id AS id, count(*) FILTER (WHERE stage = 'confirmed')::integer AS confirmed,
                      count(*) FILTER (WHERE stage = 'failed' AND r.seq > k.heard_up_to)::integer AS failed, min(received_at) AS first_at
                 FROM receipts r JOIN deliveries k ON k.id = r.delivery_id WHERE r.delivery_id = ANY ($1) GROUP BY r.delivery_id`), [ids]);
  }

  /** As `applyReceipts`, for receipts that are new and matched: only they are counted, however many a long audience has sent before. */
  private async addReceipts(manager: EntityManager, groups: readonly ReceiptGroup[]): Promise<void> {
    const matched = groups.filter((group) => group.delivery_id !== null);
    if (matched.length === 0) return;
    const ids = matched.map((group) => group.delivery_id);
    await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
    await rows(manager,
      judging(`SELECT k.id, k.confirmed + v.confirmed AS confirmed, k.failed + v.failed AS failed, clock_timestamp() AS first_at
                 FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS v (id, confirmed, failed) JOIN deliveries k ON k.id = v.id`),
      [ids, matched.map((group) => group.confirmed), matched.map((group) => group.failed)]);
  }

  private attemptFacts({ delivery, outcome, settlement, ms }: AttemptRecord): string[] {
    const reason = 'reason' in outcome ? wordOf(outcome.reason) : undefined;
    const attempted = this.fact('delivery.attempted', SYSTEM, delivery.alertId, {
      ...naming(delivery), part: delivery.part, call: isEnding(delivery.kind) ? 'withdraw' : 'publish', attempt: delivery.attempt, outcome: outcome.kind,
      ...(reason && { reason }), contentHash: delivery.contentHash, ms: Math.round(ms),
    });
    if (settlement.state !== 'dead') return [attempted];
    const dead = this.fact('delivery.dead', SYSTEM, delivery.alertId, { ...naming(delivery), attempts: delivery.attempt, reason: wordOf(settlement.reason ?? '') });
    return [attempted, dead];
  }

  /** One fact for the receipts of one delivery that arrived together, with a digest that binds the rows. */
  private receiptFact(group: ReceiptGroup): string {
    const { delivery_id: deliveryId, destination, confirmed, failed, first, last, digest } = group;
    return this.fact('receipt.received', destinationActor(destination), group.alert_id ?? undefined, {
      deliveryId, destination, confirmed, failed, firstSeq: Number(first), lastSeq: Number(last), digest,
    });
  }

  private fact<T extends FactType>(type: T, actor: Actor, alertId: AlertId | undefined, body: FactBody<T>): string {
    return makeFact({ id: this.ids.next<FactId>(), at: this.clock.now(), type, actor, ...(alertId && { alertId }), body }).record;
  }

  /** Facts come last in a transaction: the chain's lock is then held for the commit only. */
  private async append(manager: EntityManager, records: readonly string[]): Promise<void> {
    if (records.length > 0) await rows(manager, 'SELECT append_facts($1)', [records]);
  }

  private async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTransaction(this.source, work);
      } catch (error) {
        if ((error as { code?: string }).code !== DEADLOCK) throw error;
        if (attempt === 3) throw fail('STORE_BUSY');
      }
    }
  }
}

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

function naming({ id, key, channel, destination }: ClaimedDelivery): { deliveryId: string; key: string; channel: string; destination: string } {
  return { deliveryId: id, key, channel, destination };
}

function reasonOf({ outcome }: AttemptRecord): string | undefined {
  return 'reason' in outcome ? wordOf(outcome.reason) : undefined;
}

function toClaimed(row: ClaimRow): ClaimedDelivery {
  return {
    id: row.id, alertId: row.alert_id, revision: row.revision, kind: row.kind, channel: row.channel, destination: row.destination, part: row.part, key: row.key,
    attempt: row.attempts, leaseToken: row.lease_token, had: row.had, expiresAt: row.expires_at, contentHash: row.content_hash,
  };
}

/** A partner's identifier as it is kept: what PostgreSQL cannot store or index becomes its digest, the same way everywhere. */
function storable(identifier: string): string {
  return identifier.length <= 200 && !identifier.includes('\0') ? identifier : `sha256:${sha256Hex(identifier)}`;
}
