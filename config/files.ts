import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, isAbsolute, basename } from 'node:path';

/**
 * Tells of a path whether it lies below one of the folders, wherever links on the way really lead. What is not there yet is
 * judged by the folder in which it would be; a link that leads nowhere lies nowhere.
 */
export function liesBelow(folders: readonly string[]): (path: string) => boolean {
  return (path) => {
    const real = realPath(resolve(path));
    if (real === undefined) return false;
    return folders.some((folder) => {
      const root = realPath(resolve(folder));
      if (root === undefined) return false;
      const way = relative(root, real);
      return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
    });
  };
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
    const parent = realPath(dirname(path));
    return parent === undefined ? undefined : join(parent, basename(path));
  }
}
