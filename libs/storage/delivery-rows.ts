import { sha256Hex } from '#kernel/canonical.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { ClaimedDelivery, DeliveryKind } from '#dispatch/delivery.js';

/** A delivery as `claim_deliveries` and its like return it. */
export interface ClaimRow {
  id: DeliveryId; alert_id: AlertId; revision: number; kind: DeliveryKind; channel: string; destination: DestinationId; part: number; route: number; key: string; state: string;
  attempts: number; lease_token: string; had: boolean; reason: string | null; expires_at: Date; content_hash: string;
}

export function toClaimed(row: ClaimRow): ClaimedDelivery {
  return {
    id: row.id, alertId: row.alert_id, revision: row.revision, kind: row.kind, channel: row.channel, destination: row.destination, part: row.part, route: row.route, key: row.key,
    attempt: row.attempts, leaseToken: row.lease_token, had: row.had, expiresAt: row.expires_at, contentHash: row.content_hash,
  };
}

/** What every fact about a delivery says of it. */
export function naming({ id, key, channel, destination }: ClaimedDelivery): { deliveryId: string; key: string; channel: string; destination: string } {
  return { deliveryId: id, key, channel, destination };
}

/** A partner's identifier as it is kept: what PostgreSQL cannot store or index becomes its digest, the same way everywhere. */
export function storable(identifier: string): string {
  return identifier.length <= 200 && !identifier.includes('\0') ? identifier : `sha256:${sha256Hex(identifier)}`;
}
