import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { openDatabase, rows } from '#storage/database.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let folder: string;
let checkpoints: string;
let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'findme-checkpoints-'));
  checkpoints = join(folder, 'checkpoints.jsonl');
  stack = await startStack({ dispatcher: { FINDME_CHECKPOINTS: checkpoints } });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a database that is older than its checkpoints', () => {
  it('is not dispatched from until a person has decided; then everyone is served', async () => {
    // A stop signs where the audit stands; the next start agrees with it.
    await stack.dispatcher.end('SIGTERM');
    expect((await readFile(checkpoints, 'utf8')).trim()).not.toBe('');
    stack.dispatcher = await stack.startDispatcher();
    await stack.dispatcher.end('SIGTERM');

    // What a restored backup looks like from here: a checkpoint that it never came to.
    const last = JSON.parse((await readFile(checkpoints, 'utf8')).trim().split('\n').at(-1)!) as { seq: number };
    await appendFile(checkpoints, `${JSON.stringify({ ...last, seq: last.seq + 1_000 })}\n`);
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await expect(stack.startDispatcher()).rejects.toThrow('HISTORY_REWOUND');
    expect(await story.deliveries()).toEqual([]);
    expect([...stack.partners.values()].every((partner) => partner.ledger.length === 0)).toBe(true);

    // Another host has no file at all.
    await rename(checkpoints, join(folder, 'before-restore.jsonl'));
    await expect(stack.startDispatcher()).rejects.toThrow('HISTORY_REWOUND');
    expect(await story.deliveries()).toEqual([]);
    await writeFile(checkpoints, '');
    stack.dispatcher = await stack.startDispatcher();
    await story.deliveriesUntil((all) => all.length === 6 && all.every(isConfirmed));

    // What was sent is signed for while the dispatcher runs, so that no backup from before it passes for the truth.
    const source = await openDatabase({ url: stack.database.appUrl, name: 'spec' });
    try {
      const [sent] = await rows<{ seq: string }>(source, `SELECT max(seq) AS seq FROM facts WHERE type = 'delivery.attempted'`, []);
      const signed = async () => Number(/"seq":(\d+)[^\n]*\n$/.exec(await readFile(checkpoints, 'utf8'))?.[1] ?? 0);
      expect(Number(sent!.seq)).toBeGreaterThan(0);
      await until(signed, (seq) => seq >= Number(sent!.seq));
    } finally {
      await source.destroy();
    }
  });
});
