import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MASTER_KEY_FILES } from '#config/secrets.js';
import { idOfKey } from '#kernel/master-key.js';
import { Refusal } from './refusal.js';

const [CURRENT, NEXT, PREVIOUS] = MASTER_KEY_FILES;
export type MasterKeyFile = (typeof MASTER_KEY_FILES)[number];

/*
 * The files of the master key while one takes another's place. Each step is whole on the disk before the next begins: what is
 * sealed under a key that a power cut took away is lost for ever.
 */

/** The key in a file of the folder, or undefined where there is no such file. Throws a refusal for what is no key. */
export async function keyIn(folder: string, name: MasterKeyFile): Promise<Buffer | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) throw new Refusal(`${name} is no master key: 64 hexadecimal digits.`);
  return Buffer.from(text.trim(), 'hex');
}

/** The id of the key in a file, or undefined. */
export async function idIn(folder: string, name: MasterKeyFile): Promise<string | undefined> {
  const key = await keyIn(folder, name);
  return key && idOfKey(key);
}

/** The key that waits to take the other's place, made if there is none. */
export async function nextKey(folder: string): Promise<Buffer> {
  if ((await keyIn(folder, NEXT)) === undefined) await create(folder, NEXT, `${randomBytes(32).toString('hex')}\n`);
  return (await keyIn(folder, NEXT))!;
}

/**
 * The key that waits becomes the one to seal under, and the one before stays to be read; programs take both with the next thing
 * that they seal or open. Begun again, it goes on where it was stopped. False where none waits. Throws a refusal where the
 * file of the one before is another's.
 */
export async function takeNext(folder: string): Promise<boolean> {
  const current = await readFile(join(folder, CURRENT), 'utf8');
  if ((await keyIn(folder, NEXT)) === undefined) return false;
  const [now, before] = [await idIn(folder, CURRENT), await idIn(folder, PREVIOUS)];
  if (before === undefined) await create(folder, PREVIOUS, current);
  else if (before !== now) throw new Refusal(leftOver(folder));
  await rename(join(folder, NEXT), join(folder, CURRENT));
  await settle(folder);
  return true;
}

/** What to do with the key of a replacement that is complete. */
export const leftOver = (folder: string): string =>
  `${join(folder, PREVIOUS)} is the key of an earlier replacement. It opens only backups from before: carry it to where the keys of backups are kept, delete it here, then begin another.`;

/** Writes a file whole or not at all, for its owner alone, and does not return before it is on the disk. */
async function create(folder: string, name: string, content: string): Promise<void> {
  const draft = join(folder, `${name}.${randomBytes(6).toString('hex')}.draft`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, join(folder, name));
  } catch (error) {
    // Another run of the command was quicker; its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await settle(folder);
}

/** What was linked or renamed in a folder is on the disk with the folder itself. */
async function settle(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
