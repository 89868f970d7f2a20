import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { Ids } from '#kernel/ids.js';
import { digestKeysOf, idOfKey, MasterKey, type KeyReader } from '#kernel/master-key.js';
import { SealBroken } from '#kernel/sealing.js';
import { SYSTEM } from '#audit/fact.js';
import { inTransaction, rows } from './database.js';
import { Facts } from './facts.js';
import { resealAll } from './reseal.js';

export type KeyState = 'arriving' | 'sealing' | 'leaving';

/** A master key as the database knows it, and how much is sealed under it. */
export interface KnownKey { readonly id: string; readonly state: KeyState; readonly since: Date }

/** How much is sealed under which key, by table; `key` is empty where the text does not say. */
export interface SealedCount { readonly place: string; readonly key: string; readonly count: number }

/**
 * The master key that `read` holds, for this database. Throws MASTER_KEY_WRONG where it is not the one in force or its
 * successor, where a key is missing under which something is still sealed, and where the database has taken none yet.
 */
export async function openMasterKey(source: DataSource, read: KeyReader): Promise<MasterKey> {
  const keys = await knownKeys(source);
  const held = new MasterKey(read);
  const inForce = keys.find(({ state }) => state === 'sealing');
  if (!inForce) throw fail('MASTER_KEY_WRONG', '', 'The database has taken none yet: npm run migrate.');
  if (!keys.some(({ id, state }) => id === held.id && state !== 'leaving')) {
    throw fail('MASTER_KEY_WRONG', 'secrets.master-key', `The file has key ${held.id}; the database is sealed under ${inForce.id}.`);
  }
  for (const { id } of keys) {
    if (held.holds(id)) continue;
    const [used] = await rows(source, 'SELECT FROM master_sealed WHERE key = $1 LIMIT 1', [id]);
    if (used) throw fail('MASTER_KEY_WRONG', 'secrets', `Key ${id} is missing, and something is sealed under it.`);
  }
  const digests = new Map((await rows<{ purpose: string; wrapped: Buffer }>(source, 'SELECT purpose, wrapped FROM house_keys')).map(({ purpose, wrapped }) => [purpose, wrapped]));
  const unwrapped = (purpose: string): Buffer => held.unwrap(digests.get(purpose) ?? Buffer.alloc(0), houseKey(purpose));
  try {
    return new MasterKey(read, { house: unwrapped('digests'), subscribers: unwrapped('subscriber-digests') });
  } catch (error) {
    if (error instanceof SealBroken) throw fail('MASTER_KEY_WRONG', '', 'A key of the house does not open.');
    throw error;
  }
}

/**
 * As `openMasterKey`, for who may do what the owner may: a database that has taken no master key yet takes this one. What was
 * sealed before texts said their key is sealed anew under it first. Throws MASTER_KEY_WRONG when it opens not everything.
 */
export async function adoptMasterKey(source: DataSource, read: KeyReader, clock: Clock, ids: Ids): Promise<MasterKey> {
  if ((await knownKeys(source)).length === 0) {
    const held = new MasterKey(read);
    const [stored] = await rows(source, 'SELECT FROM master_sealed LIMIT 1');
    await resealAll(source, held);
    // Digests that are stored already were made under the master key itself.
    const digests = stored ? digestKeysOf(read()[0]!) : { house: randomBytes(32), subscribers: randomBytes(32) };
    const fact = new Facts(clock, ids).make('master_key.adopted', SYSTEM, undefined, { key: held.id });
    await rows(source, 'SELECT adopt_master_key($1, $2, $3, $4, $5)', [
      held.id, clock.now(), held.wrap(digests.house, houseKey('digests')), held.wrap(digests.subscribers, houseKey('subscriber-digests')), [fact],
    ]);
  }
  return openMasterKey(source, read);
}

/** The keys that the database knows: the one in force, and one beside it during a replacement. */
export function knownKeys(source: DataSource): Promise<KnownKey[]> {
  return rows<KnownKey>(source, `SELECT id, state, since FROM master_keys ORDER BY state = 'sealing' DESC`);
}

/** How much is sealed under which key. */
export function countSealed(source: DataSource): Promise<SealedCount[]> {
  return rows<SealedCount>(source, 'SELECT place, key, count(*)::integer AS count FROM master_sealed GROUP BY 1, 2 ORDER BY 1, 2');
}

/** Lets everyone seal under another key beside the one in force. Does nothing for one that is known. Throws MASTER_KEY_BEING_REPLACED. */
export async function announceMasterKey(source: DataSource, key: Uint8Array, clock: Clock, ids: Ids): Promise<void> {
  const id = idOfKey(key);
  const keys = await knownKeys(source);
  if (keys.some((known) => known.id === id)) return;
  const fact = new Facts(clock, ids).make('master_key.announced', SYSTEM, undefined, { from: keys[0]?.id ?? '', to: id });
  await rows(source, 'SELECT announce_master_key($1, $2, $3)', [id, clock.now(), [fact]]);
}

/**
 * Puts the newest key that `master` holds in the place of the one in force, wherever it was interrupted: seals everything anew
 * in batches, lets nothing more be sealed under the old one, seals what came meanwhile, and has the database verify that
 * nothing is left. `told` hears of each batch. Returns how many were sealed anew in this run; 0 and no fact where nothing was
 * to be done. Throws MASTER_KEY_WRONG where something opens under no key that is held.
 */
export async function replaceMasterKey(source: DataSource, master: MasterKey, clock: Clock, ids: Ids, told: (place: string, count: number) => void = () => undefined): Promise<number> {
  const to = master.id;
  const stateOf = async () => new Map((await knownKeys(source)).map(({ id, state }) => [id, state]));
  let count = await resealAll(source, master, told);
  if ((await stateOf()).get(to) === 'arriving') await rows(source, 'SELECT close_master_key($1, $2)', [to, clock.now()]);
  const [from] = [...(await stateOf())].find(([, state]) => state === 'leaving') ?? [];
  if (from === undefined) return count;
  count += await resealAll(source, master, told);
  const fact = new Facts(clock, ids).make('master_key.replaced', SYSTEM, undefined, { from, to });
  await inTransaction(source, (manager) => rows(manager, 'SELECT finish_master_key($1, $2)', [from, [fact]]));
  return count;
}

const houseKey = (purpose: string): string => `house:${purpose}`;
