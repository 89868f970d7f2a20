import { z } from 'zod';
import { canonicalJson } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { GENESIS, type LinkedFact } from './chain.js';
import { readPublicKeys, type Checkpoint, type PublicKeys } from './checkpoint.js';
import { readRecord } from './fact.js';
import { verifyAudit, type Verdict } from './verify.js';

type Many<T> = AsyncIterable<T> | Iterable<T>;

/*
 * The export for verifiers is JSON Lines: a header with the public keys, the checkpoints, the rows in their order, a closing
 * line. Checkpoints come first so that one pass is enough. Every line is canonical JSON, so there is one spelling of an
 * export and each of its octets counts. CSV and JSON are for reading; only JSON Lines can be verified.
 */
const FORMAT = 'findme-audit';
const headerSchema = z.strictObject({ format: z.literal(FORMAT), publicKeys: z.array(z.string()), v: z.literal(1) });
const rowSchema = z.strictObject({ hash: z.string(), record: z.string(), seq: z.int() });
const endSchema = z.strictObject({ end: z.strictObject({ facts: z.int(), hash: z.string() }) });
const checkpointLine = z.strictObject({ checkpoint: z.custom<Checkpoint>((value) => typeof value === 'object' && value !== null) });

/** Writes the export for verifiers, line by line, each ending in `\n`. `publicKeys` are PEM. */
export async function* exportJsonLines(rows: Many<LinkedFact>, checkpoints: Many<Checkpoint>, publicKeys: readonly string[]): AsyncGenerator<string> {
  yield `${canonicalJson({ format: FORMAT, publicKeys, v: 1 })}\n`;
  for await (const checkpoint of checkpoints) yield `${canonicalJson({ checkpoint })}\n`;
  let facts = 0;
  let last = GENESIS;
  for await (const { seq, hash, record } of rows) {
    yield `${canonicalJson({ seq, hash, record })}\n`;
    facts += 1;
    last = hash;
  }
  yield `${canonicalJson({ end: { facts, hash: last } })}\n`;
}

export interface AuditExport {
  /** PEM. Trust them only if they came another way too. */
  readonly publicKeys: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
  /** To be read once. Throws AUDIT_EXPORT_INVALID, naming the line, where a line is unreadable or the closing one is missing. */
  readonly rows: AsyncIterable<LinkedFact>;
}

/**
 * Reads an export for verifiers, given line by line without line ends. Throws AUDIT_EXPORT_INVALID when the header cannot
 * be read; any other bad line is met when the rows are read.
 */
export async function readJsonLines(lines: Many<string>): Promise<AuditExport> {
  const source = numbered(lines);
  const first = await source.next();
  const header = headerSchema.safeParse(first.value?.value);
  if (!header.success) throw fail('AUDIT_EXPORT_INVALID', 'line 1');
  const checkpoints: Checkpoint[] = [];
  let step = await source.next();
  for (; !step.done; step = await source.next()) {
    const parsed = checkpointLine.safeParse(step.value.value);
    if (!parsed.success) break;
    checkpoints.push(parsed.data.checkpoint);
  }
  return { publicKeys: header.data.publicKeys, checkpoints, rows: readRows(step, source) };
}

/**
 * Verifies an export without the system that wrote it. Keys given from elsewhere replace those in the header: an export
 * that brings its own keys vouches only for itself, and `keys` in the answer says so. Checkpoints kept elsewhere are added.
 */
export async function verifyExport(
  lines: Many<string>,
  outside: { readonly publicKeys?: readonly string[]; readonly checkpoints?: readonly Checkpoint[] } = {},
): Promise<Verdict & { readonly keys: 'given' | 'export' }> {
  const found = await readJsonLines(lines);
  const publicKeys = outside.publicKeys ? readPublicKeys(outside.publicKeys) : readKeys(found.publicKeys);
  const verdict = await verifyAudit({ rows: found.rows, checkpoints: [...found.checkpoints, ...(outside.checkpoints ?? [])], publicKeys });
  return { ...verdict, keys: outside.publicKeys ? 'given' : 'export' };
}

/** Writes a table for reading: RFC 4180, CRLF, no cell that a spreadsheet would run as a formula. */
export async function* exportCsv(rows: Many<LinkedFact>): AsyncGenerator<string> {
  yield csvLine(['seq', 'at', 'type', 'actor', 'alert', 'id', 'body', 'hash']);
  for await (const { seq, hash, record } of rows) {
    const fact = readRecord(record);
    yield fact
      ? csvLine([String(seq), fact.at, fact.type, fact.actor, fact.alert ?? '', fact.id, canonicalJson(fact.body), hash])
      : csvLine([String(seq), '', 'unreadable', '', '', '', record, hash]);
  }
}

/** Writes one JSON array for reading: `[{ seq, hash, fact }, …]`; a record that is no fact is given as text, as `record`. */
export async function* exportJson(rows: Many<LinkedFact>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const { seq, hash, record } of rows) {
    const fact = readRecord(record);
    yield separator + JSON.stringify(fact ? { seq, hash, fact } : { seq, hash, record });
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/**
 * One cell of a CSV file. A cell that begins with `=`, `+`, `-`, `@`, TAB or CR gets an apostrophe in front, so that a
 * spreadsheet shows it and does not compute it (OWASP, "CSV Injection").
 */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/** A line with its number from 1; `value` is undefined when the line is not canonical JSON. */
interface Numbered {
  readonly line: number;
  readonly value: unknown;
}

async function* numbered(lines: Many<string>): AsyncGenerator<Numbered, void> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    yield { line, value: parseLine(text) };
  }
}

function parseLine(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

async function* readRows(first: IteratorResult<Numbered, void>, source: AsyncGenerator<Numbered, void>): AsyncGenerator<LinkedFact> {
  let facts = 0;
  let line = 1;
  try {
    for (let step = first; !step.done; step = await source.next()) {
      line = step.value.line;
      const row = rowSchema.safeParse(step.value.value);
      if (row.success) {
        facts += 1;
        yield row.data;
        continue;
      }
      const end = endSchema.safeParse(step.value.value);
      if (!end.success || end.data.end.facts !== facts || !(await source.next()).done) throw fail('AUDIT_EXPORT_INVALID', `line ${line}`);
      return;
    }
    throw fail('AUDIT_EXPORT_INVALID', `line ${line + 1}`, 'The closing line is missing.');
  } finally {
    await source.return();
  }
}

function readKeys(pems: readonly string[]): PublicKeys {
  try {
    return readPublicKeys(pems);
  } catch {
    throw fail('AUDIT_EXPORT_INVALID', 'line 1', 'A public key cannot be read.');
  }
}
