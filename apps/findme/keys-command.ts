import type { DataSource } from 'typeorm';
import { masterKeysIn } from '#config/secrets.js';
import { systemClock } from '#kernel/clock.js';
import { idOfKey } from '#kernel/master-key.js';
import { randomIds } from '#kernel/ids.js';
import { openDatabase } from '#storage/database.js';
import { adoptMasterKey, announceMasterKey, countSealed, knownKeys, openMasterKey, replaceMasterKey } from '#storage/master-key-store.js';
import { onDatabase } from './database.js';
import { idIn, keyIn, leftOver, nextKey, takeNext } from './master-key-files.js';
import { Refusal } from './refusal.js';
import { secretsOf, stateFolder } from './state.js';

const USAGE = `npm run keys -- status      which master key is in force, and how much is sealed under which
npm run keys -- replace     a new master key in the place of the one in force, while everything runs; stopped, it goes on when asked again
Where programs run on several hosts, first on one of them, then on each:
npm run keys -- new         makes the new key and lets it be sealed under; copy master-key-next to every other host
npm run keys -- take        the programs of this host seal under the new key from now on
`;

interface Ground { readonly source: DataSource; readonly folder: string; readonly print: (text: string) => void }
const verbs: Readonly<Record<string, (ground: Ground) => Promise<void>>> = { status, new: makeNew, take, replace };

/**
 * `keys`: replaces the master key, as who may do what the owner of the database may; the applications cannot. Keys are files of
 * the folder of secrets and go nowhere else; what is printed and written down is their public ids.
 */
export async function keysCommand(parameters: readonly string[], environment: NodeJS.ProcessEnv, print: (text: string) => void): Promise<number> {
  const [verb = '', ...more] = parameters;
  const work = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!work || more.length > 0) throw new Refusal(USAGE);
  const { folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
  await onDatabase(environment, async (url) => {
    const source = await openDatabase({ url, name: 'findme-keys', poolSize: 2 });
    try {
      await work({ source, folder, print });
    } finally {
      await source.destroy();
    }
  });
  return 0;
}

/** Rows of one table between two lines of progress. */
const TOLD_EACH = 10_000;
const STATES = { sealing: 'in force', arriving: 'takes its place', leaving: 'leaves' } as const;

async function status({ source, print }: Ground): Promise<void> {
  for (const { id, state, since } of await knownKeys(source)) print(`key ${id}  ${STATES[state]}, since ${since.toISOString()}\n`);
  for (const { place, key, count } of await countSealed(source)) print(`  ${place.padEnd(20)} ${String(count).padStart(8)} under ${key || 'the first one, unsaid'}\n`);
}

async function makeNew(ground: Ground): Promise<void> {
  const id = await announced(ground);
  ground.print(id === undefined ? 'The new key is taken already.\n' : `Key ${id} waits as master-key-next. Copy that file to the folder of secrets of every host, then npm run keys -- take on each.\n`);
}

/** Makes the next key and makes it known; its id, or undefined where it was taken already. */
async function announced({ source, folder }: Ground): Promise<string | undefined> {
  await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
  const keys = await knownKeys(source);
  const current = await idIn(folder, 'master-key');
  const waits = await keyIn(folder, 'master-key-next');
  if (!waits && keys.some(({ id, state }) => id === current && state === 'arriving')) return undefined;
  if (keys.length === 1 && (await keyIn(folder, 'master-key-previous'))) throw new Refusal(leftOver(folder));
  const next = await nextKey(folder);
  await announceMasterKey(source, next, systemClock, randomIds);
  return idOfKey(next);
}

async function take({ source, folder, print }: Ground): Promise<void> {
  const next = await idIn(folder, 'master-key-next');
  const known = (await knownKeys(source)).find(({ id }) => id === next);
  // Before it is known, whatever was sealed under it would be refused.
  if (next !== undefined && (!known || known.state === 'leaving')) throw new Refusal(`The database does not know key ${next}: npm run keys -- new.`);
  const took = await takeNext(folder);
  print(took ? `The programs of this host seal under key ${next ?? ''} from now on.\n` : 'No key waits as master-key-next.\n');
}

async function replace(ground: Ground): Promise<void> {
  const { source, folder, print } = ground;
  const known = await knownKeys(source);
  // Stopped in its last step: nothing may be sealed under the old key any more, and some things still are.
  const leaving = known.some(({ state }) => state === 'leaving');
  if (!leaving && (await announced(ground)) !== undefined) await take(ground);
  const master = await openMasterKey(source, masterKeysIn(folder));
  const sealed = new Map<string, number>();
  const count = await replaceMasterKey(source, master, systemClock, randomIds, (place, n) => {
    const before = sealed.get(place) ?? 0;
    sealed.set(place, before + n);
    if (before === 0 || Math.floor(before / TOLD_EACH) < Math.floor((before + n) / TOLD_EACH)) print(`  ${place.padEnd(20)} ${String(before + n).padStart(8)} sealed anew ...\n`);
  });
  print(`Key ${master.id} is in force: ${count} sealed anew, and the database has verified that nothing is left under another.\n`);
  print('master-key-previous opens only backups from before. Carry it to where the keys of backups are kept, and delete it from every host.\n');
}
