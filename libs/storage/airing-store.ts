import type { DataSource, EntityManager } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { AlertId, DeliveryId, DestinationId, FactId, Ids } from '#kernel/ids.js';
import { makeFact, SYSTEM, wordOf, type FactBody } from '#audit/fact.js';
import type { Mode } from '#alerts/notice.js';
import { readAiredWord } from '#dispatch/aired-word.js';
import {
  judge, SILENT_MS, slotAfter, slotKey, windowEnd,
  type Advance, type Airer, type Airing, type AiringManner, type AiringStore, type ClaimedSlot, type GivenRoute, type SlotMove, type SlotName, type SlotState, type SlotView,
} from '#dispatch/airing.js';
import { ownName, routeReference, type Outcome } from '#dispatch/channel.js';
import { isEnding, type DeliveryKind } from '#dispatch/delivery.js';
import { inTransaction, rows } from './database.js';

/** Advisory lock: one process at a time brings the slots up to now. */
const ADVANCE_LOCK = 4_608_197;
/** How long after an alert's end its ending is still looked for, and late reports are still read, in hours. */
const LOOK_BACK_HOURS = 3;

interface SlotRow {
  delivery_id: DeliveryId; alert_id: AlertId; channel: string; destination: DestinationId; kind: DeliveryKind; number: number; key: string; manner: AiringManner;
  due_at: Date; until: Date; state: SlotState;
}

interface Settled {
  readonly slot: SlotRow;
  readonly state: Exclude<SlotState, 'due'>;
  readonly airing?: Airing;
  readonly reason?: string;
}

/** Airing slots in PostgreSQL. */
export class PgAiringStore implements AiringStore {
  constructor(private readonly source: DataSource, private readonly clock: Clock, private readonly ids: Ids) {}

  advance(airers: readonly Airer[], now: Date): Promise<Advance> {
    return inTransaction(this.source, async (manager) => {
      const [lock] = await rows<{ mine: boolean }>(manager, 'SELECT pg_try_advisory_xact_lock($1) AS mine', [ADVANCE_LOCK]);
      const facts: string[] = [];
      let nextDue: Date | undefined;
      if (lock?.mine) {
        await this.openFirst(manager, airers, now);
        nextDue = await this.openNext(manager, airers, now);
        const settled = await this.judgeOpen(manager, now);
        await this.settle(manager, settled);
        const stopped = await this.stop(manager);
        facts.push(...[...settled, ...stopped].map((one) => this.settledFact(one)));
      }
      const waiting = await rows<{ delivery_id: DeliveryId; number: number; next_attempt_at: Date }>(manager,
        `SELECT delivery_id, number, next_attempt_at FROM airing_slots
          WHERE state = 'due' AND next_attempt_at IS NOT NULL AND until > $1 AND (leased_until IS NULL OR leased_until < clock_timestamp())
          ORDER BY next_attempt_at LIMIT 1000`, [now]);
      const due = waiting.filter((slot) => slot.next_attempt_at <= now).map((slot): SlotName => ({ deliveryId: slot.delivery_id, number: slot.number }));
      const later = [nextDue, waiting.find((slot) => slot.next_attempt_at > now)?.next_attempt_at].filter((at) => at !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
      if (facts.length > 0) await rows(manager, 'SELECT append_facts($1)', [facts]);
      return { due, ...(later && { nextAt: later }) };
    });
  }

  async claim({ deliveryId, number }: SlotName, leaseMs: number, now: Date): Promise<ClaimedSlot | undefined> {
    return inTransaction(this.source, async (manager) => {
      const [row] = await rows<{ alert_id: AlertId; revision: number; destination: DestinationId; key: string; content_hash: string; attempts: number; lease_token: string }>(manager,
        'SELECT * FROM claim_airing($1, $2, make_interval(secs => $3), $4)', [deliveryId, number, leaseMs / 1_000, now]);
      if (!row) return undefined;
      await this.expect(manager, row.destination, row.key, deliveryId);
      const [delivery] = await rows<{ key: string; route: number; channel: string; latest: number | null }>(manager,
        `SELECT key, route, channel,
                (SELECT s.route FROM airing_slots s WHERE s.delivery_id = d.id AND s.number <= $2 AND s.route IS NOT NULL ORDER BY s.number DESC LIMIT 1) AS latest
           FROM deliveries d WHERE id = $1`, [deliveryId, number]);
      const { latest, ...own } = delivery!;
      const given = await rows<GivenRoute>(manager, 'SELECT route, accepted_at IS NOT NULL AS accepted FROM airing_routes WHERE delivery_id = $1 AND may_have', [deliveryId]);
      return {
        deliveryId, number, alertId: row.alert_id, revision: row.revision, destination: row.destination, key: row.key, delivery: own, route: latest ?? own.route, given,
        contentHash: row.content_hash, attempt: row.attempts, leaseToken: row.lease_token,
      };
    });
  }

  place(slot: ClaimedSlot, { from, to, channel, reason }: SlotMove): Promise<boolean> {
    const { deliveryId, number, leaseToken, destination, delivery, alertId, revision } = slot;
    return inTransaction(this.source, async (manager) => {
      // Under the lock that an ending waits for: one that comes later finds the route.
      const [answer] = await rows<{ sendable: boolean }>(manager, `SELECT may_be_sent($1, $2, 'alert') AS sendable`, [alertId, revision]);
      if (answer?.sendable !== true) return false;
      const placed = await rows(manager, `UPDATE airing_slots SET route = $4 WHERE delivery_id = $1 AND number = $2 AND lease_token = $3 AND state = 'due' RETURNING number`,
        [deliveryId, number, leaseToken, to]);
      if (placed.length === 0) return false;
      if (to !== delivery.route) {
        await rows(manager,
          `INSERT INTO airing_routes (delivery_id, route, channel) VALUES ($1, $2, $3) ON CONFLICT (delivery_id, route) DO UPDATE SET may_have = true`, [deliveryId, to, channel]);
      }
      await this.expect(manager, destination, routeReference(to, slot.key), deliveryId);
      if (reason !== undefined) await rows(manager, 'SELECT append_facts($1)', [[this.reroutedFact(slot, from, to, reason)]]);
      return true;
    });
  }

  async answered({ deliveryId, delivery, given }: ClaimedSlot, route: number, outcome: Outcome): Promise<void> {
    if (route === delivery.route || outcome.kind === 'uncertain') return;
    const isThere = outcome.kind === 'accepted';
    // "No" to a repetition takes nothing back.
    if (!isThere && given.some((known) => known.route === route)) return;
    await rows(this.source,
      `UPDATE airing_routes SET may_have = $3 OR accepted_at IS NOT NULL, accepted_at = coalesce(accepted_at, $4) WHERE delivery_id = $1 AND route = $2`,
      [deliveryId, route, isThere, isThere ? this.clock.now() : null]);
  }

  async holds({ deliveryId, number, leaseToken }: ClaimedSlot): Promise<boolean> {
    const found = await rows(this.source,
      `SELECT FROM airing_slots s JOIN deliveries d ON d.id = s.delivery_id JOIN alerts a ON a.id = d.alert_id
        WHERE s.delivery_id = $1 AND s.number = $2 AND s.lease_token = $3 AND s.state = 'due' AND a.status = 'active' AND a.current_revision = d.revision`,
      [deliveryId, number, leaseToken]);
    return found.length > 0;
  }

  async release({ deliveryId, number, leaseToken }: ClaimedSlot, outcome: Outcome, nextAttemptAt: Date | undefined): Promise<void> {
    await rows(this.source,
      `UPDATE airing_slots SET leased_until = NULL, next_attempt_at = $4, reason = $5, manner = CASE WHEN $4::timestamptz IS NULL THEN 'awaited' ELSE manner END
        WHERE delivery_id = $1 AND number = $2 AND lease_token = $3 AND state = 'due'`,
      [deliveryId, number, leaseToken, nextAttemptAt ?? null, 'reason' in outcome ? wordOf(outcome.reason) : null]);
  }

  /** The slots of one alert, of all alerts of a mode, or of one destination, by destination and time. */
  async slots(of: { readonly alertId: AlertId; readonly mode: Mode } | { readonly mode: Mode; readonly since: Date; readonly destination?: DestinationId }): Promise<SlotView[]> {
    const [where, value] = 'alertId' in of ? ['a.id = $2', of.alertId] : ['s.due_at >= $2', of.since];
    const found = await rows<{
      delivery_id: DeliveryId; revision: number; kind: DeliveryKind; destination: DestinationId; channel: string; manner: AiringManner; number: number; due_at: Date; state: SlotState; attempts: number;
      reason: string | null; receipt_seq: string | null; aired_at: Date | null; seconds: number | null; silent: boolean;
    }>(this.source,
      `SELECT s.*, d.revision, d.kind, d.destination, d.channel FROM airing_slots s JOIN deliveries d ON d.id = s.delivery_id JOIN alerts a ON a.id = d.alert_id
        WHERE a.mode = $1 AND ${where} AND ($3::text IS NULL OR d.destination = $3) ORDER BY d.destination, s.due_at, s.number LIMIT 100000`, [of.mode, value, 'destination' in of ? of.destination ?? null : null]);
    return found.map((row) => ({
      deliveryId: row.delivery_id, revision: row.revision, kind: row.kind, destination: row.destination, channel: row.channel, manner: row.manner, number: row.number, dueAt: row.due_at, state: row.state,
      attempts: row.attempts, reason: row.reason, receiptSeq: row.receipt_seq === null ? null : Number(row.receipt_seq), airedAt: row.aired_at, seconds: row.seconds, silent: row.silent,
    }));
  }

  /** Whether there is such an alert in this mode. */
  async knows(mode: Mode, alertId: AlertId): Promise<boolean> {
    return (await rows(this.source, 'SELECT FROM alerts WHERE id = $1 AND mode = $2', [alertId, mode])).length > 0;
  }

  /** The first slot of everything that was accepted: what is published is due at once; an ending is due once where we air it, and reported as `stopped` elsewhere. */
  private async openFirst(manager: EntityManager, airers: readonly Airer[], now: Date): Promise<void> {
    if (airers.length === 0) return;
    const routes = airers.flatMap(({ id, manners }) => manners.map((manner, route) => ({ id, route, manner })));
    const accepted = await rows<{ id: DeliveryId; key: string; kind: DeliveryKind; manner: AiringManner; route: number; accepted_at: Date; first_at: Date | null }>(manager,
      `SELECT d.id, d.key, d.kind, d.route, v.manner, d.accepted_at, ${FIRST_AT} AS first_at
         FROM alerts a JOIN deliveries d ON d.alert_id = a.id
         JOIN unnest($1::text[], $2::text[], $5::integer[]) AS v (destination, manner, route) ON v.destination = d.destination AND v.route = d.route
        WHERE (a.status = 'active' OR a.ended_at > $3::timestamptz - make_interval(hours => $4)) AND d.part = 0 AND d.accepted_at IS NOT NULL
          AND CASE WHEN d.kind IN ('alert', 'update') THEN a.status = 'active' AND a.current_revision = d.revision ELSE v.manner = 'triggered' END
          AND NOT EXISTS (SELECT FROM airing_slots s WHERE s.delivery_id = d.id)`,
      [routes.map((r) => r.id), routes.map((r) => r.manner), now, LOOK_BACK_HOURS, routes.map((r) => r.route)]);
    await this.insert(manager, accepted.map(({ id, key, kind, manner, route, accepted_at: dueAt, first_at: firstAt }) => ({
      id, key, manner, number: 0, route, dueAt,
      until: isEnding(kind) ? new Date(dueAt.getTime() + 3_600_000) : windowEnd(firstAt ?? dueAt, dueAt),
      // The delivery itself was the push; the playout is asked again only when it stays silent. An ending is pushed once.
      nextAttemptAt: manner === 'triggered' && !isEnding(kind) ? new Date(dueAt.getTime() + SILENT_MS) : null,
    })));
  }

  /**
   * The slots that have fallen due since the last one of each delivery; a partner that we trigger over any of its routes is
   * triggered, over the one in force. Returns when the next falls due.
   */
  private async openNext(manager: EntityManager, airers: readonly Airer[], now: Date): Promise<Date | undefined> {
    const running = await rows<{ id: DeliveryId; key: string; manner: AiringManner; number: number; due_at: Date; first_at: Date }>(manager,
      `SELECT DISTINCT ON (d.id) d.id, d.key, CASE WHEN d.destination = ANY ($2) THEN 'triggered' ELSE 'awaited' END AS manner, s.number, s.due_at, ${FIRST_AT} AS first_at
         FROM alerts a JOIN deliveries d ON d.alert_id = a.id AND d.revision = a.current_revision JOIN airing_slots s ON s.delivery_id = d.id
        WHERE a.status = 'active' AND a.expires_at > $1 ORDER BY d.id, s.number DESC`,
      [now, airers.filter(({ manners }) => manners.includes('triggered')).map(({ id }) => id)]);
    const opened: NewSlot[] = [];
    let nextDue: Date | undefined;
    for (const { id, key, manner, number: last, due_at: lastDue, first_at: first } of running) {
      let number = last;
      let due = slotAfter(first, lastDue);
      for (; due && due <= now; due = slotAfter(first, due)) {
        number += 1;
        opened.push({ id, key: slotKey(key, number), manner, number, route: null, dueAt: due, until: windowEnd(first, due), nextAttemptAt: manner === 'triggered' ? due : null });
      }
      if (due && (!nextDue || due < nextDue)) nextDue = due;
    }
    await this.insert(manager, opened);
    return nextDue;
  }

  private async insert(manager: EntityManager, slots: readonly NewSlot[]): Promise<void> {
    if (slots.length === 0) return;
    await rows(manager,
      `INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, next_attempt_at, route)
       SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::integer[]) ON CONFLICT DO NOTHING`,
      [slots.map((s) => s.id), slots.map((s) => s.number), slots.map((s) => s.key), slots.map((s) => s.manner), slots.map((s) => s.dueAt), slots.map((s) => s.until), slots.map((s) => s.nextAttemptAt), slots.map((s) => s.route)]);
  }

  /** What receipts prove and what is out of time, over all slots that may still change. */
  private async judgeOpen(manager: EntityManager, now: Date): Promise<Settled[]> {
    const open = await rows<SlotRow>(manager,
      `SELECT s.delivery_id, d.alert_id, coalesce(o.channel, d.channel) AS channel, d.destination, d.kind, s.number, s.key, s.manner, s.due_at, s.until, s.state
         FROM airing_slots s JOIN deliveries d ON d.id = s.delivery_id LEFT JOIN airing_routes o ON o.delivery_id = s.delivery_id AND o.route = s.route
        WHERE s.state = 'due' OR (s.state = 'missed' AND s.until > $1::timestamptz - make_interval(hours => $2))
        ORDER BY s.delivery_id, s.number FOR UPDATE OF s`, [now, LOOK_BACK_HOURS]);
    if (open.length === 0) return [];
    // By sequence: a receipt that came later has a higher one, whenever the partner says it was aired.
    const heard = await rows<{ seq: string; delivery_id: DeliveryId; about: string; word: string; at: Date }>(manager,
      `SELECT r.seq, r.delivery_id, coalesce(r.key, r.reference) AS about, r.word, coalesce(r.partner_at, r.received_at) AS at
         FROM receipts r WHERE r.delivery_id = ANY ($1) AND r.stage = 'confirmed' AND r.word ILIKE 'aired%'
          AND NOT EXISTS (SELECT FROM airing_slots s WHERE s.receipt_seq = r.seq)
          AND r.seq > coalesce((SELECT max(s.receipt_seq) FROM airing_slots s WHERE s.delivery_id = r.delivery_id AND s.manner = 'awaited'), 0)
        ORDER BY r.seq`, [[...new Set(open.map((slot) => slot.delivery_id))]]);
    const airings = new Map<DeliveryId, Airing[]>();
    for (const { seq, delivery_id: id, about, word, at } of heard) {
      const read = readAiredWord(word);
      if (read) airings.set(id, [...(airings.get(id) ?? []), { seq, key: ownName(about), at, ...read }]);
    }
    return open.flatMap((slot): Settled[] => {
      const verdict = judge({ key: slot.key, manner: slot.manner, due: slot.due_at, until: slot.until, state: slot.state }, airings.get(slot.delivery_id) ?? [], now);
      return verdict ? [{ slot, ...verdict }] : [];
    });
  }

  private async settle(manager: EntityManager, settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return;
    await rows(manager,
      `UPDATE airing_slots s SET state = v.state, receipt_seq = v.seq, aired_at = v.at, seconds = v.seconds, silent = coalesce(v.silent, false), reason = coalesce(v.reason, CASE WHEN v.seq IS NULL THEN s.reason END),
              leased_until = NULL, next_attempt_at = NULL
         FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::timestamptz[], $6::float8[], $7::boolean[], $8::text[]) AS v (id, number, state, seq, at, seconds, silent, reason)
        WHERE s.delivery_id = v.id AND s.number = v.number`,
      [
        settled.map((s) => s.slot.delivery_id), settled.map((s) => s.slot.number), settled.map((s) => s.state), settled.map((s) => s.airing?.seq ?? null), settled.map((s) => s.airing?.at ?? null),
        settled.map((s) => s.airing?.seconds ?? null), settled.map((s) => s.airing?.silent ?? null), settled.map((s) => s.reason ?? null),
      ]);
  }

  /** Ended or updated alerts: what of them is still due is not to be aired any more. */
  private async stop(manager: EntityManager): Promise<Settled[]> {
    const stopped = await rows<SlotRow & { reason: string }>(manager,
      `UPDATE airing_slots s SET state = 'stopped', reason = CASE WHEN a.status = 'active' THEN 'superseded' ELSE a.status END, leased_until = NULL, next_attempt_at = NULL
         FROM deliveries d JOIN alerts a ON a.id = d.alert_id
        WHERE d.id = s.delivery_id AND s.state = 'due' AND d.kind IN ('alert', 'update') AND (a.status <> 'active' OR a.current_revision <> d.revision)
       RETURNING s.delivery_id, d.alert_id, d.channel, d.destination, d.kind, s.number, s.key, s.manner, s.due_at, s.until, s.state, s.reason`);
    return stopped.map((slot) => ({ slot, state: 'stopped', reason: slot.reason }));
  }

  /** A reference that is known before the first byte leaves, so that no receipt is quicker. */
  private async expect(manager: EntityManager, destination: DestinationId, reference: string, deliveryId: DeliveryId): Promise<void> {
    await rows(manager, 'INSERT INTO delivery_references VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [destination, reference, deliveryId]);
  }

  private reroutedFact({ deliveryId, alertId, destination, delivery: { key, channel } }: ClaimedSlot, from: number, to: number, reason: string): string {
    const body: FactBody<'delivery.rerouted'> = { deliveryId, key, channel, destination, from, to, reason: wordOf(reason) };
    return makeFact({ id: this.ids.next<FactId>(), at: this.clock.now(), type: 'delivery.rerouted', actor: SYSTEM, alertId, body }).record;
  }

  private settledFact({ slot, state, airing, reason }: Settled): string {
    const body: FactBody<'airing.settled'> = {
      deliveryId: slot.delivery_id, channel: slot.channel, destination: slot.destination, slot: slot.number, state, dueAt: slot.due_at.toISOString(),
      airedAt: airing?.at.toISOString() ?? null, seconds: airing?.seconds === undefined ? null : Math.round(airing.seconds), receiptSeq: airing ? Number(airing.seq) : null,
      silent: airing?.silent ?? false, ...(reason !== undefined && { reason: wordOf(reason) }),
    };
    return makeFact({ id: this.ids.next<FactId>(), at: this.clock.now(), type: 'airing.settled', actor: SYSTEM, alertId: slot.alert_id, body }).record;
  }
}

interface NewSlot {
  readonly id: DeliveryId; readonly key: string; readonly manner: AiringManner; readonly number: number; readonly dueAt: Date; readonly until: Date; readonly nextAttemptAt: Date | null;
  readonly route: number | null;
}

/** When an alert was first aired at a destination, or had to be: the origin of all its slots there. */
const FIRST_AT = `(SELECT coalesce(f.aired_at, f.due_at) FROM airing_slots f JOIN deliveries e ON e.id = f.delivery_id
                    WHERE e.alert_id = d.alert_id AND e.destination = d.destination AND f.number = 0 AND e.kind IN ('alert', 'update') ORDER BY e.revision LIMIT 1)`;
