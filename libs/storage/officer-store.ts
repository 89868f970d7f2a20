import type { DataSource, EntityManager } from 'typeorm';
import type { DestinationId, OfficerId } from '#kernel/ids.js';
import type { Fact } from '#audit/fact.js';
import type { Officer, Role } from '#identity/officer.js';
import type { Device } from '#identity/device.js';
import type { EndCause, Session, SessionId, SignInMethod } from '#identity/session.js';
import type { PasskeyId } from '#identity/passkey.js';
import type { Account, OfficerStore, SessionStore } from '#identity/store.js';
import type { Counter, ThrottleStore } from '#identity/throttle.js';
import { inTransaction, rows } from './database.js';
import { raiseCounter } from './passkey-store.js';

interface OfficerRow {
  id: OfficerId; user_name: string; display_name: string; roles: Role[]; enabled: boolean; destinations: DestinationId[]; password_hash: string | null; sealed_totp: Buffer | null; totp_last_step: string;
}

interface SessionRow {
  session_id: SessionId; officer_id: OfficerId; token_hash: string; opened_at: Date; seen_at: Date; ended_at: Date | null; ended_cause: EndCause | null; method: SignInMethod;
  browser: Device['browser'] | null; system: Device['system'] | null;
}

const SESSION = 's.id AS session_id, s.officer_id, s.token_hash, s.opened_at, s.seen_at, s.ended_at, s.ended_cause, s.method, s.browser, s.system';

/**
 * Officers in PostgreSQL. `add`, `change` and `reset` need the owner's login: the applications' role may read officers and use up
 * their codes, and the database refuses it anything more.
 */
export class PgOfficerStore implements OfficerStore {
  constructor(private readonly source: DataSource) {}

  add({ id, userName, displayName, roles, enabled, destinations = [], passwordHash, sealedTotp, lastStep }: Account, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const added = await rows(manager,
        `INSERT INTO officers (id, user_name, display_name, roles, enabled, password_hash, sealed_totp, totp_last_step, destinations)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (user_name) DO NOTHING RETURNING id`,
        [id, userName, displayName, roles, enabled, passwordHash, sealedTotp && Buffer.from(sealedTotp), lastStep, destinations]);
      if (added.length === 0) return false;
      await append(manager, fact);
      return true;
    });
  }

  findByUserName(userName: string): Promise<Account | undefined> {
    return this.findOne('user_name', userName);
  }

  findById(id: OfficerId): Promise<Account | undefined> {
    return this.findOne('id', id);
  }

  async list(): Promise<readonly Officer[]> {
    return (await rows<OfficerRow>(this.source, 'SELECT id, user_name, display_name, roles, enabled, destinations FROM officers ORDER BY user_name')).map(toOfficer);
  }

  async notEnrolled(): Promise<readonly OfficerId[]> {
    return (await rows<{ id: OfficerId }>(this.source, 'SELECT id FROM officers WHERE password_hash IS NULL')).map(({ id }) => id);
  }

  change(id: OfficerId, { roles, enabled }: { readonly roles: readonly Role[]; readonly enabled: boolean }, at: Date, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const changed = await rows(manager, 'UPDATE officers SET roles = $2, enabled = $3 WHERE id = $1 RETURNING id', [id, roles, enabled]);
      if (changed.length === 0) return false;
      if (!enabled) await endSessions(manager, id, at, 'disabled');
      await append(manager, fact);
      return true;
    });
  }

  reset(id: OfficerId, { passwordHash, sealedTotp }: Pick<Account, 'passwordHash' | 'sealedTotp'>, at: Date, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const reset = await rows(manager, 'UPDATE officers SET password_hash = $2, sealed_totp = $3, totp_last_step = 0 WHERE id = $1 RETURNING id',
        [id, passwordHash, sealedTotp && Buffer.from(sealedTotp)]);
      if (reset.length === 0) return false;
      await rows(manager, 'DELETE FROM passkeys WHERE officer_id = $1', [id]);
      await rows(manager, 'DELETE FROM enrolments WHERE officer_id = $1', [id]);
      await endSessions(manager, id, at, 'reset');
      await append(manager, fact);
      return true;
    });
  }

  async rehash(id: OfficerId, from: string, to: string): Promise<void> {
    await rows(this.source, 'UPDATE officers SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [id, from, to]);
  }

  private async findOne(column: 'id' | 'user_name', value: string): Promise<Account | undefined> {
    const [row] = await rows<OfficerRow>(this.source, `SELECT * FROM officers WHERE ${column} = $1`, [value]);
    return row && { ...toOfficer(row), passwordHash: row.password_hash, sealedTotp: row.sealed_totp, lastStep: Number(row.totp_last_step) };
  }
}

/** Sessions in PostgreSQL. */
export class PgSessionStore implements SessionStore {
  constructor(private readonly source: DataSource) {}

  open(session: Session, step: number, fact: Fact): Promise<'opened' | 'replayed' | 'disabled'> {
    return inTransaction(this.source, async (manager) => {
      const raised = await raiseStep(manager, session.officerId, step);
      if (raised !== 'raised') return raised;
      await keepSession(manager, session, fact);
      return 'opened';
    });
  }

  openByPasskey(session: Session, { passkey, counter }: { readonly passkey: PasskeyId; readonly counter: number }, fact: Fact): Promise<'opened' | 'replayed' | 'disabled'> {
    return inTransaction(this.source, async (manager) => {
      // Locked as `raiseStep` locks it: who disables or resets the officer at this moment finds this session or prevents it.
      const [officer] = await rows<{ enabled: boolean }>(manager, 'SELECT enabled FROM officers WHERE id = $1 FOR UPDATE', [session.officerId]);
      if (!officer?.enabled) return 'disabled';
      if (!(await raiseCounter(manager, passkey, counter, session.openedAt))) return 'replayed';
      await keepSession(manager, session, fact);
      return 'opened';
    });
  }

  async openOf(officerId: OfficerId): Promise<readonly Session[]> {
    return (await rows<SessionRow>(this.source, `SELECT ${SESSION} FROM sessions s WHERE s.officer_id = $1 AND s.ended_at IS NULL ORDER BY s.opened_at DESC, s.id`, [officerId])).map(toSession);
  }

  async find(tokenHash: string): Promise<{ readonly session: Session; readonly officer: Officer } | undefined> {
    const [row] = await rows<SessionRow & Omit<OfficerRow, 'id'>>(this.source,
      `SELECT ${SESSION}, o.user_name, o.display_name, o.roles, o.enabled, o.destinations
         FROM sessions s JOIN officers o ON o.id = s.officer_id WHERE s.token_hash = $1`, [tokenHash]);
    return row && { session: toSession(row), officer: toOfficer({ ...row, id: row.officer_id }) };
  }

  async touch(id: SessionId, seenAt: Date): Promise<void> {
    await rows(this.source, 'UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2', [id, seenAt]);
  }

  end(id: SessionId, at: Date, cause: EndCause, fact: Fact): Promise<boolean> {
    return inTransaction(this.source, async (manager) => {
      const ended = await rows(manager, 'UPDATE sessions SET ended_at = $2, ended_cause = $3 WHERE id = $1 AND ended_at IS NULL RETURNING id', [id, at, cause]);
      if (ended.length === 0) return false;
      await append(manager, fact);
      return true;
    });
  }

  endAll(officerId: OfficerId, at: Date, cause: EndCause, fact: (sessions: number) => Fact): Promise<number> {
    return inTransaction(this.source, async (manager) => {
      const ended = await endSessions(manager, officerId, at, cause);
      await append(manager, fact(ended));
      return ended;
    });
  }

  async useStep(officerId: OfficerId, step: number): Promise<boolean> {
    return (await raiseStep(this.source, officerId, step)) === 'raised';
  }

  async note(fact: Fact): Promise<void> {
    await append(this.source, fact);
  }
}

/** Any number that no other advisory lock of the house has as its first half. */
const THROTTLE_LOCK = 4_608_193;

/** Counters of sign-in attempts in PostgreSQL. */
export class PgThrottleStore implements ThrottleStore {
  constructor(private readonly source: DataSource) {}

  change<T>(
    keys: readonly string[],
    step: (counters: readonly (Counter | undefined)[]) => { readonly result: T; readonly counters: readonly Counter[] },
  ): Promise<T> {
    return inTransaction(this.source, async (manager) => {
      // Locks by name and not by row, because the first attempts find no row; in one order, so that none waits in a circle.
      await rows(manager, `SELECT pg_advisory_xact_lock($2, h) FROM (SELECT DISTINCT hashtext(k) AS h FROM unnest($1::text[]) AS k ORDER BY h) AS hashes`,
        [keys, THROTTLE_LOCK]);
      const found = await rows<{ key: string; failures: number; at: Date; known_until: Date | null }>(manager,
        'SELECT key, failures, at, known_until FROM sign_in_counters WHERE key = ANY ($1)', [keys]);
      const byKey = new Map(found.map(({ key, failures, at, known_until }) => [key, { failures, at, knownUntil: known_until }]));
      const { result, counters } = step(keys.map((key) => byKey.get(key)));
      await rows(manager,
        `INSERT INTO sign_in_counters (key, failures, at, known_until) SELECT * FROM unnest($1::text[], $2::float8[], $3::timestamptz[], $4::timestamptz[])
         ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, at = excluded.at, known_until = excluded.known_until`,
        [keys, counters.map((c) => c.failures), counters.map((c) => c.at), counters.map((c) => c.knownUntil)]);
      return result;
    });
  }

  /** Deletes counters last changed before `before`; 31 days back nothing is lost. Returns how many. */
  async forget(before: Date): Promise<number> {
    return (await rows(this.source, 'DELETE FROM sign_in_counters WHERE at < $1 RETURNING key', [before])).length;
  }
}

/** Compare-and-set: of any number of processes one raises the step. Locks the officer's row until the transaction ends. */
async function raiseStep(runner: DataSource | EntityManager, officerId: OfficerId, step: number): Promise<'raised' | 'replayed' | 'disabled'> {
  const raised = await rows(runner, 'UPDATE officers SET totp_last_step = $2 WHERE id = $1 AND enabled AND totp_last_step < $2 RETURNING id', [officerId, step]);
  if (raised.length > 0) return 'raised';
  const [officer] = await rows<{ enabled: boolean }>(runner, 'SELECT enabled FROM officers WHERE id = $1', [officerId]);
  return officer?.enabled ? 'replayed' : 'disabled';
}

async function keepSession(manager: EntityManager, { id, officerId, tokenHash, openedAt, seenAt, endedAt, method, device }: Session, fact: Fact): Promise<void> {
  await rows(manager, 'INSERT INTO sessions (id, officer_id, token_hash, opened_at, seen_at, ended_at, method, browser, system) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [id, officerId, tokenHash, openedAt, seenAt, endedAt, method, device?.browser ?? null, device?.system ?? null]);
  await append(manager, fact);
}

async function endSessions(manager: EntityManager, officerId: OfficerId, at: Date, cause: EndCause): Promise<number> {
  return (await rows(manager, 'UPDATE sessions SET ended_at = $2, ended_cause = $3 WHERE officer_id = $1 AND ended_at IS NULL RETURNING id', [officerId, at, cause])).length;
}

/** Last in a transaction: the chain's lock is then held for the commit only. */
async function append(runner: DataSource | EntityManager, { record }: Fact): Promise<void> {
  await rows(runner, 'SELECT append_facts($1)', [[record]]);
}

function toSession(row: SessionRow): Session {
  return {
    id: row.session_id, officerId: row.officer_id, tokenHash: row.token_hash, openedAt: row.opened_at, seenAt: row.seen_at, endedAt: row.ended_at, endedCause: row.ended_cause, method: row.method,
    device: row.browser && row.system && { browser: row.browser, system: row.system },
  };
}

function toOfficer({ id, user_name, display_name, roles, enabled, destinations }: Pick<OfficerRow, 'id' | 'user_name' | 'display_name' | 'roles' | 'enabled' | 'destinations'>): Officer {
  return { id, userName: user_name, displayName: display_name, roles, enabled, ...(destinations.length > 0 && { destinations }) };
}
