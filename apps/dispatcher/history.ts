import { readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import { checkpointSchema } from '#audit/checkpoint.js';
import { fail } from '#kernel/errors.js';
import { rows } from '#storage/database.js';

/**
 * Returns when the database has the history that the last checkpoint in `file` was signed for, or there is none. Throws
 * `HISTORY_REWOUND` otherwise: a backup was restored, and what it believes is still to be sent may long have been sent,
 * withdrawn and erased. A person decides before anything is broadcast.
 */
export async function refuseRewoundHistory(source: DataSource, file: string | undefined): Promise<void> {
  const last = file === undefined ? undefined : (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').at(-1);
  if (!last) return;
  const checkpoint = checkpointSchema.parse(JSON.parse(last));
  const [fact] = await rows<{ hash: Buffer }>(source, 'SELECT hash FROM facts WHERE seq = $1', [checkpoint.seq]);
  if (fact?.hash.toString('hex') !== checkpoint.hash) throw fail('HISTORY_REWOUND', 'FINDME_CHECKPOINTS', `Checkpoint ${checkpoint.seq} is not in the database.`);
}
