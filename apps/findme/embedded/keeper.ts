import type { ChildProcess } from 'node:child_process';
import { openSync, statSync, truncateSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { end, identify, pause, type ProcessId } from './process.js';
import { launchPostgres, stopOrphan, untilReady, type ClusterOptions } from './postgres.js';
import { launchRedis, untilRedisAnswers, type RedisOptions } from './redis.js';

/*
 * The keeper: a process between the one that wants servers and the servers. It sits in a session of its own, so that
 * neither Ctrl-C nor a closed terminal reaches the servers before their users have finished, and it watches its channel:
 * when the other end is gone, for whatever reason, it stops them in order and ends.
 */

/** First message to the keeper. It comes over the channel, since a command line can be read by everybody. */
export interface KeeperOrder {
  readonly postgres?: ClusterOptions;
  readonly redis?: RedisOptions;
  readonly logFile: string;
  /** Folder to remove at the end: the throwaway clusters of the tests. */
  readonly throwaway?: string;
}

/** What the keeper reports. */
export type KeeperReport =
  | { readonly kind: 'ready'; readonly redis: RedisIdentity | undefined }
  | { readonly kind: 'failed'; readonly server: ServerName; readonly message: string }
  | { readonly kind: 'restarted'; readonly server: ServerName; readonly redis: RedisIdentity | undefined };

/** Enough to find a Redis that outlived its keeper; only a program of the machine can. */
export type RedisIdentity = ProcessId;

/** The servers a keeper keeps. */
export type ServerName = 'postgres' | 'redis';

const LARGEST_LOG_BYTES = 20 * 1024 * 1024;

let order: KeeperOrder | undefined;
let ending: Promise<never> | undefined;
const servers = new Map<ServerName, ChildProcess>();

// Only the channel decides: a signal to the whole group must not take the servers from under their users.
for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);
process.on('SIGTERM', () => void finish('asked'));
process.on('disconnect', () => void finish('abandoned'));
process.on('message', (message: KeeperOrder | 'stop') => {
  if (message === 'stop') void finish('asked');
  else void begin(message);
});

async function begin(given: KeeperOrder): Promise<void> {
  order = given;
  const { postgres, redis } = given;
  const log = openLog(given.logFile);
  // Side by side: neither needs the other.
  const starts: Promise<boolean>[] = [];
  if (postgres !== undefined) starts.push(start('postgres', () => launchAndAwaitPostgres(postgres, log)));
  if (redis !== undefined) starts.push(start('redis', () => launchAndAwaitRedis(redis, log)));
  if ((await Promise.all(starts)).every(Boolean)) report({ kind: 'ready', redis: redisIdentity() });
}

/** Launch one server, wait for it, and from then on start it again whenever it ends. Reports a failure, returns false. */
async function start(name: ServerName, launch: () => Promise<ChildProcess>): Promise<boolean> {
  try {
    keep(name, await launch(), launch);
    return true;
  } catch (error) {
    report({ kind: 'failed', server: name, message: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

async function launchAndAwaitPostgres(cluster: ClusterOptions, log: number): Promise<ChildProcess> {
  await stopOrphan(cluster.dataDir);
  const server = await spawned('postgres', launchPostgres(cluster, log));
  await untilReady(server, cluster.dataDir);
  return server;
}

async function launchAndAwaitRedis(options: RedisOptions, log: number): Promise<ChildProcess> {
  const server = await spawned('redis', launchRedis(options, log));
  await untilRedisAnswers(server, options);
  return server;
}

function spawned(name: ServerName, server: ChildProcess): Promise<ChildProcess> {
  servers.set(name, server);
  return new Promise((resolve, reject) => {
    server.once('spawn', () => { resolve(server); });
    server.once('error', reject);
  });
}

function keep(name: ServerName, server: ChildProcess, launch: () => Promise<ChildProcess>): void {
  if (server.exitCode !== null || server.signalCode !== null) void revive(name, launch);
  else server.once('exit', () => void revive(name, launch));
}

/** A server that was running has ended by itself: start it again, ever more slowly. */
async function revive(name: ServerName, launch: () => Promise<ChildProcess>): Promise<void> {
  for (let wait = 100; ending === undefined; wait = Math.min(wait * 2, 10_000)) {
    await pause(wait);
    if (ending !== undefined) return;
    try {
      keep(name, await launch(), launch);
      report({ kind: 'restarted', server: name, redis: redisIdentity() });
      return;
    } catch {
      // The server's own words are in its log; clear it away and try again.
      const left = running(name);
      if (left !== undefined) await end(left, [['SIGKILL', 2_000]]);
    }
  }
}

function finish(why: 'asked' | 'abandoned'): Promise<never> {
  ending ??= stopAll(why).finally(() => process.exit(0)) as Promise<never>;
  return ending;
}

async function stopAll(why: 'asked' | 'abandoned'): Promise<void> {
  const redis = running('redis');
  if (redis !== undefined) await end(redis, [['SIGTERM', 3_000], ['SIGKILL', 2_000]]);
  const postgres = running('postgres');
  if (postgres !== undefined) {
    const steps: [NodeJS.Signals, number][] = [['SIGINT', 30_000], ['SIGQUIT', 5_000], ['SIGKILL', 5_000]];
    if (order?.throwaway !== undefined) steps.splice(0, 1);
    // Those who used the database learn of the end in the same moment as we do: let them put down what they hold.
    else if (why === 'abandoned') steps.unshift(['SIGTERM', 3_000]);
    await end(postgres, steps);
  }
  if (order?.throwaway !== undefined) await rm(order.throwaway, { recursive: true, force: true, maxRetries: 5 });
}

function running(name: ServerName): ProcessId | undefined {
  const pid = servers.get(name)?.pid;
  return pid === undefined ? undefined : identify(pid);
}

function redisIdentity(): RedisIdentity | undefined {
  return order?.redis?.program === undefined ? undefined : running('redis');
}

function report(message: KeeperReport): void {
  if (process.connected) process.send?.(message);
}

function openLog(file: string): number {
  try {
    if (statSync(file).size > LARGEST_LOG_BYTES) truncateSync(file);
  } catch {
    // Not there yet.
  }
  return openSync(file, 'a', 0o600);
}
