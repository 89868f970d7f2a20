import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { createCheckpointKey, signCheckpoint } from '#audit/checkpoint.js';
import { refuseRewoundHistory } from './history.js';

const { privateKeyPem } = createCheckpointKey();
const HASHES = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const line = (seq: number, hash = HASHES[seq - 1]!) => `${JSON.stringify(signCheckpoint(privateKeyPem, { seq, hash, at: new Date('2026-11-24T18:00:00Z') }))}\n`;

let folder: string;
let files = 0;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'history-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Holds a file against a database whose chain has these hashes, and which was signed up to `signed`. */
async function held(kept: string | undefined, hashes: readonly string[], signed?: number): Promise<string> {
  const file = join(folder, `${(files += 1)}.jsonl`);
  if (kept !== undefined) await writeFile(file, kept);
  const query = (sql: string, [seq]: readonly number[]): Promise<object[]> => Promise.resolve(
    sql.includes('checkpoints') ? (signed === undefined ? [] : [{ seq: String(signed) }]) : hashes[seq! - 1] === undefined ? [] : [{ hash: Buffer.from(hashes[seq! - 1]!, 'hex') }],
  );
  const outcome = await refuseRewoundHistory({ query } as unknown as DataSource, file).then(() => 'started', (error: { code: string }) => error.code);
  return `${outcome}, ${await readFile(file).then(() => 'file', () => 'no file')}`;
}

describe('the checkpoints of a dispatcher that starts', () => {
  it('fit the database that goes on from them, and no other', async () => {
    expect([await held(line(1) + line(2), HASHES), await held(line(1) + line(3), HASHES.slice(0, 2)), await held(line(1, HASHES[2]), HASHES)]).toEqual(['started, file', 'HISTORY_REWOUND, file', 'HISTORY_REWOUND, file']);
  });

  it('begin with the database, and are missed where it was signed before', async () => {
    expect([await held(undefined, []), await held(undefined, HASHES, 2), await held('', HASHES, 2)]).toEqual(['started, file', 'HISTORY_REWOUND, no file', 'started, file']);
  });

  it('go on with a line of their own after half a one', async () => {
    await held(line(2) + line(3).slice(0, 40), HASHES.slice(0, 2));
    expect((await readFile(join(folder, `${files}.jsonl`), 'utf8')).endsWith('\n')).toBe(true);
  });

  it('hold as far as whole lines go when a program was killed while it wrote', async () => {
    const torn = line(3).slice(0, 40);
    expect([await held(line(2) + torn, HASHES.slice(0, 2)), await held(`${line(2)}${torn}${line(3)}`, HASHES.slice(0, 2)), await held(line(3) + torn, HASHES.slice(0, 2)), await held(torn, HASHES)])
      .toEqual(['started, file', 'started, file', 'HISTORY_REWOUND, file', 'HISTORY_REWOUND, file']);
  });
});
