import type { DataSource } from 'typeorm';
import type { AlertId, DestinationId } from '#kernel/ids.js';
import type { Unheard } from '#dispatch/channel.js';
import { isEnding, type DeliveryKind } from '#dispatch/delivery.js';
import { rows } from './database.js';

/** How long after its validity somebody may still know what became of a message. */
const KNOWN_HOURS = 48;
/** References that are read at most, those of the newest deliveries first. */
const MOST = 100_000;

/** What a destination's partner took and of which no receipt has come, read from deliveries, their references and receipts. */
export async function unheardOf(source: DataSource, destination: DestinationId, now: Date): Promise<Unheard[]> {
  const found = await rows<{ alert_id: AlertId; part: number; kind: DeliveryKind; expires_at: Date; uncertain: boolean; references: string[] }>(source,
    `SELECT alert_id, part, kind, expires_at, accepted_at IS NULL AS uncertain, array_agg(reference ORDER BY reference) AS references
       FROM (SELECT d.*, f.reference
               FROM delivery_references f JOIN deliveries d ON d.id = f.delivery_id
              WHERE f.destination = $1 AND d.state NOT IN ('confirmed', 'closed') AND d.expires_at > $2::timestamptz - make_interval(hours => $3)
                AND NOT EXISTS (SELECT FROM receipts r WHERE r.delivery_id = d.id AND r.reference = f.reference)
              ORDER BY d.created_at DESC, d.id, f.reference LIMIT $4) AS unheard
      GROUP BY id, alert_id, part, kind, expires_at, accepted_at, created_at ORDER BY created_at`, [destination, now, KNOWN_HOURS, MOST]);
  return found.map(({ alert_id: alertId, part, kind, expires_at: expires, uncertain, references }) => ({ alertId, part, isEnding: isEnding(kind), expires, uncertain, references }));
}
