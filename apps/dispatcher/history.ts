import { appendFile, readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import { checkpointSchema, type Checkpoint } from '#audit/checkpoint.js';
import { fail } from '#kernel/errors.js';
import { rows } from '#storage/database.js';

/**
 * Returns when the database has the history that the last checkpoint in `file` was signed for, or the file is empty: a person
 * emptied it, or a dispatcher begins. Throws `HISTORY_REWOUND` otherwise, and where there is no file beside a database that
 * was signed before: a backup was restored, here or on another host, and what it believes is still to be sent may long have been
 * sent, withdrawn and erased. A person decides before anything is broadcast. Where both begin, begins the file.
 */
export async function refuseRewoundHistory(source: DataSource, file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept === undefined) {
    const [signed] = await rows<{ seq: string }>(source, 'SELECT seq FROM checkpoints ORDER BY seq DESC LIMIT 1', []);
    if (signed) throw fail('HISTORY_REWOUND', 'FINDME_CHECKPOINTS', `The database was signed up to ${signed.seq}, and there is no file to hold it against. An empty one says that a person has looked.`);
    // From now on there is one, also when the first checkpoint gets no further than the database.
    return appendFile(file, '');
  }
  const lines = kept.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return;
  // A program that was killed while it wrote leaves half a line: what stands before it still holds, and the next begins anew.
  if (!kept.endsWith('\n')) await appendFile(file, '\n');
  const checkpoint = lines.flatMap(readLine).at(-1);
  if (!checkpoint) throw fail('HISTORY_REWOUND', 'FINDME_CHECKPOINTS', 'There is no checkpoint in the file, and it is not empty.');
  const [fact] = await rows<{ hash: Buffer }>(source, 'SELECT hash FROM facts WHERE seq = $1', [checkpoint.seq]);
  if (fact?.hash.toString('hex') !== checkpoint.hash) throw fail('HISTORY_REWOUND', 'FINDME_CHECKPOINTS', `Checkpoint ${checkpoint.seq} is not in the database.`);
}

function readLine(line: string): Checkpoint[] {
  try {
    return [checkpointSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
