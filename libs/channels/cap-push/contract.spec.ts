import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { capPush } from './channel.js';
import type { CapPushSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { broadcaster, drillSecrets, openDoor, type Door } from './testing/stage.js';

const doors = new WeakMap<Stage<CapPushSettings>, Door>();

channelContract<CapPushSettings>({
  channel: capPush,
  start: async ({ receive }) => {
    const secret = await drillSecrets();
    const door = await openDoor(broadcaster(0).id, receive);
    const start = (port: number) => startFakePartner(broadcaster(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<CapPushSettings> = { partner, destination: broadcaster(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: async ({ stage, message }) => {
    const body = JSON.stringify({ key: message.key, stage: 'confirmed', word: 'aired' });
    const other = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
    const answer = await fetch(`${doors.get(stage)?.url}/v1/partners/${stage.destination.id}/receipts`, { method: 'POST', body, headers: { ...signWebhook(other, 'forged', Date.now() / 1000, body), connection: 'close' } });
    return answer.status === 401;
  },
  wrongSettings: [
    { ...broadcaster(1).settings, url: 'http://127.0.0.1:1/cap' },
    { ...broadcaster(1).settings, url: 'https://user:password@127.0.0.1:1/cap' },
    { ...broadcaster(1).settings, sender: 'find me' },
    { ...broadcaster(1).settings, clientKey: 'lonely' },
    { ...broadcaster(1).settings, unknown: true },
  ],
  notEncodable: 'Nestalo\u0001 dete',
});
