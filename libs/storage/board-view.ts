import type { DataSource } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { AlertId, DestinationId, OfficerId } from '#kernel/ids.js';
import type { AlertStatus } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import type { BreakerRow, DeliveryGroup, MessageTimes, Moved } from '#dispatch/board.js';
import { rows } from './database.js';

/** An alert as its board names it: its case number and nothing of the case. */
export interface BoardAlert {
  readonly id: AlertId;
  readonly mode: Mode;
  readonly status: AlertStatus;
  readonly version: number;
  readonly caseNumber: string;
  readonly createdBy: OfficerId;
  readonly createdAt: Date;
  readonly currentRevision: number | null;
  readonly expiresAt: Date | null;
  readonly endedAt: Date | null;
  readonly proposal: { readonly revision: number; readonly kind: string; readonly status: string } | null;
}

/** How one broadcaster keeps its slots. */
export interface AiringSums {
  readonly destination: DestinationId;
  readonly due: number;
  readonly aired: number;
  readonly late: number;
  readonly missed: number;
  readonly stopped: number;
  readonly firstAiredAt: Date | null;
  readonly lastAiredAt: Date | null;
  /** When the window of the slot that is due closes. */
  readonly dueUntil: Date | null;
}

/** What a partner was asked to erase. */
export interface BoardErasure {
  readonly destination: DestinationId;
  readonly askedAt: Date;
  readonly dueAt: Date;
  readonly chased: number;
  readonly confirmedAt: Date | null;
}

/** An officer who had a hand in an alert. */
export interface NamedOfficer {
  readonly id: OfficerId;
  readonly displayName: string;
}

/** Everything that was counted for one board. */
export interface BoardCounts {
  readonly alert: BoardAlert;
  readonly messages: readonly MessageTimes[];
  readonly groups: readonly DeliveryGroup[];
  readonly moves: readonly Moved[];
  readonly airing: readonly AiringSums[];
  readonly erasures: readonly BoardErasure[];
  readonly breakers: readonly BreakerRow[];
  /** Writers, submitters, deciders, and who settled a delivery. */
  readonly officers: readonly NamedOfficer[];
}

interface GroupRow extends Omit<DeliveryGroup, 'expected' | 'confirmed' | 'failed' | 'attempts'> { expected: string; confirmed: string; failed: string; attempts: string }

/** The facts that are told of an alert one by one; the others are counted. Written as the index `facts_alert_news` has it. */
export const NEWS = `f.type NOT IN ('delivery.attempted', 'delivery.cancelled', 'receipt.received', 'airing.settled', 'erasure.requested', 'erasure.chased', 'erasure.confirmed')`;

/** What the fan-out board counts, each in one statement whatever the number of parts. Opens no case and writes nothing. */
export class BoardView {
  constructor(private readonly source: DataSource) {}

  /** Throws ALERT_MISSING. */
  async counts(mode: Mode, id: AlertId): Promise<BoardCounts> {
    const [alert] = await rows<BoardAlert>(this.source,
      `SELECT a.id, a.mode, a.status, a.version, a.case_number AS "caseNumber", a.created_by AS "createdBy", a.created_at AS "createdAt", a.current_revision AS "currentRevision",
              a.expires_at AS "expiresAt", a.ended_at AS "endedAt",
              CASE WHEN r.number IS NOT NULL THEN json_build_object('revision', r.number, 'kind', r.kind, 'status', r.status) END AS proposal
         FROM alerts a LEFT JOIN revisions r ON r.alert_id = a.id AND r.number = a.proposal WHERE a.id = $1 AND a.mode = $2`, [id, mode]);
    if (!alert) throw fail('ALERT_MISSING');
    // One after the other: a board is no reason to take several connections of the pool at once.
    const messages = await rows<MessageTimes>(this.source,
      'SELECT revision, kind, created_at AS "decidedAt", planned_at AS "plannedAt" FROM outbox WHERE alert_id = $1 ORDER BY revision DESC', [id]);
    const groups = (await rows<GroupRow>(this.source, GROUPS, [id])).map((group): DeliveryGroup => ({
      ...group, attempts: Number(group.attempts), expected: Number(group.expected), confirmed: Number(group.confirmed), failed: Number(group.failed),
    }));
    return {
      alert, messages, groups, breakers: await this.breakers(),
      moves: await rows<Moved>(this.source, MOVES, [id]),
      officers: await rows<NamedOfficer>(this.source, OFFICERS, [id]),
      airing: await rows<AiringSums>(this.source, AIRING, [id]),
      erasures: await rows<BoardErasure>(this.source,
        `SELECT destination, asked_at AS "askedAt", due_at AS "dueAt", chased, confirmed_at AS "confirmedAt" FROM erasure_requests WHERE alert_id = $1`, [id]),
    };
  }

  /** The breakers that ever changed. */
  breakers(): Promise<BreakerRow[]> {
    return rows<BreakerRow>(this.source, 'SELECT route, state, changed_at AS "changedAt" FROM breakers ORDER BY route');
  }
}

const GROUPS = `
  WITH alike AS (
    SELECT d.revision, d.kind, d.destination, d.route, d.channel, d.state, coalesce(d.expected = 0, false) AS mute, count(*)::integer AS parts, sum(d.attempts) AS attempts,
           min(d.next_attempt_at) AS next_at, min(d.accepted_at) AS first_at, max(d.accepted_at) AS last_at, coalesce(sum(d.expected), 0) AS expected, sum(d.confirmed) AS confirmed,
           sum(d.failed) AS failed, min(d.id::text COLLATE "C")::uuid AS example
      FROM deliveries d WHERE d.alert_id = $1 GROUP BY 1, 2, 3, 4, 5, 6, 7)
  SELECT g.revision, g.kind, g.destination, g.route, g.channel, g.state, g.mute AS "isMute", g.parts, g.attempts, g.next_at AS "nextAttemptAt", g.first_at AS "firstAcceptedAt",
         g.last_at AS "lastAcceptedAt", g.expected, g.confirmed, g.failed, g.example, t.outcome, coalesce(e.reason, t.reason) AS reason
    FROM alike g JOIN deliveries e ON e.id = g.example LEFT JOIN LATERAL (SELECT t.outcome, t.reason FROM attempts t WHERE t.delivery_id = g.example ORDER BY t.lease_token DESC LIMIT 1) t ON true`;

const OFFICERS = `
  SELECT o.id, o.display_name AS "displayName" FROM officers o
   WHERE o.id IN (SELECT unnest(r.writers || r.submitted_by || r.decided_by) FROM revisions r WHERE r.alert_id = $1 UNION SELECT m.by FROM remarks m WHERE m.alert_id = $1)
   ORDER BY o.display_name`;

const MOVES = `
  SELECT DISTINCT ON (d.destination, d.revision) d.destination, d.revision, (m.record ->> 'at')::timestamptz AS at, (m.record -> 'body' ->> 'from')::integer AS "from",
         (m.record -> 'body' ->> 'to')::integer AS "to", m.record -> 'body' ->> 'reason' AS reason, (count(*) OVER (PARTITION BY d.destination, d.revision))::integer AS count
    FROM (SELECT f.seq, f.record::jsonb AS record FROM facts f WHERE f.alert_id = $1::uuid::text AND f.type = 'delivery.rerouted' AND ${NEWS}) m
    JOIN deliveries d ON d.id = (m.record -> 'body' ->> 'deliveryId')::uuid
   ORDER BY d.destination, d.revision, m.seq DESC`;

const AIRING = `
  SELECT d.destination, (count(*) FILTER (WHERE s.state = 'due'))::integer AS due, (count(*) FILTER (WHERE s.state = 'aired'))::integer AS aired,
         (count(*) FILTER (WHERE s.state = 'late'))::integer AS late, (count(*) FILTER (WHERE s.state = 'missed'))::integer AS missed,
         (count(*) FILTER (WHERE s.state = 'stopped'))::integer AS stopped, min(s.aired_at) AS "firstAiredAt", max(s.aired_at) AS "lastAiredAt",
         max(s.until) FILTER (WHERE s.state = 'due') AS "dueUntil"
    FROM deliveries d JOIN airing_slots s ON s.delivery_id = d.id WHERE d.alert_id = $1 AND d.part = 0 GROUP BY d.destination`;
