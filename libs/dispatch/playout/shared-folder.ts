import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AlertId } from '#kernel/ids.js';

/** A file for the playout. Its name begins with the alert and has our key in it, so that all files of a case are found when it ends. */
export interface MediaFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The folder in which a playout finds what it is to air. What lies in it is a child's data: nothing stays longer than it must. */
export class SharedFolder {
  private readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  async write({ name, bytes }: MediaFile): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o750 });
    // Whole or not at all: the playout may look at any moment.
    await writeFile(join(this.path, `.${name}`), bytes, { mode: 0o640 });
    await rename(join(this.path, `.${name}`), join(this.path, name));
  }

  /** Removes the files of an alert, also those half written; of one airing only, where its key is given. */
  async remove(alertId: AlertId, key = ''): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    const ours = names.filter((name) => name.replace(/^\./, '').startsWith(alertId) && name.includes(key));
    await Promise.all(ours.map((name) => rm(join(this.path, name), { force: true })));
  }
}

/** The folder that settings name, which need not be right. */
export function folderOf(settings: unknown): readonly string[] {
  const { folder } = { ...(settings as { folder?: unknown } | null) };
  return typeof folder === 'string' ? [folder] : [];
}

/** Whether an error says that the folder cannot be written. */
export function isFolderTrouble(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && ['EACCES', 'ENOSPC', 'EROFS', 'ENOENT', 'ENOTDIR', 'EDQUOT'].includes(code);
}
