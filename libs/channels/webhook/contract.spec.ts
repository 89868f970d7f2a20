import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { webhook } from './channel.js';
import type { WebhookSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { portal } from './testing/stage.js';

const doors = new WeakMap<Stage<WebhookSettings>, ReceiptDoor>();
const { settings } = portal(1);

channelContract<WebhookSettings>({
  channel: webhook,
  breaksOff: true,
  start: async ({ receive }) => {
    const secret = await drillSecrets('portal');
    const door = await openReceiptDoor(portal(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(portal(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<WebhookSettings> = { partner, destination: portal(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'shown'),
  wrongSettings: [
    { ...settings, url: 'http://127.0.0.1:1/findme' },
    { ...settings, acknowledges: 'perhaps' },
    { ...settings, clientKey: 'lonely' },
    { ...settings, secret: '' },
    { ...settings, unknown: true },
  ],
  // Half of a surrogate pair.
  notEncodable: 'Nestalo \ud83d dete',
});
