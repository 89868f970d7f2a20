import { createServer, type AddressInfo } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import type { Destination, Line, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { emailSettings, type EmailSettings } from '../config.js';

const secrets = new Map([
  ['bounce-secret', 'a-secret-of-the-bounce-receiver'],
  ['mail-password', 'a-password-of-the-mail-server'],
]);

/** The secrets that the settings below name. */
export const secret = (name: string): string => secrets.get(name) ?? '';

/** A port of 127.0.0.1 that nobody uses at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A newsroom on loopback, its bounce receiver on a free port; what is given replaces its setting. */
export async function newsroom(more: object = {}, id = 'newsroom-1'): Promise<Destination<EmailSettings>> {
  const settings = emailSettings.parse({
    host: '127.0.0.1',
    port: 0,
    security: 'none',
    simulated: true,
    login: { user: 'findme', secret: 'mail-password' },
    from: { name: 'Pronađi me', address: 'findme@police.example' },
    to: ['desk@newsroom.example', 'web@newsroom.example'],
    bounce: { host: '127.0.0.1', port: await freePort(), domain: 'bounce.police.example', secret: 'bounce-secret' },
    ...more,
  });
  return { id: id as DestinationId, name: 'Newsroom', channel: 'email', mode: 'drill', settings };
}

/** A line that hands receipts to `receive`. */
export const lineTo = (receive: (receipt: Receipt) => Promise<void>): Line => ({ clock: systemClock, log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive });

/** Posts a mail to the bounce receiver; resolves with the reply's code, 250 when it was taken. */
export function post({ host, port }: { host: string; port: number }, from: string | false, to: string | string[], mail: string | Buffer): Promise<number> {
  const connection = new SMTPConnection({ host, port, ignoreTLS: true, socketCloseTimeout: 0, logger: false });
  return new Promise((resolve) => {
    const end = (code: number) => {
      resolve(code);
      connection.close();
    };
    connection.on('error', () => end(0));
    connection.connect(() => connection.send({ from, to }, mail, (error) => end(error ? (error.responseCode ?? 0) : 250)));
  });
}
