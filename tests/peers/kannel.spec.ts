import { smpp } from '#channels/smpp/channel.js';
import { previewSms } from '#channels/smpp/encode.js';
import { inventedNumbers, numbersFile, settingsWith } from '#channels/smpp/testing/operator-stage.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { until } from '../support/until.js';
import { startKannelProgram } from './kannel-program.js';
import { PASSWORD, PHONE, startNetSmppProgram } from './net-smpp-program.js';

const centre = await startNetSmppProgram();
const phone = typeof centre === 'string' ? centre : await startKannelProgram(centre.port, { systemId: PHONE, password: PASSWORD });

if (typeof centre === 'string' || typeof phone === 'string') {
  if (typeof centre !== 'string') await centre.stop();
  it.skip(`Kannel reads our messages as a phone does (skipped: ${typeof phone === 'string' ? phone : ''})`, () => undefined);
} else {
  describe('Kannel behind a message centre', () => {
    const numbers = numbersFile(inventedNumbers(1));
    const settings = settingsWith({ port: centre.port, timeoutMs: 3_000, audience: { kind: 'numbers', file: numbers.file }, languages: ['sr-Latn', 'sr-Cyrl', 'en'], maxSegments: 6 });
    const connection = smpp.open(
      { id: 'operater-proba' as DestinationId, name: 'Operater (proba)', channel: 'smpp', mode: 'drill', settings },
      { clock: systemClock, log: silentLog, secret: () => PASSWORD, outgoing: toLoopback, audience: new MemoryAudience(), receive: async () => undefined },
    );
    afterAll(async () => {
      await connection.close();
      await phone.stop();
      await centre.stop();
      numbers.remove();
    });

    it('reads every text as it was previewed, in both alphabets, whole from its parts; and the ending by itself', async () => {
      await until(() => centre.heard('bind'), (all) => all.some(({ system }) => system === PHONE));
      const plain = sampleNotice();
      const gsm = `MISSING (drill): a girl of 6, Nis. {red jacket} [blue boots] ~ reward 0 € ^ @ call 192. ${'She may ask for her dog. '.repeat(5)}`.trim();
      const notice = sampleNotice({ texts: { ...plain.texts, en: { ...plain.texts.en, short: gsm } } });
      const previews = previewSms(notice, settings);
      expect(previews.map(({ encoding, segments }) => [encoding, segments > 1])).toEqual([['UCS-2', true], ['UCS-2', true], ['GSM-7', true]]);
      expect((await connection.publish(sampleMessage({ notice }), new AbortController().signal)).kind).toBe('accepted');
      await until(() => phone.read, (all) => all.length === 3, (all) => JSON.stringify(all));
      const [number] = inventedNumbers(1);
      const asRead = (text: string) => ({ from: 'PronadjiMe', to: `+${number}`, text });
      expect(new Set(phone.read)).toEqual(new Set(previews.map(({ text }) => asRead(text))));

      const ending = sampleEnding('found', notice);
      expect((await connection.withdraw(sampleMessage({ notice: ending }), new AbortController().signal)).kind).toBe('accepted');
      await until(() => phone.read, (all) => all.length === 6, (all) => JSON.stringify(all));
      expect(new Set(phone.read.slice(3))).toEqual(new Set(previewSms(ending, settings).map(({ text }) => asRead(text))));
    });
  });
}
