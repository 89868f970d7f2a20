import type { DataSource } from 'typeorm';
import type { AlertId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { rows } from './database.js';

/** How long something took, over several times; in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly medianMs: number;
  /** 95 of 100 were at most as long. */
  readonly p95Ms: number;
  readonly maxMs: number;
}

/**
 * What is measured. `accept`: from the approval to a partner's acceptance of the alert. `air`: from the approval to the first
 * proved airing at a broadcaster. `withdraw`: from the ending to a partner's acceptance of it.
 */
export type Measure = 'accept' | 'air' | 'withdraw';
export const MEASURES = ['accept', 'air', 'withdraw'] as const satisfies readonly Measure[];

export interface ChannelTimes extends Spread { readonly measure: Measure; readonly channel: string }
export interface AlertTimes extends Spread { readonly measure: Measure; readonly alertId: AlertId; readonly at: Date }

export interface Period { readonly mode: Mode; readonly from: Date; readonly to: Date }

/** Updates are left out: they are approved for people who have the alert already. */
const MEASURED = `WITH measured AS (
  SELECT CASE d.kind WHEN 'alert' THEN 'accept' ELSE 'withdraw' END AS measure, d.channel, d.alert_id, o.created_at AS at, extract(epoch FROM d.accepted_at - o.created_at) * 1000 AS ms
    FROM outbox o JOIN alerts a ON a.id = o.alert_id JOIN deliveries d ON d.alert_id = o.alert_id AND d.revision = o.revision
   WHERE a.mode = $1 AND o.created_at >= $2 AND o.created_at <= $3 AND o.kind <> 'update' AND d.accepted_at IS NOT NULL
  UNION ALL
  SELECT 'air', d.channel, d.alert_id, o.created_at, extract(epoch FROM min(s.aired_at) - o.created_at) * 1000
    FROM outbox o JOIN alerts a ON a.id = o.alert_id JOIN deliveries d ON d.alert_id = o.alert_id AND d.revision = o.revision JOIN airing_slots s ON s.delivery_id = d.id
   WHERE a.mode = $1 AND o.created_at >= $2 AND o.created_at <= $3 AND o.kind = 'alert' AND s.aired_at IS NOT NULL
   GROUP BY d.id, d.channel, d.alert_id, o.created_at),
counted AS (SELECT measure, channel, alert_id, at, greatest(ms, 0)::double precision AS ms FROM measured)`;
const SPREAD = `count(*)::integer AS count, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::double precision AS "medianMs",
  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms))::double precision AS "p95Ms", round(max(ms))::double precision AS "maxMs"`;

/** How quick the system and its partners were. */
export class AuditTimes {
  constructor(private readonly source: DataSource) {}

  /** By channel. */
  byChannel({ mode, from, to }: Period): Promise<ChannelTimes[]> {
    return rows(this.source, `${MEASURED} SELECT measure, channel, ${SPREAD} FROM counted GROUP BY measure, channel ORDER BY measure, channel`, [mode, from, to]);
  }

  /** By alert, the newest 200 of the period, oldest first. */
  byAlert({ mode, from, to }: Period): Promise<AlertTimes[]> {
    return rows(this.source,
      `${MEASURED}, newest AS (SELECT alert_id FROM counted GROUP BY alert_id ORDER BY max(at) DESC LIMIT 200)
       SELECT measure, alert_id AS "alertId", min(at) AS at, ${SPREAD} FROM counted WHERE alert_id IN (SELECT alert_id FROM newest) GROUP BY measure, alert_id ORDER BY min(at), measure`,
      [mode, from, to]);
  }
}
