import { Refusal } from '#kernel/errors.js';
import { GENESIS, isHash, nextHash, type LinkedFact } from './chain.js';
import { verifyCheckpoint, type Checkpoint, type PublicKeys } from './checkpoint.js';
import { readRecord, type Envelope } from './fact.js';

/** What can be wrong with a row, each with the sentence an auditor reads. */
export const BREAKS = {
  'gap': 'Rows are missing here.',
  'out-of-order': 'The row has the place of an earlier one.',
  'reordered': 'The row changed places with the next one.',
  'inserted': 'The row was put in later: the next one follows from the row before it.',
  'record-changed': 'The record is not the one that was hashed, or rows before it were taken out and the rest renumbered.',
  'hash-changed': 'The stored hash is not the hash of the record; the next row or a checkpoint confirms the record.',
  'link-broken': 'The row does not follow from the one before it, and nothing after it tells whether record or hash was changed.',
  'record-malformed': 'The record is not a fact in canonical JSON.',
  'columns-differ': 'A column says something else than the record.',
  'history-rewritten': 'The rows follow from each other, but a signed checkpoint says that another history was here.',
  'tail-missing': 'A signed checkpoint covers rows that are not here any more.',
  'unreadable': 'The line of the export cannot be read.',
  'not-in-whole': 'The export of everything has another fact in this place, or none.',
} as const;
export type BreakReason = keyof typeof BREAKS;

/** The first thing wrong with the rows. */
export interface Break {
  /** The place of the first broken or missing row; with `to`, the first place that is in question. */
  readonly seq: number;
  /** The last place in question, when it cannot be told which of several rows was changed. */
  readonly to?: number;
  readonly reason: BreakReason;
  /** The columns that differ, or the line of the export. Never what is in a record. */
  readonly detail?: string;
}

export interface CheckpointFault {
  readonly seq: number;
  readonly keyId: string;
  readonly reason: 'malformed' | 'unknown-key' | 'bad-signature';
}

export interface Verdict {
  /** Nothing is broken and every checkpoint is good. */
  readonly ok: boolean;
  /** Rows found good before the end or the first break; also the place of the last of them. */
  readonly facts: number;
  readonly lastHash: string;
  /** Checkpoints that are good and agree with the rows. */
  readonly checkpoints: number;
  /** The last place that a good checkpoint vouches for. Rows after it could be dropped or rewritten unseen by their owner. */
  readonly coveredTo: number;
  /** Facts written but not linked yet, as told by the caller; they are not part of the check. */
  readonly unlinked: number;
  readonly broken?: Break;
  readonly checkpointFaults: readonly CheckpointFault[];
}

/** A row as stored; columns are compared with the record when they are given. */
export interface AuditRow extends LinkedFact {
  readonly columns?: Partial<Pick<Envelope, 'id' | 'type' | 'actor' | 'at' | 'alert'>>;
}

export interface Verification {
  /** In the order of their places. Read checkpoints before rows, so that no checkpoint is newer than what is read. */
  readonly rows: AsyncIterable<AuditRow> | Iterable<AuditRow>;
  /** From the database, an export, or (best) from where they were kept off the host. Held in memory; rows never are. */
  readonly checkpoints: AsyncIterable<Checkpoint> | Iterable<Checkpoint>;
  readonly publicKeys: PublicKeys;
  readonly unlinked?: number;
}

/**
 * Recomputes the whole chain in one pass, holding three rows at a time, and stops at the first break. What the rows alone
 * cannot show, a chain rewritten or cut by its owner, the checkpoints show. Reasons are a reading of the evidence; `ok` and
 * the place are exact.
 */
export async function verifyAudit({ rows, checkpoints, publicKeys, unlinked = 0 }: Verification): Promise<Verdict> {
  const { good, faults } = await sortCheckpoints(checkpoints, publicKeys);
  const window = new Window(rows);
  let previous = GENESIS;
  let facts = 0;
  let agreed = 0;
  let coveredTo = 0;
  let broken: Break | undefined;

  while (!broken) {
    const row = await window.take();
    if (!row) break;
    if ('unreadable' in row) {
      broken = { seq: facts + 1, reason: 'unreadable', detail: row.unreadable };
      break;
    }
    const vouched = good.get(row.seq) ?? [];
    broken = await findBreak(facts + 1, previous, row, window, vouched);
    if (broken) break;
    if (vouched.some((c) => c.hash !== row.hash)) {
      broken = { seq: coveredTo + 1, to: row.seq, reason: 'history-rewritten' };
      break;
    }
    if (vouched.length > 0) coveredTo = row.seq;
    agreed += vouched.length;
    previous = row.hash;
    facts += 1;
  }
  await window.close();
  const furthest = [...good.keys()].reduce((a, b) => Math.max(a, b), 0);
  if (!broken && furthest > facts) broken = { seq: facts + 1, to: furthest, reason: 'tail-missing' };

  const ok = !broken && faults.length === 0;
  return { ok, facts, lastHash: previous, checkpoints: agreed, coveredTo, unlinked, ...(broken && { broken }), checkpointFaults: faults };
}

async function findBreak(expected: number, previous: string, row: AuditRow, window: Window, vouched: readonly Checkpoint[]): Promise<Break | undefined> {
  if (row.seq !== expected) {
    const next = await window.peek();
    if (next?.seq === expected) return { seq: expected, reason: row.seq === expected + 1 ? 'reordered' : 'out-of-order' };
    return row.seq > expected ? { seq: expected, to: row.seq - 1, reason: 'gap' } : { seq: row.seq, reason: 'out-of-order' };
  }
  if (!follows(previous, row)) return { seq: expected, reason: diagnose(previous, row, await window.peek(), vouched) };
  const fact = readRecord(row.record);
  if (!fact) return { seq: expected, reason: 'record-malformed' };
  const differing = Object.entries(row.columns ?? {}).filter(([name, value]) => fact[name as keyof Envelope] !== value);
  if (differing.length > 0) return { seq: expected, reason: 'columns-differ', detail: differing.map(([name]) => name).join(', ') };
  return undefined;
}

/** Reads from what comes after a row that does not fit why it does not. */
function diagnose(previous: string, row: AuditRow, next: AuditRow | undefined, vouched: readonly Checkpoint[]): BreakReason {
  const computed = nextHash(previous, row.record);
  if (next) {
    if (follows(previous, next)) return follows(next.hash, row) ? 'reordered' : 'inserted';
    if (nextHash(previous, next.record) === row.hash) return 'reordered';
    if (follows(row.hash, next)) return 'record-changed';
    if (follows(computed, next)) return 'hash-changed';
  }
  if (vouched.some((c) => c.hash === row.hash)) return 'record-changed';
  if (vouched.some((c) => c.hash === computed)) return 'hash-changed';
  return 'link-broken';
}

const follows = (previous: string, row: AuditRow): boolean => isHash(previous) && nextHash(previous, row.record) === row.hash;

/** Parts checkpoints into good ones, by their places, and what is wrong with the others. */
export async function sortCheckpoints(checkpoints: Verification['checkpoints'], publicKeys: PublicKeys) {
  const good = new Map<number, Checkpoint[]>();
  const faults: CheckpointFault[] = [];
  for await (const checkpoint of checkpoints) {
    const reason = verifyCheckpoint(publicKeys, checkpoint);
    if (reason === 'good') good.set(checkpoint.seq, [...(good.get(checkpoint.seq) ?? []), checkpoint]);
    else faults.push({ seq: Number(checkpoint.seq) || 0, keyId: /^[0-9a-f]{16}$/.test(checkpoint.keyId) ? checkpoint.keyId : '?', reason });
  }
  return { good, faults };
}

type Taken = AuditRow | { readonly unreadable: string };

/** Rows one by one. */
class Window {
  private readonly source: AsyncIterator<AuditRow> | Iterator<AuditRow>;

  constructor(rows: Verification['rows']) {
    this.source = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  }

  /** The row after a broken one, by which it is told what is wrong; nothing is taken after it. */
  async peek(): Promise<AuditRow | undefined> {
    const next = await this.take();
    return next && 'seq' in next ? next : undefined;
  }

  /** Lets the source free its cursor when reading stopped early. */
  async close(): Promise<void> {
    await this.source.return?.();
  }

  async take(): Promise<Taken | undefined> {
    try {
      const step = await this.source.next();
      return step.done ? undefined : step.value;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'AUDIT_EXPORT_INVALID') return { unreadable: error.faults[0]?.field ?? '' };
      throw error;
    }
  }
}
