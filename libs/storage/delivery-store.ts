import type { DataSource, EntityManager } from 'typeorm';
import type { AlertId, DeliveryId, DestinationId, Ids, OfficerId } from '#kernel/ids.js';
import type { Clock } from '#kernel/clock.js';
import { SYSTEM, wordOf, type FactBody } from '#audit/fact.js';
import { routeName, type Receipt } from '#dispatch/channel.js';
import { isEnding, type ClaimedDelivery, type Move } from '#dispatch/delivery.js';
import type { AttemptRecord, Claim, DeliveryStore, Planned, Postponed, Taker } from '#dispatch/delivery-store.js';
import type { EarlierDelivery, OutboxRow, PlannedDelivery } from '#dispatch/plan.js';
import type { CaseKeys } from './case-keys.js';
import { inTransaction, rows } from './database.js';
import { settleDeadLetter } from './dead-letters.js';
import { naming, toClaimed, type ClaimRow } from './delivery-rows.js';
import { Facts } from './facts.js';
import { ReceiptBook, referencesOf } from './receipt-book.js';

/** Deliveries, attempts and receipts in PostgreSQL. */
export class PgDeliveryStore implements DeliveryStore {
  private readonly facts: Facts;
  private readonly receipts: ReceiptBook;

  constructor(
    private readonly source: DataSource,
    private readonly keys: CaseKeys,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.facts = new Facts(clock, ids);
    this.receipts = new ReceiptBook(this.facts);
  }

  planNext(plan: (row: OutboxRow, earlier: readonly EarlierDelivery[]) => PlannedDelivery[], taker?: Taker): Promise<Planned | undefined> {
    return inTransaction(this.source, async (manager) => {
      const [row] = await rows<OutboxRow>(manager,
        `SELECT o.id, o.alert_id AS "alertId", o.revision, o.kind, a.mode, r.expires_at AS "expiresAt"
           FROM outbox o JOIN alerts a ON a.id = o.alert_id JOIN revisions r ON r.alert_id = o.alert_id AND r.number = o.revision
          WHERE o.planned_at IS NULL ORDER BY o.kind IN ('alert', 'update'), o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED`);
      if (!row) return undefined;
      const earlier = await rows<EarlierDelivery>(manager,
        `SELECT channel, destination, part, route, may_have AS "mayHave" FROM deliveries WHERE alert_id = $1 AND revision < $2 ORDER BY id FOR UPDATE`,
        [row.alertId, row.revision]);
      // Routes that took an airing: what is in force then need not be what took the delivery.
      const aired = await rows<EarlierDelivery>(manager,
        `SELECT o.channel, d.destination, d.part, o.route, o.may_have AS "mayHave" FROM airing_routes o JOIN deliveries d ON d.id = o.delivery_id
          WHERE d.alert_id = $1 AND d.revision < $2 ORDER BY d.id, o.route`, [row.alertId, row.revision]);
      const cancelled = await this.cancelOlder(manager, row);
      const planned = plan(row, [...earlier, ...aired]);
      const isTaken = taker !== undefined && (await this.isDue(manager, row, taker.now));
      const added = await this.insert(manager, row, planned, isTaken ? taker : undefined);
      const idsIn = (state: string) => added.filter((d) => d.state === state).map((d) => d.id);
      await rows(manager, 'UPDATE outbox SET planned_at = $2 WHERE id = $1', [row.id, this.clock.now()]);
      await this.facts.append(manager, [
        ...cancelled,
        this.facts.make('outbox.planned', SYSTEM, row.alertId, { revision: row.revision, deliveries: added.length }),
      ]);
      return { row, queued: idsIn('queued'), spread: idsIn('waiting'), taken: added.filter((d) => d.state === 'sending').map(toClaimed) };
    });
  }

  async claim(ids: readonly DeliveryId[], by: string, leaseMs: number, now: Date): Promise<Claim> {
    if (ids.length === 0) return { taken: [], died: [] };
    return inTransaction(this.source, async (manager) => {
      const claimed = await rows<ClaimRow>(manager, 'SELECT * FROM claim_deliveries($1, $2, make_interval(secs => $3), $4)', [ids, by, leaseMs / 1000, now]);
      const died = claimed.filter((row) => row.state !== 'sending');
      await this.facts.append(manager, died.map((row) => row.state === 'dead'
        ? this.facts.make('delivery.dead', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), attempts: row.attempts, reason: 'expired' })
        : this.facts.make('delivery.cancelled', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), cause: row.reason as FactBody<'delivery.cancelled'>['cause'] })));
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
       RETURNING d.id, d.alert_id, d.revision, d.kind, d.channel, d.destination, d.part, d.route, d.key, d.state, d.attempts, d.lease_token,
                 d.may_have AS had, d.reason, d.expires_at, o.content_hash`, [by, leaseMs / 1000]);
    return taken.map(toClaimed);
  }

  record(attempts: readonly AttemptRecord[]): Promise<void> {
    if (attempts.length === 0) return Promise.resolve();
    return inTransaction(this.source, async (manager) => {
      const ids = attempts.map((a) => a.delivery.id);
      await this.receipts.lock(manager, attempts.flatMap(({ delivery, outcome }) => (referencesOf(outcome).length > 0 ? [delivery.destination] : [])));
      await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [ids]);
      // A row moves only for the sender that still holds it; a fenced one leaves its attempt behind and nothing else.
      await rows(manager,
        `UPDATE deliveries d SET state = v.state, next_attempt_at = v.next_attempt_at, may_have = v.may_have, reason = v.reason, expected = v.expected,
                route = coalesce(v.route, d.route), channel = coalesce(v.channel, d.channel),
                accepted_at = CASE WHEN v.state = 'accepted' THEN coalesce(d.accepted_at, v.ended_at) ELSE d.accepted_at END, leased_by = NULL, leased_until = NULL
           FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::integer[], $8::timestamptz[],
                       $9::integer[], $10::text[]) AS v (id, token, state, next_attempt_at, may_have, reason, expected, ended_at, route, channel)
          WHERE d.id = v.id AND d.lease_token = v.token AND d.state = 'sending'`,
        [
          ids, attempts.map((a) => a.delivery.leaseToken), attempts.map((a) => a.settlement.state), attempts.map((a) => a.settlement.nextAttemptAt ?? null),
          attempts.map((a) => a.settlement.mayHave), attempts.map((a) => a.settlement.reason ?? null), attempts.map((a) => a.settlement.expectedReceipts ?? null),
          attempts.map((a) => new Date(a.startedAt.getTime() + a.ms)), attempts.map((a) => a.settlement.move?.to ?? null), attempts.map((a) => a.settlement.move?.channel ?? null),
        ]);
      const added = await rows<{ delivery_id: DeliveryId; lease_token: string }>(manager,
        `INSERT INTO attempts (delivery_id, number, lease_token, started_at, ms, outcome, reason, content_hash, route)
         SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::float8[], $6::text[], $7::text[], $8::text[], $9::integer[])
         ON CONFLICT DO NOTHING RETURNING delivery_id, lease_token`,
        [
          ids, attempts.map((a) => a.delivery.attempt), attempts.map((a) => a.delivery.leaseToken), attempts.map((a) => a.startedAt), attempts.map((a) => a.ms),
          attempts.map((a) => a.outcome.kind), attempts.map((a) => reasonOf(a) ?? null), attempts.map((a) => a.delivery.contentHash),
          attempts.map((a) => a.delivery.route),
        ]);
      const isNew = new Set(added.map((row) => `${row.delivery_id} ${row.lease_token}`));
      const fresh = attempts.filter((a) => isNew.delete(`${a.delivery.id} ${a.delivery.leaseToken}`));
      await this.receipts.keepReferences(manager, fresh);
      await this.receipts.recount(manager, ids);
      const overtaken = await this.overtaken(manager, fresh);
      await this.facts.append(manager, [...fresh.flatMap((a) => this.attemptFacts(a)), ...overtaken]);
    });
  }

  postpone(postponed: readonly Postponed[]): Promise<void> {
    if (postponed.length === 0) return Promise.resolve();
    return inTransaction(this.source, async (manager) => {
      await rows(manager, 'SELECT FROM deliveries WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [postponed.map((p) => p.delivery.id)]);
      const moved = await rows<{ id: DeliveryId }>(manager,
        `UPDATE deliveries d SET state = 'waiting', next_attempt_at = v.until, reason = v.reason, attempts = d.attempts - 1, may_have = v.had,
                route = coalesce(v.route, d.route), channel = coalesce(v.channel, d.channel), leased_by = NULL, leased_until = NULL
           FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::boolean[], $6::integer[], $7::text[]) AS v (id, token, until, reason, had, route, channel)
          WHERE d.id = v.id AND d.lease_token = v.token AND d.state = 'sending' RETURNING d.id`,
        [
          postponed.map((p) => p.delivery.id), postponed.map((p) => p.delivery.leaseToken), postponed.map((p) => p.until), postponed.map((p) => p.reason),
          postponed.map((p) => p.delivery.had), postponed.map((p) => p.move?.to ?? null), postponed.map((p) => p.move?.channel ?? null),
        ]);
      const held = new Set(moved.map((row) => row.id));
      await this.facts.append(manager, postponed.flatMap(({ delivery, move }) => (held.has(delivery.id) ? this.rerouted(delivery, move) : [])));
    });
  }

  receive(receipts: readonly Receipt[]): Promise<void> {
    if (receipts.length === 0) return Promise.resolve();
    return inTransaction(this.source, async (manager) => {
      await this.receipts.lock(manager, receipts.map((r) => r.destination));
      await this.facts.append(manager, await this.receipts.write(manager, receipts));
    });
  }

  async newestRevision(alertId: AlertId): Promise<number> {
    const [row] = await rows<{ revision: number | null }>(this.source, 'SELECT max(revision) AS revision FROM outbox WHERE alert_id = $1', [alertId]);
    return row?.revision ?? 0;
  }

  breakerChanged(destination: DestinationId, route: number, state: 'closed' | 'open' | 'half-open', at: Date): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      await rows(manager,
        `INSERT INTO breakers VALUES ($1, $2, $3) ON CONFLICT (route) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
        [routeName(destination, route), state, at]);
      await this.facts.append(manager, [this.facts.make('breaker.changed', SYSTEM, undefined, { destination, route, state: state === 'half-open' ? 'half_open' : state })]);
    });
  }

  closeBreakers(at: Date): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      const left = await rows<{ route: string }>(manager, `UPDATE breakers SET state = 'closed', changed_at = $1 WHERE state <> 'closed' RETURNING route`, [at]);
      const facts = left.map(({ route: name }) => {
        const [destination, place] = name.split('#');
        return this.facts.make('breaker.changed', SYSTEM, undefined, { destination: destination!, route: place === undefined ? 0 : Number(place) - 1, state: 'closed' });
      });
      await this.facts.append(manager, facts);
    });
  }

  settleDeadLetter(id: DeliveryId, verdict: 'retry' | 'close', by: OfficerId, reason: string, at: Date): Promise<void> {
    return inTransaction(this.source, (manager) => settleDeadLetter(manager, id, { verdict, by, reason, at }, this.keys, this.facts));
  }

  /** Older revisions' pending sends die with an ending or a newer revision; one under way is fenced. */
  private async cancelOlder(manager: EntityManager, row: OutboxRow): Promise<string[]> {
    const cause = isEnding(row.kind) ? row.kind : 'superseded';
    const died = await rows<ClaimRow>(manager,
      `UPDATE deliveries SET state = 'cancelled', reason = $3, next_attempt_at = NULL, leased_by = NULL, leased_until = NULL, lease_token = lease_token + 1
        WHERE alert_id = $1 AND revision < $2 AND state IN ('queued', 'sending', 'waiting', 'uncertain')
       RETURNING *, may_have AS had, '' AS content_hash`, [row.alertId, row.revision, cause]);
    return died.map((d) => this.facts.make('delivery.cancelled', SYSTEM, row.alertId, { ...naming(toClaimed(d)), cause: cause as FactBody<'delivery.cancelled'>['cause'] }));
  }

  private async isDue(manager: EntityManager, row: OutboxRow, now: Date): Promise<boolean> {
    const [answer] = await rows<{ sendable: boolean }>(manager, 'SELECT may_be_sent($1, $2, $3) AS sendable', [row.alertId, row.revision, row.kind]);
    return answer?.sendable === true && row.expiresAt > now;
  }

  private insert(manager: EntityManager, row: OutboxRow, planned: readonly PlannedDelivery[], taker?: Taker): Promise<ClaimRow[]> {
    return rows<ClaimRow>(manager,
      `INSERT INTO deliveries AS d (id, alert_id, revision, kind, channel, destination, part, key, expires_at, route,
                                    state, next_attempt_at, attempts, lease_token, leased_by, leased_until, may_have)
       SELECT v.id, $1, $2, $3, v.channel, v.destination, v.part, v.key, $4, v.route,
              CASE WHEN v.spread THEN 'waiting' WHEN t.taker IS NULL THEN 'queued' ELSE 'sending' END, CASE WHEN v.spread THEN $13::timestamptz END,
              (t.taker IS NOT NULL)::integer, (t.taker IS NOT NULL)::integer, t.taker,
              CASE WHEN t.taker IS NOT NULL THEN clock_timestamp() + make_interval(secs => $11) END, t.taker IS NOT NULL
         FROM unnest($5::uuid[], $6::text[], $7::text[], $8::integer[], $9::text[], $14::boolean[], $15::integer[]) AS v (id, channel, destination, part, key, spread, route),
              LATERAL (SELECT CASE WHEN NOT v.spread THEN $10::uuid END AS taker) t
       ON CONFLICT DO NOTHING RETURNING d.*, false AS had, (SELECT content_hash FROM outbox WHERE id = $12) AS content_hash`,
      [
        row.alertId, row.revision, row.kind, row.expiresAt, planned.map(() => this.ids.next()), planned.map((p) => p.channel),
        planned.map((p) => p.destination), planned.map((p) => p.part), planned.map((p) => p.key), taker?.by ?? null, taker ? taker.leaseMs / 1000 : null, row.id,
        this.clock.now(), planned.map((p) => p.spread), planned.map((p) => p.route),
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
          WHERE d.id = ANY ($1) AND e.alert_id = d.alert_id AND e.channel = d.channel AND e.destination = d.destination AND e.part = d.part AND e.route = d.route
            AND e.kind IN ('found', 'withdrawn', 'expired') AND e.state = 'accepted'
         RETURNING e.id)
       SELECT pg_notify('deliveries', id::text) FROM again`, [overtaking.map((row) => row.id)]);
    return overtaking.map((row) => this.facts.make('delivery.dead', SYSTEM, row.alert_id, { ...naming(toClaimed(row)), attempts: row.attempts, reason: 'sent_after_ending' }));
  }

  private attemptFacts({ delivery, outcome, settlement, ms }: AttemptRecord): string[] {
    const reason = 'reason' in outcome ? wordOf(outcome.reason) : undefined;
    const attempted = this.facts.make('delivery.attempted', SYSTEM, delivery.alertId, {
      ...naming(delivery), part: delivery.part, route: delivery.route, call: isEnding(delivery.kind) ? 'withdraw' : 'publish', attempt: delivery.attempt, outcome: outcome.kind,
      ...(reason && { reason }), contentHash: delivery.contentHash, ms: Math.round(ms),
    });
    if (settlement.state !== 'dead') return [attempted, ...this.rerouted(delivery, settlement.move)];
    const dead = this.facts.make('delivery.dead', SYSTEM, delivery.alertId, { ...naming(delivery), attempts: delivery.attempt, reason: wordOf(settlement.reason ?? '') });
    return [attempted, dead];
  }

  /** What moved and why; beginning again with the first route is no news. */
  private rerouted(delivery: ClaimedDelivery, move?: Move): string[] {
    if (move?.reason === undefined) return [];
    return [this.facts.make('delivery.rerouted', SYSTEM, delivery.alertId, { ...naming(delivery), from: delivery.route, to: move.to, reason: wordOf(move.reason) })];
  }
}

function reasonOf({ outcome }: AttemptRecord): string | undefined {
  return 'reason' in outcome ? wordOf(outcome.reason) : undefined;
}
