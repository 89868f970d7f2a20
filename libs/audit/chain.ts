import { createHash } from 'node:crypto';

/**
 * The hash before the first fact: 32 zero octets. A fact gets its place (1, 2, 3 … without gaps) and its hash when it is
 * linked, which happens right after the transaction that wrote it has committed, in one writer, so that writers of facts
 * never wait for each other.
 */
export const GENESIS = '0'.repeat(64);

/**
 * The hash of the fact that follows `previous`: SHA-256 over the 32 octets of the previous hash, then the UTF-8 octets of
 * the record. In SQL: `sha256(previous || convert_to(record, 'UTF8'))`. The place is not part of it: it is the number of
 * hashings since the beginning.
 */
export function nextHash(previous: string, record: string): string {
  if (!isHash(previous)) throw new TypeError('a previous hash is 64 lower-case hexadecimal digits');
  return createHash('sha256').update(previous, 'hex').update(record, 'utf8').digest('hex');
}

/** Tells whether a text is a SHA-256 in lower-case hexadecimal. */
export function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** A fact in its place. */
export interface LinkedFact {
  /** 1 for the first fact, then without gaps. */
  readonly seq: number;
  readonly hash: string;
  readonly record: string;
}
