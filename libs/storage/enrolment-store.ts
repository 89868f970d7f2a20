import type { DataSource } from 'typeorm';
import type { Fact } from '#audit/fact.js';
import type { ChangeId } from '#identity/change.js';
import type { Enrolment, EnrolmentStore } from '#identity/enrolment.js';
import type { Role } from '#identity/officer.js';
import type { OfficerId } from '#kernel/ids.js';
import { rows } from './database.js';

interface EnrolmentRow {
  officer_id: OfficerId; change_id: ChangeId; proposer_half: string; expires_at: Date; sealed_totp: Buffer | null; user_name: string; display_name: string; roles: Role[]; enabled: boolean;
}

/** Enrolments in PostgreSQL. A confirmed change makes one; the function that completes it deletes it. */
export class PgEnrolmentStore implements EnrolmentStore {
  constructor(private readonly source: DataSource) {}

  async find(confirmerHalf: string): Promise<Enrolment | undefined> {
    const [row] = await rows<EnrolmentRow>(this.source,
      `SELECT e.*, o.user_name, o.display_name, o.roles, o.enabled FROM enrolments e JOIN officers o ON o.id = e.officer_id WHERE e.confirmer_half = $1`, [confirmerHalf]);
    return row && {
      officer: { id: row.officer_id, userName: row.user_name, displayName: row.display_name, roles: row.roles, enabled: row.enabled },
      changeId: row.change_id, proposerHalf: row.proposer_half, expiresAt: row.expires_at, sealedTotp: row.sealed_totp,
    };
  }

  async offer(officer: OfficerId, sealedTotp: Uint8Array): Promise<void> {
    await rows(this.source, 'UPDATE enrolments SET sealed_totp = $2 WHERE officer_id = $1 AND sealed_totp IS NULL', [officer, Buffer.from(sealedTotp)]);
  }

  async complete({ officer, proposerHalf, confirmerHalf, at, passwordHash, sealedTotp, step }: Parameters<EnrolmentStore['complete']>[0], fact: Fact): Promise<void> {
    await rows(this.source, 'SELECT enrol_officer($1, $2, $3, $4, $5, $6, $7, $8)',
      [officer, proposerHalf, confirmerHalf, at, passwordHash, Buffer.from(sealedTotp), step, [fact.record]]);
  }
}
