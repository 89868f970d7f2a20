import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liesBelow } from './files.js';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'files-'));
  await mkdir(join(home, 'open', 'deep'), { recursive: true });
  await mkdir(join(home, 'openly'));
  await writeFile(join(home, 'secret'), 'x');
  await writeFile(join(home, 'open', 'list'), 'x');
  await symlink(join(home, 'secret'), join(home, 'open', 'link'));
  await symlink(home, join(home, 'open', 'out'));
  await symlink(join(home, 'open', 'deep'), join(home, 'open', 'inside'));
  await symlink(join(home, 'nowhere'), join(home, 'open', 'dangling'));
  await symlink(join(home, 'open'), join(home, 'alias'));
});
afterAll(() => rm(home, { recursive: true }));

describe('a path that a destination names', () => {
  it.each(['open/list', 'open/deep/../list', 'open/new', 'open/new/deeper/file', 'open/inside/file', 'alias/list'])('lies below the folder: %s', (path) => {
    expect([liesBelow([join(home, 'open')])(join(home, path)), liesBelow(['/nonexistent', join(home, 'alias')])(join(home, path))]).toEqual([true, true]);
  });

  it.each(['secret', 'open', 'open/..', 'open/../secret', 'openly/x', 'open/link', 'open/out/secret', 'open/out/new', 'open/dangling', 'open/dangling/x', 'open/list/x', 'missing'])('does not, wherever it seems to lie: %s', (path) => {
    expect(liesBelow([join(home, 'open')])(join(home, path))).toBe(false);
  });

  it('lies below nothing where there is no folder', () => {
    expect([liesBelow([])('/etc/passwd'), liesBelow([join(home, 'missing')])('/etc/passwd'), liesBelow(['/nonexistent'])('\0')]).toEqual([false, false, false]);
  });
});
