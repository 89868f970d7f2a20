import { fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { npmLaunchers, watchLaunchers } from './launcher.js';
import { Refusal } from './refusal.js';

/** What a benchmark was to reach and what it reached; ratios against a baseline measured in the same run. */
export interface AimReached {
  readonly name: string;
  /** In words: `at least 8 times`. */
  readonly aim: string;
  /** The median and its spread, in words. */
  readonly reached: string;
  readonly met: boolean;
}

const PROGRAMS = ['approve-to-last-byte', 'receipts', 'audit', 'audit-search', 'web-push', 'smpp'] as const;

/**
 * Runs the benchmarks under `tests/bench/`, or the one that is named, and sums up. The figures depend on the machine, so
 * missing an aim is no failure: the exit code is 0 unless a benchmark broke.
 */
export async function bench(parameters: readonly string[]): Promise<number> {
  const names = parameters.filter((p) => !p.startsWith('--'));
  const unknown = names.find((name) => !PROGRAMS.some((known) => known === name));
  if (unknown !== undefined) throw new Refusal(`There is no benchmark "${unknown}". There are: ${PROGRAMS.join(', ')}.`);
  const json = parameters.includes('--json');
  const reached: AimReached[] = [];
  for (const name of names.length > 0 ? names : PROGRAMS) {
    process.stderr.write(`${name} ...\n`);
    const code = await run(name, json, (aims) => reached.push(...aims));
    if (code !== 0) return code;
  }
  if (!json) process.stdout.write(summaryOf(reached));
  return 0;
}

function summaryOf(reached: readonly AimReached[]): string {
  const width = Math.max(0, ...reached.map(({ name }) => name.length));
  return ['Aims', ...reached.map(({ name, aim, reached: figure, met }) => `  ${met ? 'met   ' : 'missed'}  ${name.padEnd(width)}  aim ${aim}, reached ${figure}`)].join('\n') + '\n';
}

function run(name: string, json: boolean, tell: (aims: readonly AimReached[]) => void): Promise<number> {
  const child = fork(join(projectRoot, 'dist', 'tests', 'bench', `${name}.js`), json ? ['--json'] : [], { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('message', (aims) => tell(aims as readonly AimReached[]));
  // Ctrl-C reaches the child by itself, being of our group; a SIGTERM reaches us alone.
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', pass);
  watchLaunchers(npmLaunchers(), pass);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => { resolve(code ?? 1); });
  }).finally(() => process.off('SIGTERM', pass));
}
