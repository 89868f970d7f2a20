import 'reflect-metadata';
import { DataSource, type EntityManager } from 'typeorm';
import { ERRORS, fail, type ErrorCode } from '#kernel/errors.js';
import { ENTITIES } from './entities.js';

export interface DatabaseOptions {
  /** Login of the applications' role. */
  readonly url: string;
  /** Connections at most. */
  readonly poolSize?: number;
  /** Milliseconds to wait for a free connection before `STORE_BUSY`. */
  readonly acquireTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
}

/** Opens the database. Every wait has an end: connecting, a statement, a lock, an idle transaction. */
export async function openDatabase({ url, poolSize = 10, acquireTimeoutMs = 2_000, name }: DatabaseOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres', url, logging: false, applicationName: name, entities: [...ENTITIES],
    extra: {
      max: poolSize,
      connectionTimeoutMillis: acquireTimeoutMs,
      statement_timeout: 10_000,
      lock_timeout: 3_000,
      idle_in_transaction_session_timeout: 5_000,
      keepAlive: true,
    },
    // A connection that is killed while idle is replaced by the pool; the process lives on.
    poolErrorHandler: () => undefined,
  });
  await source.initialize();
  return source;
}

/** Row locks are taken in order, so a deadlock is rare; should one happen all the same, the transaction is repeated. */
const DEADLOCK = '40P01';

/**
 * Runs work in one transaction, again when it met a deadlock. The work uses the manager it is given and no other, so that
 * no pool can deadlock, and does nothing that cannot be repeated.
 */
export async function inTransaction<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await guarded(() => source.transaction(work));
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK) throw error;
      if (attempt === 3) throw fail('STORE_BUSY');
    }
  }
}

/** Runs one statement and returns its rows. */
export function rows<Row>(runner: DataSource | EntityManager, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return guarded(async () => {
    const result: unknown = await runner.query(sql, [...values]);
    // TypeORM answers [rows, count] for UPDATE and DELETE, and rows for everything else.
    if (Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number') return result[0] as Row[];
    return result as Row[];
  });
}

/** SQLSTATE of `refuse()` in the migrations: the message is a code of the error table. */
const REFUSED = 'FM001';
/** Resources gone (53, a full disk included), shutting down (57P), connection lost (08), and waits that came to their end. */
const BUSY = /^(53|57P|08)|^(55P03|57014|25P03|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE)$/;

/** Turns what the database says into the error table: its own refusals by code, exhaustion and outage into `STORE_BUSY`. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === REFUSED && message !== undefined && message in ERRORS) throw fail(message as ErrorCode);
    if ((code !== undefined && BUSY.test(code)) || /timeout exceeded when trying to connect|Connection terminated/.test(message ?? '')) throw fail('STORE_BUSY');
    throw error;
  }
}
