import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { siriSx } from './channel.js';
import type { SiriSxSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { stationScreens } from './testing/stage.js';

const doors = new WeakMap<Stage<SiriSxSettings>, ReceiptDoor>();
const { settings } = stationScreens(1);

channelContract<SiriSxSettings>({
  breaksOff: true,
  channel: siriSx,
  start: async ({ receive }) => {
    const secret = await drillSecrets('stations');
    const door = await openReceiptDoor(stationScreens(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(stationScreens(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<SiriSxSettings> = { partner, destination: stationScreens(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'displayed nis'),
  wrongSettings: [
    { ...settings, url: 'http://127.0.0.1:1/siri' },
    { ...settings, participant: 'find me' },
    { ...settings, stations: [] },
    { ...settings, stations: [settings.stations[0], settings.stations[0]] },
    { ...settings, clientCertificate: 'lonely' },
    { ...settings, unknown: true },
  ],
  notEncodable: 'Nestalo\u0001 dete',
});
