import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { knockForged, openReceiptDoor, type ReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { createAirportDisplay } from './channel.js';
import type { AirportDisplaySettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { PreparedNotices } from './prepared-notices.js';
import { airport } from './testing/stage.js';

const doors = new WeakMap<Stage<AirportDisplaySettings>, ReceiptDoor>();
const pictures = [{ format: 'landscape', language: 'sr-Latn' }] as const;
const at = (port: number) => airport(port, { pictures: [...pictures] });
const { settings } = at(1);
// The kit sends some sixty messages: what a picture looks like is not its concern, and drawing has specs of its own.
const drawn = new PreparedNotices(async (card) => Buffer.from(`${card.width}x${card.height}`));

channelContract<AirportDisplaySettings>({
  breaksOff: true,
  channel: createAirportDisplay(drawn),
  start: async ({ receive }) => {
    const secret = await drillSecrets('airport');
    const door = await openReceiptDoor(airport(0).id, WEBHOOK_SECRET, receive);
    const start = (port: number) => startFakePartner(at(port), { secret, apiUrl: door.url });
    const partner = await start(0);
    const stage: Stage<AirportDisplaySettings> = { partner, destination: at(partner.port), secret, restart: () => start(partner.port), stop: () => door.close() };
    doors.set(stage, door);
    return stage;
  },
  forgeReceipt: ({ stage, message }) => knockForged(doors.get(stage)!, stage.destination.id, message.key, 'displayed'),
  wrongSettings: [
    { ...settings, url: 'http://127.0.0.1:1/' },
    { ...settings, pictures: [] },
    { ...settings, pictures: [...pictures, ...pictures] },
    { ...settings, pictures: [{ format: 'television', language: 'sr-Latn' }] },
    { ...settings, sender: 'a b' },
    { ...settings, clientKey: 'lonely' },
    { ...settings, unknown: true },
  ],
  notEncodable: 'Nestalo \u0001 dete',
});
