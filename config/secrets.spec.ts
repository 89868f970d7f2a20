import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKeysIn } from './secrets.js';

const [first, second] = ['ab'.repeat(32), 'cd'.repeat(32)];

describe('the master keys of a folder', () => {
  let folder: string;
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'findme-secrets-')); });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const put = (name: string, text: string) => writeFile(join(folder, name), text);

  it('are read anew once a file was changed, the one to seal under first', async () => {
    await put('master-key', `${first}\n`);
    const read = masterKeysIn(folder);
    const held = () => read().map((key) => Buffer.from(key).toString('hex'));
    expect(held()).toEqual([first]);
    expect(read()).toBe(read());
    await put('master-key-next', second);
    expect(held()).toEqual([first, second]);
    await put('master-key-previous', first);
    await rename(join(folder, 'master-key-next'), join(folder, 'master-key'));
    expect(held()).toEqual([second, first]);
    await rm(join(folder, 'master-key-previous'));
    expect(held()).toEqual([second]);
  });

  it('serve on while the folder cannot be read, for an alert does not wait for it', async () => {
    await put('master-key', first);
    const read = masterKeysIn(folder);
    const held = read();
    await rename(join(folder, 'master-key'), join(folder, 'away'));
    expect(read()).toBe(held);
    await put('master-key', 'half a k');
    expect(read()).toBe(held);
    await put('master-key', second);
    expect(Buffer.from(read()[0]!).toString('hex')).toBe(second);
  });

  it('are refused at the start where there is none, or what is no key, and are not quoted', async () => {
    expect(masterKeysIn(folder)).toThrow('CONFIGURATION_INVALID (secrets.master-key)');
    await put('master-key', first.slice(2));
    expect(masterKeysIn(folder)).toThrow('64 hexadecimal digits');
    expect(masterKeysIn(folder)).not.toThrow(first.slice(2));
  });
});
