import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { until } from '../../tests/support/until.js';

/*
 * What partners may do by themselves, asked of the database past the program: each rule alone, so that none hides behind another.
 */
const NOW = new Date('2026-11-24T18:00:00Z');
const HOUR_MS = 3_600_000;
const SEALED = Buffer.alloc(1);
const OWN = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const later = (ms: number) => new Date(NOW.getTime() + ms);

let database: TestDatabase;
let owner: pg.Client;
let app: pg.Client;
let second: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  [owner, app, second] = [database.ownerUrl, database.appUrl, database.appUrl].map((connectionString) => new pg.Client({ connectionString })) as [pg.Client, pg.Client, pg.Client];
  for (const client of [owner, app, second]) await client.connect();
});
beforeEach(async () => {
  await owner.query(
    `INSERT INTO officers (id, user_name, display_name, roles, destinations, password_hash, sealed_totp) VALUES
       ($1, 'tv', 'TV', '{partner}', '{tv,radio}', 'x', ''), ($2, 'mts', 'mts', '{partner}', '{mts}', 'x', '')
     ON CONFLICT (id) DO UPDATE SET enabled = true`, [OWN, OTHER]);
  await owner.query('DELETE FROM destination_secrets; DELETE FROM connection_tests');
});
afterEach(() => app.query('ROLLBACK'));
afterAll(async () => {
  for (const client of [owner, app, second]) await client.end();
  await database.drop();
});

const fact = (type: string, by: string) => JSON.stringify({ type, actor: `officer:${by}`, alert: null, at: NOW.toISOString(), body: {}, id: randomUUID(), v: 1 });
const rotate = (generation: number, { by = OWN, at = NOW } = {}) => app.query('SELECT rotate_secret($1, $2, $3, $4, $5, $6, $7)', ['tv', 'hook', generation, SEALED, by, at, [fact('partner.secret_rotated', by)]]);
const retire = async (generation: number, { by = OWN, at = NOW } = {}) =>
  (await app.query<{ retired: boolean }>('SELECT retire_secret($1, $2, $3, $4, $5, $6) AS retired', ['tv', 'hook', generation, by, at, [fact('partner.secret_retired', by)]])).rows[0]?.retired;
const ask = ({ by = OWN, at = NOW, destination = 'tv' } = {}, client = app) =>
  client.query('SELECT ask_test($1, $2, $3, $4, $5, $6, $7, $8)', [randomUUID(), destination, 'drill', 'notice', randomUUID().replaceAll('-', ''), by, at, [fact('connection.test_asked', by)]]);
const generations = async () => (await owner.query<{ generation: number }>('SELECT generation FROM destination_secrets ORDER BY generation')).rows.map((row) => row.generation);

describe('a destination\'s secret and its tests', () => {
  it('are its own partner\'s alone, while that is enabled', async () => {
    for (const work of [() => rotate(1, { by: OTHER }), () => retire(1, { by: OTHER }), () => ask({ by: OTHER })]) await expect(work()).rejects.toThrow('ROLE_MISSING');
    await owner.query('UPDATE officers SET enabled = false WHERE id = $1', [OWN]);
    for (const work of [() => rotate(1), () => retire(1), () => ask()]) await expect(work()).rejects.toThrow('ROLE_MISSING');
  });
});

describe('a destination\'s secret', () => {
  it('is replaced one generation at a time, the one before it being valid for a day and then gone', async () => {
    await expect(rotate(2)).rejects.toThrow('SECRET_BEING_REPLACED');
    await rotate(1);
    await expect(rotate(2, { at: later(24 * HOUR_MS - 1) })).rejects.toThrow('SECRET_BEING_REPLACED');
    await expect(rotate(1, { at: later(24 * HOUR_MS) })).rejects.toThrow('SECRET_BEING_REPLACED');
    await rotate(2, { at: later(24 * HOUR_MS) });
    expect(await generations()).toEqual([1, 2]);
    await rotate(3, { at: later(48 * HOUR_MS) });
    expect(await generations()).toEqual([2, 3]);
  });

  it('ends at once when it is said to be in wrong hands: of the newest generation, and once', async () => {
    await rotate(1);
    await rotate(2, { at: later(24 * HOUR_MS) });
    await owner.query('UPDATE destination_secrets SET previous_until = $1', [later(100 * HOUR_MS)]);
    expect(await retire(1, { at: later(25 * HOUR_MS) })).toBe(false);
    expect(await generations()).toEqual([1, 2]);
    expect(await retire(2, { at: later(25 * HOUR_MS) })).toBe(true);
    expect(await generations()).toEqual([2]);
    expect(await retire(2, { at: later(25 * HOUR_MS) })).toBe(false);
  });

  it('is forgotten when its time is over, and not before', async () => {
    await rotate(1);
    await rotate(2, { at: later(24 * HOUR_MS) });
    const forget = async (at: Date) => (await app.query<{ gone: number }>('SELECT forget_secrets($1) AS gone', [at])).rows[0]?.gone;
    expect([await forget(later(48 * HOUR_MS - 1)), await generations()]).toEqual([0, [1, 2]]);
    expect([await forget(later(48 * HOUR_MS)), await generations()]).toEqual([1, [2]]);
  });
});

describe('a connection test', () => {
  it('is had four times an hour at most, for each destination', async () => {
    for (let n = 0; n < 4; n += 1) await ask({ at: later(n) });
    await expect(ask({ at: later(HOUR_MS - 1) })).rejects.toThrow('TEST_THROTTLED');
    await ask({ destination: 'radio' });
    await ask({ at: later(HOUR_MS) });
    await expect(ask({ at: later(HOUR_MS) })).rejects.toThrow('TEST_THROTTLED');
  });

  it('is counted with one that is asked for in the same moment', async () => {
    for (let n = 0; n < 3; n += 1) await ask();
    await app.query('BEGIN');
    await ask();
    const refused = expect(ask({}, second)).rejects.toThrow('TEST_THROTTLED');
    await until(async () => (await owner.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rowCount, (count) => count !== 0);
    await app.query('COMMIT');
    await refused;
  });

  it('says once what came of it, and nothing that its means cannot say', async () => {
    await ask();
    for (const set of [`state = 'well'`, `state = 'unwell'`, `state = 'lost'`, `reason = 'Canary Kanarinković!'`, `means = 'probe', state = 'accepted'`]) {
      await expect(owner.query(`UPDATE connection_tests SET ${set}`)).rejects.toMatchObject({ code: '23514' });
    }
    await app.query(`UPDATE connection_tests SET state = 'accepted'`);
    await expect(app.query(`UPDATE connection_tests SET state = 'refused'`)).rejects.toMatchObject({ code: 'FM002' });
  });
});
