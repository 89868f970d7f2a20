import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createCheckpointKey } from '#audit/checkpoint.js';
import { projectRoot } from '#config/project-root.js';
import { Refusal } from './refusal.js';
import { identify, isAlive, pause, type ProcessId } from './embedded/process.js';

/**
 * The folder where this clone keeps its data and secrets; created if need be. `wanted` (FINDME_STATE) rules. Otherwise
 * `.findme` in the clone; for root a folder under /var/lib, since PostgreSQL will not run as root and another user may
 * be unable to enter the clone. Throws if another user could not reach a folder wanted by root.
 */
export async function stateFolder(wanted: string | undefined, clone = projectRoot): Promise<string> {
  const root = process.getuid?.() === 0;
  const name = createHash('sha256').update(clone).digest('hex').slice(0, 12);
  const shared = '/var/lib/findme';
  const folder = wanted ?? (root ? join(shared, name) : join(clone, '.findme'));
  if (root && wanted === undefined) {
    await mkdir(shared, { recursive: true });
    await chmod(shared, 0o711);
  }
  await mkdir(folder, { recursive: true });
  if (root) {
    await chmod(folder, 0o711);
    await refuseClosedPath(folder);
  }
  return folder;
}

async function refuseClosedPath(folder: string): Promise<void> {
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    if (((await stat(above)).mode & 0o001) !== 0) continue;
    throw new Refusal(`PostgreSQL cannot run as root, and no other user may enter ${above}. Set FINDME_STATE to a folder all may pass through.`);
  }
}

/** Secrets of this clone, made once: one file each in one folder, readable for its owner alone. */
export interface Secrets {
  /** Password of the application's role in the database. */
  readonly appPassword: string;
  /** The folder: FINDME_SECRETS of the programs. */
  readonly folder: string;
}

/** Read the secrets that every installation needs, making those that are missing. `wanted` (FINDME_SECRETS) rules over the state's own folder. */
export async function secretsOf(stateDir: string, wanted?: string): Promise<Secrets> {
  const folder = wanted ?? join(stateDir, 'secrets');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await keepSecret(folder, 'master-key', () => randomBytes(32).toString('hex'));
  await keepSecret(folder, 'audit-signing-key', () => createCheckpointKey().privateKeyPem);
  return { appPassword: await keepSecret(folder, 'app-password', () => randomBytes(24).toString('base64url')), folder };
}

/** The secret of that name, made if it is missing; of two that make it at once both get the same. */
export async function keepSecret(folder: string, name: string, make: () => string): Promise<string> {
  const file = join(folder, name);
  const read = (): Promise<string | undefined> => readFile(file, 'utf8').then((text) => text.trim(), () => undefined);
  const kept = await read();
  if (kept !== undefined) return kept;
  await create(file, `${make().trim()}\n`);
  return (await read()) ?? '';
}

/** What a running `start` leaves for others of the same clone to find. */
export interface RunningSystem extends ProcessId {
  /** Where the API answers; absent while it is still starting. */
  readonly address?: string;
  readonly adminUrl?: string;
  readonly redisUrl?: string;
  /** The processes that launched it; it stops when one of them is gone. */
  readonly launchers?: readonly ProcessId[];
  /** The programs it started, so that the next start can end those that outlived it. */
  readonly programs?: readonly ProcessId[];
}

const recordOf = (stateDir: string): string => join(stateDir, 'running.json');

/** The running system of this clone, if there is one. */
export async function runningSystem(stateDir: string): Promise<RunningSystem | undefined> {
  const record = await readRecord(recordOf(stateDir));
  return record !== undefined && isAlive(record) ? record : undefined;
}

/** How long a holder whose launcher is gone may take to stop: programs, then servers. */
const STOPPING_MS = 60_000;

/**
 * Take the clone's state for this process, which stops when one of its `launchers` is gone. Returns what an earlier
 * holder that is gone left behind, or undefined; waits for one that is stopping because its launcher is gone.
 * Throws a {@link StateTaken} if the holder lives.
 */
export async function claimState(stateDir: string, launchers: readonly ProcessId[] = []): Promise<RunningSystem | undefined> {
  const record = recordOf(stateDir);
  const own: RunningSystem = { ...(identify(process.pid) as ProcessId), launchers };
  const deadline = performance.now() + STOPPING_MS;
  for (;;) {
    if (await create(record, JSON.stringify(own))) return undefined;
    const holder = await readRecord(record);
    if (holder !== undefined && isAlive(holder)) {
      if ((holder.launchers ?? []).every(isAlive) || performance.now() > deadline) throw new StateTaken(holder);
    } else {
      const left = await takeOver(record, own);
      if (left !== 'missed') return left;
    }
    await pause(100);
  }
}

/**
 * Puts `own` in the place of a record whose holder is gone, and returns that record. One claimant at a time judges and
 * replaces, or a slower one would throw out the quicker; `missed` when another is at it or was quicker.
 */
async function takeOver(record: string, own: RunningSystem): Promise<RunningSystem | undefined | 'missed'> {
  const turn = `${record}.turn`;
  if (!(await create(turn, JSON.stringify(identify(process.pid))))) {
    // Killed in its turn; the next round sees who is quickest.
    const other = await readRecord(turn);
    if (other !== undefined && !isAlive(other)) await rm(turn, { force: true });
    return 'missed';
  }
  try {
    const left = await readRecord(record);
    if (left !== undefined && isAlive(left)) return 'missed';
    await rm(record, { force: true });
    return (await create(record, JSON.stringify(own))) ? left : 'missed';
  } finally {
    await rm(turn, { force: true });
  }
}

/** Write down more about the running system; only its holder may. */
export async function describeSystem(stateDir: string, more: Omit<RunningSystem, keyof ProcessId>): Promise<void> {
  const before = await readRecord(recordOf(stateDir));
  const text = JSON.stringify({ ...before, ...more, ...identify(process.pid) });
  await writeFile(`${recordOf(stateDir)}.new`, text, { mode: 0o600 });
  await rename(`${recordOf(stateDir)}.new`, recordOf(stateDir));
}

/** Give the state back. */
export async function releaseState(stateDir: string): Promise<void> {
  const record = await readRecord(recordOf(stateDir));
  if (record?.pid === process.pid) await rm(recordOf(stateDir), { force: true });
}

/** Another process of this clone holds the state. */
export class StateTaken extends Refusal {
  constructor(readonly holder: RunningSystem) {
    super(`Find Me runs already from this clone (process ${String(holder.pid)}${holder.address === undefined ? '' : ` at ${holder.address}`}).`);
  }
}

/** Create a file with its whole content at once; false if it exists. */
async function create(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readRecord(file: string): Promise<RunningSystem | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RunningSystem;
  } catch {
    return undefined;
  }
}
