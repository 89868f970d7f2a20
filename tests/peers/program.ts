import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A sentence naming the first of these programs that is not on the PATH; undefined when all are there. */
export function missingOf(...programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => spawnSync('which', [program]).status !== 0);
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** A port of 127.0.0.1 that nobody uses at the moment, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Ends a program that was started here, and resolves once it is gone; it is killed if it has not left after two seconds. */
export async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exit = once(program, 'exit');
  program.kill('SIGTERM');
  const patience = setTimeout(() => program.kill('SIGKILL'), 2_000);
  await exit;
  clearTimeout(patience);
}
