import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '#kernel/errors.js';

/** Reads a secret by its name; throws `CONFIGURATION_INVALID` with the name when it is missing. */
export type SecretReader = (name: string) => string;

const NAME = /^[a-z0-9][a-z0-9.-]{0,79}$/;

/** Secrets as files of one folder, one file a secret, read once. */
export function secretsIn(folder: string): SecretReader {
  const known = new Map<string, string>();
  return (name) => {
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    if (!NAME.test(name)) throw fail('CONFIGURATION_INVALID', 'secrets', 'A secret has a lower-case name.');
    let value: string;
    try {
      value = readFileSync(join(folder, name), 'utf8').trim();
    } catch {
      throw fail('CONFIGURATION_INVALID', `secrets.${name}`, 'The secret is missing.');
    }
    known.set(name, value);
    return value;
  };
}
