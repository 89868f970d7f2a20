import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createCheckpointKey, publicKeyOf } from '#audit/checkpoint.js';
import { readRecord } from '#audit/fact.js';
import { projectRoot } from '#config/project-root.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { Stage } from './testing/stage.js';

const { privateKeyPem } = createCheckpointKey();
let stage: Stage;
let folder: string;
let alert: string;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(projectRoot, 'apps', 'verifier', 'bundle.mjs')]);
  folder = await mkdtemp(join(tmpdir(), 'findme-exports-'));
  stage = await Stage.open({ secret: (name) => (name === 'audit-signing-key' ? privateKeyPem : '') });
  await stage.signIn('rada');
  alert = (await stage.written()).id;
  await stage.written();
  await new PgAuditStore(stage.parts.house.source).checkpoint(privateKeyPem, stage.clock.now());
});

afterAll(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
});

const ask = (address: string) => stage.ask('GET', `/v1/audit/${address}`, { as: 'rada' });

/** Keeps an answer as a file, as a browser does. */
async function kept(address: string, name: string): Promise<string> {
  const { status, bytes } = await ask(address);
  expect([address, status]).toEqual([address, 200]);
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

/** Runs the downloaded verifier outside of the project, without network or environment. */
async function verify(program: string, ...parameters: string[]): Promise<{ code: number; said: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...parameters], { cwd: folder, env: {} });
    return { code: 0, said: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

describe('an export of a selection', () => {
  it('holds what was asked for, in every form, and leaves its trace', async () => {
    for (const format of ['jsonl', 'csv', 'json'] as const) {
      const answer = await ask(`export.${format}?alert=${alert}`);
      expect(answer.headers['content-disposition']).toMatch(`findme-audit-selection-`);
      const types = format === 'json' ? (answer.json as unknown as { fact: { type: string } }[]).map((row) => row.fact.type)
        : format === 'csv' ? answer.text.trimEnd().split('\r\n').slice(1).map((line) => line.split(',')[2])
          : answer.text.trimEnd().split('\n').flatMap((line) => { const { record } = JSON.parse(line) as { record?: string }; return record === undefined ? [] : [readRecord(record)!.type]; });
      expect([format, types]).toEqual([format, ['alert.created', 'revision.saved']]);
      const [last] = await stage.sql<{ record: string }>('SELECT record FROM facts ORDER BY seq DESC LIMIT 1');
      expect(readRecord(last!.record)).toMatchObject({ type: 'audit.exported', body: { format, facts: 2, selection: { alert } } });
    }
  });

  it('is refused with a filter that is none', async () => {
    expect((await ask('export.csv?colour=red')).json['code']).toBe('REQUEST_INVALID');
    expect((await ask('export.jsonl?outcome=lost')).json['code']).toBe('REQUEST_INVALID');
  });
});

describe('the offline verifier', () => {
  let program: string;
  let whole: string;
  let keys: string;
  beforeAll(async () => {
    program = await kept('verifier/findme-verify.mjs', 'findme-verify.mjs');
    whole = await kept('export.jsonl', 'whole.jsonl');
    keys = await kept('keys', 'keys.json');
  });

  it('is the file whose size and SHA-256 are shown', async () => {
    const { bytes, headers } = await ask('verifier/findme-verify.mjs');
    expect((await ask('verifier')).json).toEqual({ name: 'findme-verify.mjs', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect(headers['content-disposition']).toBe('attachment; filename="findme-verify.mjs"');
    expect(bytes.toString()).not.toContain(projectRoot);
  });

  it('accepts what was exported, with the keys that came another way', async () => {
    expect(await verify(program, whole, '--keys', keys)).toMatchObject({ code: 0, said: expect.stringMatching(/follow from each other[\s\S]*\nVerified\.\n$/) as string });
    expect((await verify(program, whole)).said).toContain('vouches for itself alone');
  });

  it('refuses a copy with one letter changed, and names the place', async () => {
    const text = (await ask('export.jsonl')).text.replace('drill', 'drilL');
    const tampered = join(folder, 'tampered.jsonl');
    await writeFile(tampered, text);
    const { code, said } = await verify(program, tampered, '--keys', keys);
    expect(code).toBe(1);
    expect(said).toMatch(/BROKEN: fact \d+: .*record-changed[\s\S]*NOT verified\./);
  });

  it('refuses other keys, and what is no export at all', async () => {
    const other = join(folder, 'other.pem');
    await writeFile(other, publicKeyOf(createCheckpointKey().privateKeyPem));
    expect(await verify(program, whole, '--keys', other)).toMatchObject({ code: 1, said: expect.stringContaining('unknown-key') as string });
    expect(await verify(program, keys)).toMatchObject({ code: 2, said: expect.stringContaining('AUDIT_EXPORT_INVALID') as string });
    expect(await verify(program, join(folder, 'nothing.jsonl'))).toMatchObject({ code: 2 });
    expect(await verify(program)).toMatchObject({ code: 2, said: expect.stringContaining('node findme-verify.mjs') as string });
  });

  it('says that a selection is one, and holds it against everything', async () => {
    const selection = await kept('export.jsonl?type=alert.created', 'selection.jsonl');
    // The export of everything is of before: nothing that was selected is newer but the exports' own facts.
    expect(await verify(program, selection, '--keys', keys)).toMatchObject({ code: 0, said: expect.stringMatching(/is a selection: 2 facts[\s\S]*PARTIAL/) as string });
    expect(await verify(program, selection, '--keys', keys, '--whole', whole)).toMatchObject({ code: 0, said: expect.stringContaining('has each of these facts in its place') as string });
    const json = JSON.parse((await verify(program, selection, '--keys', keys, '--json')).said) as object;
    expect(json).toMatchObject({ ok: true, facts: 2, selection: { asked: { type: 'alert.created' } } });
  });
});
