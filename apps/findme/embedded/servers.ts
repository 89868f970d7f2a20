import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { createCluster, ADMIN_ROLE, preparePostgres, serverUser, stopOrphan, type ClusterOptions } from './postgres.js';
import { end, freePort, identify, isAlive, type ProcessId } from './process.js';
import { findRedisProgram, type RedisOptions } from './redis.js';
import type { KeeperOrder, KeeperReport } from './keeper.js';

/** What to start, and where its data and its secrets live. */
export interface ServersOptions {
  /** Folder of this clone's state. The servers' user must be able to pass through it and all above it. */
  readonly stateDir: string;
  /** True: data survives, under `stateDir`. False: an empty cluster that vanishes with its user. */
  readonly durable: boolean;
  /** `none` leaves it out: the operator has one. */
  readonly postgres: 'embedded' | 'none';
  /** `none` leaves it out. */
  readonly redis: 'embedded' | 'none';
  /** Where to look for a `redis-server` or `valkey-server` of the machine: a PATH; without one the bundled Valkey runs. */
  readonly searchPath?: string;
  /** Hears what an operator should know: a server came back, a left-over was stopped. */
  log(line: string): void;
}

/** Servers that run. */
export interface RunningServers {
  /** To the database `findme`, as the login that may do all in the cluster; absent if PostgreSQL was left out. */
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** Which Redis it is, for people: a path or the bundled Valkey. */
  readonly redisName?: string;
  /** The keeper's process, which stops the servers when this process ends in any way. */
  readonly keeperPid: number;
  /** Stop both and wait until they are gone. */
  stop(): Promise<void>;
}

/** Ports and passwords, kept so that addresses stay the same from one start to the next. */
interface Remembered {
  postgresPort?: number;
  redisPort?: number;
  readonly postgresPassword: string;
  readonly redisPassword: string;
  redis?: ProcessId;
}

const KEEPER = fileURLToPath(new URL('./keeper.js', import.meta.url));
const DATABASE = 'findme';
/** Keepers lost in a row before we stop believing that another will fare better. */
const MOST_KEEPERS = 5;
/** A server of an earlier run may hold our port a moment longer. */
const PORT_PATIENCE_MS = 3_000;

/**
 * Start an embedded PostgreSQL and, if asked, a Redis-compatible server on loopback, under a keeper that stops them when
 * this process ends in any way. Left-overs of a killed run are stopped first; what was committed stays.
 * Throws if a server cannot start; its log lies in the state folder.
 */
export async function startServers(options: ServersOptions): Promise<RunningServers> {
  if (options.postgres === 'none' && options.redis === 'none') return { keeperPid: 0, stop: () => Promise.resolve() };
  const user = serverUser();
  await mkdir(options.stateDir, { recursive: true });
  if (user.uid !== undefined) await chmod(options.stateDir, 0o711);
  const home = options.durable ? join(options.stateDir, 'servers') : await throwawayHome(options.stateDir);
  await mkdir(home, { recursive: true });
  // Only the data belongs to the servers' user; what lies beside it (passwords) does not.
  await chmod(home, user.uid === undefined ? 0o700 : 0o711);
  const remembered = await remember(home);
  await endRedis(remembered.redis);

  const dataDir = join(home, 'postgres-18');
  if (await stopOrphan(dataDir)) options.log('A PostgreSQL left behind by an earlier run was stopped; its data is kept.');
  for (let attempt = 1; ; attempt += 1) {
    remembered.postgresPort = await freePort(remembered.postgresPort, PORT_PATIENCE_MS);
    remembered.redisPort = await freePort(remembered.redisPort, PORT_PATIENCE_MS);
    const cluster = options.postgres === 'none' ? undefined : await clusterFor(options, dataDir, remembered);
    const redis = options.redis === 'none' ? undefined : redisOptions(options, remembered, home);
    await save(home, remembered);
    const order: KeeperOrder = {
      logFile: join(options.durable ? options.stateDir : home, 'servers.log'),
      ...(cluster === undefined ? {} : { postgres: cluster }),
      ...(redis === undefined ? {} : { redis }),
      ...(options.durable ? {} : { throwaway: home }),
    };
    const kept = new Kept(order, options.log, async (identity) => {
      remembered.redis = identity;
      await save(home, remembered);
    });
    try {
      await kept.start();
      const databaseUrl = cluster && `postgres://${ADMIN_ROLE}:${remembered.postgresPassword}@127.0.0.1:${String(cluster.port)}/${DATABASE}`;
      if (databaseUrl !== undefined) await ensureDatabase(databaseUrl);
      return {
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
        ...(redis === undefined ? {} : {
          redisUrl: `redis://:${redis.password}@127.0.0.1:${String(redis.port)}`,
          redisName: redis.program ?? 'the bundled Valkey',
        }),
        get keeperPid() { return kept.pid; },
        stop: () => kept.stop(),
      };
    } catch (error) {
      await kept.stop();
      // Somebody may have taken a port between our look and the server's; two more tries, then it is something else.
      if (attempt === 3 || !options.durable) throw error;
      delete remembered.postgresPort;
      delete remembered.redisPort;
    }
  }
}

/** One keeper at a time, replaced if it is killed while its servers are still wanted. */
class Kept {
  private keeper: ChildProcess | undefined;
  private redis: ProcessId | undefined;
  private stopping = false;
  private replacing: Promise<void> | undefined;
  private lost = 0;

  constructor(
    private readonly order: KeeperOrder,
    private readonly log: (line: string) => void,
    private readonly noteRedis: (identity: ProcessId | undefined) => Promise<void>,
  ) {}

  get pid(): number {
    return this.keeper?.pid ?? 0;
  }

  async start(): Promise<void> {
    // A session of its own: Ctrl-C goes to the terminal's whole group, and the servers must be the last to go.
    const keeper = fork(KEEPER, { execArgv: ['--no-warnings'], detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.keeper = keeper;
    await new Promise<void>((resolve, reject) => {
      keeper.once('error', reject);
      keeper.once('exit', (code, signal) => { reject(new Error(`The servers' keeper ended while starting (${String(code ?? signal)})`)); });
      keeper.on('message', (report: KeeperReport) => {
        if (report.kind === 'failed') {
          reject(new Error(`${report.message}. Its log: ${this.order.logFile}`));
          return;
        }
        if (report.kind === 'restarted') this.log(`${report.server} had stopped by itself and was started again.`);
        this.redis = report.redis;
        this.noteRedis(report.redis).then(resolve, reject);
      });
      keeper.send(this.order);
    });
    keeper.once('exit', () => {
      if (!this.stopping) this.replacing = this.replace();
    });
  }

  /** The keeper was killed: what it kept lives on without it, so end that and start anew on the same ports. */
  private async replace(): Promise<void> {
    this.lost += 1;
    if (this.lost > MOST_KEEPERS) {
      this.log('The keeper of the embedded servers was lost too often; they are not watched any more.');
      return;
    }
    this.log('The keeper of the embedded servers was lost; they are started again.');
    try {
      await this.endOrphans();
      if (this.order.redis !== undefined) await freePort(this.order.redis.port, PORT_PATIENCE_MS);
      if (this.stopping) return;
      await this.start();
      this.log('The embedded servers run under a new keeper.');
    } catch (error) {
      this.log(`The embedded servers could not be started again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.replacing;
    const keeper = this.keeper;
    if (keeper === undefined || keeper.exitCode !== null || keeper.signalCode !== null) {
      await this.endOrphans();
      return;
    }
    const gone = new Promise<void>((resolve) => { keeper.once('exit', () => { resolve(); }); });
    if (keeper.connected) keeper.send('stop');
    await gone;
  }

  private async endOrphans(): Promise<void> {
    if (this.order.postgres !== undefined) await stopOrphan(this.order.postgres.dataDir);
    await endRedis(this.redis);
  }
}

async function endRedis(redis: ProcessId | undefined): Promise<void> {
  if (redis !== undefined) await end(redis, [['SIGTERM', 3_000], ['SIGKILL', 2_000]]);
}

async function clusterFor(options: ServersOptions, dataDir: string, remembered: Remembered): Promise<ClusterOptions> {
  const cluster = {
    runtime: await preparePostgres(options.stateDir),
    dataDir,
    port: remembered.postgresPort as number,
    user: serverUser(),
    durable: options.durable,
  };
  await createCluster(cluster, remembered.postgresPassword);
  return cluster;
}

function redisOptions(options: ServersOptions, remembered: Remembered, workingDir: string): RedisOptions {
  const program = findRedisProgram(options.searchPath ?? '');
  return {
    port: remembered.redisPort as number,
    password: remembered.redisPassword,
    user: serverUser(),
    workingDir,
    ...(program === undefined ? {} : { program }),
  };
}

async function ensureDatabase(databaseUrl: string): Promise<void> {
  const url = new URL(databaseUrl);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function remember(home: string): Promise<Remembered> {
  const text = await readFile(join(home, 'servers.json'), 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Remembered;
  const secret = (): string => randomBytes(24).toString('base64url');
  return { postgresPassword: secret(), redisPassword: secret() };
}

async function save(home: string, remembered: Remembered): Promise<void> {
  const file = join(home, 'servers.json');
  await writeFile(`${file}.new`, JSON.stringify(remembered), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** A fresh folder for a throwaway cluster, named after its owner; those whose owner and keeper are gone are cleared. */
async function throwawayHome(stateDir: string): Promise<string> {
  const all = join(stateDir, 'throwaway');
  await mkdir(all, { recursive: true });
  // Whatever the umask: the servers' user passes through.
  await chmod(all, 0o711);
  for (const name of await readdir(all)) {
    const [pid = '', mark = ''] = name.split('_');
    if (isAlive({ pid: Number(pid), mark })) continue;
    await stopOrphan(join(all, name, 'postgres-18'));
    await rm(join(all, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const self = identify(process.pid);
  return mkdtemp(join(all, `${String(process.pid)}_${self?.mark ?? ''}_`));
}
