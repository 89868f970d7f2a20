import type { DataSource, EntityManager } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { AlertId, DestinationId, FactId, Ids, OfficerId } from '#kernel/ids.js';
import { keyedDigest, seal } from '#kernel/sealing.js';
import { destinationActor, makeFact, officerActor, SYSTEM, type Actor, type FactBody, type FactType } from '#audit/fact.js';
import type { Mode } from '#alerts/notice.js';
import type { Outcome } from '#dispatch/channel.js';
import type { Asking, ErasureId, ErasureProof, ErasureRequest, ErasureStore } from '#dispatch/erasure.js';
import type { CaseKeys } from './case-keys.js';
import { inTransaction, rows } from './database.js';

/** A request as the desks see it. */
export interface ErasureView extends Omit<ErasureRequest, 'keys'> {
  readonly nextChaseAt: Date | null;
  readonly confirmedAt: Date | null;
  /** `destination:…` or `officer:…`. */
  readonly confirmedBy: string | null;
}

interface Confirmed { id: ErasureId; alert_id: AlertId; destination: DestinationId }

const VIEW = `e.id, e.alert_id AS "alertId", a.mode, e.destination, e.asked_at AS "askedAt", e.due_at AS "dueAt", e.chased,
  e.next_chase_at AS "nextChaseAt", e.confirmed_at AS "confirmedAt", e.confirmed_by AS "confirmedBy"`;
const REQUEST = `e.id, e.alert_id AS "alertId", a.mode, e.destination, e.asked_at AS "askedAt", e.due_at AS "dueAt", e.chased,
  ARRAY(SELECT d.key FROM deliveries d WHERE d.alert_id = e.alert_id AND d.destination = e.destination AND d.may_have ORDER BY d.revision, d.part) AS keys`;

/** Requests to erase, in PostgreSQL. */
export class PgErasureStore implements ErasureStore {
  constructor(
    private readonly source: DataSource,
    private readonly keys: CaseKeys,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  ask({ now, dueAt, endedAfter, reachable, proofs }: Asking): Promise<readonly ErasureRequest[]> {
    return inTransaction(this.source, async (manager) => {
      const added = await rows<{ id: ErasureId }>(manager,
        `INSERT INTO erasure_requests (alert_id, destination, asked_at, due_at, next_chase_at)
         SELECT DISTINCT a.id, d.destination, $1::timestamptz, $2::timestamptz, CASE WHEN d.destination = ANY ($3) THEN $1::timestamptz END
           FROM alerts a JOIN deliveries d ON d.alert_id = a.id
          WHERE a.ended_at > $4 AND a.status IN ('found', 'withdrawn', 'expired', 'erased')
            AND d.kind IN ('alert', 'update') AND d.may_have
            AND NOT EXISTS (SELECT FROM erasure_requests e WHERE e.alert_id = a.id AND e.destination = d.destination)
         ON CONFLICT DO NOTHING RETURNING id`, [now, dueAt, reachable, endedAfter]);
      const asked = added.length === 0 ? [] : await rows<ErasureRequest>(manager,
        `SELECT ${REQUEST} FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id WHERE e.id = ANY ($1) ORDER BY e.alert_id, e.destination`, [added.map((row) => row.id)]);
      const confirmed = await this.confirmReported(manager, now, { endedAfter });
      const proved = await this.confirmProved(manager, now, endedAfter, proofs);
      await this.append(manager, [
        ...asked.map((r) => this.fact('erasure.requested', SYSTEM, r.alertId, { requestId: r.id, destination: r.destination, due: dueAt.toISOString() })),
        ...confirmed.map((row) => this.confirmation(row)),
        ...proved.map((row) => this.confirmation(row, destinationActor(row.destination), 'receipt')),
      ]);
      return asked;
    });
  }

  takeDue(now: Date, leaseMs: number): Promise<readonly ErasureRequest[]> {
    return rows<ErasureRequest>(this.source,
      `WITH due AS (SELECT id FROM erasure_requests WHERE next_chase_at <= $1 ORDER BY next_chase_at LIMIT 100 FOR UPDATE SKIP LOCKED)
       UPDATE erasure_requests e SET next_chase_at = $2 FROM due, alerts a WHERE e.id = due.id AND a.id = e.alert_id RETURNING ${REQUEST}`,
      [now, new Date(now.getTime() + leaseMs)]);
  }

  chased({ id, alertId, destination, chased }: ErasureRequest, outcome: Outcome['kind'], at: Date, nextAt: Date): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      await rows(manager, 'UPDATE erasure_requests SET chased = chased + 1, next_chase_at = $2 WHERE id = $1 AND confirmed_at IS NULL', [id, nextAt]);
      await this.append(manager, [this.fact('erasure.chased', SYSTEM, alertId, { requestId: id, destination, chase: chased + 1, outcome }, at)]);
    });
  }

  /** What a destination is asked and has not confirmed, oldest first. */
  openOf(destination: DestinationId): Promise<readonly ErasureRequest[]> {
    return rows<ErasureRequest>(this.source,
      `SELECT ${REQUEST} FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id WHERE e.destination = $1 AND e.confirmed_at IS NULL ORDER BY e.asked_at, e.id LIMIT 1000`, [destination]);
  }

  /**
   * A destination's own word, signed or by the account `by` of its partner; said again it changes nothing. Throws
   * ERASURE_MISSING where it was not asked that.
   */
  confirmByPartner(destination: DestinationId, id: ErasureId, by: Actor = destinationActor(destination)): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      const [row] = await rows<Confirmed & { confirmed_at: Date | null }>(manager, 'SELECT id, alert_id, destination, confirmed_at FROM erasure_requests WHERE id = $1 AND destination = $2 FOR UPDATE', [id, destination]);
      if (!row) throw fail('ERASURE_MISSING');
      if (row.confirmed_at !== null) return;
      await this.settle(manager, [row.id], by);
      await this.append(manager, [this.confirmation(row, by)]);
    });
  }

  /** Confirms what a destination has reported as erased by a signed receipt. */
  confirmByReports(destination: DestinationId, now: Date): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      const confirmed = await this.confirmReported(manager, now, { destination });
      await this.append(manager, confirmed.map((row) => this.confirmation(row)));
    });
  }

  /**
   * An officer's word, on what a partner told. The reason is sealed with the key of the case, and not kept where that is
   * destroyed already. Throws ERASURE_MISSING, ERASURE_CONFIRMED, REASON_MISSING.
   */
  confirmByOfficer(mode: Mode, alertId: AlertId, destination: string, by: OfficerId, reason: string): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      const [row] = await rows<Confirmed & { confirmed_at: Date | null; last_revision: number }>(manager,
        `SELECT e.id, e.alert_id, e.destination, e.confirmed_at, a.last_revision FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id
          WHERE e.alert_id = $1 AND e.destination = $2 AND a.mode = $3 FOR UPDATE OF e`, [alertId, destination, mode]);
      if (!row) throw fail('ERASURE_MISSING');
      if (row.confirmed_at !== null) throw fail('ERASURE_CONFIRMED');
      if (reason.trim() === '') throw fail('REASON_MISSING', 'reason');
      const key = await this.keyOf(manager, alertId);
      if (key) {
        await rows(manager, `INSERT INTO remarks (alert_id, revision, verb, by, at, sealed) VALUES ($1, $2, 'confirm-erasure', $3, $4, $5)`,
          [alertId, row.last_revision, by, this.clock.now(), seal(key, Buffer.from(reason), `${alertId}:remark`)]);
      }
      await this.settle(manager, [row.id], officerActor(by));
      await this.append(manager, [this.fact('erasure.confirmed', officerActor(by), alertId, {
        requestId: row.id, destination: row.destination, means: 'officer', ...(key && { remark: keyedDigest(key, reason) }),
      })]);
    });
  }

  /** The requests of a mode, oldest first, those that wait or all; `after` is the `next` of the page before. */
  async list(mode: Mode, { open, alert, after, limit }: { readonly open: boolean; readonly alert?: AlertId; readonly after?: string; readonly limit: number }): Promise<{ items: ErasureView[]; next: string | null }> {
    const [place] = after === undefined ? [] : await rows<{ asked_at: Date }>(this.source, 'SELECT asked_at FROM erasure_requests WHERE id = $1', [after]);
    if (after !== undefined && !place) throw fail('REQUEST_INVALID', 'query.after', 'The place is one that a page ended with.');
    const found = await rows<ErasureView>(this.source,
      `SELECT ${VIEW} FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id
        WHERE a.mode = $1 AND (NOT $2 OR e.confirmed_at IS NULL) AND ($3::uuid IS NULL OR e.alert_id = $3)
          AND ($4::uuid IS NULL OR (e.asked_at, e.id) > ((SELECT p.asked_at FROM erasure_requests p WHERE p.id = $4), $4::uuid))
        ORDER BY e.asked_at, e.id LIMIT $5`, [mode, open, alert ?? null, after ?? null, limit + 1]);
    return { items: found.slice(0, limit), next: found.length > limit ? found[limit - 1]!.id : null };
  }

  /** How many requests of each destination are open, and how many of those are past their time. */
  openCounts(now: Date): Promise<readonly { readonly destination: string; readonly open: number; readonly overdue: number }[]> {
    return rows(this.source,
      `SELECT destination, count(*)::integer AS open, count(*) FILTER (WHERE due_at <= $1)::integer AS overdue FROM erasure_requests WHERE confirmed_at IS NULL GROUP BY destination`, [now]);
  }

  private async confirmReported(manager: EntityManager, now: Date, { destination, endedAfter }: { readonly destination?: DestinationId; readonly endedAfter?: Date }): Promise<Confirmed[]> {
    return rows<Confirmed>(manager,
      `WITH said AS (
         SELECT e.id FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id
          WHERE e.confirmed_at IS NULL AND ($2::text IS NULL OR e.destination = $2) AND ($3::timestamptz IS NULL OR a.ended_at > $3) AND EXISTS (
            SELECT FROM deliveries d JOIN partner_reports p ON p.delivery_id = d.id
             WHERE d.alert_id = e.alert_id AND d.destination = e.destination AND p.destination = e.destination AND p.stage = 'erased')
          ORDER BY e.id FOR UPDATE OF e)
       UPDATE erasure_requests e SET confirmed_at = $1, confirmed_by = 'destination:' || e.destination, next_chase_at = NULL
         FROM said WHERE e.id = said.id AND e.confirmed_at IS NULL RETURNING e.id, e.alert_id, e.destination`, [now, destination ?? null, endedAfter ?? null]);
  }

  /**
   * Confirms where the ending went over every route by which the destination may have the alert, and each was confirmed by a
   * receipt that proves an erasure. Not while something of the alert may still be on its way there, or arrived after its ending.
   */
  private async confirmProved(manager: EntityManager, now: Date, endedAfter: Date, proofs: readonly ErasureProof[]): Promise<Confirmed[]> {
    if (proofs.length === 0) return [];
    return rows<Confirmed>(manager,
      `WITH proofs AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS p (destination, channel, word)),
       held AS (SELECT alert_id, destination, channel, route, part, state, reason, may_have FROM deliveries WHERE kind IN ('alert', 'update')),
       -- What went over another route for a later airing.
       aired AS (SELECT d.alert_id, d.destination, o.channel, o.route, d.part, d.state, d.reason, o.may_have FROM airing_routes o JOIN deliveries d ON d.id = o.delivery_id),
       proved AS (
         SELECT e.id FROM erasure_requests e JOIN alerts a ON a.id = e.alert_id
          WHERE e.confirmed_at IS NULL AND a.ended_at > $2 AND e.destination = ANY ($3)
            AND NOT EXISTS (
              SELECT FROM (SELECT * FROM held UNION ALL SELECT * FROM aired) d WHERE d.alert_id = e.alert_id AND d.destination = e.destination
                 AND (d.state IN ('queued', 'sending', 'waiting') OR d.reason = 'sent_after_ending' OR d.may_have AND NOT EXISTS (
                   SELECT FROM deliveries x JOIN receipts r ON r.delivery_id = x.id JOIN proofs p ON p.destination = x.destination AND p.channel = x.channel AND p.word = split_part(r.word, ' ', 1)
                    WHERE x.alert_id = d.alert_id AND x.destination = d.destination AND x.channel = d.channel AND x.route = d.route AND x.part = d.part
                      AND x.kind IN ('found', 'withdrawn', 'expired') AND x.state = 'confirmed' AND r.stage = 'confirmed')))
          ORDER BY e.id FOR UPDATE OF e)
       UPDATE erasure_requests e SET confirmed_at = $1, confirmed_by = 'destination:' || e.destination, next_chase_at = NULL
         FROM proved WHERE e.id = proved.id AND e.confirmed_at IS NULL RETURNING e.id, e.alert_id, e.destination`,
      [now, endedAfter, proofs.map((p) => p.destination), proofs.map((p) => p.channel), proofs.map((p) => p.word)]);
  }

  private async settle(manager: EntityManager, ids: readonly ErasureId[], by: Actor): Promise<void> {
    await rows(manager, 'UPDATE erasure_requests SET confirmed_at = $2, confirmed_by = $3, next_chase_at = NULL WHERE id = ANY ($1)', [ids, this.clock.now(), by]);
  }

  private confirmation({ id, alert_id: alertId, destination }: Confirmed, by: Actor = destinationActor(destination), means: 'partner' | 'receipt' = 'partner'): string {
    return this.fact('erasure.confirmed', by, alertId, { requestId: id, destination, means });
  }

  private async keyOf(manager: EntityManager, id: AlertId): Promise<Buffer | undefined> {
    try {
      return await this.keys.of(manager, id);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'ALERT_ERASED') return undefined;
      throw error;
    }
  }

  private fact<T extends FactType>(type: T, actor: Actor, alertId: AlertId, body: FactBody<T>, at = this.clock.now()): string {
    return makeFact({ id: this.ids.next<FactId>(), at, type, actor, alertId, body }).record;
  }

  /** Facts come last in a transaction: the chain's lock is then held for the commit only. */
  private async append(manager: EntityManager, records: readonly string[]): Promise<void> {
    if (records.length > 0) await rows(manager, 'SELECT append_facts($1)', [records]);
  }
}
