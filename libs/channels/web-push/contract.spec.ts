import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { webPush } from './channel.js';
import type { WebPushSettings } from './config.js';
import { pushStage, secret } from './testing/stage.js';

const SUBSCRIBERS = 3;

async function start(): Promise<Stage<WebPushSettings>> {
  const { service, destination, audience, restart } = await pushStage(SUBSCRIBERS);
  return { partner: service, destination, secret, audience, restart, async stop() {} };
}

channelContract<WebPushSettings>({
  channel: webPush,
  breaksOff: true,
  start,
  notEncodable: 'half a letter: \ud800',
  entriesPerMessage: SUBSCRIBERS,
  // The notification's tag and our key name the message; the CAP identifier is not in it.
  carriesIdentifier: false,
  wrongSettings: [
    { vapid: { key: 'k', subject: 'nobody' } },
    { vapid: { key: 'k', subject: 'mailto:a@b.example' }, services: [] },
    { vapid: { key: 'k', subject: 'mailto:a@b.example' }, services: [{ hosts: '*' }] },
    { vapid: { key: 'k', subject: 'mailto:a@b.example' }, services: [{ hosts: 'push.example', probe: 'http://push.example' }] },
    { vapid: { key: 'k', subject: 'mailto:a@b.example' }, shards: 0 },
  ],
});
