import { Refusal } from '#kernel/errors.js';
import { GENESIS, isHash, nextHash, type LinkedFact } from './chain.js';
import { sortCheckpoints, type Break, type Verdict, type Verification } from './verify.js';

/*
 * A selection is part of the chain: the facts that fit a filter. The hash before each fact is given with it, so that each row
 * can be recomputed and neighbours be seen to follow each other. Whether rows were left out, or a row was changed together
 * with its hash, the selection alone cannot show: only the whole chain can, and its signed checkpoints. Whoever verifies a
 * selection is told so, and can hold it against the whole export.
 */

/** What was asked for, as in the fact of the export: names, ids and times. */
export type Selection = Readonly<Record<string, string>>;

/** A fact of a selection. */
export interface SelectedFact extends LinkedFact {
  /** The hash of the fact before it, which need not be in the selection. */
  readonly previous: string;
}

/** The verdict on the rows by themselves, and their hashes by place. */
export interface SelectionVerdict {
  readonly verdict: Verdict;
  readonly hashes: ReadonlyMap<number, string>;
}

/**
 * Recomputes each row from the hash before it and stops at the first that does not fit, follows no neighbour, or is another
 * than a signed checkpoint says. `coveredTo` stays 0: nothing vouches for what lies between.
 */
export async function verifySelection({ rows, checkpoints, publicKeys }: Pick<Verification, 'checkpoints' | 'publicKeys'> & { readonly rows: AsyncIterable<SelectedFact> | Iterable<SelectedFact> }): Promise<SelectionVerdict> {
  const { good, faults } = await sortCheckpoints(checkpoints, publicKeys);
  const hashes = new Map<number, string>();
  let before: SelectedFact | undefined;
  let agreed = 0;
  let broken: Break | undefined;
  try {
    for await (const row of rows) {
      const vouched = good.get(row.seq) ?? [];
      broken = breakOf(row, before) ?? (vouched.some((checkpoint) => checkpoint.hash !== row.hash) ? { seq: row.seq, reason: 'history-rewritten' } : undefined);
      if (broken) break;
      agreed += vouched.length;
      hashes.set(row.seq, row.hash);
      before = row;
    }
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'AUDIT_EXPORT_INVALID')) throw error;
    broken = { seq: (before?.seq ?? 0) + 1, reason: 'unreadable', detail: error.faults[0]?.field ?? '' };
  }
  const ok = !broken && faults.length === 0;
  return {
    verdict: { ok, facts: hashes.size, lastHash: before?.hash ?? GENESIS, checkpoints: agreed, coveredTo: 0, unlinked: 0, ...(broken && { broken }), checkpointFaults: faults },
    hashes,
  };
}

/** The first thing wrong with a row of a selection, given the one before it. */
function breakOf(row: SelectedFact, before: SelectedFact | undefined): Break | undefined {
  if (before && row.seq <= before.seq) return { seq: row.seq, reason: 'out-of-order' };
  if (!isHash(row.previous) || nextHash(row.previous, row.record) !== row.hash) return { seq: row.seq, reason: 'link-broken' };
  if (before && row.seq === before.seq + 1 && row.previous !== before.hash) return { seq: row.seq, reason: 'link-broken' };
  return undefined;
}
