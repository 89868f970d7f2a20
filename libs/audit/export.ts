import { z } from 'zod';
import { canonicalJson } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import { GENESIS, type LinkedFact } from './chain.js';
import { readPublicKeys, type Checkpoint, type PublicKeys } from './checkpoint.js';
import { readRecord } from './fact.js';
import { verifySelection, type SelectedFact, type Selection, type SelectionVerdict } from './selection.js';
import { verifyAudit, type Verdict } from './verify.js';

type Many<T> = AsyncIterable<T> | Iterable<T>;

/*
 * The export for verifiers is JSON Lines: a header with the public keys, the checkpoints, the rows in their order, a closing
 * line. Checkpoints come first so that one pass is enough. Every line is canonical JSON, so there is one spelling of an
 * export and each of its octets counts. CSV and JSON are for reading; only JSON Lines can be verified.
 */
const FORMAT = 'findme-audit';
const headerSchema = z.strictObject({
  format: z.literal(FORMAT), publicKeys: z.array(z.string()),
  /** There where the export is a selection of the facts and not all of them: what was asked for. */
  selection: z.record(z.string(), z.string()).optional(), v: z.literal(1),
});
const rowSchema = z.strictObject({ hash: z.string(), previous: z.string().optional(), record: z.string(), seq: z.int() });
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

/**
 * Writes a selection in the same form: the header says what was asked for, and each row brings the hash before it. What can be
 * verified of it, and what cannot, stands in selection.ts.
 */
export async function* exportSelection(rows: Many<SelectedFact>, selection: Selection, checkpoints: Many<Checkpoint>, publicKeys: readonly string[]): AsyncGenerator<string> {
  yield `${canonicalJson({ format: FORMAT, publicKeys, selection, v: 1 })}\n`;
  for await (const checkpoint of checkpoints) yield `${canonicalJson({ checkpoint })}\n`;
  let facts = 0;
  let last = GENESIS;
  for await (const { seq, hash, previous, record } of rows) {
    yield `${canonicalJson({ seq, hash, previous, record })}\n`;
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
  readonly rows: AsyncIterable<LinkedFact & { readonly previous?: string }>;
  /** Given where the export is a selection. */
  readonly selection?: Selection;
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
  const { publicKeys, selection } = header.data;
  return { publicKeys, checkpoints, rows: readRows(step, source, selection !== undefined), ...(selection && { selection }) };
}

/** What came of verifying an export. */
export interface ExportVerdict extends Verdict {
  readonly keys: 'given' | 'export';
  /** Given where the export is a selection: what was asked for, and the verdict on the whole export that it was held against. */
  readonly selection?: { readonly asked: Selection; readonly whole?: Verdict };
}

/** What a verifier has from elsewhere. */
export interface Outside {
  readonly publicKeys?: readonly string[];
  readonly checkpoints?: readonly Checkpoint[];
  /** Lines of an export of everything, to hold a selection against. */
  readonly whole?: Many<string>;
}

/**
 * Verifies an export without the system that wrote it. Keys given from elsewhere replace those in the header: an export
 * that brings its own keys vouches only for itself, and `keys` in the answer says so. Checkpoints kept elsewhere are added.
 * A selection is verified as far as one can be, and held against the whole export where that is given.
 */
export async function verifyExport(lines: Many<string>, outside: Outside = {}): Promise<ExportVerdict> {
  const found = await readJsonLines(lines);
  const publicKeys = outside.publicKeys ? readPublicKeys(outside.publicKeys) : readKeys(found.publicKeys);
  const keys = outside.publicKeys ? 'given' : 'export';
  const checkpoints = [...found.checkpoints, ...(outside.checkpoints ?? [])];
  if (!found.selection) return { ...(await verifyAudit({ rows: found.rows, checkpoints, publicKeys })), keys };
  const selected = await verifySelection({ rows: found.rows as AsyncIterable<SelectedFact>, checkpoints, publicKeys });
  if (!outside.whole) return { ...selected.verdict, keys, selection: { asked: found.selection } };
  const { verdict, whole } = await heldAgainst(selected, outside.whole, publicKeys, outside.checkpoints ?? []);
  return { ...verdict, keys, selection: { asked: found.selection, whole } };
}

/** Holds a selection against the whole export: that must be good itself, and have every selected fact in its place. */
async function heldAgainst({ verdict, hashes }: SelectionVerdict, lines: Many<string>, publicKeys: PublicKeys, kept: readonly Checkpoint[]): Promise<{ verdict: Verdict; whole: Verdict }> {
  const found = await readJsonLines(lines);
  if (found.selection) throw fail('AUDIT_EXPORT_INVALID', 'line 1', 'A selection is held against an export of everything.');
  const missing = new Map(hashes);
  async function* watched(): AsyncGenerator<LinkedFact> {
    for await (const row of found.rows) {
      if (missing.get(row.seq) === row.hash) missing.delete(row.seq);
      yield row;
    }
  }
  const whole = await verifyAudit({ rows: watched(), checkpoints: [...found.checkpoints, ...kept], publicKeys });
  if (!verdict.ok || !whole.ok) return { verdict: { ...verdict, ok: false }, whole };
  const stray = [...missing.keys()].sort((a, b) => a - b)[0];
  if (stray !== undefined) return { verdict: { ...verdict, ok: false, broken: { seq: stray, reason: 'not-in-whole' } }, whole };
  return { verdict: { ...verdict, coveredTo: whole.coveredTo }, whole };
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

async function* readRows(first: IteratorResult<Numbered, void>, source: AsyncGenerator<Numbered, void>, selected: boolean): AsyncGenerator<LinkedFact & { readonly previous?: string }> {
  let facts = 0;
  let last = GENESIS;
  let line = 1;
  try {
    for (let step = first; !step.done; step = await source.next()) {
      line = step.value.line;
      const row = rowSchema.safeParse(step.value.value);
      if (row.success && (row.data.previous !== undefined) === selected) {
        facts += 1;
        const { previous, ...rest } = row.data;
        last = rest.hash;
        yield previous === undefined ? rest : { ...rest, previous };
        continue;
      }
      const end = endSchema.safeParse(step.value.value);
      if (!end.success || end.data.end.facts !== facts || end.data.end.hash !== last || !(await source.next()).done) throw fail('AUDIT_EXPORT_INVALID', `line ${line}`);
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
