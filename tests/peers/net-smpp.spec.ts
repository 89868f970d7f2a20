import { previewSms } from '#channels/smpp/encode.js';
import { smpp } from '#channels/smpp/channel.js';
import { inventedNumbers, numbersFile, settingsWith } from '#channels/smpp/testing/operator-stage.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { FixedClock, systemClock, type Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { until } from '../support/until.js';
import { PASSWORD, REFUSED, startNetSmppProgram } from './net-smpp-program.js';

const centre = await startNetSmppProgram();

if (typeof centre === 'string') it.skip(`a message centre on Net::SMPP takes our messages (skipped: ${centre})`, () => undefined);
else {
  describe('a message centre on Net::SMPP', () => {
    const patient = () => new AbortController().signal;
    const numbers = numbersFile(inventedNumbers(3));
    const connections: Connection[] = [];
    afterEach(async () => {
      await Promise.all(connections.splice(0).map((connection) => connection.close()));
      centre.tell('release');
      centre.forget();
    });
    afterAll(async () => {
      numbers.remove();
      await centre.stop();
    });

    const open = (overrides: Record<string, unknown> = {}, password = PASSWORD, clock: Clock = systemClock) => {
      const settings = settingsWith({ port: centre.port, timeoutMs: 3_000, ...overrides });
      const receipts: Receipt[] = [];
      const connection = smpp.open(
        { id: 'operater-proba' as DestinationId, name: 'Operater (proba)', channel: 'smpp', mode: 'drill', settings },
        { clock, log: silentLog, secret: () => password, outgoing: toLoopback, audience: new MemoryAudience(), receive: async (receipt) => void receipts.push(receipt) },
      );
      connections.push(connection);
      return { settings, connection, receipts };
    };
    /** Latin and Cyrillic letters beyond GSM-7, a text of GSM-7 with its escaped characters, and one with a pair of surrogates. */
    const gsm = `MISSING (drill): a girl of 6, Nis, 24 Nov. {red jacket} [blue boots] ~ reward 0 € ^ call 192 at once. ${'She may ask for her dog. '.repeat(5)}`.trim();
    const notice = (() => {
      const plain = sampleNotice();
      return sampleNotice({ texts: { ...plain.texts, en: { ...plain.texts.en, short: gsm }, 'sr-Cyrl': { ...plain.texts['sr-Cyrl'], short: `${plain.texts['sr-Cyrl'].short} ${'\u{1F6A8}'.repeat(20)}` } } });
    })();

    it('reads the list, and every text as it was previewed, in both alphabets and longer than a segment', async () => {
      const { settings, connection, receipts } = open({ languages: ['sr-Latn', 'sr-Cyrl', 'en'], maxSegments: 6, binds: 2 });
      const outcome = await connection.publish(sampleMessage({ notice }), patient());
      const texts = await until(() => centre.heard('text'), (all) => all.length === 3);
      const previews = previewSms(notice, settings);
      // Two binds: which of them is read first is the centre's affair.
      expect(new Set(texts)).toEqual(new Set(previews.map(({ text }) => ({ event: 'text', to: ['SVI'], text }))));
      expect(previews.map(({ encoding }) => encoding)).toEqual(['UCS-2', 'UCS-2', 'GSM-7']);

      const segments = centre.heard('submit');
      expect(segments).toHaveLength(previews.reduce((sum, { segments: n }) => sum + n, 0));
      expect(previews.every(({ segments: n }) => n > 1)).toBe(true);
      for (const segment of segments) expect(segment).toMatchObject({ command: 'submit_multi', flags: [2], source: 'PronadjiMe', esm: 0x40, priority: 3, validity: '261125050000000+' });
      // The header's six octets leave room for 67 units of UCS-2, and for 153 septets that stand in an octet each.
      for (const { coding, octets } of segments) expect(octets).toBeLessThanOrEqual(coding === 8 ? 140 : 159);
      expect(new Set(segments.map(({ key }) => key)).size).toBe(segments.length);

      // Only the last segment of a text asks for its receipt, and each receipt comes back under the identifier given.
      const asked = segments.filter(({ registered }) => registered === 1);
      expect(asked.every(({ number, total }) => number === total)).toBe(true);
      expect(outcome).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
      expect(new Set(outcome.kind === 'accepted' ? outcome.references : [])).toEqual(new Set(asked.map(({ id }) => id)));
      await until(() => receipts.length, (n) => n === 3);
      expect(new Set(receipts.map(({ about, stage, word }) => ({ about, stage, word })))).toEqual(new Set(asked.map(({ id }) => ({ about: { reference: id }, stage: 'confirmed', word: 'DELIVRD' }))));
    });

    it('reads opted-in numbers one by one, and its refusal of a list is one', async () => {
      const { connection, receipts } = open({ audience: { kind: 'numbers', file: numbers.file }, languages: ['sr-Latn'], keyTlv: null });
      expect(await connection.publish(sampleMessage({ notice }), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
      const texts = await until(() => centre.heard('text'), (all) => all.length === 3);
      expect(texts).toEqual(inventedNumbers(3).map((number) => ({ event: 'text', to: [number], text: notice.texts['sr-Latn'].short })));
      expect(centre.heard('submit').every(({ command, key }) => command === 'submit_sm' && key === null)).toBe(true);
      await until(() => receipts.length, (n) => n === 3);

      const other = open({ audience: { kind: 'distribution-list', name: REFUSED } });
      expect((await other.connection.publish(sampleMessage({ notice }), patient())).kind).toBe('refused');
    });

    it('cancels what is under way when the child is found, and the ending arrives', async () => {
      centre.tell('hold');
      const { settings, connection, receipts } = open({ deduplicates: true });
      expect(await connection.publish(sampleMessage({ notice }), patient())).toMatchObject({ kind: 'accepted' });
      // What the centre tells of itself comes by its own way, behind its answers.
      const taken = (await until(() => centre.heard('submit'), (all) => all.some(({ number, total }) => number === total))).map(({ id }) => id);
      const ending = sampleEnding('found', notice);
      expect((await connection.withdraw(sampleMessage({ notice: ending }), patient())).kind).toBe('accepted');
      const cancels = await until(() => centre.heard('cancel'), (all) => all.length === taken.length);
      expect(new Set(cancels)).toEqual(new Set(taken.map((id) => ({ event: 'cancel', id, status: 0 }))));
      await until(() => centre.heard('text').at(-1)?.text, (text) => text === previewSms(ending, settings)[0]!.text);
      centre.tell('release');
      // Nothing of what was cancelled is ever reported as delivered: the only receipt is that of the ending.
      await until(() => receipts.length, (n) => n === 1);
      const last = centre.heard('submit').at(-1)!;
      expect(receipts).toMatchObject([{ about: { reference: last.id }, stage: 'confirmed' }]);
    });

    it('is asked after the validity what became of messages that it never reported, and tells', async () => {
      centre.tell('hold');
      const clock = new FixedClock(notice.sent);
      const { connection, receipts } = open({ audience: { kind: 'numbers', file: numbers.file }, query: { perSecond: 50, afterSeconds: 1 } }, PASSWORD, clock);
      expect(await connection.publish(sampleMessage({ notice }), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
      centre.tell('arrive');
      clock.set(new Date(Date.parse(notice.expires) + 1_000));
      await until(() => receipts.length, (n) => n === 3);
      const asked = centre.heard('submit').filter(({ registered }) => registered === 1);
      expect(new Set(receipts.map(({ about, stage, word }) => ({ about, stage, word })))).toEqual(new Set(asked.map(({ id }) => ({ about: { reference: id }, stage: 'confirmed', word: 'DELIVRD' }))));
      expect(new Set(centre.heard('query'))).toEqual(new Set(asked.map(({ id }) => ({ event: 'query', id, status: 0 }))));
    });

    it('is well to a probe, which sends nothing, and does not let in those who have another password', async () => {
      expect(await open().connection.probe(patient())).toEqual({ well: true });
      expect(centre.heard('submit')).toEqual([]);
      const stranger = open({ timeoutMs: 500 }, 'sasvim');
      expect((await stranger.connection.publish(sampleMessage({ notice }), patient())).kind).toBe('deferred');
      const binds = await until(() => centre.heard('bind'), (all) => all.some(({ status }) => status !== 0));
      expect(binds.at(-1)).toEqual({ event: 'bind', as: 'bind_transceiver', system: 'findme', version: 0x34, status: 0x0e });
    });
  });
}
