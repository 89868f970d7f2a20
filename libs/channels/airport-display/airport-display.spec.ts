import { simpleParser } from 'mailparser';
import sharp from 'sharp';
import { itBySchema } from '#cap/testing/schema.js';
import { drawCard } from '#alerts/pictures/card.js';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { Line, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { openReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { sampleEnding, sampleMessage, sampleNotice, samplePhoto, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { sha256Hex } from '#kernel/canonical.js';
import { systemClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { silentLog } from '#kernel/log.js';
import { outcomeOf } from './answer.js';
import { createAirportDisplay } from './channel.js';
import { CONTENT_TYPE, encode, pack, preview, type Picture } from './encode.js';
import { readParts, startFakePartner } from './fake-partner.js';
import { PreparedNotices, readSeal } from './prepared-notices.js';
import { airport } from './testing/stage.js';

const { settings } = airport(1);
const patient = () => new AbortController().signal;
const picture = (name: string, text = name): Picture => ({ name, bytes: Buffer.from(text), sha256: sha256Hex(text) });

describe('a notice for an airport', () => {
  const secrets = drillSecrets('airport');
  const seal = async () => readSeal((await secrets)('drill-signing-key'), (await secrets)('drill-signing-certificate'));

  it('is one body of signed CAP and pictures, lying and standing, that any reader of MIME takes apart', async () => {
    const notice = sampleNotice();
    const { body, pictures } = await new PreparedNotices().prepare({ notice, photo: samplePhoto }, settings, await seal());
    expect(pictures.map((p) => p.name)).toEqual(['landscape-sr-Latn', 'portrait-sr-Latn', 'landscape-en', 'portrait-en']);
    const { attachments } = await simpleParser(Buffer.concat([Buffer.from(`Content-Type: ${CONTENT_TYPE}\r\n\r\n`), body]));
    expect(attachments.map((a) => [a.cid, a.contentType])).toEqual([['cap', 'application/cap+xml'], ...pictures.map((p) => [p.name, 'image/jpeg'])]);
    for (const { name, bytes, sha256 } of pictures) {
      expect(sha256Hex(attachments.find((a) => a.cid === name)!.content)).toBe(sha256);
      const [width, height] = name.startsWith('landscape') ? [1920, 1080] : [1080, 1920];
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width, height });
    }
    const cap = attachments[0]!.content.toString();
    for (const { name, sha256 } of pictures) expect(cap).toContain(`<valueName>FindMe-Picture</valueName><value>${name} ${sha256}</value>`);
  });

  it('is drawn once for all airports, and forgotten when its ending is asked for', async () => {
    let drawn = 0;
    const prepared = new PreparedNotices(async (card) => {
      drawn += 1;
      return Buffer.from(card.svg);
    });
    const notice = sampleNotice();
    const one = { notice, photo: samplePhoto };
    const [first, second, other] = await Promise.all([prepared.prepare(one, settings, await seal()), prepared.prepare(one, settings, await seal()), prepared.prepare(one, { ...settings, pictures: settings.pictures.slice(0, 2) }, await seal())]);
    expect([drawn, first === second, other.pictures.length, prepared.size]).toEqual([4, true, 2, 6]);
    const ended = await prepared.prepare({ notice: sampleEnding('found', notice) }, settings, await seal());
    expect([drawn, ended.pictures, ended.body.length < 16_384]).toEqual([4, [], true]);
    await prepared.prepare(one, settings, await seal());
    expect(drawn).toBe(8);
  });

  it('previews the words of every picture, and a fault where they cannot fit', () => {
    expect(preview(sampleNotice(), settings).map((p) => [p.language, p.faults.length])).toEqual([['sr-Latn', 0], ['sr-Latn', 0], ['en', 0], ['en', 0]]);
    const notice = sampleNotice();
    const long = { ...notice, texts: { ...notice.texts, en: { ...notice.texts.en, full: 'many words '.repeat(300) } } };
    expect(preview(long, settings).map((p) => p.faults.map((f) => `${f.code} ${f.field}`))).toEqual([[], [], ['TEXT_TOO_LONG texts.en.full'], ['TEXT_TOO_LONG texts.en.full']]);
    // All languages travel in the message, also those of no picture.
    const strange = { ...notice, texts: { ...notice.texts, 'sr-Cyrl': { ...notice.texts['sr-Cyrl'], area: '\u0001' } } };
    expect(preview(strange, settings).flatMap((p) => p.faults.map((f) => f.field))).toEqual(['texts.sr-Cyrl.area']);
    expect(preview(sampleEnding('found'), settings)).toEqual([]);
  });

  it('is refused whole where a picture cannot show it, and another photo than the approved one is a bug', async () => {
    const notice = sampleNotice();
    const long = { ...notice, texts: { ...notice.texts, en: { ...notice.texts.en, full: 'many words '.repeat(300) } } };
    await expect(new PreparedNotices(drawCard).prepare({ notice: long }, settings, await seal())).rejects.toThrow(Refusal);
    expect(() => encode(notice, settings.sender, [], { ...samplePhoto, sha256: '0'.repeat(64) })).toThrow(TypeError);
    const boundary = /boundary="(.+)"/.exec(CONTENT_TYPE)![1]!;
    expect(() => pack(`<alert>${boundary}</alert>`, [])).toThrow(Refusal);
  });

  itBySchema('CAP-v1.2.xsd', 'is valid by the schema of CAP 1.2, from its beginning to its end', (schema) => {
    const notice = sampleNotice();
    for (const n of [notice, sampleUpdate(notice)]) schema.validate(encode(n, settings.sender, settings.pictures.map((p) => picture(`${p.format}-${p.language}`)), samplePhoto));
    schema.validate(encode(sampleEnding('found', notice), settings.sender, []));
  });
});

describe('the answer of an airport', () => {
  const pictures = [picture('landscape-en'), picture('portrait-en')];
  const stored = Object.fromEntries(pictures.map((p) => [p.name, p.sha256]));
  const judge = (body: unknown, status = 200) => outcomeOf({ status, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, 'findme-1', pictures, new Date());

  it('is acceptance only with the identifier and the hash of each picture', () => {
    expect(judge({ identifier: 'findme-1', pictures: stored, received: '2026-11-24T18:00:02+01:00' })).toEqual({ kind: 'accepted', references: ['findme-1'], expectedReceipts: 1 });
    expect(judge({ identifier: 'findme-1', refused: 'screens are off' })).toEqual({ kind: 'refused', reason: 'airport_refused' });
  });

  it.each([
    ['a picture less', { 'landscape-en': stored['landscape-en'] }],
    ['a picture more', { ...stored, 'landscape-sr-Latn': stored['landscape-en'] }],
    ['a picture changed', { ...stored, 'portrait-en': '0'.repeat(64) }],
    ['two pictures mixed up', { 'landscape-en': stored['portrait-en'], 'portrait-en': stored['landscape-en'] }],
  ])('is uncertain with %s', (_name, other) => {
    expect(judge({ identifier: 'findme-1', pictures: other })).toEqual({ kind: 'uncertain', reason: 'pictures_differ' });
  });

  it.each([['nothing', ''], ['words', 'ok'], ['another message', { identifier: 'findme-2', pictures: stored }], ['no pictures', { identifier: 'findme-1' }]])('is uncertain when it is %s', (_name, body) => {
    expect(judge(body)).toEqual({ kind: 'uncertain', reason: 'answer_invalid' });
    expect(judge(body, 503)).toEqual({ kind: 'deferred', reason: 'http_503' });
  });
});

describe('an airport', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function play(draw: typeof drawCard = async (card) => Buffer.from(card.svg)) {
    const secret = await drillSecrets('airport');
    const receipts: Receipt[] = [];
    let wake = () => undefined as void;
    const door = await openReceiptDoor(airport(1).id, WEBHOOK_SECRET, async (receipt) => {
      receipts.push(receipt);
      wake();
    });
    ends.push(() => door.close());
    const partner = await startFakePartner(airport(0), { secret, apiUrl: door.url });
    ends.push(() => partner.close());
    const line: Line = { clock: systemClock, log: silentLog, secret, outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() };
    const connection = createAirportDisplay(new PreparedNotices(draw)).open(airport(partner.port), line);
    ends.push(() => connection.close());
    const wordsAfter = (count: number) => new Promise<string[]>((resolve) => {
      wake = () => {
        if (receipts.length >= count) resolve(receipts.map((r) => r.word));
      };
      wake();
    });
    return { partner, connection, wordsAfter };
  }

  it('confirms what it shows, what replaces it, and that it was removed', async () => {
    const { partner, connection, wordsAfter } = await play();
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toEqual({ kind: 'accepted', references: [message.notice.identifier], expectedReceipts: 1 });
    const ending = sampleEnding('found', message.notice);
    expect(await connection.withdraw(sampleMessage({ notice: ending }), patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
    expect((await wordsAfter(2)).sort()).toEqual(['displayed', 'removed']);
    expect(partner.ledger.map((e) => [e.action, e.identifier])).toEqual([['publish', message.notice.identifier], ['withdraw', ending.identifier]]);
  });

  it('gets nothing live in a drill, and nothing whose ending went past while it was drawn', async () => {
    let drawn = () => undefined as void;
    const drawing = new Promise<void>((resolve) => (drawn = resolve));
    const { partner, connection } = await play(async (card) => {
      await drawing;
      return Buffer.from(card.svg);
    });
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
    const message = sampleMessage();
    const publication = connection.publish(message, patient());
    expect((await connection.withdraw(sampleMessage({ notice: sampleEnding('found', message.notice) }), patient())).kind).toBe('accepted');
    drawn();
    expect(await publication).toEqual({ kind: 'deferred', reason: 'overtaken' });
    expect(partner.ledger.map((e) => e.action)).toEqual(['withdraw']);
    const abort = new AbortController();
    const given = connection.publish(sampleMessage(), abort.signal);
    abort.abort();
    expect(await given).toEqual({ kind: 'deferred', reason: 'aborted' });
  });

  it('reads the parts of a whole body only', async () => {
    const body = pack('<alert/>', [picture('landscape-en')]);
    expect([...readParts(body)!.keys()]).toEqual(['cap', 'landscape-en']);
    for (let cut = 5; cut < body.length; cut += 11) expect(readParts(body.subarray(0, body.length - cut))).toBeUndefined();
    expect(readParts(Buffer.from('nothing of the kind'))).toBeUndefined();
  });
});
