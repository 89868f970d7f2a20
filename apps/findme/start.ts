import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { end, type ProcessId } from './embedded/process.js';
import { startServers, type RunningServers } from './embedded/servers.js';
import { Program } from './program.js';
import { Refusal } from './refusal.js';
import { claimState, describeSystem, releaseState, secretsOf, stateFolder, type Secrets } from './state.js';
import { welcomeText, type DrillAccount, type Welcome } from './welcome.js';

/** What the composition of the whole system is made of; the command line fills it in. */
export interface StartParts {
  /** The environment as the operator set it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted when the operator asks to stop, perhaps before everything has started. */
  readonly asked: AbortSignal;
  /** The processes without which this one stops. */
  readonly launchers: readonly ProcessId[];
  /** Bring the database to today's schema and the folder's master key, as a login that may create roles, and give the application's role its password. */
  migrate(options: { ownerUrl: string; appPassword: string; folder: string }): Promise<void>;
  /** The application's role in the database. */
  readonly appRole: string;
  /** Make the drill's officers, if the system is one for drills, and tell who they are. */
  accounts(adminUrl: string, secrets: Secrets): Promise<readonly DrillAccount[]>;
  /** Programs in the order in which they are started: name and compiled entry. */
  readonly programs: readonly { readonly name: string; readonly entry: string }[];
  readonly next: Welcome['next'];
  /** What an operator should read. */
  log(line: string): void;
}

/** A system that runs. */
export interface StartedSystem {
  readonly address: string;
  /** The database as a login that may create roles, for the other commands. */
  readonly adminUrl: string;
  readonly accounts: readonly DrillAccount[];
  readonly welcome: string;
  /** Stop the programs in reverse order, then the servers. */
  stop(): Promise<void>;
}

/**
 * Start everything this clone needs: servers, schema, programs. Throws before anything is started if the port is taken
 * or the clone runs already; whatever was started before a failure is stopped again.
 */
export async function start(parts: StartParts): Promise<StartedSystem> {
  const { environment, log, asked } = parts;
  const stateDir = await stateFolder(environment['FINDME_STATE']);
  const leftBehind = await claimState(stateDir, parts.launchers);
  const toStop: (() => Promise<void>)[] = [() => releaseState(stateDir)];
  const stop = async (): Promise<void> => {
    for (let next = toStop.pop(); next !== undefined; next = toStop.pop()) await next();
  };
  try {
    await endPrograms(leftBehind?.programs ?? [], log);
    const port = await claimPort(environment['PORT'] ?? '3000');
    const servers = await serversFor(environment, stateDir, log);
    toStop.push(() => servers.stop());
    asked.throwIfAborted();
    const secrets = await secretsOf(stateDir, environment['FINDME_SECRETS']);
    await parts.migrate({ ownerUrl: servers.adminUrl, appPassword: secrets.appPassword, folder: secrets.folder });
    const accounts = await parts.accounts(servers.adminUrl, secrets);

    const address = `http://localhost:${String(port)}`;
    const logs = join(stateDir, 'logs');
    await mkdir(logs, { recursive: true, mode: 0o700 });
    let forPrograms: NodeJS.ProcessEnv = {
      ...environment,
      DATABASE_URL: asRole(servers.adminUrl, parts.appRole, secrets.appPassword),
      PORT: String(port),
      FINDME_CONFIG: environment['FINDME_CONFIG'] ?? join(projectRoot, 'config', 'serbia.yaml'),
      FINDME_STATE: stateDir,
      FINDME_CHECKPOINTS: environment['FINDME_CHECKPOINTS'] ?? join(stateDir, 'checkpoints.jsonl'),
      FINDME_SECRETS: secrets.folder,
      ...(servers.redisUrl === undefined ? {} : { REDIS_URL: servers.redisUrl }),
    };
    const programs: Program[] = [];
    let describing = Promise.resolve();
    const describe = (): Promise<void> => describing = describing.then(() => describeSystem(stateDir, {
      address,
      adminUrl: servers.adminUrl,
      ...(servers.redisUrl === undefined ? {} : { redisUrl: servers.redisUrl }),
      programs: programs.map((program) => program.process).filter((found): found is ProcessId => found !== undefined),
    }));
    for (const { name, entry } of parts.programs) {
      const program = new Program({
        name, entry, log, environment: forPrograms, logFile: join(logs, `${name}.log`),
        onProcess: () => void describe().catch((error: unknown) => { log(`The record of running programs cannot be written: ${String(error)}`); }),
      });
      programs.push(program);
      toStop.push(() => program.stop());
      asked.throwIfAborted();
      const giveUp = (): void => void program.stop();
      asked.addEventListener('abort', giveUp, { once: true });
      forPrograms = { ...forPrograms, ...(await program.start()) };
      asked.removeEventListener('abort', giveUp);
    }
    await describe();
    asked.throwIfAborted();
    const welcome = welcomeText({ address, accounts, logs, next: parts.next, database: servers.database, redis: servers.redis });
    return { address, adminUrl: servers.adminUrl, accounts, welcome, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Servers extends Pick<RunningServers, 'stop'> {
  readonly adminUrl: string;
  readonly redisUrl?: string;
  /** For people. */
  readonly database: string;
  readonly redis: string;
}

/** The operator's servers where an URL names them, embedded ones otherwise. */
async function serversFor(environment: NodeJS.ProcessEnv, stateDir: string, log: (line: string) => void): Promise<Servers> {
  const ownUrl = environment['DATABASE_URL'];
  const ownRedis = environment['REDIS_URL'];
  const embedded = await startServers({
    stateDir,
    durable: true,
    postgres: ownUrl === undefined ? 'embedded' : 'none',
    redis: ownRedis === undefined ? 'embedded' : 'none',
    searchPath: environment['PATH'] ?? '',
    log,
  });
  const redisUrl = ownRedis ?? embedded.redisUrl;
  return {
    adminUrl: ownUrl ?? embedded.databaseUrl ?? '',
    ...(redisUrl === undefined ? {} : { redisUrl }),
    database: ownUrl === undefined ? `embedded PostgreSQL, data in ${stateDir}` : `yours, at ${new URL(ownUrl).host}`,
    redis: ownRedis === undefined ? embedded.redisName ?? 'none' : `yours, at ${new URL(ownRedis).host}`,
    stop: () => embedded.stop(),
  };
}

function asRole(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
}

/** A number of a free port, or an error that says what to do. Looked at first, for everything else takes longer. */
async function claimPort(wanted: string): Promise<number> {
  const port = Number(wanted);
  if (!/^\d+$/.test(wanted) || port < 1 || port > 65_535) throw new Refusal(`PORT must be a number from 1 to 65535, not "${wanted}".`);
  for (const host of ['127.0.0.1', undefined]) {
    const taken = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      const probe = createServer();
      probe.once('error', resolve);
      probe.listen({ port, exclusive: true, ...(host === undefined ? {} : { host }) }, () => probe.close(() => { resolve(undefined); }));
    });
    if (taken?.code === 'EADDRINUSE') throw new Refusal(`Port ${wanted} is in use by another program. Choose another: PORT=${String(port + 1)} npm start`);
    if (taken?.code === 'EACCES') throw new Refusal(`Port ${wanted} may not be opened by this user. Choose another: PORT=3000 npm start`);
    if (taken !== undefined) throw taken;
  }
  return port;
}

/** Programs that outlived their parent, because it was killed and they hung. */
async function endPrograms(programs: readonly ProcessId[], log: (line: string) => void): Promise<void> {
  await Promise.all(programs.map(async (program) => {
    if (!(await end(program, [['SIGTERM', 8_000], ['SIGKILL', 2_000]]))) log(`A program left behind (process ${String(program.pid)}) does not stop.`);
  }));
}
