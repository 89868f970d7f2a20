import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { npmLaunchers, watchLaunchers } from './launcher.js';

const JEST = ['--experimental-vm-modules', '--no-warnings', join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js')];
const CONSOLE_TYPES = [join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(projectRoot, 'apps', 'console')];
const ESLINT = [join(projectRoot, 'node_modules', 'eslint', 'bin', 'eslint.js'), '.'];
/** The room of these tests, and specs elsewhere that ask xmlsec1 and protoc. */
const PEERS = ['tests/peers', 'libs/cap/sign.spec.ts', 'libs/channels/gtfs-realtime/gtfs-realtime.spec.ts'];

/** All tests, or those the parameters choose (Jest's own). Returns the exit code. */
export function test(parameters: readonly string[]): Promise<number> {
  return runNode([...JEST, ...parameters]);
}

/** The tests that let programs of others judge ours, after installing those as far as this machine lets us. Returns the exit code. */
export async function testPeers(parameters: readonly string[]): Promise<number> {
  // Best effort, also where there is no shell: it says what it could not get, and each test says why it is skipped.
  await run('bash', [join(projectRoot, 'tests', 'peers', 'install.sh')]).catch(() => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'findme-peers-'));
  try {
    const results = join(folder, 'jest.json');
    const code = await test(['--verbose', '--json', `--outputFile=${results}`, ...parameters, ...PEERS]);
    for (const name of skippedIn(existsSync(results) ? readFileSync(results, 'utf8') : '{}')) process.stderr.write(`Skipped: ${name}\n`);
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The tests that were skipped, by Jest's own results: of a file that skipped all, Jest itself names none. */
function skippedIn(results: string): string[] {
  const { testResults = [] } = JSON.parse(results) as { testResults?: { assertionResults: { status: string; fullName: string }[] }[] };
  return testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'pending').map(({ fullName }) => fullName);
}

/** What CI runs, cheapest first: the build is done by now; the types of the console, lint, then the tests. Returns the first exit code that is not 0. */
export async function check(parameters: readonly string[]): Promise<number> {
  for (const checker of [CONSOLE_TYPES, ESLINT]) {
    const found = await runNode(checker);
    if (found !== 0) return found;
  }
  return test(parameters);
}

const runNode = (parameters: readonly string[]): Promise<number> => run(process.execPath, parameters);

function run(command: string, parameters: readonly string[]): Promise<number> {
  const child = spawn(command, parameters, { cwd: projectRoot, stdio: 'inherit' });
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
