import { channelContract, type Forgery, type Stage } from '#dispatch/testing/contract.js';
import { email } from './channel.js';
import type { EmailSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { citizensStage } from './testing/citizens-stage.js';
import { newsroom, post, secret } from './testing/newsroom.js';

async function start(): Promise<Stage<EmailSettings>> {
  const asked = await newsroom();
  const partner = await startFakePartner(asked, { secret });
  const destination = { ...asked, settings: { ...asked.settings, port: partner.port } };
  return { partner, destination, secret, restart: () => startFakePartner(destination, { secret }), async stop() {} };
}

/** Sends a forged notification for a message and resolves with whether it was turned away. */
async function forge({ stage, message }: Forgery<EmailSettings>): Promise<boolean> {
  const { bounce } = stage.destination.settings;
  return (await post(bounce, false, `dsn+${message.key}.${'0'.repeat(16)}@${bounce.domain}`, 'Subject: forged\r\n\r\nAction: delivered\r\n')) === 550;
}

const SUBSCRIBERS = 3;

async function startCitizens(): Promise<Stage<EmailSettings>> {
  const { server, destination, audience } = await citizensStage(SUBSCRIBERS);
  return { partner: server, destination, secret, audience, restart: () => startFakePartner(destination, { secret }), async stop() {} };
}

const kit = { channel: email, breaksOff: true, notEncodable: 'half a letter: \ud800', wrongSettings: [{ host: 'a b', port: 25 }] };

describe('to newsrooms', () => {
  channelContract<EmailSettings>({ ...kit, start, forgeReceipt: forge });
});

describe('to people who asked for it', () => {
  channelContract<EmailSettings>({ ...kit, start: startCitizens, forgeReceipt: forge, entriesPerMessage: SUBSCRIBERS });
});
