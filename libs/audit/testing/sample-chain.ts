import type { FactId } from '#kernel/ids.js';
import { GENESIS, nextHash, type LinkedFact } from '../chain.js';
import { signCheckpoint, type Checkpoint } from '../checkpoint.js';
import { makeFact, type Actor } from '../fact.js';

/** A UUID made of a number, so that a failing test can be read. */
export const sampleId = <T extends string>(n: number): T => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}` as T;

/** The nth of a row of unlike facts. */
export function sampleRecord(n: number): string {
  const base = { id: sampleId<FactId>(n), at: new Date(Date.UTC(2026, 10, 24, 18, 0, 0, n)) };
  const officer: Actor = `officer:${sampleId(n % 3)}`;
  if (n % 3 === 0) return makeFact({ ...base, type: 'breaker.changed', actor: 'system', body: { destination: 'rts-1', state: 'open' } }).record;
  if (n % 3 === 1) return makeFact({ ...base, type: 'alert.created', actor: officer, alertId: sampleId(900 + n), body: { mode: 'drill' } }).record;
  return makeFact({ ...base, type: 'audit.exported', actor: officer, body: { format: 'csv', facts: n, lastSeq: n } }).record;
}

/** Links records into a chain. */
export function link(records: readonly string[]): LinkedFact[] {
  let hash = GENESIS;
  return records.map((record, i) => ({ seq: i + 1, record, hash: (hash = nextHash(hash, record)) }));
}

/** A good chain of `length` facts. */
export const sampleChain = (length: number): LinkedFact[] => link(Array.from({ length }, (_, n) => sampleRecord(n)));

/** A checkpoint at a place of a chain. */
export function checkpointAt(privateKeyPem: string, row: LinkedFact): Checkpoint {
  return signCheckpoint(privateKeyPem, { seq: row.seq, hash: row.hash, at: new Date('2026-11-24T19:00:00Z') });
}
