import type { EntityManager } from 'typeorm';
import { fail, Refusal } from '#kernel/errors.js';
import type { DeliveryId, OfficerId } from '#kernel/ids.js';
import { keyedDigest, seal } from '#kernel/sealing.js';
import { officerActor } from '#audit/fact.js';
import { DEAD_LETTERS, type DeliveryState } from '#dispatch/delivery.js';
import type { CaseKeys } from './case-keys.js';
import { rows } from './database.js';
import { naming, toClaimed, type ClaimRow } from './delivery-rows.js';
import type { Facts } from './facts.js';

/** A person's word on a dead letter. */
export interface Word {
  readonly verdict: 'retry' | 'close';
  readonly by: OfficerId;
  readonly reason: string;
  readonly at: Date;
}

/**
 * Settles a dead letter, in the caller's transaction. The reason is kept sealed with the case; once the case is erased
 * there is nothing left to send, and closing leaves the keyed digest of the reason only.
 */
export async function settleDeadLetter(manager: EntityManager, id: DeliveryId, { verdict, by, reason, at }: Word, keys: CaseKeys, facts: Facts): Promise<void> {
  const [row] = await rows<ClaimRow>(manager, `SELECT *, may_have AS had, '' AS content_hash FROM deliveries WHERE id = $1 FOR UPDATE`, [id]);
  if (!row) throw fail('DELIVERY_MISSING');
  if (!DEAD_LETTERS.includes(row.state as DeliveryState)) throw fail('DELIVERY_NOT_DEAD');
  if (reason.trim() === '') throw fail('REASON_MISSING', 'reason');
  const key = await keys.of(manager, row.alert_id).catch((error: unknown) => {
    if (verdict === 'close' && error instanceof Refusal && error.code === 'ALERT_ERASED') return undefined;
    throw error;
  });
  if (verdict === 'retry') {
    // Failures heard so far count no more.
    await rows(manager,
      `UPDATE deliveries SET state = 'queued', settled_by = $2, reason = NULL, failed = 0,
              heard_up_to = coalesce((SELECT max(seq) FROM receipts WHERE delivery_id = $1), 0) WHERE id = $1`, [id, by]);
  } else {
    await rows(manager, `UPDATE deliveries SET state = 'closed', settled_by = $2 WHERE id = $1`, [id, by]);
  }
  if (key) {
    await rows(manager, 'INSERT INTO remarks (alert_id, revision, verb, by, at, sealed) VALUES ($1, $2, $3, $4, $5, $6)',
      [row.alert_id, row.revision, verdict, by, at, seal(key, Buffer.from(reason), `${row.alert_id}:remark`)]);
  }
  const body = { ...naming(toClaimed(row)), remark: key ? keyedDigest(key, reason) : keys.masterKey.digest(reason) };
  await facts.append(manager, [facts.make(verdict === 'retry' ? 'delivery.retried' : 'delivery.closed', officerActor(by), row.alert_id, body, at)]);
  if (verdict === 'retry') await rows(manager, `SELECT pg_notify('deliveries', $1)`, [id]);
}
