import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { APP_ROLE, migrate } from '#storage/migrate.js';

const TEMPLATE = 'findme_template';
/** Password of the applications' role in the test cluster. */
const APP_PASSWORD = 'app-of-the-tests';

/** Once before the first spec: a migrated template in the cluster that `url` names, as a login that may do all. */
export async function prepareTestDatabase(url: string): Promise<void> {
  await asOwner(url, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
  });
  await migrate({ ownerUrl: named(url, TEMPLATE), appPassword: APP_PASSWORD });
}

/** A migrated, empty database of one spec's own. */
export interface TestDatabase {
  /** As the superuser, who may do all. */
  readonly ownerUrl: string;
  /** As the applications' role. */
  readonly appUrl: string;
  drop(): Promise<void>;
}

/** Makes a database from the template, in some tens of milliseconds. */
export async function freshDatabase(): Promise<TestDatabase> {
  const cluster = process.env['FINDME_TEST_DATABASE_URL'];
  if (!cluster) throw new Error('there is no test database: run the specs through npm test');
  const name = `spec_${randomBytes(6).toString('hex')}`;
  await asOwner(cluster, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`));
  const app = new URL(named(cluster, name));
  app.username = APP_ROLE;
  app.password = APP_PASSWORD;
  return {
    ownerUrl: named(cluster, name),
    appUrl: app.href,
    drop: () => asOwner(cluster, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }),
  };
}

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function named(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
