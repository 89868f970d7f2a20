import { channelContract, type Stage } from '#dispatch/testing/contract.js';
import { smpp } from './channel.js';
import type { SmppSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { destinationAt, inventedNumbers, numbersFile, SECRET, settingsWith } from './testing/operator-stage.js';

const list = numbersFile(inventedNumbers(3));
afterAll(() => list.remove());

const secret = (): string => SECRET;

async function stageFor(settings: SmppSettings): Promise<Stage<SmppSettings>> {
  const partner = await startFakePartner(destinationAt(0, settings), { secret });
  const destination = destinationAt(partner.port, settings);
  return { partner, destination, secret, restart: () => startFakePartner(destination, { secret }), stop: async () => undefined };
}

const wrongSettings = [
  { ...settingsWith(), binds: 9 },
  { ...settingsWith(), deduplicates: true, keyTlv: null },
  { ...settingsWith(), languages: ['en', 'en'] },
  { ...settingsWith(), audience: { kind: 'numbers', file: `${list.file}.missing`, partSize: 10 } },
  { ...settingsWith(), ratePerSecond: 0 },
];
const kit = { channel: smpp, wrongSettings, notEncodable: 'half \ud83d pair', carriesIdentifier: false };
const numbers = { audience: { kind: 'numbers', file: list.file } };

describe('to the list of an operator that de-duplicates', () => {
  channelContract({ ...kit, start: () => stageFor(settingsWith({ deduplicates: true })) });
});

describe('to opted-in numbers, over two binds, in two languages', () => {
  channelContract({ ...kit, start: () => stageFor(settingsWith({ ...numbers, binds: 2, languages: ['sr-Cyrl', 'en'], deduplicates: true })), entriesPerMessage: 6 });
});
