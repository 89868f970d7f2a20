import type { DataSource, EntityManager } from 'typeorm';
import type { Fact } from '#audit/fact.js';
import type { Officer, Role } from '#identity/officer.js';
import type { Ceremony, Passkey, PasskeyId, PasskeyStore } from '#identity/passkey.js';
import type { SessionId } from '#identity/session.js';
import type { DestinationId, OfficerId } from '#kernel/ids.js';
import { inTransaction, rows } from './database.js';

interface PasskeyRow {
  id: PasskeyId; officer_id: OfficerId; credential_id: string; public_key: Buffer; counter: string; transports: string[]; name: string; created_at: Date; last_used_at: Date | null;
}

/** Passkeys and the challenges of their ceremonies in PostgreSQL. */
export class PgPasskeyStore implements PasskeyStore {
  constructor(private readonly source: DataSource) {}

  issue(hash: string, { kind, session, purpose }: Ceremony, expiresAt: Date): Promise<void> {
    return inTransaction(this.source, async (manager) => {
      if (session !== null) await rows(manager, 'DELETE FROM passkey_challenges WHERE session_id = $1 AND ceremony = $2', [session, kind]);
      await rows(manager, 'INSERT INTO passkey_challenges (hash, ceremony, session_id, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)', [hash, kind, session, purpose, expiresAt]);
    });
  }

  async take(hash: string, now: Date): Promise<Ceremony | undefined> {
    const [row] = await rows<{ ceremony: Ceremony['kind']; session_id: SessionId | null; purpose: string | null; expires_at: Date }>(this.source,
      'DELETE FROM passkey_challenges WHERE hash = $1 RETURNING ceremony, session_id, purpose, expires_at', [hash]);
    return row && now < row.expires_at ? { kind: row.ceremony, session: row.session_id, purpose: row.purpose } : undefined;
  }

  async forgetChallenges(before: Date): Promise<void> {
    await rows(this.source, 'DELETE FROM passkey_challenges WHERE expires_at < $1 RETURNING hash', [before]);
  }

  add({ id, officerId, credentialId, publicKey, counter, transports, name, createdAt, lastUsedAt }: Passkey, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const added = await rows(manager,
        `INSERT INTO passkeys (id, officer_id, credential_id, public_key, counter, transports, name, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (credential_id) DO NOTHING RETURNING id`,
        [id, officerId, credentialId, Buffer.from(publicKey), counter, transports, name, createdAt, lastUsedAt]);
      if (added.length > 0) await rows(manager, 'SELECT append_facts($1)', [[fact.record]]);
      return added.length > 0;
    });
  }

  remove(id: PasskeyId, officer: OfficerId, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const removed = await rows(manager, 'DELETE FROM passkeys WHERE id = $1 AND officer_id = $2 RETURNING id', [id, officer]);
      if (removed.length > 0) await rows(manager, 'SELECT append_facts($1)', [[fact.record]]);
      return removed.length > 0;
    });
  }

  async ofOfficer(officer: OfficerId): Promise<readonly Passkey[]> {
    return (await rows<PasskeyRow>(this.source, 'SELECT * FROM passkeys WHERE officer_id = $1 ORDER BY created_at, id', [officer])).map(toPasskey);
  }

  async findByCredential(credentialId: string): Promise<{ readonly passkey: Passkey; readonly officer: Officer } | undefined> {
    const [row] = await rows<PasskeyRow & { user_name: string; display_name: string; roles: Role[]; enabled: boolean; destinations: DestinationId[] }>(this.source,
      'SELECT p.*, o.user_name, o.display_name, o.roles, o.enabled, o.destinations FROM passkeys p JOIN officers o ON o.id = p.officer_id WHERE p.credential_id = $1', [credentialId]);
    return row && { passkey: toPasskey(row), officer: {
      id: row.officer_id, userName: row.user_name, displayName: row.display_name, roles: row.roles, enabled: row.enabled, ...(row.destinations.length > 0 && { destinations: row.destinations }),
    } };
  }

  raise(id: PasskeyId, counter: number, at: Date): Promise<boolean> {
    return raiseCounter(this.source, id, counter, at);
  }
}

/** Compare-and-set: of any number of processes one raises the counter. */
export async function raiseCounter(runner: DataSource | EntityManager, id: PasskeyId, counter: number, at: Date): Promise<boolean> {
  return (await rows(runner, 'UPDATE passkeys SET counter = $2, last_used_at = $3 WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id', [id, counter, at])).length > 0;
}

function toPasskey(row: PasskeyRow): Passkey {
  return {
    id: row.id, officerId: row.officer_id, credentialId: row.credential_id, publicKey: row.public_key, counter: Number(row.counter), transports: row.transports, name: row.name,
    createdAt: row.created_at, lastUsedAt: row.last_used_at,
  };
}
