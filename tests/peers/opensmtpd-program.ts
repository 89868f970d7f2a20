import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';
import { ended, missingOf } from './program.js';

/** A running OpenSMTPD on loopback, the mail server of two newsrooms. */
export interface OpenSmtpdProgram {
  readonly port: number;
  /** Everything that lies in the mailbox of `desk@newsroom.example`. */
  mailbox(): Promise<string>;
  stop(): Promise<void>;
}

const START_MS = 5_000;

/**
 * Starts `smtpd` of the PATH, which delivers to newsroom.example, gives up on every mail to full.example, and brings what is for
 * `bounces.domain` to `bounces.port`; a sentence that says why not where it cannot be had. It is root's and keeps its queue and
 * socket at fixed places: here it gets places of its own in a mount namespace, and what the machine has is left alone.
 * Without TLS: that of Debian 12 (6.8 with OpenSSL 3) fails every handshake, with whatever key.
 */
export async function startOpenSmtpdProgram(bounces: { port: number; domain: string }): Promise<OpenSmtpdProgram | string> {
  const missing = missingOf('smtpd', 'unshare');
  if (missing !== undefined) return missing;
  if (spawnSync('smtpd', ['-h'], { encoding: 'utf8' }).stderr.includes('OpenSMTPD') === false) return 'smtpd is not that of OpenSMTPD';
  if (process.getuid?.() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0) return 'OpenSMTPD runs as root, in a mount namespace of its own';
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'opensmtpd-'));
  await chmod(folder, 0o711);
  for (const name of ['spool', 'run', 'mail']) await mkdir(join(folder, name));
  await chmod(join(folder, 'mail'), 0o777);
  await writeFile(join(folder, 'smtpd.conf'), `listen on 127.0.0.1 port ${port} hostname mx.newsroom.example
action "mailbox" mda "cat >> ${join(folder, 'mail/desk')}" virtual { "desk@newsroom.example" = nobody }
action "full" mda "exit 67" virtual { "desk@full.example" = nobody }
action "house" relay host smtp+notls://127.0.0.1:${bounces.port}
match from any for domain "newsroom.example" action "mailbox"
match from any for domain "full.example" action "full"
match from local for domain "${bounces.domain}" action "house"
`);
  const places = `mount --bind ${folder}/spool /var/spool && mount --bind ${folder}/run /run && exec smtpd -d -f ${folder}/smtpd.conf`;
  const program = spawn('unshare', ['-m', 'sh', '-c', places], { cwd: folder, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await ended(program);
    await rm(folder, { recursive: true, force: true });
  };
  for (const deadline = performance.now() + START_MS; performance.now() < deadline && program.exitCode === null;) {
    if (await greets(port)) return { port, stop, mailbox: () => readFile(join(folder, 'mail/desk'), 'utf8').catch(() => '') };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  return 'OpenSMTPD is installed and does not start here';
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (data) => {
      resolve(data.toString('latin1').startsWith('220 '));
      socket.end('QUIT\r\n');
    });
    socket.once('error', () => resolve(false));
  });
}
