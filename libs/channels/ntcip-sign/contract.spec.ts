import { channelContract } from '#dispatch/testing/contract.js';
import { ntcipSign } from './channel.js';
import type { NtcipSignSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { drillSecret, roadSign } from './testing/stage.js';

const { settings } = roadSign(1);

channelContract<NtcipSignSettings>({
  channel: ntcipSign,
  breaksOff: 'datagrams',
  start: async () => {
    const begin = (port: number) => startFakePartner(roadSign(port), { secret: drillSecret });
    const partner = await begin(0);
    return { partner, destination: roadSign(partner.port), secret: drillSecret, restart: () => begin(partner.port), stop: async () => undefined };
  },
  wrongSettings: [
    { ...settings, host: 'http://127.0.0.1' },
    { ...settings, access: { version: 'v2c' } },
    { ...settings, access: { version: 'v3', user: 'a b', authPassword: 'a', privPassword: 'b' } },
    { ...settings, rows: 0 },
    { ...settings, rows: 1, columns: 4, maxPages: 1 },
    { ...settings, rows: 20, columns: 7, maxPages: 10 },
    { ...settings, slot: 0 },
    { ...settings, priority: 255 },
    { ...settings, language: 'sr-Cyrl' },
    { ...settings, sourceAddress: '::1' },
    { ...settings, unknown: true },
  ],
  notEncodable: 'Nestalo \u0001 dete',
});
