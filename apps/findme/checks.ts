import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { npmLaunchers, watchLaunchers } from './launcher.js';

const JEST = ['--experimental-vm-modules', '--no-warnings', join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js')];
const ESLINT = [join(projectRoot, 'node_modules', 'eslint', 'bin', 'eslint.js'), '.'];

/** All tests, or those the parameters choose (Jest's own). Returns the exit code. */
export function test(parameters: readonly string[]): Promise<number> {
  return runNode([...JEST, ...parameters]);
}

/** What CI runs, cheapest first: the build is done by now; lint, then the tests. Returns the first exit code that is not 0. */
export async function check(parameters: readonly string[]): Promise<number> {
  const lint = await runNode(ESLINT);
  return lint === 0 ? test(parameters) : lint;
}

function runNode(parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, parameters, { cwd: projectRoot, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself, being of our group; a SIGTERM reaches us alone.
  const ignore = (): void => undefined;
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  watchLaunchers(npmLaunchers(), pass);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => { resolve(code ?? 1); });
  }).finally(() => {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', pass);
  });
}
