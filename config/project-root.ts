import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project, whether the program runs from its sources or from `dist/`. */
export const projectRoot = find(dirname(fileURLToPath(import.meta.url)));

function find(from: string): string {
  if (existsSync(join(from, 'nest-cli.json'))) return from;
  const above = dirname(from);
  if (above === from) throw new Error('the project folder was not found above the program');
  return find(above);
}
