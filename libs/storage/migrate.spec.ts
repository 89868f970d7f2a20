import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from './migrate.js';
import { migrations } from './migrations.js';

/** The password that the tests' cluster has; the role is the whole cluster's, so another would lock the other specs out. */
const APP_PASSWORD = 'app-of-the-tests';
const cluster = process.env['FINDME_TEST_DATABASE_URL']!;

let admin: pg.Client;
const made: { databases: string[]; logins: string[] } = { databases: [], logins: [] };

beforeAll(async () => {
  admin = new pg.Client({ connectionString: cluster });
  await admin.connect();
});

afterAll(async () => {
  for (const name of made.databases) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  for (const login of made.logins) {
    await admin.query(`DROP OWNED BY ${login}`);
    await admin.query(`DROP ROLE ${login}`);
  }
  await admin.end();
});

async function empty(owner?: string): Promise<string> {
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}${owner ? ` OWNER ${owner}` : ''}`);
  made.databases.push(name);
  const url = new URL(cluster);
  url.pathname = `/${name}`;
  return url.href;
}

/** Everything that migrating may make: tables, columns, constraints, functions, triggers, grants. */
async function schemaOf(url: string): Promise<string> {
  return asLogin(url, async (client) => {
    const parts = [
      `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
      `SELECT conrelid::regclass::text AS t, conname, pg_get_constraintdef(oid) AS def FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
      `SELECT proname, prosecdef, proacl::text, md5(coalesce(prosrc, '')) AS body FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 4`,
      `SELECT tgrelid::regclass::text AS t, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
      `SELECT relname, relacl::text, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1`,
    ];
    const found = [];
    for (const sql of parts) found.push((await client.query(sql)).rows);
    return JSON.stringify(found);
  });
}

const applied = (url: string) => asLogin(url, async (client) => (await client.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).rows.map((r) => r.name));

async function asLogin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('migrating', () => {
  it('twice changes nothing the second time', async () => {
    const ownerUrl = await empty();
    await migrate({ ownerUrl, appPassword: APP_PASSWORD });
    const [schema, names] = [await schemaOf(ownerUrl), await applied(ownerUrl)];
    expect(names).toHaveLength(migrations().length);
    await migrate({ ownerUrl, appPassword: APP_PASSWORD });
    expect([await schemaOf(ownerUrl), await applied(ownerUrl)]).toEqual([schema, names]);
  });

  it('from several places at once runs each file once', async () => {
    const ownerUrl = await empty();
    await Promise.all(Array.from({ length: 3 }, () => migrate({ ownerUrl, appPassword: APP_PASSWORD })));
    expect(await applied(ownerUrl)).toHaveLength(migrations().length);
  });

  it('several databases of one cluster at once, which share the roles, goes well', async () => {
    const urls = [await empty(), await empty()];
    await Promise.all(urls.map((ownerUrl) => migrate({ ownerUrl, appPassword: APP_PASSWORD })));
    for (const url of urls) expect(await applied(url)).toHaveLength(migrations().length);
  });

  it('needs no superuser: a login that may make roles, and owns its database, is enough', async () => {
    const login = `migrator_${randomBytes(4).toString('hex')}`;
    await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD 'x' CREATEROLE CREATEDB`);
    made.logins.push(login);
    // On a cluster of its own it would have made the two roles; here they are there already.
    await admin.query(`GRANT findme_owner, findme_app TO ${login} WITH ADMIN OPTION`);
    const url = new URL(await empty(login));
    url.username = login;
    url.password = 'x';
    await migrate({ ownerUrl: url.href, appPassword: APP_PASSWORD });
    expect(await applied(url.href)).toHaveLength(migrations().length);
    const tables = await asLogin(url.href, (client) => client.query<{ owner: string }>(`SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'public'`));
    expect(tables.rows).toEqual([{ owner: 'findme_owner' }]);
  });

  it('leaves a half-run file undone, and runs it when it is mended', async () => {
    const ownerUrl = await empty();
    await asLogin(ownerUrl, (client) => client.query('CREATE TABLE deliveries (id integer)'));
    await expect(migrate({ ownerUrl, appPassword: APP_PASSWORD })).rejects.toMatchObject({ code: '42P07' });
    const before = migrations().findIndex((Migration) => new Migration().name!.includes('-deliveries-'));
    expect(await applied(ownerUrl)).toHaveLength(before);
    await asLogin(ownerUrl, (client) => client.query('DROP TABLE deliveries'));
    await migrate({ ownerUrl, appPassword: APP_PASSWORD });
    expect(await applied(ownerUrl)).toHaveLength(migrations().length);
  });

  it('only moves forward', async () => {
    const Migration = migrations()[0]!;
    await expect(new Migration().down({} as never)).rejects.toThrow('only move forward');
  });
});
