import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startServers, type RunningServers } from '#apps/findme/embedded/servers.js';
import { claimState, releaseState, stateFolder } from '#apps/findme/state.js';
import { APP_ROLE, migrate } from '#storage/migrate.js';
import { addOfficers } from '../support/officers.js';

/** Password of the applications' role in the benchmarks' own cluster. */
const APP_PASSWORD = 'app-of-the-benchmarks';

/** A migrated database of one measurement's own, with the officers of the tests. */
export interface BenchDatabase {
  /** As the superuser, who may do all. */
  readonly ownerUrl: string;
  /** As the applications' role. */
  readonly appUrl: string;
}

/** What a benchmark stands on: servers of its own, beside whatever else runs. */
export interface Ground {
  /** Present if it was asked for. */
  readonly redisUrl?: string;
  readonly redisName?: string;
  database(): Promise<BenchDatabase>;
}

/**
 * Runs a benchmark on a PostgreSQL that writes to disk as in service (fsync on) and, if asked, a Redis-compatible server.
 * One benchmark of a clone at a time; its databases are dropped afterwards.
 */
export async function onGround<T>(redis: boolean, work: (ground: Ground) => Promise<T>): Promise<T> {
  const stateDir = join(await stateFolder(process.env['FINDME_STATE']), 'bench');
  await mkdir(stateDir, { recursive: true });
  await claimState(stateDir);
  try {
    const servers = await startServers({
      stateDir, durable: true, postgres: 'embedded', redis: redis ? 'embedded' : 'none', searchPath: process.env['PATH'] ?? '',
      log: (line) => { process.stderr.write(`${line}\n`); },
    });
    try {
      await dropDatabases(servers.databaseUrl!);
      const result = await work(groundOf(servers));
      await dropDatabases(servers.databaseUrl!);
      return result;
    } finally {
      await servers.stop();
    }
  } finally {
    await releaseState(stateDir);
  }
}

function groundOf({ databaseUrl, redisUrl, redisName }: RunningServers): Ground {
  return {
    ...(redisUrl !== undefined && { redisUrl }), ...(redisName !== undefined && { redisName }),
    database: async () => {
      const name = `bench_${randomBytes(4).toString('hex')}`;
      await asOwner(databaseUrl!, (client) => client.query(`CREATE DATABASE ${name}`));
      const owner = new URL(databaseUrl!);
      owner.pathname = `/${name}`;
      await migrate({ ownerUrl: owner.href, appPassword: APP_PASSWORD });
      await addOfficers(owner.href);
      const app = new URL(owner);
      app.username = APP_ROLE;
      app.password = APP_PASSWORD;
      return { ownerUrl: owner.href, appUrl: app.href };
    },
  };
}

/** Also those that a killed benchmark left. */
async function dropDatabases(url: string): Promise<void> {
  await asOwner(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(`SELECT datname AS name FROM pg_database WHERE datname LIKE 'bench\\_%'`);
    for (const { name } of rows) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
}

/** One connection that may do all, for as long as `work` takes. */
export async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
