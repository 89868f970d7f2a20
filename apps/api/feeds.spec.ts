import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { drillKeys, type DrillKeys } from '#cap/testing/keys.js';
import { verifyCap } from '#cap/sign.js';
import { encode } from '#channels/cap-push/encode.js';
import { sha256Hex } from '#kernel/canonical.js';
import type { AlertId } from '#kernel/ids.js';
import { pageOf } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { CANARY_NAMES, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { until } from '../../tests/support/until.js';
import { noticePage } from './notice-page.js';
import { Published } from './published.js';
import { Stage, type Told } from './testing/stage.js';

const CONFIGURATION = `
sender: proba@findme.example
signing: { drill: { key: signing-key, certificate: signing-certificate } }
destinations:
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: p, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 10 } }
`;

let stage: Stage;
let keys: DrillKeys;
let photo: Buffer;

beforeAll(async () => {
  keys = await drillKeys();
  stage = await Stage.open({ configuration: CONFIGURATION, secret: (name) => (name === 'signing-key' ? keys.signing.key : keys.signing.certificate) });
  for (const name of ['mila', 'iva', 'vuk'] as const) await stage.signIn(name);
  photo = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } }).jpeg().toBuffer();
});

afterAll(() => stage.close());

interface Shown { readonly id: AlertId; readonly path: string; readonly page: string }

/** An active drill alert with a photo. */
async function active(): Promise<Shown> {
  const { id, path } = await stage.written();
  const version = String((await stage.ask('GET', path, { as: 'mila' })).headers['etag']);
  await must(stage.ask('PUT', `${path}/photo`, { as: 'mila', body: photo, headers: { 'if-match': version } }));
  await approve(path);
  return { id: id as AlertId, path, page: `/vezba/${pageOf(id as AlertId)}` };
}

async function approve(path: string): Promise<void> {
  const contentHash = await stage.submitted(path);
  await must(stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } }));
  settle();
}

async function end(path: string, how: 'found' | 'withdraw'): Promise<void> {
  await must(stage.ask('POST', `${path}/${how}`, { as: 'vuk', body: { reason: 'vežba' } }));
  settle();
}

async function must(answer: Promise<Told>): Promise<Told> {
  const told = await answer;
  if (told.status >= 300) throw new Error(`${told.status} ${told.text}`);
  return told;
}

/** What is kept counts as fresh for a second. */
const settle = (): void => stage.clock.advance(1_000);

const get = (url: string, headers: Record<string, string> = {}) => stage.ask('GET', url, { headers });
const capsIn = (feed: Told) => [...feed.text.matchAll(/href="http:\/\/localhost:3000(\/feeds\/[^"]+\.xml)"/g)].map((m) => m[1]!);
const capOf = async (id: string) => capsIn(await get('/feeds/drill/cap.atom')).find((href) => href.includes(id));

describe('the feed', () => {
  it('is empty, valid and cacheable before anything is published, and absent where a mode has no key', async () => {
    const feed = await get('/feeds/drill/cap.atom');
    expect([feed.status, feed.headers['content-type'], feed.headers['cache-control']]).toEqual([200, 'application/atom+xml; charset=utf-8', 'public, max-age=1, must-revalidate']);
    expect(capsIn(feed)).toEqual([]);
    expect((await get('/feeds/live/cap.atom')).status).toBe(404);
    expect((await get('/feeds/other/cap.atom')).status).toBe(404);
  });

  it('names an alert from its approval on, with a signed file that is what is pushed, and answers 304 until something changes', async () => {
    const before = await get('/feeds/drill/cap.atom');
    const alert = await active();
    const feed = await get('/feeds/drill/cap.atom', { 'if-none-match': String(before.headers['etag']) });
    expect([feed.status, feed.text.includes(`urn:uuid:${alert.id}`), feed.text.includes(`http://localhost:3000${alert.page}`)]).toEqual([200, true, true]);
    const tag = String(feed.headers['etag']);
    for (const given of [tag, `W/${tag}`, `"other", ${tag}`, '*']) expect((await get('/feeds/drill/cap.atom', { 'if-none-match': given })).status).toBe(304);
    expect((await get('/feeds/drill/cap.atom', { 'if-none-match': '"other"' })).status).toBe(200);

    const file = await get((await capOf(alert.id))!);
    expect(file.headers['content-type']).toBe('application/cap+xml; charset=utf-8');
    const { message, xml } = verifyCap(file.bytes, { trusted: [keys.signing.certificate], now: new Date() });
    expect([message.status, message.msgType]).toEqual(['Exercise', 'Alert']);
    const notice = (await stage.parts.house.alerts.sentNotice(alert.id, 1))!;
    const bytes = (await stage.parts.house.alerts.photo(alert.id, notice.photo!.sha256))!;
    expect(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`).toBe(encode(notice, 'proba@findme.example', { sha256: notice.photo!.sha256, mediaType: 'image/jpeg', bytes }));
  });

  it('comes compressed under a tag of its own to whoever takes that', async () => {
    const [plain, packed] = [await get('/feeds/drill/cap.atom'), await get('/feeds/drill/cap.atom', { 'accept-encoding': 'br, gzip;q=0.8' })];
    expect([packed.headers['content-encoding'], packed.headers['vary']]).toEqual(['gzip', 'accept-encoding']);
    expect(gunzipSync(packed.bytes).toString()).toBe(plain.text);
    expect(packed.headers['etag']).not.toBe(plain.headers['etag']);
    expect((await get('/feeds/drill/cap.atom', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
  });

  it('asks the database once a second at most, however many read', async () => {
    await get('/feeds/drill/cap.atom');
    const { source } = stage.parts.house;
    const query = source.query.bind(source);
    let asked = 0;
    source.query = ((...given: Parameters<typeof query>) => {
      asked += 1;
      return query(...given);
    }) as typeof source.query;
    settle();
    await Promise.all(Array.from({ length: 50 }, () => get('/feeds/drill/cap.atom')));
    source.query = query;
    expect(asked).toBe(1);
  });
});

describe('an update', () => {
  it('takes the place of the message it updates', async () => {
    const { id, path } = await active();
    const first = (await capOf(id))!;
    const version = async () => ({ 'if-match': String((await stage.ask('GET', path, { as: 'mila' })).headers['etag']) });
    await must(stage.ask('POST', `${path}/revise`, { as: 'mila', headers: await version() }));
    await must(stage.ask('PUT', `${path}/content`, { as: 'mila', headers: await version(), body: sampleContent({ caseNumber: 'KU-55/2026' }) }));
    await approve(path);
    const second = (await capOf(id))!;
    expect(second).toBe(first.replace('-1.xml', '-2.xml'));
    expect((await get(second)).text).toContain('<msgType>Update</msgType>');
    expect([(await get(first)).status, (await get(first)).json['code']]).toEqual([410, 'NOTICE_GONE']);
  });
});

describe('an ending', () => {
  it('takes name and photo off page, feed and files at once', async () => {
    const { id, path, page } = await active();
    const [first, shown] = [(await capOf(id))!, await get(page)];
    const picture = /src="([^"]+\.jpg)"/.exec(shown.text)![1]!;
    expect([(await get(picture)).status, (await get(picture)).headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(sha256Hex((await get(picture)).bytes)).toBe(/([0-9a-f]{64})\.jpg/.exec(picture)![1]);

    await end(path, 'found');
    const ending = (await capOf(id))!;
    expect((await get(ending)).text).toContain('<msgType>Cancel</msgType>');
    expect([(await get(first)).status, (await get(picture)).status]).toEqual([410, 410]);
    const after = await get(page);
    expect([after.status, after.text.includes('<img')]).toEqual([200, false]);
    expect(after.text).toContain('pronađen');
    for (const name of CANARY_NAMES) expect([name, after.text.includes(name), (await get(ending)).text.includes(name)]).toEqual([name, false, false]);
  });

  it('is shown as soon as the database has it, not when a second is over: caches before us may keep what they had for another', async () => {
    const { path, page } = await active();
    const published = stage.app.get(Published);
    await published.watch();
    expect((await get(page)).text).toContain('<img');
    // The clock of the stage stands still meanwhile.
    await must(stage.ask('POST', `${path}/found`, { as: 'vuk', body: { reason: 'vežba' } }));
    await until(() => get(page), ({ text }) => !text.includes('<img'), ({ text }) => text);
    await published.onModuleDestroy();
  });

  it('by erasure leaves nothing: gone from feed, files and page', async () => {
    const { id, path, page } = await active();
    await end(path, 'withdraw');
    const ending = (await capOf(id))!;
    await stage.sql('UPDATE outbox SET planned_at = now()');
    await stage.parts.actions.erase('drill', id, '00000000-0000-0000-0000-000000000000' as never);
    settle();
    expect(await capOf(id)).toBeUndefined();
    expect([(await get(ending)).status, (await get(ending)).json['code']]).toEqual([410, 'ALERT_ERASED']);
    const gone = await get(page);
    expect([gone.status, gone.headers['content-type']]).toEqual([410, 'text/html; charset=utf-8']);
    expect(gone.text).toContain('no longer applies');
  });
});

describe('the picture to share', () => {
  it('is there in every language while the alert is active, is named by the page, and goes with it', async () => {
    const { path, page } = await active();
    const { text } = await get(page);
    const named = [...text.matchAll(/(?:href|content)="(?:http:\/\/localhost:3000)?(\/vezba\/[0-9a-f]{10}\/picture\/[^"]+)"/g)].map((m) => m[1]!);
    expect(named.map((p) => p.slice(p.lastIndexOf('/') + 1))).toEqual(['sr-Latn-landscape.png', 'sr-Latn-portrait.png', 'sr-Cyrl-portrait.png', 'en-portrait.png']);
    const drawn = await Promise.all(named.map(async (p) => [(await get(p)).status, (await sharp((await get(p)).bytes).metadata()).width]));
    expect(drawn).toEqual([[200, 1920], [200, 1080], [200, 1080], [200, 1080]]);
    expect((await get(`${page}/picture/xx-portrait.png`)).status).toBe(404);
    await end(path, 'found');
    expect([(await get(named[0]!)).status, /picture\//.test((await get(page)).text)]).toEqual([410, false]);
  });
});

describe('the page', () => {
  it('of a drill says so at both ends, is found by no search, has no script and all three languages', async () => {
    const { page } = await active();
    const { text, headers } = await get(page);
    expect(text.match(/class="banner"/g)).toHaveLength(2);
    expect([headers['x-robots-tag'], /<meta name="robots" content="noindex/.test(text)]).toEqual(['noindex, nofollow, noarchive', true]);
    expect(text).not.toMatch(/<script|javascript:|https?:\/\/(?!localhost)/);
    expect(String(headers['content-security-policy'])).toContain("default-src 'none'");
    for (const word of ['lang="sr-Latn"', 'lang="sr-Cyrl"', 'lang="en"', 'Канаринка', 'Kanarinka', 'EXERCISE']) expect(text).toContain(word);
  });

  it('lets a telephone call the police at once, of an alert that is meant; not of a drill, and not when the search is over', () => {
    const telephones = (['live', 'drill'] as const).map((mode) => /href="tel:([^"]+)"/.exec(noticePage(sampleNotice({ mode }), undefined))?.[1]);
    expect(telephones).toEqual(['192', undefined]);
    expect(noticePage(sampleNotice({ mode: 'live', kind: 'found' }), undefined)).not.toContain('tel:');
  });

  it('shows words as words, whatever is in them', async () => {
    const { path, id } = await stage.written();
    const version = String((await stage.ask('GET', path, { as: 'mila' })).headers['etag']);
    const wording = { 'sr-Latn': '<b>"x"</b> & <script>1</script>', 'sr-Cyrl': 'џакет', en: 'a jacket' };
    const content = sampleContent();
    await must(stage.ask('PUT', `${path}/content`, { as: 'mila', headers: { 'if-match': version }, body: { ...content, child: { ...content.child, clothing: wording } } }));
    await approve(path);
    const { text } = await get(`/vezba/${pageOf(id as AlertId)}`);
    expect([text.includes('<script'), text.includes('&#60;script&#62;')]).toEqual([false, true]);
  });

  it('is nowhere before the approval, and never in the other mode', async () => {
    const { id } = await stage.written();
    expect((await get(`/vezba/${pageOf(id as AlertId)}`)).status).toBe(404);
    const shown = await active();
    expect((await get(shown.page.replace('vezba', 'nestali'))).status).toBe(404);
    expect((await get(`/vezba/${'0'.repeat(10)}`)).status).toBe(404);
    expect((await get('/vezba/<script>')).status).toBe(404);
  });
});

// Last: sessions are over by then.
describe('the clock', () => {
  it('ends what is shown before anybody has decided it, and takes an ending from the feed after two days', async () => {
    const [lapsing, ended] = [await active(), await active()];
    await end(ended.path, 'found');
    expect([await capOf(lapsing.id), await capOf(ended.id)].every((cap) => cap !== undefined)).toBe(true);
    stage.clock.advance(24 * 3_600_000);
    expect([await capOf(lapsing.id), (await get(lapsing.page)).status]).toEqual([undefined, 410]);
    expect(await capOf(ended.id)).toBeDefined();
    stage.clock.advance(24 * 3_600_000);
    expect(await capOf(ended.id)).toBeUndefined();
    expect((await get(ended.page)).status).toBe(200);
  });
});
