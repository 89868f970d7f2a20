import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';

/** A running Osmocom CBC on loopback. */
export interface OsmoCbcProgram {
  /** Of its REST interface, and for base station controllers. */
  readonly port: number;
  readonly cbspPort: number;
  stop(): Promise<void>;
}

const START_MS = 5_000;

/** Starts `osmo-cbc` of the PATH; a sentence that says why not where it is missing or cannot run (it needs SCTP). */
export async function startOsmoCbcProgram(): Promise<OsmoCbcProgram | string> {
  if (spawnSync('osmo-cbc', ['--version']).status !== 0) return 'osmo-cbc is not installed';
  const [port, cbspPort, sbcapPort, vtyPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const folder = await mkdtemp(join(tmpdir(), 'osmo-cbc-'));
  await writeFile(join(folder, 'osmo-cbc.cfg'), `line vty
 bind 127.0.0.1 ${vtyPort}
cbc
 unknown-peers accept
 ecbe
  local-ip 127.0.0.1
  local-port ${port}
 cbsp
  local-ip 127.0.0.1
  local-port ${cbspPort}
 sbcap
  local-ip 127.0.0.1
  local-port ${sbcapPort}
`);
  const program = spawn('osmo-cbc', ['-c', join(folder, 'osmo-cbc.cfg')], { cwd: folder, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await ended(program);
    await rm(folder, { recursive: true, force: true });
  };
  if (await answers(port, program)) return { port, cbspPort, stop };
  await stop();
  return 'osmo-cbc is installed and does not start here, as without SCTP in the kernel';
}

async function answers(port: number, program: ChildProcess): Promise<boolean> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline && program.exitCode === null;) {
    if (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(() => true, () => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exit = once(program, 'exit');
  // It has threads that wait for ever for what it never answered, and would not leave when asked.
  program.kill('SIGKILL');
  await exit;
}
