import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { smpp } from './channel.js';
import type { SmppSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { destinationAt, inventedNumbers, numbersFile, SECRET, settingsWith, subscribe } from './testing/operator-stage.js';

const list = numbersFile(inventedNumbers(3));
afterAll(() => list.remove());

const secret = (): string => SECRET;

async function stageFor(settings: SmppSettings, audience?: MemoryAudience): Promise<Stage<SmppSettings>> {
  const partner = await startFakePartner(destinationAt(0, settings), { secret });
  const destination = destinationAt(partner.port, settings);
  return { partner, destination, secret, ...(audience && { audience }), restart: () => startFakePartner(destination, { secret }), stop: async () => undefined };
}

const wrongSettings = [
  { ...settingsWith(), binds: 9 },
  { ...settingsWith(), deduplicates: true, keyTlv: null },
  { ...settingsWith(), languages: ['en', 'en'] },
  { ...settingsWith(), audience: { kind: 'numbers', file: `${list.file}.missing`, partSize: 10 } },
  { ...settingsWith(), ratePerSecond: 0 },
];
const kit = { channel: smpp, wrongSettings, notEncodable: 'half \ud83d pair', carriesIdentifier: false, breaksOff: true };
const numbers = { audience: { kind: 'numbers', file: list.file } };

describe('to the list of an operator that de-duplicates', () => {
  channelContract({ ...kit, start: () => stageFor(settingsWith({ deduplicates: true })) });
});

describe('to opted-in numbers, over two binds, in two languages', () => {
  channelContract({ ...kit, start: () => stageFor(settingsWith({ ...numbers, binds: 2, languages: ['sr-Cyrl', 'en'], deduplicates: true })), entriesPerMessage: 6 });
});

describe('to people who asked for it, each in a language of their own', () => {
  channelContract({
    ...kit, entriesPerMessage: 3,
    start: async () => {
      const audience = new MemoryAudience();
      const [one, ...others] = inventedNumbers(3);
      await subscribe(audience, [one!], 'sr-Cyrl');
      await subscribe(audience, others, 'en');
      return stageFor(settingsWith({ audience: { kind: 'subscribers', shards: 1 }, deduplicates: true }), audience);
    },
  });
});
