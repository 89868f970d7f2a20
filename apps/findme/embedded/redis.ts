import { fork, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from './process.js';
import type { ServerUser } from './postgres.js';

/** How to run a Redis-compatible server: a program of the machine, or the bundled Valkey if there is none. */
export interface RedisOptions {
  readonly program?: string;
  readonly port: number;
  readonly password: string;
  readonly user: ServerUser;
  readonly workingDir: string;
}

/** A `redis-server` or `valkey-server` on the PATH. */
export function findRedisProgram(path: string): string | undefined {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    for (const name of ['redis-server', 'valkey-server']) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here; look on.
      }
    }
  }
  return undefined;
}

/** Launch the server on 127.0.0.1, with nothing kept on disk. Its output goes to a file. */
export function launchRedis(options: RedisOptions, log: number): ChildProcess {
  const { program, port, password, user, workingDir } = options;
  if (program === undefined) {
    const main = fileURLToPath(new URL('./valkey-main.js', import.meta.url));
    // WASI is marked experimental in Node, which is of no use to a reader of the log.
    const child = fork(main, { execArgv: ['--no-warnings'], cwd: workingDir, stdio: ['ignore', log, log, 'ipc'] });
    child.send({ port, password });
    return child;
  }
  const child = spawn(program, ['-'], { ...user, cwd: workingDir, stdio: ['pipe', log, log] });
  // By standard input: a command line can be read by everybody on the machine.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end([
    'bind 127.0.0.1', `port ${String(port)}`, `requirepass ${password}`, 'save ""', 'appendonly no', 'daemonize no',
    'maxmemory-policy noeviction', 'loglevel warning',
  ].join('\n'));
  return child;
}

/** Resolves once the server answers; throws if it ends or takes longer than 15 s. */
export async function untilRedisAnswers(server: ChildProcess, { port, password }: RedisOptions): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await answers(port, password))) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error('The Redis server ended while starting');
    if (performance.now() > deadline) throw new Error('The Redis server did not answer within 15 s');
    await pause(15);
  }
}

function answers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    const finish = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(2_000, () => { finish(false); });
    socket.once('error', () => { finish(false); });
    socket.once('close', () => { finish(false); });
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes('+PONG')) finish(true);
    });
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}
