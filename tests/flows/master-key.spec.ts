import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { keysCommand } from '#apps/findme/keys-command.js';
import { idOfKey } from '#kernel/master-key.js';
import { openDatabase } from '#storage/database.js';
import { countSealed } from '#storage/master-key-store.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';

let stack: Stack;
let state: string;
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'findme-keys-'));
  stack = await startStack();
});
afterAll(async () => {
  await stack.stop();
  await rm(state, { recursive: true, force: true });
});

const keys = (verb: string) => keysCommand([verb], { DATABASE_URL: stack.database.ownerUrl, FINDME_STATE: state, FINDME_SECRETS: stack.secrets }, () => undefined);

describe('the master key of a system that runs', () => {
  it('is replaced between writing and approving, and everyone is told, of the ending too', async () => {
    const [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
    const first = await (await Story.written(author)).submitted();
    await keys('new');
    await keys('take');
    // Both keys serve: one case is under the old one, another under the new one.
    const second = await (await Story.written(author)).submitted();
    await first.approved(approver);
    await keys('replace');
    await second.approved(approver);
    for (const story of [first, second]) {
      await story.deliveriesUntil((all) => all.length === 6 && all.every(isConfirmed));
      await story.ended('found');
      await story.deliveriesUntil((all) => all.length === 12 && all.every(isConfirmed));
    }
    const source = await openDatabase({ url: stack.database.appUrl, name: 'spec' });
    try {
      const key = Buffer.from((await readFile(join(stack.secrets, 'master-key'), 'utf8')).trim(), 'hex');
      expect(new Set((await countSealed(source)).map(({ key: id }) => id))).toEqual(new Set([idOfKey(key)]));
    } finally {
      await source.destroy();
    }
  }, 240_000);
});
