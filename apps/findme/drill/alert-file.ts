import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { Refusal } from '../refusal.js';

/** An alert as written in a file: the content of the schema, and a photo beside it. */
export interface AlertFile {
  readonly content: Record<string, unknown>;
  readonly photo?: { readonly bytes: Uint8Array; readonly mediaType: string };
}

const TYPES: Readonly<Record<string, string>> = { jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

/** Reads an alert from YAML or JSON. Throws a refusal that names the file; what is in it is judged by the API. */
export async function readAlertFile(path: string): Promise<AlertFile> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Refusal(`There is no file ${path}.`);
  });
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    throw new Refusal(`${path} is neither YAML nor JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(`${path} does not hold an alert.`);
  const { photo, ...content } = value as Record<string, unknown>;
  if (photo === undefined) return { content };
  if (typeof photo !== 'string') throw new Refusal(`${path}: photo is the name of a file.`);
  const file = join(dirname(path), photo);
  const bytes = await readFile(file).catch(() => {
    throw new Refusal(`There is no photo ${file}.`);
  });
  return { content, photo: { bytes, mediaType: TYPES[file.split('.').pop()?.toLowerCase() ?? ''] ?? 'application/octet-stream' } };
}
