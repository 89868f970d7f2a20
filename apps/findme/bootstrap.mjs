/*
 * The way from a bare clone to a running command: check Node, install what is missing, build what changed, go on in
 * TypeScript. Plain JavaScript without a dependency, since nothing is installed or built when it begins. All it says
 * goes to standard error; standard output belongs to the command.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLONE = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MAIN = join(CLONE, 'dist', 'apps', 'findme', 'main.js');
const INSTALLED = join(CLONE, 'node_modules', '.findme-installed');
const BUILT = join(CLONE, 'dist', '.findme-built');
const LOCK = join(CLONE, '.findme', 'preparing');
const SOURCES = ['apps', 'libs', 'config', 'tests'];

const say = (line) => process.stderr.write(`${line}\n`);

/** Node's version against `engines` of package.json, before anything that an older one would not understand. */
function checkNode() {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(process.version).map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`Find Me needs Node 20.19 or newer (24 recommended); this is ${process.version}.`);
  process.exit(1);
}

const hash = (text) => createHash('sha256').update(text).digest('hex');
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** What an installation depends on; also the platform, for a clone may be carried to another machine. */
const wantedInstall = () =>
  hash([read(join(CLONE, 'package.json')), read(join(CLONE, 'package-lock.json')), process.platform, process.arch].join('\0'));

/** What a build depends on: path, size and time of every source. Content would be surer and slower; tsc looks at it then. */
function wantedBuild() {
  const found = [];
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(tsx?|json|css|mjs)$/.test(entry.name)) {
        const { size, mtimeMs } = statSync(path);
        found.push(`${relative(CLONE, path)} ${size} ${mtimeMs}`);
      }
    }
  };
  for (const folder of SOURCES) if (existsSync(join(CLONE, folder))) visit(join(CLONE, folder));
  return hash([read(INSTALLED), read(join(CLONE, 'tsconfig.json')), ...found.sort()].join('\n'));
}

const isInstalled = () => read(INSTALLED) === wantedInstall();
const isBuilt = () => existsSync(MAIN) && read(BUILT) === wantedBuild();

function install() {
  say('Installing what is missing (once; needs the package registry) ...');
  // Not `npm ci`: it fails where a mirror lacks the optional packages of other platforms. No install scripts: none is needed.
  const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--include=dev', '--include=optional', '--no-update-notifier', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, first] = npm !== undefined && /^npm-cli\.[cm]?js$/.test(basename(npm)) ? [process.execPath, [npm]] : ['npm', []];
  run('npm install', command, [...first, ...parameters]);
  writeFileSync(INSTALLED, wantedInstall());
}

async function build() {
  say('Building ...');
  const wanted = wantedBuild();
  // Somebody removed the result but not tsc's memory of it.
  if (!existsSync(MAIN)) rmSync(join(CLONE, 'dist', '.tsbuildinfo'), { force: true });
  // In place and adding only: nothing is removed from under a program that runs from dist.
  run('The build', process.execPath, [join(CLONE, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(CLONE, 'tsconfig.json')]);
  const { bundleConsole } = await import('../console/bundle.mjs');
  await bundleConsole();
  const { bundleVerifier } = await import('../verifier/bundle.mjs');
  await bundleVerifier();
  writeFileSync(BUILT, wanted);
}

function run(what, command, parameters) {
  const { status, signal, error } = spawnSync(command, parameters, {
    cwd: CLONE,
    // Its standard output is our standard error.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (status === 0) return;
  say(`${what} failed${error ? `: ${error.message}` : signal ? ` (${signal})` : ''}.`);
  unlock();
  process.exit(1);
}

/** A process's start in clock ticks (Linux), so that a reused number is not taken for the holder of the lock. */
function bornAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function holds(holder) {
  const [pid, born] = holder.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return !existsSync('/proc/self/stat') || bornAt(pid) === born;
}

/** One command at a time installs or builds; the others wait for it. The lock of a command that died is taken over. */
async function lock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  const draft = `${LOCK}.${process.pid}`;
  let said = false;
  for (;;) {
    writeFileSync(draft, `${process.pid} ${bornAt(process.pid) ?? ''}`);
    try {
      linkSync(draft, LOCK);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = read(LOCK);
    if (holder === '' || holds(holder)) {
      if (!said) say('Another command is installing or building; waiting for it ...');
      said = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    // Renamed, not removed: of two that find it stale one gets it, and puts back what it did not mean.
    const aside = `${LOCK}.${process.pid}.stale`;
    try {
      renameSync(LOCK, aside);
      if (holds(read(aside))) linkSync(aside, LOCK);
    } catch {
      // Somebody else was quicker.
    }
    rmSync(aside, { force: true });
  }
}

function unlock() {
  if (read(LOCK).startsWith(`${process.pid} `)) rmSync(LOCK, { force: true });
}

checkNode();
try {
  if (!isInstalled() || !isBuilt()) {
    await lock();
    if (!isInstalled()) install();
    if (!isBuilt()) await build();
    unlock();
  }
} catch (error) {
  unlock();
  if (error.code !== 'EACCES' && error.code !== 'EROFS' && error.code !== 'EPERM') throw error;
  say(`This folder cannot be written to by this user (${error.path}). Was it installed by another one? Give the clone to yourself.`);
  process.exit(1);
}
const { main } = await import('../../dist/apps/findme/main.js');
process.exitCode = await main(process.argv.slice(2));
