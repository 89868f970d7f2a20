import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/findme/embedded/process.js';
import { ended, missingOf } from './program.js';

/** One text as Kannel joined it from its parts. */
export interface Read {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** Kannel in the place of a phone. */
export interface KannelProgram {
  readonly read: readonly Read[];
  stop(): Promise<void>;
}

/**
 * Starts Kannel's `bearerbox` and `smsbox`, bound to the message centre at `port` as a phone is; a sentence that says why
 * not where they are missing. Kannel has no SMPP server to send to: it is a client of message centres, as we are, and what
 * it is good for is to join and read what a phone would get. What it read it hands to a web server here.
 */
export async function startKannelProgram(port: number, { systemId, password }: { systemId: string; password: string }): Promise<KannelProgram | string> {
  const missing = missingOf('bearerbox', 'smsbox');
  if (missing !== undefined) return missing;
  const read: Read[] = [];
  const web = createServer((request, response) => {
    const query = new Map((request.url ?? '').slice('/?'.length).split('&').map((pair) => pair.split('=') as [string, string]));
    const octets = octetsOf(query.get('text') ?? '');
    // What came in GSM 03.38 Kannel hands on in UTF-8, what came in UCS-2 as it came.
    const text = new TextDecoder(query.get('charset') === 'UTF-16BE' ? 'utf-16be' : 'utf-8', { fatal: true }).decode(octets);
    read.push({ from: octetsOf(query.get('from') ?? '').toString(), to: octetsOf(query.get('to') ?? '').toString(), text });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'kannel-'));
  const file = join(folder, 'kannel.conf');
  const boxes = await freePort();
  await writeFile(file, `group = core
admin-port = ${await freePort()}
admin-interface = "127.0.0.1"
admin-password = proba
smsbox-port = ${boxes}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-file = "${join(folder, 'bearerbox.log')}"
log-level = 4
sms-combine-concatenated-mo = true

group = smsc
smsc = smpp
smsc-id = centar
host = 127.0.0.1
port = ${port}
transceiver-mode = true
smsc-username = ${systemId}
smsc-password = ${password}
system-type = ""
interface-version = 34
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = ${boxes}
log-file = "${join(folder, 'smsbox.log')}"
log-level = 4

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:${(web.address() as AddressInfo).port}/?to=%P&from=%p&charset=%C&text=%b"
`);
  const programs = [spawn('bearerbox', ['-v', '4', file], { cwd: folder, stdio: 'ignore' })];
  // Started too early it waits ten seconds before it tries again.
  const listening = await answers(boxes);
  if (listening) programs.push(spawn('smsbox', ['-v', '4', file], { cwd: folder, stdio: 'ignore' }));
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map(ended));
    web.closeAllConnections();
    web.close();
    await rm(folder, { recursive: true, force: true });
  };
  if (listening) return { read, stop };
  await stop();
  return 'Kannel is installed and does not start here';
}

const START_MS = 5_000;

async function answers(port: number): Promise<boolean> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline;) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (open) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** The octets of a query's value: `+` is a space, `%XX` an octet that need not be one of UTF-8. */
function octetsOf(value: string): Buffer {
  return Buffer.from(value.replaceAll('+', ' ').replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
}
