import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { DeliveryKind, DeliveryState } from '#dispatch/delivery.js';
import type { Headway, Mark } from '#dispatch/headway.js';
import type { ReachMark, ReachPart } from '#dispatch/reach.js';
import { rows } from './database.js';

interface PartRow {
  id: DeliveryId; destination: DestinationId; channel: string; part: number; state: DeliveryState; acceptedAt: Date | null; expected: number | null; confirmed: number; failed: number;
  marks: { at: string; taken: number; total: number | null }[];
}

/** The newest message of an alert and how far each part of it has come. */
export interface AlertReach {
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly parts: readonly ReachPart[];
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
   * How far the newest message of an alert has come: the marks since `since`, the last one before them, and the first of all.
   * Nothing where none has gone out. Throws ALERT_MISSING.
   */
  async reach(mode: Mode, alertId: AlertId, since: Date): Promise<AlertReach | undefined> {
    const [alert] = await rows<{ revision: number | null; kind: DeliveryKind | null }>(this.source,
      `SELECT d.revision, d.kind FROM alerts a LEFT JOIN deliveries d ON d.alert_id = a.id WHERE a.id = $1 AND a.mode = $2 ORDER BY d.revision DESC NULLS LAST LIMIT 1`,
      [alertId, mode]);
    if (!alert) throw fail('ALERT_MISSING');
    const { revision, kind } = alert;
    if (revision === null || kind === null) return undefined;
    const parts = await rows<PartRow>(this.source,
      `SELECT d.id, d.destination, d.channel, d.part, d.state, d.accepted_at AS "acceptedAt", d.expected, d.confirmed, d.failed, coalesce(m.marks, '[]'::json) AS marks
         FROM deliveries d LEFT JOIN LATERAL (
           SELECT json_agg(json_build_object('at', p.at, 'taken', p.taken, 'total', p.total) ORDER BY p.at, p.taken) AS marks FROM part_marks p
            WHERE p.delivery_id = d.id AND (p.at >= $3 OR p.at IN (
              (SELECT max(x.at) FROM part_marks x WHERE x.delivery_id = d.id AND x.at < $3), (SELECT min(x.at) FROM part_marks x WHERE x.delivery_id = d.id)))) m ON true
        WHERE d.alert_id = $1 AND d.revision = $2 ORDER BY d.channel, d.destination, d.part`, [alertId, revision, since]);
    return {
      revision, kind,
      parts: parts.map(({ destination, channel, part, state, acceptedAt, expected, confirmed, failed, marks }): ReachPart => ({
        destination, channel, part, state, acceptedAt, receipts: { expected, confirmed, failed },
        marks: marks.map(({ at, taken, total }): ReachMark => ({ at: new Date(at), taken, total })),
      })),
    };
  }
}
