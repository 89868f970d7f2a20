import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { gtfsRealtime } from './channel.js';
import type { GtfsRealtimeSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { busStation } from './testing/stage.js';

const doors = new WeakMap<Stage<GtfsRealtimeSettings>, ReceiptDoor>();
const { settings } = busStation(1);

channelContract<GtfsRealtimeSettings>({
  channel: gtfsRealtime,
  breaksOff: true,
  start: async ({ receive }) => {
    const secret = await drillSecrets('feeds');
    const door = await openReceiptDoor(busStation(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(busStation(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<GtfsRealtimeSettings> = { partner, destination: busStation(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'displayed'),
  wrongSettings: [
    ...['http://127.0.0.1:1/{alert}.pb', 'https://127.0.0.1:1/alert.pb', 'https://127.0.0.1:1/{alert}/feed.pb', 'https://127.0.0.1:1/{alert}-{alert}.pb', 'https://127.0.0.1:1/feed?alert={alert}', 'https://{alert}.example/feed'].map((url) => ({ ...settings, url })),
    { ...settings, agencies: [] },
    { ...settings, clientKey: 'lonely' },
    { ...settings, unknown: true },
  ],
  // Half of a surrogate pair.
  notEncodable: 'Nestalo \ud83d dete',
  // A feed names the alert and its time, and has no place for a message's name.
  carriesIdentifier: false,
});
