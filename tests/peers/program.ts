import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A sentence naming the first of these programs that is not on the PATH; undefined when all are there. */
export function missingOf(...programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => spawnSync('which', [program]).status !== 0);
  return missing === undefined ? undefined : `${missing} is not installed`;
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
