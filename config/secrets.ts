import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail, Refusal } from '#kernel/errors.js';
import type { KeyReader } from '#kernel/master-key.js';

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

/** The files of the master key, the one to seal under first. The second waits to take its place, the third is the one before it. */
export const MASTER_KEY_FILES = ['master-key', 'master-key-next', 'master-key-previous'] as const;

/**
 * The master keys of a folder, read anew when a file was changed: a program that runs takes a new key with the next thing that it
 * seals, and nobody has to tell it. Throws `CONFIGURATION_INVALID` where there is none; what was read once serves on while the
 * folder cannot be read.
 */
export function masterKeysIn(folder: string): KeyReader {
  let seen = '';
  let held: readonly Uint8Array[] = [];
  return () => {
    const state = MASTER_KEY_FILES.map((name) => stateOf(join(folder, name))).join();
    if (state === seen) return held;
    try {
      held = readMasterKeys(folder);
      seen = state;
    } catch (error) {
      if (held.length === 0 || !(error instanceof Refusal)) throw error;
    }
    return held;
  };
}

function stateOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}` : '';
}

function readMasterKeys(folder: string): readonly Uint8Array[] {
  const secret = secretsIn(folder);
  const [first, ...others] = MASTER_KEY_FILES;
  return [first, ...others.filter((name) => stateOf(join(folder, name)) !== '')].map((name) => {
    const text = secret(name);
    if (!/^[0-9a-f]{64}$/i.test(text)) throw fail('CONFIGURATION_INVALID', `secrets.${name}`, 'A master key is 64 hexadecimal digits.');
    return Buffer.from(text, 'hex');
  });
}
