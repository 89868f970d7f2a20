import { parseXml } from '#cap/xml.js';
import { itBySchema } from '#cap/testing/schema.js';
import { LANGUAGES } from '#alerts/content.js';
import type { SentNotice } from '#alerts/notice.js';
import { photoAddress } from '#alerts/photo-address.js';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { Line, Receipt } from '#dispatch/channel.js';
import { openReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { outcomeOf } from './answer.js';
import { siriSx } from './channel.js';
import { encode, preview, SIRI_NAMESPACE, situationOf, snapshots } from './encode.js';
import { acknowledge, startFakePartner } from './fake-partner.js';
import { stationScreens } from './testing/stage.js';

const { settings } = stationScreens(1);
const now = new Date('2026-11-24T17:00:00Z');

/** The texts of every element of a name, each with its language. */
const said = (xml: string, name: string) => Array.from(parseXml(xml).document.getElementsByTagNameNS(SIRI_NAMESPACE, name), (e) => [e.getAttribute('xml:lang'), e.textContent]);
const texts = (xml: string, name: string) => said(xml, name).map(([, text]) => text);

describe('a notice in SIRI', () => {
  const first = sampleNotice();
  const update = sampleUpdate(first);
  const ending = sampleEnding('found', update);

  it('is a situation of the police in every language, with its page and photo', () => {
    const xml = encode(first, settings);
    expect(texts(xml, 'AlertCause')).toEqual(['policeActivity']);
    expect(said(xml, 'Summary')).toEqual(LANGUAGES.map((l) => [l, first.texts[l].headline]));
    expect(said(xml, 'Description')).toEqual(LANGUAGES.map((l) => [l, first.texts[l].full]));
    expect(said(xml, 'Advice')).toEqual(LANGUAGES.map((l) => [l, first.texts[l].instruction]));
    expect(texts(xml, 'Uri')).toEqual([first.url]);
    expect(texts(xml, 'ImageRef')).toEqual([photoAddress(first)]);
    expect(texts(xml, 'EndTime')).toEqual([first.expires, first.expires]);
    expect(texts(xml, 'PlaceName')).toEqual(['Proba Centar', 'Proba "Jug" & Sever']);
    expect(xml).not.toContain('CountryRef');
    expect(xml).not.toContain('Consequence');
  });

  it('says whether it is real', () => {
    expect(texts(encode(first, settings), 'Reality')).toEqual(['test']);
    expect(texts(encode(sampleNotice({ mode: 'live' }), settings), 'Reality')).toEqual(['real']);
  });

  it('keeps its number, and counts versions by revisions', () => {
    const all = [first, update, ending].map((n) => encode(n, settings));
    expect(new Set(all.flatMap((xml) => texts(xml, 'SituationNumber'))).size).toBe(1);
    expect(all.flatMap((xml) => texts(xml, 'Version'))).toEqual(['1', '2', '3']);
    expect(all.flatMap((xml) => texts(xml, 'Progress'))).toEqual(['published', 'published', 'closed']);
    expect(new Set(all.flatMap((xml) => texts(xml, 'CreationTime')))).toEqual(new Set([first.sent]));
    expect(all[0]).toBe(encode(first, settings));
  });

  it('is pulled with everything else that runs, and no more once it has ended', () => {
    const pull = (...running: SentNotice[]) => snapshots[0]!.render(running, settings, 'drill', '2026-11-24T18:00:00+01:00').toString();
    const other = sampleNotice();
    expect(texts(pull(update, other), 'SituationNumber')).toEqual([update, other].map((n) => situationOf(n).number));
    expect(texts(pull(), 'Situations')).toEqual([]);
    expect(() => pull(sampleNotice({ mode: 'live' }))).toThrow(TypeError);
  });

  it('closes at once, without a photo', () => {
    const xml = encode(ending, settings);
    expect(texts(xml, 'EndTime')).toEqual([ending.sent, ending.sent]);
    expect(texts(xml, 'Images')).toEqual([]);
  });

  it('is previewed against the limits of the screens', () => {
    const narrow = stationScreens(1, { summaryLimit: 40 }).settings;
    const faults = preview(first, narrow).flatMap((p) => p.faults.map((f) => f.field));
    expect(faults).toEqual(LANGUAGES.filter((l) => [...first.texts[l].headline].length > 40).map((l) => `texts.${l}.headline`));
    expect(faults.length).toBeGreaterThan(0);
  });

  it('writes what officers wrote as text, never as markup', () => {
    const evil = '<b>&amp;"';
    const notice = { ...first, texts: { ...first.texts, en: { ...first.texts.en, headline: evil } } };
    expect(texts(encode(notice, settings), 'Summary')[2]).toBe(evil);
  });

  itBySchema('siri-2.1/xsd/siri.xsd', 'is valid by the schemas of SIRI 2.1, and so are acknowledgements', (schema) => {
    for (const notice of [first, update, ending, sampleEnding('withdrawn', first), sampleNotice({ mode: 'live' })]) schema.validate(encode(notice, settings));
    for (const running of [[], [first], [update, sampleNotice()]]) schema.validate(snapshots[0]!.render(running, settings, 'drill', first.sent).toString());
    schema.validate(acknowledge('m', true, now));
    schema.validate(acknowledge('m', false, now));
    expect(() => schema.validate(encode(first, settings).replace('policeActivity', 'childMissing'))).toThrow();
  });
});

describe('the answer of a passenger information system', () => {
  const accepted = { kind: 'accepted', references: ['s/1'], expectedReceipts: 2 } as const;
  const judge = (body: string, status = 200) => outcomeOf({ status, body: Buffer.from(body) }, 'm-1', accepted, now);

  it('is acceptance only when its acknowledgement names our message and says true', () => {
    expect(judge(acknowledge('m-1', true, now))).toBe(accepted);
    expect(judge(acknowledge('m-1', true, now).replace('>true<', '> 1 <'))).toBe(accepted);
    expect(judge(acknowledge('m-1', false, now))).toEqual({ kind: 'refused', reason: 'siri_error' });
  });

  it.each([
    ['words', 'OK'],
    ['nothing', ''],
    ['of another message', acknowledge('m-2', true, now)],
    ['of another message that was refused', acknowledge('m-2', false, now)],
    ['without a status', acknowledge('m-1', true, now).replace('<Status>true</Status>', '')],
    ['without a message', acknowledge('m-1', true, now).replace(/<RequestMessageRef>.*<\/RequestMessageRef>/, '')],
    ['in no namespace', acknowledge('m-1', true, now).replace(` xmlns="${SIRI_NAMESPACE}"`, '')],
    ['with a DOCTYPE', acknowledge('m-1', true, now).replace('<Siri', '<!DOCTYPE Siri><Siri')],
  ])('is uncertain when it is %s', (_name, body) => {
    expect(judge(body)).toEqual({ kind: 'uncertain', reason: 'answer_invalid' });
  });

  it('is what HTTP says where HTTP says no', () => {
    expect(judge('', 503)).toEqual({ kind: 'deferred', reason: 'http_503' });
    expect(judge(acknowledge('m-1', true, now), 403)).toEqual({ kind: 'refused', reason: 'http_403' });
  });
});

describe('station screens', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const signal = () => new AbortController().signal;

  it('confirm each station, shown and removed; of a drill they get nothing live', async () => {
    const secret = await drillSecrets('stations');
    const receipts: Receipt[] = [];
    let wake = () => undefined as void;
    const door = await openReceiptDoor(stationScreens(1).id, WEBHOOK_SECRET, async (receipt) => {
      receipts.push(receipt);
      wake();
    });
    ends.push(() => door.close());
    const partner = await startFakePartner(stationScreens(0), { secret, apiUrl: door.url });
    ends.push(() => partner.close());
    const line: Line = { clock: new FixedClock(now.toISOString()), log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() };
    const connection = siriSx.open(stationScreens(partner.port), line);
    ends.push(() => connection.close());
    const wordsAfter = (count: number) => new Promise<string[]>((resolve) => {
      wake = () => {
        if (receipts.length >= count) resolve(receipts.map((r) => r.word));
      };
      wake();
    });

    const notice = sampleNotice();
    const { number } = situationOf(notice);
    expect(await connection.publish(sampleMessage({ notice }), signal())).toEqual({ kind: 'accepted', references: [`${number}/1`], expectedReceipts: 2 });
    expect(await wordsAfter(2)).toEqual(['displayed prokop', 'displayed nis']);
    const ending = sampleEnding('withdrawn', notice);
    expect(await connection.withdraw(sampleMessage({ notice: ending }), signal())).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
    expect((await wordsAfter(4)).slice(2)).toEqual(['removed prokop', 'removed nis']);
    expect(partner.ledger.map((e) => [e.action, e.identifier])).toEqual([['publish', notice.identifier], ['withdraw', ending.identifier]]);

    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), signal())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    expect(partner.ledger).toHaveLength(2);
  });
});
