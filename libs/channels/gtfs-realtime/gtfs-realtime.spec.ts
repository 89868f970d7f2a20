import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import bindings from 'gtfs-realtime-bindings';
import { LANGUAGES } from '#alerts/content.js';
import type { SentNotice } from '#alerts/notice.js';
import { drillSecrets, WEBHOOK_SECRET } from '#cap/testing/secrets.js';
import type { Line, Receipt } from '#dispatch/channel.js';
import type { Answer } from '#dispatch/https/answer.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { openReceiptDoor } from '#dispatch/testing/receipt-door.js';
import { sampleEnding, sampleMessage, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { startHttpsPartner } from '#dispatch/testing/https-partner.js';
import { FixedClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { silentLog } from '#kernel/log.js';
import { gtfsRealtime, MEDIA_TYPE } from './channel.js';
import { feedPath, folderOf } from './config.js';
import { decode, encode, entityId, preview, snapshots } from './encode.js';
import { startFakePartner } from './fake-partner.js';
import { busStation } from './testing/stage.js';

const { settings } = busStation(1);
const proto = resolve('../shared/standards/gtfs-realtime.proto');
const seconds = (at: string) => new Date(at).getTime() / 1000;

describe('a notice as a GTFS-realtime feed', () => {
  const first = sampleNotice();
  const update = sampleUpdate(first);
  const ending = sampleEnding('found', update);

  it('is polled in one feed with everything else that runs', () => {
    const other = sampleNotice();
    const poll = (...running: SentNotice[]) => decode(snapshots[0]!.render(running, settings, 'drill', '2026-11-24T18:05:00+01:00'))!;
    expect(poll(first, other)).toMatchObject({ timestamp: seconds('2026-11-24T18:05:00+01:00'), fullDataset: true, entities: [{ id: entityId(first) }, { id: entityId(other) }] });
    expect(poll().entities).toEqual([]);
    expect(() => poll(sampleNotice({ mode: 'live' }))).toThrow(TypeError);
  });

  it('is the whole feed of one alert in every language', () => {
    const { FeedMessage } = bindings.transit_realtime;
    const feed = FeedMessage.toObject(FeedMessage.decode(encode(first, settings)), { longs: Number, enums: String });
    expect(feed).toEqual({
      header: { gtfsRealtimeVersion: '2.0', incrementality: 'FULL_DATASET', timestamp: seconds(first.sent) },
      entity: [{
        id: entityId(first),
        alert: {
          activePeriod: [{ start: seconds(first.sent), end: seconds(first.expires) }],
          informedEntity: [{ agencyId: 'proba' }],
          cause: 'POLICE_ACTIVITY',
          effect: 'OTHER_EFFECT',
          severityLevel: 'SEVERE',
          url: { translation: LANGUAGES.map((language) => ({ text: first.url, language })) },
          headerText: { translation: LANGUAGES.map((language) => ({ text: first.texts[language].headline, language })) },
          descriptionText: { translation: LANGUAGES.map((language) => ({ text: `${first.texts[language].full}\n${first.texts[language].instruction}`, language })) },
        },
      }],
    });
  });

  it('keeps its name over revisions, and gives the same octets for the same notice', () => {
    expect(decode(encode(update, settings))?.entities.map((e) => e.id)).toEqual([entityId(first)]);
    expect(encode(first, settings).equals(encode(first, settings))).toBe(true);
  });

  it('withdraws by leaving out, in a feed that is newer', () => {
    expect(decode(encode(ending, settings))).toEqual({ timestamp: seconds(ending.sent), fullDataset: true, entities: [] });
    expect(preview(ending, settings)).toEqual([]);
  });

  it('refuses half a letter rather than replace it, and reads no feed from rubbish', () => {
    const broken = { ...first, texts: { ...first.texts, en: { ...first.texts.en, headline: 'half \ud83d' } } };
    expect(() => encode(broken, settings)).toThrow(Refusal);
    for (const rubbish of ['', 'stored, probably', '{"header":{}}']) expect(decode(Buffer.from(rubbish))).toBeUndefined();
  });

  it('has an address of its own for each alert', () => {
    const { url } = settings;
    expect(folderOf(url)).toBe('https://127.0.0.1:1/feeds/');
    expect(feedPath(url, first.alertId)).toBe(`/feeds/alert-${first.alertId}.pb`);
    expect(feedPath(url, '../a b')).toBe('/feeds/alert-..%2Fa%20b.pb');
  });

  const compiler = spawnSync('protoc', ['--version']).status === 0;
  const missing = [...(compiler ? [] : ['protoc is not installed']), ...(existsSync(proto) ? [] : ['gtfs-realtime.proto is not there'])];
  (missing.length === 0 ? it : it.skip)(`is read by protoc${missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`}`, () => {
    const read = (octets: Buffer) => execFileSync('protoc', ['--decode=transit_realtime.FeedMessage', `--proto_path=${dirname(proto)}`, proto], { input: octets, encoding: 'utf8' });
    const text = read(encode(first, settings));
    for (const line of ['incrementality: FULL_DATASET', 'cause: POLICE_ACTIVITY', 'severity_level: SEVERE', `id: "${entityId(first)}"`, `agency_id: "proba"`]) expect(text).toContain(line);
    // A field that the schema does not know would stand there as a bare number.
    expect(text).not.toMatch(/^\s*\d+[: ]/m);
    expect(read(encode(ending, settings))).not.toContain('entity');
  });
});

describe('a partner that polls feeds', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const signal = () => new AbortController().signal;
  const line = async (): Promise<Line> => ({ clock: new FixedClock('2026-11-24T17:00:00Z'), log: silentLog, secret: await drillSecrets('feeds'), outgoing: toLoopback, audience: new MemoryAudience(), receive: () => Promise.resolve() });
  const open = async (port: number) => {
    const connection = gtfsRealtime.open(busStation(port), await line());
    ends.push(() => connection.close());
    return connection;
  };

  it('confirms what its screens show and what they have removed, several alerts side by side', async () => {
    const receipts: Receipt[] = [];
    let wake = () => undefined as void;
    const door = await openReceiptDoor(busStation(1).id, WEBHOOK_SECRET, async (receipt) => {
      receipts.push(receipt);
      wake();
    });
    ends.push(() => door.close());
    const partner = await startFakePartner(busStation(0), { secret: await drillSecrets('feeds'), apiUrl: door.url });
    ends.push(() => partner.close());
    const connection = await open(partner.port);
    const wordsAfter = (count: number) => new Promise<string[]>((done) => {
      wake = () => {
        if (receipts.length >= count) done(receipts.map((r) => r.word).sort());
      };
      wake();
    });
    const [one, other] = [sampleNotice(), sampleNotice()];
    expect(await connection.publish(sampleMessage({ notice: one }), signal())).toEqual({ kind: 'accepted', references: [`${entityId(one)}/1`], expectedReceipts: 1 });
    expect(await connection.publish(sampleMessage({ notice: other }), signal())).toMatchObject({ kind: 'accepted' });
    expect(await connection.withdraw(sampleMessage({ notice: sampleEnding('withdrawn', one) }), signal())).toMatchObject({ kind: 'accepted' });
    expect(await wordsAfter(3)).toEqual(['displayed', 'displayed', 'removed']);
    expect(partner.ledger.map((e) => e.action)).toEqual(['publish', 'publish', 'withdraw']);
    // As if it had hung on the way.
    expect(await connection.publish(sampleMessage({ notice: one }), signal())).toEqual({ kind: 'refused', reason: 'http_422' });
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), signal())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
  });

  it.each<[string, Answer | 'what was put', Answer | 'what was put', unknown]>([
    ['says created and stores nothing', { status: 201 }, { status: 404 }, { kind: 'uncertain', reason: 'not_stored' }],
    ['says created and serves something else', { status: 201 }, { status: 200, body: Buffer.from('else') }, { kind: 'uncertain', reason: 'not_stored' }],
    ['says created and serves it', { status: 201 }, 'what was put', { kind: 'accepted' }],
    ['says that it has another opinion of 2xx', { status: 202 }, 'what was put', { kind: 'uncertain', reason: 'answer_invalid' }],
    ['says no', { status: 403 }, 'what was put', { kind: 'refused', reason: 'http_403' }],
    ['says later', { status: 507 }, 'what was put', { kind: 'deferred', reason: 'http_507' }],
  ])('that %s', async (_name, toPut, toGet, expected) => {
    let stored = Buffer.alloc(0);
    const polled = busStation(0, {});
    const answerOf = (answer: Answer | 'what was put') => (answer === 'what was put' ? { status: 200, body: stored } : { status: answer.status, ...(answer.body && { body: answer.body }) });
    const partner = await startHttpsPartner({ ...polled, settings: { ...polled.settings, url: folderOf(polled.settings.url) } }, { secret: await drillSecrets('feeds') }, {
      method: 'PUT',
      contentType: MEDIA_TYPE,
      serves: () => true,
      read: ({ body }) => {
        stored = Buffer.from(body);
        return { action: 'publish', answer: answerOf(toPut), words: ['displayed'] };
      },
      fetch: () => answerOf(toGet),
      rubbish: { status: 200 },
    });
    ends.push(() => partner.close());
    expect(await (await open(partner.port)).publish(sampleMessage(), signal())).toMatchObject(expected as object);
  });
});
