import { drillSecrets } from '#cap/testing/secrets.js';
import type { Destination } from '#dispatch/channel.js';
import { channelContract } from '#dispatch/testing/contract.js';
import { cellBroadcast } from './channel.js';
import type { CellBroadcastSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { centre, entity } from './testing/stage.js';

const start = (at: (port: number) => Destination<CellBroadcastSettings>) => async () => {
  const secret = await drillSecrets('operator');
  const begin = (port: number) => startFakePartner(at(port), { secret });
  const partner = await begin(0);
  return { partner, destination: at(partner.port), secret, restart: () => begin(partner.port), stop: async () => undefined };
};

describe('through a broadcast entity that takes CAP', () => {
  channelContract<CellBroadcastSettings>({
    channel: cellBroadcast,
    start: start(entity),
    breaksOff: true,
    wrongSettings: [
      { ...entity(1).settings, driver: 'pigeon' },
      { ...entity(1).settings, url: 'http://127.0.0.1:1/cbe' },
      { ...entity(1).settings, clientKey: 'lonely' },
      { ...entity(1).settings, languages: [] },
      { ...entity(1).settings, languages: ['en', 'en'] },
      { ...entity(1).settings, languages: ['sr-Latn', 'sr-Cyrl', 'en'] },
      { ...entity(1).settings, unknown: true },
    ],
    notEncodable: 'Nestalo\u0001 dete',
  });
});

describe('through an Osmocom CBC', () => {
  channelContract<CellBroadcastSettings>({
    channel: cellBroadcast,
    start: start(centre),
    breaksOff: true,
    wrongSettings: [
      { ...centre(1).settings, scope: 'cells' },
      { ...centre(1).settings, scope: undefined },
      { ...centre(1).settings, host: 'http://127.0.0.1' },
      { ...centre(1).settings, ca: 'lonely' },
      { ...centre(1).settings, repetitionPeriod: 4_096 },
      { ...centre(1).settings, periodMs: 500 },
      { ...centre(1).settings, url: 'https://127.0.0.1:1/' },
    ],
    notEncodable: 'Nestalo \ud83d dete',
    // One in each language.
    entriesPerMessage: 2,
    carriesIdentifier: false,
  });
});
