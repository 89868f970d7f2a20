import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';
import { projectRoot } from '#config/project-root.js';

/** A running snmpd on loopback with a sign behind it. */
export interface SnmpdProgram {
  readonly port: number;
  /** What Debian's snmpget reads; empty when it has no such object. */
  read(oid: string): string;
  stop(): Promise<void>;
}

export const COMMUNITY = 'proba-zajednica';
export const USER = { name: 'putevi', authPassword: 'izmisljena-provera', privPassword: 'izmisljena-tajnost' } as const;

const START_MS = 5_000;
const DMS = '.1.3.6.1.4.1.1206.4.2.3';

/** Starts `snmpd` of the PATH with a sign that is honest or lies; a sentence that says why not where it cannot be. */
export async function startSnmpdProgram({ lying = false } = {}): Promise<SnmpdProgram | string> {
  for (const [name, flag] of [['snmpd', '-v'], ['snmpget', '-V'], ['perl', '-v']] as const) {
    if (spawnSync(name, [flag]).status !== 0) return `${name} is not installed`;
  }
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'snmpd-'));
  await writeFile(join(folder, 'snmpd.conf'), `agentaddress udp:127.0.0.1:${port}
rwcommunity ${COMMUNITY} 127.0.0.1
createUser ${USER.name} SHA-256 "${USER.authPassword}" AES "${USER.privPassword}"
rwuser ${USER.name} priv
pass_persist ${DMS} ${spawnSync('which', ['perl'], { encoding: 'utf8' }).stdout.trim()} ${join(projectRoot, 'tests/peers/snmpd-sign.pl')}${lying ? ' --lying' : ''}
`);
  const program = spawn('snmpd', ['-f', '-C', '-c', join(folder, 'snmpd.conf'), '-Ln', '-I', '-smux,vacm_conf', '-p', join(folder, 'pid')], {
    cwd: folder, stdio: 'ignore', env: { ...process.env, SNMP_PERSISTENT_DIR: folder, MIBS: '' },
  });
  const read = (oid: string): string => {
    const { status, stdout } = spawnSync('snmpget', ['-v2c', '-c', COMMUNITY, '-On', '-Oqv', '-t', '1', '-r', '1', `127.0.0.1:${port}`, oid], { encoding: 'utf8', env: { ...process.env, MIBS: '' } });
    return status === 0 ? stdout.trim().replace(/^"(.*)"$/s, '$1') : '';
  };
  const stop = async (): Promise<void> => {
    await ended(program);
    await rm(folder, { recursive: true, force: true });
  };
  for (const deadline = performance.now() + START_MS; performance.now() < deadline && program.exitCode === null;) {
    if (read(`${DMS}.6.1.0`) === '4') return { port, read, stop };
  }
  await stop();
  return 'snmpd is installed and does not start here';
}

async function ended(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exit = once(program, 'exit');
  program.kill('SIGTERM');
  await exit;
}
