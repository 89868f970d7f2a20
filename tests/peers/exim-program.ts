import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';
import { ended, missingOf } from './program.js';

/** A running Exim on loopback, the mail server of two newsrooms, which takes nothing in clear text. */
export interface EximProgram {
  readonly port: number;
  /** Everything that lies in the mailbox of `desk@newsroom.example`. */
  mailbox(): Promise<string>;
  /** What it wrote into its log. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** Where install.sh unpacks Exim on a machine that has another mail server. */
const UNPACKED = '/opt/findme-peers/exim/usr/sbin/exim4';
const START_MS = 5_000;
/** Debian's Exim drops to a user of this name; where the package is only unpacked, it has none outside its own namespace. */
const USER = { name: 'Debian-exim', id: 64_999 };

/**
 * Starts Debian's `exim4` in the foreground with its own spool and configuration, in a mount namespace where it has a user of its
 * own; a sentence that says why not where it cannot be had. It delivers to newsroom.example, gives up on every mail to
 * full.example, reports (RFC 3461), and brings what is for `bounces.domain` to `bounces.port`.
 */
export async function startEximProgram(tls: { readonly key: string; readonly certificate: string }, bounces: { readonly port: number; readonly domain: string }): Promise<EximProgram | string> {
  const exim = spawnSync('which', ['exim4'], { encoding: 'utf8' }).stdout.trim() || (existsSync(UNPACKED) ? UNPACKED : '');
  if (exim === '') return 'exim4 is not installed';
  const missing = missingOf('unshare');
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0) return 'Exim is started as root, in a mount namespace of its own';
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'exim-'));
  await chmod(folder, 0o755);
  const at = (name: string) => join(folder, name);
  for (const name of ['spool', 'mail']) {
    await mkdir(at(name));
    await chown(at(name), USER.id, USER.id);
  }
  const withUser = async (file: string, line: string) => writeFile(at(file), `${(await readFile(`/etc/${file}`, 'utf8')).split('\n').filter((l) => l !== '' && !l.startsWith(`${USER.name}:`)).join('\n')}\n${line}\n`);
  await withUser('passwd', `${USER.name}:x:${USER.id}:${USER.id}::${folder}:/usr/sbin/nologin`);
  await withUser('group', `${USER.name}:x:${USER.id}:`);
  for (const [name, pem] of [['key.pem', tls.key], ['certificate.pem', tls.certificate]] as const) {
    await writeFile(at(name), pem, { mode: 0o600 });
    await chown(at(name), USER.id, USER.id);
  }
  await writeFile(at('exim.conf'), configurationOf({ exim, folder, bounces }));
  const places = `mount --bind ${at('passwd')} /etc/passwd && mount --bind ${at('group')} /etc/group && exec ${exim} -C ${at('exim.conf')} -bdf -oX ${port}`;
  const program = spawn('unshare', ['-m', 'sh', '-c', places], { cwd: folder, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await ended(program);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const deadline = performance.now() + START_MS; performance.now() < deadline && program.exitCode === null;) {
    if (await greets(port)) {
      return { port, stop, mailbox: () => readFile(at('mail/desk'), 'utf8').catch(() => ''), log: () => readFile(at('spool/mainlog'), 'utf8').catch(() => '') };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  return 'Exim is there and does not start here';
}

function configurationOf({ exim, folder, bounces }: { exim: string; folder: string; bounces: { port: number; domain: string } }): string {
  return `exim_path = ${exim}
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/spool/pid
primary_hostname = mx.newsroom.example
local_interfaces = <; 127.0.0.1
tls_advertise_hosts = *
tls_certificate = ${folder}/certificate.pem
tls_privatekey = ${folder}/key.pem
dsn_advertise_hosts = *
acl_smtp_rcpt = recipient
deliver_drop_privilege = true
rfc1413_hosts =
host_lookup =
keep_environment =
begin acl
recipient:
  deny message = 5.7.10 Not in clear text
       !encrypted = *
  accept domains = newsroom.example
         local_parts = desk
  accept domains = full.example
  deny message = 5.1.1 Unknown here
begin routers
house:
  driver = manualroute
  domains = ${bounces.domain}
  transport = house
  route_list = * 127.0.0.1
  self = send
full:
  driver = redirect
  domains = full.example
  data = :fail: 5.2.2 The mailbox is full
  allow_fail
desk:
  driver = accept
  domains = newsroom.example
  transport = mailbox
begin transports
house:
  driver = smtp
  port = ${bounces.port}
  allow_localhost
mailbox:
  driver = appendfile
  file = ${folder}/mail/desk
  user = ${USER.name}
  return_path_add
begin retry
* * F,1h,1s
`;
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

/** Somebody on the line between us and the server: hears all of it, and may keep TLS from us: the server's offer and our wish. */
export interface Eavesdropper {
  readonly port: number;
  /** All octets that we sent, as they were on the wire. */
  heard(): string;
  close(): Promise<void>;
}

export async function startEavesdropper(to: number, hidesTls: boolean): Promise<Eavesdropper> {
  const chunks: Buffer[] = [];
  const server = createServer((ours) => {
    const theirs = connect(to, '127.0.0.1');
    for (const [one, other] of [[ours, theirs], [theirs, ours]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy());
    ours.on('data', (chunk) => {
      chunks.push(chunk);
      if (hidesTls && chunk.toString('latin1').startsWith('STARTTLS')) ours.write('454 4.7.0 TLS is not available\r\n');
      else theirs.write(chunk);
    });
    theirs.on('data', (chunk) => ours.write(hidesTls ? Buffer.from(chunk.toString('latin1').replace('250-STARTTLS\r\n', ''), 'latin1') : chunk));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(chunks).toString('latin1'),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
