import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { DeliveryKind } from '#dispatch/delivery.js';
import type { Headway, Mark } from '#dispatch/headway.js';
import type { ReachSums } from '#dispatch/reach.js';
import { rows } from './database.js';

interface SumsRow {
  destination: DestinationId; channel: string; parts: number; accepted: number; lastAcceptedAt: Date | null; underWay: number; expected: string; confirmed: string; failed: string; taken: string;
  knownParts: number; knownTotal: string; knownAccepted: number; acceptedTotal: string; openTaken: string; openUnderWay: number; openLeft: string; firstMarkAt: Date | null; gained: string;
}

/** The newest message of an alert and how far it has come at each destination. */
export interface AlertReach {
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly destinations: readonly ReachSums[];
}

/** How far parts have come, in PostgreSQL. */
export class PgHeadway implements Headway {
  constructor(private readonly source: DataSource, private readonly clock: Clock) {}

  async last(id: DeliveryId): Promise<{ readonly after: string; readonly taken: number } | undefined> {
    const [place] = await rows<{ after: string; taken: number }>(this.source, 'SELECT after, taken FROM part_places WHERE delivery_id = $1', [id]);
    return place;
  }

  async mark(id: DeliveryId, { taken, total, after }: Mark): Promise<void> {
    await rows(this.source,
      `WITH place AS (
         INSERT INTO part_places SELECT $1, $5::text, $3 WHERE $5::text IS NOT NULL
         ON CONFLICT (delivery_id) DO UPDATE SET after = excluded.after, taken = excluded.taken)
       INSERT INTO part_marks VALUES ($1, $2, $3, $4)`, [id, this.clock.now(), taken, total ?? null, after ?? null]);
  }

  async end(id: DeliveryId, { taken, total }: Mark): Promise<void> {
    await rows(this.source,
      `WITH place AS (DELETE FROM part_places WHERE delivery_id = $1) INSERT INTO part_marks VALUES ($1, $2, $3, $4)`, [id, this.clock.now(), taken, total ?? null]);
  }

  /**
   * How far the newest message of an alert has come, with what was taken since `since`. Summed up in the database: a notice to a
   * long audience has many parts, and each part many marks. Nothing where none has gone out. Throws ALERT_MISSING.
   */
  async reach(mode: Mode, alertId: AlertId, since: Date): Promise<AlertReach | undefined> {
    const [alert] = await rows<{ revision: number | null; kind: DeliveryKind | null }>(this.source,
      `SELECT d.revision, d.kind FROM alerts a LEFT JOIN deliveries d ON d.alert_id = a.id WHERE a.id = $1 AND a.mode = $2 ORDER BY d.revision DESC NULLS LAST LIMIT 1`,
      [alertId, mode]);
    if (!alert) throw fail('ALERT_MISSING');
    const { revision, kind } = alert;
    if (revision === null || kind === null) return undefined;
    const found = await rows<SumsRow>(this.source, SUMS, [alertId, revision, since]);
    return {
      revision, kind,
      destinations: found.map(({ destination, channel, parts, accepted, lastAcceptedAt, underWay, firstMarkAt, ...n }): ReachSums => ({
        destination, channel, parts, accepted, lastAcceptedAt, underWay, firstMarkAt, taken: Number(n.taken), gained: Number(n.gained),
        receipts: { expected: Number(n.expected), confirmed: Number(n.confirmed), failed: Number(n.failed) },
        known: { parts: n.knownParts, total: Number(n.knownTotal), accepted: n.knownAccepted, acceptedTotal: Number(n.acceptedTotal) },
        open: { taken: Number(n.openTaken), underWay: n.openUnderWay, left: Number(n.openLeft) },
      })),
    };
  }
}

/** One row for each destination. The highest mark of a part is its last: it counts all attempts together and only ever takes more. */
const SUMS = `
  WITH own AS MATERIALIZED (
    SELECT d.id, d.destination, d.channel, d.state IN ('accepted', 'confirmed') AS accepted, d.state IN ('queued', 'sending', 'waiting') AS under_way, d.accepted_at, d.expected, d.confirmed, d.failed
      FROM deliveries d WHERE d.alert_id = $1 AND d.revision = $2),
  mark AS MATERIALIZED (
    SELECT p.delivery_id, min(p.at) AS first_at, max(p.taken) AS taken, max(p.total) AS total, coalesce(max(p.taken) FILTER (WHERE p.at <= $3), min(p.taken)) AS before
      FROM own JOIN part_marks p ON p.delivery_id = own.id GROUP BY p.delivery_id),
  part AS (SELECT own.*, coalesce(m.taken, 0) AS taken, m.total, m.first_at, m.taken - m.before AS gained FROM own LEFT JOIN mark m ON m.delivery_id = own.id)
  SELECT destination, min(channel) AS channel, count(*)::integer AS parts, (count(*) FILTER (WHERE accepted))::integer AS accepted, max(accepted_at) FILTER (WHERE accepted) AS "lastAcceptedAt",
         (count(*) FILTER (WHERE under_way))::integer AS "underWay", coalesce(sum(expected), 0) AS expected, sum(confirmed) AS confirmed, sum(failed) AS failed, sum(taken) AS taken,
         count(total)::integer AS "knownParts", coalesce(sum(total), 0) AS "knownTotal", (count(total) FILTER (WHERE accepted))::integer AS "knownAccepted",
         coalesce(sum(total) FILTER (WHERE accepted), 0) AS "acceptedTotal", coalesce(sum(least(total, taken)) FILTER (WHERE NOT accepted AND total IS NOT NULL), 0) AS "openTaken",
         (count(total) FILTER (WHERE under_way))::integer AS "openUnderWay", coalesce(sum(greatest(0, total - taken)) FILTER (WHERE under_way), 0) AS "openLeft",
         min(first_at) AS "firstMarkAt", coalesce(sum(greatest(0, gained)), 0) AS gained
    FROM part GROUP BY destination ORDER BY min(channel), destination`;
