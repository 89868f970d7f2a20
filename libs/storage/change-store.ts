import type { DataSource } from 'typeorm';
import type { Fact } from '#audit/fact.js';
import type { Change, ChangeId, ChangeStatus, ChangeStore, JsonObject } from '#identity/change.js';
import type { OfficerId } from '#kernel/ids.js';
import { inTransaction, rows } from './database.js';

interface ChangeRow {
  id: ChangeId; kind: string; subject: string; payload: JsonObject; kept: JsonObject; sealed: Buffer | null; status: ChangeStatus; reason: Buffer | null;
  proposed_by: OfficerId; proposer: string; proposed_at: Date; expires_at: Date; decided_by: OfficerId | null; decider: string | null; decided_at: Date | null;
}

/** The actor of the clock in the functions of the database. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

const SELECT = `SELECT c.*, p.display_name AS proposer, d.display_name AS decider
  FROM changes c JOIN officers p ON p.id = c.proposed_by LEFT JOIN officers d ON d.id = c.decided_by`;

/** Changes in PostgreSQL. Its functions alone write them, and carry them out. */
export class PgChangeStore implements ChangeStore {
  constructor(private readonly source: DataSource) {}

  async propose({ id, kind, subject, payload, kept, sealed, by, proposedAt, expiresAt }: Parameters<ChangeStore['propose']>[0], fact: Fact): Promise<void> {
    await rows(this.source, 'SELECT propose_change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      [id, kind, subject, JSON.stringify(payload), JSON.stringify(kept), sealed && Buffer.from(sealed), by, proposedAt, expiresAt, [fact.record]]);
  }

  async settle({ id, verb, by, at, given, reason }: Parameters<ChangeStore['settle']>[0], facts: readonly Fact[]): Promise<void> {
    await inTransaction(this.source, (manager) => rows(manager, 'SELECT settle_change($1, $2, $3, $4, $5, $6, $7)',
      [id, verb, by ?? NOBODY, at, JSON.stringify(given), reason && Buffer.from(reason), facts.map(({ record }) => record)]));
  }

  async find(id: ChangeId): Promise<Change | undefined> {
    const [row] = await rows<ChangeRow>(this.source, `${SELECT} WHERE c.id = $1`, [id]);
    return row && toChange(row);
  }

  async list(which: 'open' | 'settled', limit: number): Promise<readonly Change[]> {
    return (await rows<ChangeRow>(this.source, `${SELECT} WHERE (c.status = 'open') = $1 ORDER BY coalesce(c.decided_at, c.proposed_at) DESC, c.id LIMIT $2`,
      [which === 'open', limit])).map(toChange);
  }

  async overdue(at: Date): Promise<readonly ChangeId[]> {
    return (await rows<{ id: ChangeId }>(this.source, `SELECT id FROM changes WHERE status = 'open' AND expires_at <= $1`, [at])).map(({ id }) => id);
  }
}

function toChange(row: ChangeRow): Change {
  const { id, kind, subject, payload, kept, sealed, status, reason } = row;
  return {
    id, kind, subject, payload, kept, sealed, status, reason, proposedBy: { id: row.proposed_by, displayName: row.proposer }, proposedAt: row.proposed_at, expiresAt: row.expires_at,
    decidedBy: row.decided_by === null ? null : { id: row.decided_by, displayName: row.decider ?? '' }, decidedAt: row.decided_at,
  };
}
