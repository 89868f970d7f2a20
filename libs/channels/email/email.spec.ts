import { createServer, type AddressInfo } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { DestinationId } from '#kernel/ids.js';
import type { Destination } from '#dispatch/channel.js';
import { channelContract, type ContractHarness, type Stage } from '#dispatch/testing/contract.js';
import { email } from './channel.js';
import { emailSettings, type EmailSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';

const secrets = new Map([
  ['bounce-secret', 'a-secret-of-the-bounce-receiver'],
  ['mail-password', 'a-password-of-the-mail-server'],
]);
const secret = (name: string) => secrets.get(name) ?? '';

/** A port that nobody uses at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function destinationOf(more: object = {}): Promise<Destination<EmailSettings>> {
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
  return { id: 'newsroom-1' as DestinationId, name: 'Newsroom', channel: 'email', mode: 'drill', settings };
}

async function start(): Promise<Stage<EmailSettings>> {
  const asked = await destinationOf();
  const partner = await startFakePartner(asked, { secret });
  const destination = { ...asked, settings: { ...asked.settings, port: partner.port } };
  return { partner, destination, secret, restart: () => startFakePartner(destination, { secret }), async stop() {} };
}

/** Sends a forged notification for a message and resolves with whether it was turned away. */
function forge({ stage, message }: Parameters<NonNullable<ContractHarness<EmailSettings>['forgeReceipt']>>[0]): Promise<boolean> {
  const { host, port, domain } = stage.destination.settings.bounce;
  const connection = new SMTPConnection({ host, port, ignoreTLS: true, socketCloseTimeout: 0 });
  const to = `dsn+${message.key}.${'0'.repeat(16)}@${domain}`;
  return new Promise((resolve) => {
    const end = (rejected: boolean) => {
      connection.close();
      resolve(rejected);
    };
    connection.on('error', () => end(false));
    connection.connect(() => connection.send({ from: false, to }, Buffer.from('Subject: forged\r\n\r\nAction: delivered\r\n'), (error) => end(error?.responseCode === 550)));
  });
}

channelContract<EmailSettings>({
  channel: email,
  start,
  forgeReceipt: forge,
  notEncodable: 'half a letter: \ud800',
  wrongSettings: [{ host: 'a b', port: 25 }],
});
