import type { DataSource, EntityManager } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { OfficerId } from '#kernel/ids.js';
import { SUBSCRIBERS_BEFORE, wrapping, type MasterKey } from '#kernel/master-key.js';
import { keyIdOf, SealBroken } from '#kernel/sealing.js';
import type { ChangeId } from '#identity/change.js';
import { reasonOf, secretOf } from '#identity/changes.js';
import { totpPurpose } from '#identity/enrolment.js';
import { contactPurpose } from './audience-store.js';
import { inTransaction, rows } from './database.js';
import { secretPurpose } from './secret-store.js';

/** A column of texts sealed under the master key. The view `master_sealed` has the same ones; a spec holds them against each other. */
interface Place {
  readonly table: string;
  readonly column: string;
  /** The columns of the primary key with their types, in order. */
  readonly key: readonly (readonly [name: string, type: 'uuid' | 'text' | 'integer'])[];
  /** What a text is sealed for, of the values of the key. */
  readonly purpose: (...key: string[]) => string;
  /** Where texts that do not say their key were sealed under a derived one. */
  readonly derivation?: string;
}

const byId = [['id', 'uuid']] as const;

export const PLACES: readonly Place[] = [
  { table: 'case_keys', column: 'wrapped', key: [['alert_id', 'uuid']], purpose: (id) => wrapping(id) },
  { table: 'drafts', column: 'wrapped', key: byId, purpose: (id) => wrapping(id) },
  { table: 'officers', column: 'sealed_totp', key: byId, purpose: (id) => totpPurpose(id as OfficerId) },
  { table: 'enrolments', column: 'sealed_totp', key: [['officer_id', 'uuid']], purpose: (id) => totpPurpose(id as OfficerId) },
  { table: 'changes', column: 'sealed', key: byId, purpose: (id) => secretOf(id as ChangeId) },
  { table: 'changes', column: 'reason', key: byId, purpose: (id) => reasonOf(id as ChangeId) },
  { table: 'destination_secrets', column: 'sealed', key: [['destination', 'text'], ['name', 'text'], ['generation', 'integer']], purpose: (d, name, n) => secretPurpose(d, name, Number(n)) },
  { table: 'subscribers', column: 'sealed', key: byId, purpose: (id) => contactPurpose(id), derivation: SUBSCRIBERS_BEFORE },
  { table: 'house_keys', column: 'wrapped', key: [['purpose', 'text']], purpose: (purpose) => wrapping(`house:${purpose}`) },
];

/** Rows of one transaction: few enough that whoever wants one of them waits for some milliseconds. */
const BATCH = 200;

/**
 * Seals anew, under the newest key that `master` holds, whatever is sealed under another: row by row in batches of a transaction
 * each, so that it may be ended at any moment and begun again. It adds no row and brings back none: what is deleted meanwhile,
 * the key of an erased case above all, stays so. Returns how many. Throws MASTER_KEY_WRONG where one opens under no key held.
 */
export async function resealAll(source: DataSource, master: MasterKey, told: (place: string, count: number) => void = () => undefined): Promise<number> {
  let all = 0;
  for (const place of PLACES) {
    let after: readonly string[] | undefined;
    do {
      const done = await inTransaction(source, (manager) => resealBatch(manager, master, place, after));
      if (done.count > 0) told(place.table, done.count);
      all += done.count;
      after = done.last;
    } while (after);
  }
  return all;
}

async function resealBatch(manager: EntityManager, master: MasterKey, { table, column, key, purpose, derivation }: Place, after: readonly string[] | undefined) {
  const names = key.map(([name]) => name);
  const typed = key.map(([, type], n) => `$${n + 2}::${type}`);
  const found = await rows<{ key: string[]; sealed: Buffer }>(manager,
    `SELECT ARRAY[${names.map((name) => `${name}::text`).join(', ')}] AS key, ${column} AS sealed FROM ${table}
      WHERE seal_key(${column}) <> $1 ${after ? `AND (${names.join(', ')}) > (${typed.join(', ')})` : ''} ORDER BY ${names.join(', ')} LIMIT ${BATCH} FOR UPDATE`,
    [master.id, ...(after ?? [])]);
  if (found.length === 0) return { count: 0, last: undefined };
  const resealed = found.map(({ key: of, sealed }) => {
    const aad = purpose(...of);
    return master.seal(opened(() => (keyIdOf(sealed) === undefined ? master.openUnnamed(sealed, aad, derivation) : master.open(sealed, aad)), table), aad);
  });
  await rows(manager,
    `UPDATE ${table} t SET ${column} = n.sealed FROM unnest($1::bytea[], ${typed.map((type) => `${type}[]`).join(', ')}) AS n (sealed, ${names.map((name) => `of_${name}`).join(', ')})
      WHERE ${names.map((name) => `t.${name} = n.of_${name}`).join(' AND ')}`,
    [resealed, ...key.map((_, n) => found.map(({ key: of }) => of[n]))]);
  return { count: found.length, last: found.at(-1)!.key };
}

function opened(open: () => Buffer, table: string): Buffer {
  try {
    return open();
  } catch (error) {
    if (error instanceof SealBroken) throw fail('MASTER_KEY_WRONG', '', `Something of ${table} opens under no key that is held.`);
    throw error;
  }
}
