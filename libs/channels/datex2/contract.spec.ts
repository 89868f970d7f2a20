import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { datex2 } from './channel.js';
import type { Datex2Settings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { trafficCentre } from './testing/stage.js';

const doors = new WeakMap<Stage<Datex2Settings>, ReceiptDoor>();
const { settings } = trafficCentre(1);

channelContract<Datex2Settings>({
  breaksOff: true,
  channel: datex2,
  start: async ({ receive }) => {
    const secret = await drillSecrets('roads');
    const door = await openReceiptDoor(trafficCentre(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(trafficCentre(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<Datex2Settings> = { partner, destination: trafficCentre(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'displayed A1-12'),
  wrongSettings: [
    { ...settings, url: 'http://127.0.0.1:1/datex2' },
    { ...settings, signs: [] },
    { ...settings, signs: [settings.signs[0], settings.signs[0]] },
    { ...settings, signs: [{ id: 'A1-12', rows: 0, columns: 20 }] },
    { ...settings, signs: [settings.signs[0], { id: 'M-1', rows: 2, columns: 10, maxPages: 1 }] },
    { ...settings, signs: [{ id: 'a sign', rows: 3, columns: 20 }] },
    { ...settings, signs: [{ id: 'A1-12', rows: 3, columns: 20, language: 'sr-Cyrl' }] },
    { ...settings, clientKey: 'lonely' },
    { ...settings, unknown: true },
  ],
  notEncodable: 'Nestalo\u0001 dete',
  // A record and its version stand for a message: they are the same for every partner and say nothing of CAP.
  carriesIdentifier: false,
});
