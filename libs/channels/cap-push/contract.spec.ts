import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { capPush } from './channel.js';
import type { CapPushSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { broadcaster } from './testing/stage.js';

const doors = new WeakMap<Stage<CapPushSettings>, ReceiptDoor>();

channelContract<CapPushSettings>({
  channel: capPush,
  breaksOff: true,
  start: async ({ receive }) => {
    const secret = await drillSecrets('tv');
    const door = await openReceiptDoor(broadcaster(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(broadcaster(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<CapPushSettings> = { partner, destination: broadcaster(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'aired'),
  wrongSettings: [
    { ...broadcaster(1).settings, url: 'http://127.0.0.1:1/cap' },
    { ...broadcaster(1).settings, url: 'https://user:password@127.0.0.1:1/cap' },
    { ...broadcaster(1).settings, sender: 'find me' },
    { ...broadcaster(1).settings, clientKey: 'lonely' },
    { ...broadcaster(1).settings, unknown: true },
  ],
  notEncodable: 'Nestalo\u0001 dete',
});
