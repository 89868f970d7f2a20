import pg from 'pg';
import { DataSource } from 'typeorm';
import { fail } from '#kernel/errors.js';
import { rows } from './database.js';
import { fileOf, migrations } from './migrations.js';

/** Who owns the tables; nobody can log in as it. */
export const OWNER_ROLE = 'findme_owner';
/** What the applications log in as. */
export const APP_ROLE = 'findme_app';

/** Any number that no other program of this database uses for its advisory lock. */
const MIGRATION_LOCK = 4_608_192;

/**
 * Brings a database to the present schema: makes the two roles, then runs the numbered files as the owner. A step of
 * its own: the applications never do it. Two at once wait for each other. `SCHEMA_DIVERGED` for a database that ran a file
 * which is not here, or was edited since: nobody knows then what its schema is.
 *
 * `ownerUrl` names a login that may create roles; `appPassword` becomes the password of the applications' role. `folder` holds
 * the files, where they are not the project's own.
 */
export async function migrate({ ownerUrl, appPassword, folder }: { ownerUrl: string; appPassword: string; folder?: string }): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await makeRole(client, OWNER_ROLE, 'NOLOGIN');
    await makeRole(client, APP_ROLE, `LOGIN PASSWORD ${client.escapeLiteral(appPassword)}`);
    await client.query(`GRANT ${OWNER_ROLE} TO CURRENT_USER`);
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const database = client.escapeIdentifier(rows[0]!.name);
    await client.query(`GRANT CONNECT, CREATE ON DATABASE ${database} TO ${OWNER_ROLE}`);
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${APP_ROLE}`);
    await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${OWNER_ROLE}`);
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query(`GRANT USAGE ON SCHEMA public TO ${APP_ROLE}`);
    await runAsOwner(ownerUrl, folder);
  } finally {
    await client.end();
  }
}

async function makeRole(client: pg.Client, role: string, options: string): Promise<void> {
  const known = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  // Roles belong to the whole cluster, so another database's migration may have been quicker.
  await client.query(`${known.rowCount ? 'ALTER' : 'CREATE'} ROLE ${role} ${options}`).catch((error: { code?: string }) => {
    if (error.code !== '42710' && error.code !== '23505' && error.code !== 'XX000') throw error;
  });
}

async function runAsOwner(ownerUrl: string, folder: string | undefined): Promise<void> {
  const source = new DataSource({
    type: 'postgres', url: ownerUrl, migrations: migrations(folder), migrationsTableName: 'migrations', logging: false,
    extra: { options: `-c role=${OWNER_ROLE}`, max: 2 },
  });
  await source.initialize();
  try {
    await refuseOtherPast(source);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await source.destroy();
  }
}

async function refuseOtherPast(source: DataSource): Promise<void> {
  const [table] = await rows<{ known: boolean }>(source, `SELECT to_regclass('migrations') IS NOT NULL AS known`);
  if (!table!.known) return;
  const here = new Set(source.migrations.map((migration) => migration.name));
  const past = await rows<{ name: string }>(source, 'SELECT name FROM migrations ORDER BY id');
  const missing = past.find(({ name }) => !here.has(name));
  if (missing) throw fail('SCHEMA_DIVERGED', '', `${fileOf(missing.name)} is not here as it ran.`);
}
