import { randomBytes } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { projectRoot } from '#config/project-root.js';
import type { DestinationId } from '#kernel/ids.js';
import { decide, type Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { writingOf } from '#alerts/draft.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { APPROVER, AUTHOR } from '../../tests/support/officers.js';
import { PgAlertStore } from './alert-store.js';
import { PgAuditStore } from './audit-store.js';
import { openDatabase } from './database.js';
import { PgDeliveryStore } from './delivery-store.js';
import { PgDraftStore } from './draft-store.js';
import { PgErasureStore } from './erasure-store.js';
import { APP_ROLE, migrate } from './migrate.js';
import { migrations } from './migrations.js';

/** The password that the tests' cluster has; the role is the whole cluster's, so another would lock the other specs out. */
const APP_PASSWORD = 'app-of-the-tests';
const cluster = process.env['FINDME_TEST_DATABASE_URL']!;

let admin: pg.Client;
const made: { databases: string[]; logins: string[]; folders: string[] } = { databases: [], logins: [], folders: [] };

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
  for (const folder of made.folders) await rm(folder, { recursive: true });
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

/** A copy of the migrations, to be changed. */
async function files(): Promise<{ folder: string; names: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'findme-migrations-'));
  made.folders.push(folder);
  await cp(join(projectRoot, 'libs/storage/migrations'), folder, { recursive: true });
  return { folder, names: (await readdir(folder)).sort() };
}

describe('a database that ran other migrations than these', () => {
  it.each<[string, (folder: string, name: string) => Promise<void>]>([
    ['edited', (folder, name) => appendFile(join(folder, name), '-- An afterthought.\n')],
    ['renamed', (folder, name) => rename(join(folder, name), join(folder, name.replace('.sql', '-too.sql')))],
    ['taken away', (folder, name) => rm(join(folder, name))],
  ])('is refused and left as it is when a file was %s since', async (_how, change) => {
    const ownerUrl = await empty();
    await migrate({ ownerUrl, appPassword: APP_PASSWORD });
    const [schema, ran] = [await schemaOf(ownerUrl), await applied(ownerUrl)];
    const { folder, names } = await files();
    const ours = names[1]!;
    await change(folder, ours);
    await appendFile(join(folder, '9999-next.sql'), 'CREATE TABLE next (id integer);');
    await expect(migrate({ ownerUrl, appPassword: APP_PASSWORD, folder })).rejects.toMatchObject({ code: 'SCHEMA_DIVERGED', message: expect.stringContaining(ours.replace('.sql', ' is not here')) });
    expect([await schemaOf(ownerUrl), await applied(ownerUrl)]).toEqual([schema, ran]);
  });
});

/**
 * Copies every row into a database of an older schema, cut to the columns that it has: as the programs of that schema would
 * have left them. What the migrations themselves wrote stays as it is. Returns the tables that have rows now.
 */
const copyRows = (from: string, to: string): Promise<string[]> => asLogin(from, (source) => asLogin(to, async (target) => {
  const columnsOf = async (client: pg.Client) => (await client.query<{ table: string; column: string; counts: boolean }>(
    `SELECT table_name AS table, column_name AS column, is_identity = 'YES' AS counts FROM information_schema.columns
      WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name NOT IN ('migrations', 'alert_moves', 'proposal_moves')`)).rows;
  const [known, older] = [await columnsOf(source), await columnsOf(target)];
  const shared = older.filter(({ table, column }) => known.some((c) => c.table === table && c.column === column));
  const filled: string[] = [];
  // Table by table, so what refers to what is right at the end alone.
  await target.query('SET session_replication_role = replica');
  for (const table of new Set(shared.map((c) => c.table))) {
    const columns = shared.filter((c) => c.table === table);
    const names = columns.map((c) => c.column).join(', ');
    const all = (await source.query<{ rows: string | null }>(`SELECT json_agg(t)::text AS rows FROM ${table} t`)).rows[0]!.rows;
    if (all === null) continue;
    await target.query(`DELETE FROM ${table}`);
    await target.query(`INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1::json)`, [all]);
    for (const { column } of columns.filter((c) => c.counts)) await target.query(`SELECT setval(pg_get_serial_sequence('${table}', '${column}'), max(${column})) FROM ${table}`);
    filled.push(table);
  }
  return filled;
}));

describe('the newest migration', () => {
  let stage: DispatchStage;
  let upgraded: DataSource;
  const alertsIn = (source: DataSource) => new PgAlertStore(source, stage.keys, stage.ids);
  const draftsIn = (source: DataSource) => new PgDraftStore(source, stage.keys, stage.ids);
  const erasuresIn = (source: DataSource) => new PgErasureStore(source, stage.keys, stage.clock, stage.ids);
  let active: Alert;
  let erased: Alert;

  beforeAll(async () => {
    // What the product itself writes: an alert that is on the air while its update is being written, and one that is over.
    stage = await DispatchStage.open([{ id: 'tv' }, { id: 'roads' }]);
    const dispatcher = stage.dispatcher();
    stage.answer('roads', () => ({ kind: 'uncertain', reason: 'timeout' }));
    const running = await stage.approved();
    await dispatcher.drain();
    const [aired] = await stage.seen(running.id);
    await stage.deliveries().receive([{ destination: aired!.destination as DestinationId, receiptKey: 'r-1', about: { key: aired!.key }, stage: 'confirmed', word: 'aired' }]);
    active = await stage.act(running, { do: 'revise' }, AUTHOR);
    const at = stage.clock.now();
    await draftsIn(stage.source).begin({
      id: active.id, mode: 'drill', version: 1, over: active.version, writers: [AUTHOR], begunBy: AUTHOR, begunAt: at, savedBy: AUTHOR, savedAt: at, ...writingOf(active.proposal!.content),
    });
    const brief = await stage.approved();
    await dispatcher.drain();
    const over = await stage.withdrawn(brief);
    await dispatcher.drain();
    await erasuresIn(stage.source).ask({ now: at, dueAt: new Date(at.getTime() + 3_600_000), endedAfter: new Date(0), reachable: [], proofs: [] });
    erased = await stage.act(over, { do: 'erase' }, APPROVER);

    const { folder, names } = await files();
    const newest = join(folder, names.at(-1)!);
    const ownerUrl = await empty();
    await rename(newest, `${newest}.later`);
    await migrate({ ownerUrl, appPassword: APP_PASSWORD, folder });
    const filled = await copyRows(stage.ownerUrl, ownerUrl);
    expect(filled).toEqual(expect.arrayContaining([
      'alerts', 'attempts', 'case_keys', 'chain_head', 'deliveries', 'drafts', 'erasure_requests', 'facts', 'officers', 'outbox', 'receipts', 'remarks', 'revisions',
    ]));
    await rename(`${newest}.later`, newest);
    await migrate({ ownerUrl, appPassword: APP_PASSWORD, folder });
    const app = new URL(ownerUrl);
    app.username = APP_ROLE;
    app.password = APP_PASSWORD;
    upgraded = await openDatabase({ url: app.href, name: 'spec' });
  });

  afterAll(async () => {
    await upgraded.destroy();
    await stage.close();
  });

  it('lets today\'s stores read what was written before it', async () => {
    expect(await alertsIn(upgraded).load('drill', active.id)).toEqual(await alertsIn(stage.source).load('drill', active.id));
    expect(await alertsIn(upgraded).sentNotice(active.id, 1)).toEqual(await alertsIn(stage.source).sentNotice(active.id, 1));
    await expect(alertsIn(upgraded).load('drill', erased.id)).rejects.toMatchObject({ code: 'ALERT_ERASED' });
    expect(await draftsIn(upgraded).load('drill', active.id)).toEqual(await draftsIn(stage.source).load('drill', active.id));
    const asked = await erasuresIn(upgraded).list('drill', { open: true, limit: 100 });
    expect(asked.items.map((e) => e.destination).sort()).toEqual(['roads', 'tv']);
  });

  it('leaves the chain of facts whole', async () => {
    const verdict = await new PgAuditStore(upgraded).verify(new Map());
    expect(verdict).toMatchObject({ ok: true, receipts: { ok: true, receipts: 1 } });
    expect(verdict).toEqual(await new PgAuditStore(stage.source).verify(new Map()));
  });

  it('lets an alert that was on the air before it be withdrawn after it', async () => {
    const store = alertsIn(upgraded);
    const alert = await store.load('drill', active.id);
    const action = { do: 'withdraw', notice: new Composer({ publicUrl: 'https://primer.example' }).ending(alert, 'withdraw'), reason: 'proba' } as const;
    const at = stage.clock.now();
    await store.commit({ before: alert, after: decide(alert, action, AUTHOR, at), action, by: AUTHOR, at });
    const deliveries = new PgDeliveryStore(upgraded, stage.keys, stage.clock, stage.ids);
    const before = stage.taken.length;
    await stage.dispatcher({ store: deliveries, notices: { notice: (id, revision) => store.sentNotice(id, revision), photo: (id, sha256) => store.photo(id, sha256) } }).drain();
    expect(stage.taken.slice(before).map((t) => `${t.destination} ${t.action}`).sort()).toEqual(['roads withdraw', 'tv withdraw']);
    expect((await new PgAuditStore(upgraded).verify(new Map())).ok).toBe(true);
  });
});
