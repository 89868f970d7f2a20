import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createCheckpointKey, publicKeyOf } from '#audit/checkpoint.js';
import { exportJsonLines } from '#audit/export.js';
import { makeFact, SYSTEM } from '#audit/fact.js';
import { secretsIn } from '#config/secrets.js';
import { randomIds, type FactId } from '#kernel/ids.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { openDatabase } from '#storage/database.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { secretsOf } from './state.js';
import { verifyAuditCommand, type Finding } from './verify-audit.js';

const NOW = new Date('2026-11-24T18:00:00Z');

let database: TestDatabase;
let source: DataSource;
let folder: string;
let environment: NodeJS.ProcessEnv;
let signingKey: string;

beforeAll(async () => {
  database = await freshDatabase();
  source = await openDatabase({ url: database.appUrl, name: 'spec' });
  folder = await mkdtemp(join(tmpdir(), 'findme-verify-'));
  const secrets = join(folder, 'secrets');
  await secretsOf(folder);
  signingKey = secretsIn(secrets)('audit-signing-key');
  environment = { FINDME_STATE: folder, DATABASE_URL: database.ownerUrl };
  const record = (n: number) => makeFact({ id: randomIds.next<FactId>(), at: NOW, type: 'breaker.changed', actor: SYSTEM, body: { destination: `station-${n}`, state: 'open' } }).record;
  await source.query('SELECT append_facts($1)', [[1, 2, 3, 4].map(record)]);
  await new PgAuditStore(source).checkpoint(signingKey, NOW);
  await source.query('SELECT append_facts($1)', [[record(5)]]);
  await writeFile(join(folder, 'export.jsonl'), await exported());
});

afterAll(async () => {
  await source.destroy();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function exported(): Promise<string> {
  const store = new PgAuditStore(source);
  let text = '';
  for await (const line of exportJsonLines(store.stream(), store.checkpoints(), [publicKeyOf(signingKey)])) text += line;
  return text;
}

async function run(...parameters: string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const code = await verifyAuditCommand(parameters, environment, (text) => {
    said += text;
  });
  return { code, said };
}

const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};

describe('verify-audit', () => {
  it('says of a whole database that it is verified, and up to where a checkpoint covers it', async () => {
    const { code, said } = await run();
    expect(code).toBe(0);
    expect(said).toContain('5 facts follow from each other');
    expect(said).toContain('1 agree, covering facts 1 to 4');
    expect(said).toContain('No checkpoint covers 5 to 5 yet');
    expect(JSON.parse((await run('--json')).said)).toMatchObject({ of: 'database', keys: 'secrets', ok: true, facts: 5, coveredTo: 4, receipts: { ok: true } });
  });

  it('verifies an export without the database, and says whose keys it used', async () => {
    const alone = await run('--file', join(folder, 'export.jsonl'));
    expect([alone.code, alone.said.includes('it vouches for itself alone')]).toEqual([0, true]);
    for (const keys of [publicKeyOf(signingKey), JSON.stringify({ keys: [{ keyId: 'x', publicKey: publicKeyOf(signingKey) }] })]) {
      const { code, said } = await run('--file', join(folder, 'export.jsonl'), '--keys', await file('keys', keys), '--json');
      expect([code, (JSON.parse(said) as Finding).keys]).toEqual([0, 'given']);
    }
  });

  it('does not believe an export that was signed by somebody else', async () => {
    const other = await file('other.pem', createCheckpointKey().publicKeyPem);
    const { code, said } = await run('--file', join(folder, 'export.jsonl'), '--keys', other);
    expect([code, said.includes('checkpoint at fact 4 is unknown-key')]).toEqual([1, true]);
  });

  it('names the first broken row of an export, and one cut short', async () => {
    const text = await exported();
    const changed = await run('--file', await file('changed.jsonl', text.replace('station-3', 'station-9')));
    expect([changed.code, changed.said.includes('BROKEN: fact 3: ')]).toEqual([1, true]);
    const cut = await run('--file', await file('cut.jsonl', text.split('\n').slice(0, 4).join('\n')), '--json');
    expect([cut.code, (JSON.parse(cut.said) as Finding).broken?.reason]).toEqual([1, 'unreadable']);
  });

  it('catches with a checkpoint kept elsewhere what the database alone cannot show', async () => {
    const store = new PgAuditStore(source);
    const kept = await store.checkpoint(signingKey, NOW);
    const copy = await file('copy.jsonl', `${JSON.stringify(kept)}\n`);
    expect((await run('--checkpoints', copy)).code).toBe(0);
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(`ALTER TABLE facts DISABLE TRIGGER ALL; ALTER TABLE checkpoints DISABLE TRIGGER ALL;
      DELETE FROM checkpoints; DELETE FROM facts WHERE seq = 5; UPDATE chain_head SET seq = 4, hash = (SELECT hash FROM facts WHERE seq = 4)`);
    await owner.end();
    expect((await run()).code).toBe(0);
    const { code, said } = await run('--checkpoints', copy);
    expect([code, said.includes('BROKEN: fact 5: A signed checkpoint covers rows that are not here any more.')]).toEqual([1, true]);
  });

  it.each([
    ['a file that is not there', ['--file', '/nowhere.jsonl'], '/nowhere.jsonl cannot be read'],
    ['keys that are none', ['--keys', 'package.json'], 'no Ed25519 public key'],
    ['checkpoints that are no JSON', ['--checkpoints', 'README.txt'], 'cannot be read'],
    ['a parameter there is not', ['--quick'], 'Unknown option'],
  ])('refuses %s', async (_what, parameters, said) => {
    await expect(run(...parameters)).rejects.toThrow(said);
  });
});
