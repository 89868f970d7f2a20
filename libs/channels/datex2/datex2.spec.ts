import { elements, parseXml } from '#cap/xml.js';
import { itBySchema } from '#cap/testing/schema.js';
import { LANGUAGES } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { Line, Receipt } from '#dispatch/channel.js';
import { openReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { FixedClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { silentLog } from '#kernel/log.js';
import { outcomeOf } from './answer.js';
import { datex2 } from './channel.js';
import { NAMESPACES, namesOf } from './common.js';
import { encode, preview, snapshots } from './encode.js';
import { acknowledge, startFakePartner } from './fake-partner.js';
import { trafficCentre } from './testing/stage.js';

const { settings } = trafficCentre(1);
const AT = '2026-11-24T18:05:00+01:00';
const now = new Date('2026-11-24T17:00:00Z');
const square: SentNotice['area'] = { kind: 'polygons', polygons: [[[20.4, 44.7], [20.6, 44.7], [20.6, 44.9], [20.4, 44.9]]] };
const withVehicle = (notice: SentNotice): SentNotice => ({
  ...notice,
  content: { ...notice.content!, vehicle: { make: 'Proba <Kombi> & "Co"', colour: { 'sr-Latn': 'žut', 'sr-Cyrl': 'жут', en: 'yellow' }, plate: 'NI 1234-ĐŠ' } },
});

/** The texts of every element of a name, wherever it lies. */
const texts = (xml: string, namespace: string, name: string): string[] => {
  const { document } = parseXml(xml);
  return Array.from(document.getElementsByTagNameNS(namespace, name), (e) => e.textContent ?? '');
};
const { com, con, sit, vms } = NAMESPACES;

/** Each publication of a container as the document of its own that the schemas know. */
function payloadsOf(container: string): string[] {
  return [...container.matchAll(/<con:payload ([^>]*)>(.*?)<\/con:payload>/gs)].map(([, attributes, content]) => {
    const declared = Object.entries(NAMESPACES).map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`).join(' ');
    return `<d2:payload ${declared} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${attributes}>${content}</d2:payload>`;
  });
}

describe('a notice in DATEX II', () => {
  const first = sampleNotice();
  const update = sampleUpdate(first);
  const ending = sampleEnding('found', update);

  it('is one situation whose record is an instruction to observe the alert', () => {
    const xml = encode(first, settings);
    expect(texts(xml, sit, 'generalInstructionToRoadUsersType')).toEqual(['observeAmberAlert']);
    expect(xml).toMatch(/<sit:complianceOption>advisory<\/sit:complianceOption><sit:generalInstructionToRoadUsersType>/);
    expect(texts(xml, com, 'overallStartTime')).toEqual([first.sent]);
    expect(texts(xml, com, 'overallEndTime')).toEqual([first.expires]);
    const message = parseXml(xml).document.getElementsByTagNameNS(sit, 'generalMessageToRoadUsers')[0]!;
    const values = Array.from(message.getElementsByTagNameNS(com, 'value'), (v) => [v.getAttribute('lang'), v.textContent]);
    expect(values).toEqual(LANGUAGES.map((language) => [language, first.texts[language].headline]));
  });

  it('says in every publication that a drill is a test, and on every page that it is one', () => {
    expect(texts(encode(first, settings), com, 'informationStatus')).toEqual(['test', 'test']);
    expect(texts(encode(sampleNotice({ mode: 'live' }), settings), com, 'informationStatus')).toEqual(['real', 'real']);
    for (const page of preview(first, settings).filter((p) => p.encoding === 'ASCII')[0]!.text.split('\n\n')) expect(page.split('\n')[0]).toBe('VEZBA');
    expect(preview(sampleNotice({ mode: 'live' }), settings).some((p) => /VEZBA|ВЕЖБА|DRILL/.test(p.text))).toBe(false);
  });

  it('keeps its names over its revisions, whose number is the version', () => {
    const names = [first, update, ending].map(namesOf);
    expect(new Set(names.map((n) => n.record)).size).toBe(1);
    expect(names.map((n) => n.version)).toEqual(['1', '2', '3']);
    expect(texts(encode(ending, settings), sit, 'situationRecordCreationTime')).toEqual([first.sent]);
    expect(texts(encode(ending, settings), sit, 'situationRecordCreationReference')).toEqual([first.identifier]);
    expect(encode(first, settings)).toBe(encode(first, settings));
  });

  it('ends by a version whose validity has ended, and blanks every sign', () => {
    const xml = encode(ending, settings);
    expect(texts(xml, com, 'overallEndTime')).toEqual([ending.sent]);
    expect(texts(xml, sit, 'operatorActionStatus')).toEqual(['terminationRequested']);
    expect(texts(xml, vms, 'isBlank')).toEqual(['true', 'true', 'true']);
    expect(xml).not.toContain('<vms:textLine');
  });

  it('shows each sign its text in its letters, page by page', () => {
    const live = withVehicle(sampleNotice({ mode: 'live' }));
    const [ascii, unicode] = preview(live, settings).slice(-2);
    expect(ascii).toMatchObject({ language: 'sr-Latn', encoding: 'ASCII', segments: 2, faults: [] });
    expect(ascii!.text).toContain('NESTALA DEVOJCICA:');
    expect(ascii!.text).toContain('NI 1234-DJS');
    expect(unicode).toMatchObject({ language: 'sr-Cyrl', encoding: 'UTF-8', faults: [] });
    expect(unicode!.text).toContain('НЕСТАЛА ДЕВОЈЧИЦА');
    const rows = elements(parseXml(encode(live, settings)).root, con, 'payload')[1]!.getElementsByTagNameNS(vms, 'textLine');
    const shown = Array.from(rows, (r) => (elements(r).length === 0 ? r.textContent : null)).filter((r) => r !== null);
    expect(shown).toEqual([ascii!, ascii!, unicode!].flatMap((p) => p.text.split(/\n+/)));
  });

  it('takes a sign that is too small for a fault that names it, and sends nothing cut', () => {
    const small = trafficCentre(1, { signs: [{ id: 'M-1', rows: 3, columns: 15, maxPages: 1 }, { id: 'M-2', rows: 3, columns: 15, maxPages: 1 }] }).settings;
    const [last] = preview(first, small).slice(-1);
    expect(last!.faults.map((f) => [f.code, f.detail])).toEqual(['M-1', 'M-2'].map((id) => ['TEXT_TOO_LONG', `Sign ${id}: 1 pages of 3 rows of 15 letters.`]));
    expect(() => encode(first, small)).toThrow(Refusal);
    // Once it was approved, an ending must get through whatever a sign can show.
    expect(() => encode(ending, small)).not.toThrow();
    expect(preview(ending, small).flatMap((p) => p.faults)).toEqual([]);
  });

  it('writes what officers wrote as text, never as markup', () => {
    const xml = encode(withVehicle(sampleNotice({ mode: 'live' })), settings);
    expect(xml).toContain('&lt;KOMBI&gt; &amp;');
    expect(texts(xml, vms, 'textLine').join(' ')).toContain('"CO"');
  });

  const pull = (running: readonly SentNotice[], mode: Mode) => snapshots.map((snapshot) => snapshot.render(running, settings, mode, AT).toString());

  it('is served to those who ask as a snapshot of what runs, blank when nothing does', () => {
    const other = sampleNotice();
    const [situations, signs] = pull([update, other], 'drill');
    expect(Array.from(parseXml(situations!).document.getElementsByTagNameNS(sit, 'situation'), (s) => s.getAttribute('id'))).toEqual([update, other].map((n) => namesOf(n).situation));
    expect(Array.from(parseXml(signs!).document.getElementsByTagNameNS(vms, 'relatedSituationRecord')).length).toBe(6);
    const [emptySituations, emptySigns] = pull([], 'drill');
    expect(texts(emptySigns!, vms, 'isBlank')).toEqual(['true', 'true', 'true']);
    expect(texts(emptySituations!, sit, 'situation')).toEqual([]);
    expect(() => pull([sampleNotice({ mode: 'live' })], 'drill')).toThrow(TypeError);
  });

  itBySchema('datex2-3.5/DATEXII_3_D2Payload.xsd', 'is valid by the schemas of DATEX II 3.5, pushed and pulled', (schema) => {
    const notices = [first, update, ending, sampleEnding('withdrawn', first), withVehicle(sampleNotice({ mode: 'live', area: square })), sampleNotice({ area: { kind: 'country' } })];
    const pushed = notices.flatMap((notice) => payloadsOf(encode(notice, settings)));
    expect(pushed).toHaveLength(2 * notices.length);
    const pulled = [...pull([first, sampleNotice()], 'drill'), ...pull([], 'live')];
    for (const document of [...pushed, ...pulled]) schema.validate(document);
    expect(() => schema.validate(pushed[0]!.replace('observeAmberAlert', 'observeChildren'))).toThrow();
  });
});

describe('the answer of a traffic centre', () => {
  const accepted = { kind: 'accepted', references: ['r/1'], expectedReceipts: 3 } as const;
  const judge = (body: string, status = 200) => outcomeOf({ status, body: Buffer.from(body) }, accepted, now);
  const alone = (status: string) => /<con:exchangeInformation(.*)<\/con:exchangeInformation>/s.exec(acknowledge(status, now))![1]!;

  it('is acceptance only by its return status', () => {
    expect(judge(acknowledge('ack', now))).toBe(accepted);
    expect(judge(`<ex:exchangeInformation xmlns:ex="${NAMESPACES.ex}"${alone('ack')}</ex:exchangeInformation>`)).toBe(accepted);
    expect(judge(acknowledge('fail', now))).toEqual({ kind: 'refused', reason: 'datex_fail' });
    expect(judge(acknowledge('snapshotSynchronisationRequest', now))).toEqual({ kind: 'deferred', reason: 'datex_session' });
  });

  it.each([
    ['words', 'ack'],
    ['nothing', ''],
    ['our own message', encode(sampleNotice(), settings)],
    ['another status', acknowledge('perhaps', now)],
    ['a status in no namespace', '<exchangeInformation><dynamicInformation><returnInformation><returnStatus>ack</returnStatus></returnInformation></dynamicInformation></exchangeInformation>'],
    ['two statuses', acknowledge('ack', now).replace('</ex:returnInformation>', '<ex:returnStatus>fail</ex:returnStatus></ex:returnInformation>')],
    ['a DOCTYPE', acknowledge('ack', now).replace('<con:messageContainer', '<!DOCTYPE x><con:messageContainer')],
  ])('is uncertain when it is %s', (_name, body) => {
    expect(judge(body)).toEqual({ kind: 'uncertain', reason: 'answer_invalid' });
  });

  it('is what HTTP says where HTTP says no', () => {
    expect(judge('', 503)).toEqual({ kind: 'deferred', reason: 'http_503' });
    expect(judge(acknowledge('ack', now), 422)).toEqual({ kind: 'refused', reason: 'http_422' });
  });
});

describe('a traffic centre', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const signal = () => new AbortController().signal;

  /** A partner, the house's door for its receipts, and a connection to it. */
  async function play(overrides: Parameters<typeof trafficCentre>[1] = {}) {
    const secret = await drillSecrets('roads');
    const receipts: Receipt[] = [];
    let wake = () => undefined as void;
    const door = await openReceiptDoor(trafficCentre(1).id, WEBHOOK_SECRET, async (receipt) => {
      receipts.push(receipt);
      wake();
    });
    ends.push(() => door.close());
    const partner = await startFakePartner(trafficCentre(0), { secret, apiUrl: door.url });
    ends.push(() => partner.close());
    const line: Line = { clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() };
    const connection = datex2.open(trafficCentre(partner.port, overrides), line);
    ends.push(() => connection.close());
    const wordsAfter = (count: number) => new Promise<string[]>((resolve) => {
      wake = () => {
        if (receipts.length >= count) resolve(receipts.map((r) => r.word).sort());
      };
      wake();
    });
    return { partner, connection, wordsAfter };
  }

  it('confirms each sign, lit and dark', async () => {
    const { partner, connection, wordsAfter } = await play();
    const notice = sampleNotice();
    const { record } = namesOf(notice);
    expect(await connection.publish(sampleMessage({ notice }), signal())).toEqual({ kind: 'accepted', references: [`${record}/1`], expectedReceipts: 3 });
    expect(await wordsAfter(3)).toEqual(['displayed A1-12', 'displayed A1-13', 'displayed A2-01']);
    expect(await connection.withdraw(sampleMessage({ notice: sampleEnding('found', notice) }), signal())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
    expect((await wordsAfter(6)).slice(0, 3)).toEqual(['blanked A1-12', 'blanked A1-13', 'blanked A2-01']);
    expect(partner.ledger.map((e) => [e.action, e.identifier])).toEqual([['publish', `${record}/1`], ['withdraw', `${record}/2`]]);
  });

  it('gets nothing that a sign cannot show whole', async () => {
    const { partner, connection } = await play({ signs: [{ id: 'M-1', rows: 3, columns: 15, maxPages: 1 }] });
    expect(await connection.publish(sampleMessage(), signal())).toEqual({ kind: 'refused', reason: 'text_too_long' });
    expect(partner.ledger).toEqual([]);
  });

  it('of a drill gets nothing live', async () => {
    const { partner, connection } = await play();
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), signal())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    expect(partner.ledger).toEqual([]);
  });
});
