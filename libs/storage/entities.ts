import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AlertId, DeliveryId, DestinationId, OfficerId } from '#kernel/ids.js';
import type { AlertStatus, ProposalStatus } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import type { DeliveryKind, DeliveryState } from '#dispatch/delivery.js';

/*
 * The tables as the desks read them. What is sealed is left out on purpose: a read model never opens a case, and nothing
 * is written through these, since the database changes alerts by its own functions only.
 */

@Entity('alerts')
export class AlertEntity {
  @PrimaryColumn('uuid') id!: AlertId;
  @Column('text') mode!: Mode;
  @Column('text') status!: AlertStatus;
  @Column('integer') version!: number;
  @Column('text', { name: 'case_number' }) caseNumber!: string;
  @Column('uuid', { name: 'created_by' }) createdBy!: OfficerId;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('integer', { name: 'last_revision' }) lastRevision!: number;
  @Column('integer', { nullable: true }) proposal!: number | null;
  @Column('integer', { name: 'current_revision', nullable: true }) currentRevision!: number | null;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}

@Entity('revisions')
export class RevisionEntity {
  @PrimaryColumn('uuid', { name: 'alert_id' }) alertId!: AlertId;
  @PrimaryColumn('integer') number!: number;
  @Column('text') kind!: DeliveryKind;
  @Column('text') status!: ProposalStatus | 'rejected' | 'dropped' | 'approved' | 'ending';
  @Column('text', { name: 'content_hash', nullable: true }) contentHash!: string | null;
}

@Entity('outbox')
export class OutboxEntity {
  @PrimaryColumn('bigint') id!: string;
  @Column('uuid', { name: 'alert_id' }) alertId!: AlertId;
  @Column('integer') revision!: number;
  /** The exact instant of the approval or ending. */
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'planned_at', nullable: true }) plannedAt!: Date | null;
}

@Entity('deliveries')
export class DeliveryEntity {
  @PrimaryColumn('uuid') id!: DeliveryId;
  @Column('uuid', { name: 'alert_id' }) alertId!: AlertId;
  @Column('integer') revision!: number;
  @Column('text') kind!: DeliveryKind;
  @Column('text') channel!: string;
  @Column('text') destination!: DestinationId;
  @Column('integer') part!: number;
  /** The destination's route in use, from 0; `channel` is that route's. */
  @Column('integer') route!: number;
  /** The idempotency key that the partner's ledger knows it by. */
  @Column('text') key!: string;
  @Column('text') state!: DeliveryState;
  @Column('integer') attempts!: number;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('integer', { nullable: true }) expected!: number | null;
  @Column('integer') confirmed!: number;
  @Column('integer') failed!: number;
  @Column('timestamptz', { name: 'next_attempt_at', nullable: true }) nextAttemptAt!: Date | null;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'accepted_at', nullable: true }) acceptedAt!: Date | null;
}

@Entity('attempts')
export class AttemptEntity {
  @PrimaryColumn('uuid', { name: 'delivery_id' }) deliveryId!: DeliveryId;
  @PrimaryColumn('integer') number!: number;
  /** Two senders may have made the same attempt, one of them fenced. */
  @PrimaryColumn('bigint', { name: 'lease_token' }) leaseToken!: string;
  @Column('timestamptz', { name: 'started_at' }) startedAt!: Date;
  @Column('double precision') ms!: number;
  @Column('text') outcome!: 'accepted' | 'refused' | 'deferred' | 'uncertain';
  @Column('text', { nullable: true }) reason!: string | null;
}

@Entity('facts')
export class FactEntity {
  @PrimaryColumn('bigint') seq!: string;
  @Column('text') record!: string;
  @Column('text', { name: 'alert_id', nullable: true }) alertId!: string | null;
}

export const ENTITIES = [AlertEntity, RevisionEntity, OutboxEntity, DeliveryEntity, AttemptEntity, FactEntity] as const;
