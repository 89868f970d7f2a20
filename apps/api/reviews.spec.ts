import { sampleContent } from '#alerts/testing/sample-content.js';
import type { ShownContentPreviews, ShownPreviews } from './previews-shown.js';
import type { ShownReview, ShownReviews } from './reviews-shown.js';
import { Stage, type Told } from './testing/stage.js';

const CONFIGURATION = `
sender: proba@findme.example
destinations:
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: operator-password, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 6 } }
  - { id: prijavljeni, name: Prijavljeni, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: operator-password, source: { address: PronadjiMe }, audience: { kind: subscribers }, maxSegments: 6 } }
  - { id: televizija, name: Televizija, channel: casparcg, mode: drill, simulated: true, settings: { folder: media, crawlTemplate: CRAWL } }
  - { id: centar, name: Centar za saobraćaj, channel: datex2, mode: drill, simulated: true, settings: { url: "https://127.0.0.1:1/x", ca: a, secret: s, supplier: { identifier: proba }, controllerTable: { id: t, version: "1" }, signs: [{ id: a1, rows: 4, columns: 20, maxPages: 5 }, { id: a2, rows: 4, columns: 20, maxPages: 5 }, { id: a3, rows: 3, columns: 24, maxPages: 6 }], simulated: { serverKey: k, serverCertificate: c } } }
  - { id: redakcija, name: Redakcija, channel: email, mode: drill, simulated: true, settings: { host: 127.0.0.1, port: 0, security: none, simulated: true, from: { name: Pronađi me, address: findme@police.example }, to: [desk@newsroom.example], bounce: { host: 127.0.0.1, port: 0, domain: bounce.police.example, secret: b } } }
  - { id: operator-live, name: Operater, channel: smpp, mode: live, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: operator-password, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI } } }
`;

let stage: Stage;
beforeAll(async () => { stage = await Stage.open({ configuration: CONFIGURATION }); });
afterAll(() => stage.close());

const review = (told: Told) => told.json as unknown as ShownReview;
const queue = async (as: 'iva' | 'vuk' = 'iva') => ((await stage.ask('GET', '/v1/drill/reviews', { as })).json as unknown as ShownReviews).items;
const previews = (told: Told) => told.json as unknown as ShownPreviews;
const code = (told: Told) => (told.json as unknown as { code: string }).code;
const versionOf = (told: Told) => String(told.headers['etag']);

/** Gives a revision back and hands it in again, changed. */
async function returnedAndFixed(path: string, changes: Parameters<typeof sampleContent>[0]): Promise<void> {
  await stage.ask('POST', `${path}/return`, { as: 'iva', body: { reason: 'Proveriti podatke.' } });
  const tag = versionOf(await stage.ask('GET', path, { as: 'mila' }));
  await stage.ask('PUT', `${path}/content`, { as: 'ana', body: sampleContent(changes), headers: { 'if-match': tag } });
  stage.clock.advance(60_000);
  await stage.ask('POST', `${path}/submit`, { as: 'mila' });
}

describe('the queue of an approver', () => {
  it('has what is in review, whoever has waited longest first, by names and case numbers alone', async () => {
    const [first, second, draft] = [await stage.written(), await stage.written(), await stage.written()];
    await stage.submitted(second.path);
    stage.clock.advance(90_000);
    await stage.submitted(first.path);
    const items = await queue();
    expect(items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(items[0]).toMatchObject({ revision: 1, kind: 'alert', caseNumber: 'KU-1234/2026', submittedBy: { displayName: 'mila (izmišljena)' }, isOwn: false });
    expect(Date.parse(items[1]!.waitingSince) - Date.parse(items[0]!.waitingSince)).toBe(90_000);
    expect(JSON.stringify(items)).not.toContain('Kanarinka');
    expect(items.some(({ id }) => id === draft.id)).toBe(false);
    expect(((await stage.ask('GET', '/v1/live/reviews', { as: 'iva' })).json as unknown as ShownReviews).items).toEqual([]);

    // Given back and handed in again, it has waited since then.
    await returnedAndFixed(second.path, {});
    expect((await queue()).map(({ id }) => id)).toEqual([first.id, second.id]);
    expect((await queue('vuk')).map(({ isOwn }) => isOwn)).toEqual([false, false]);
    for (const { path } of [first, second]) await stage.ask('POST', `${path}/reject`, { as: 'iva', body: { reason: 'Proba.' } });
    expect(await queue()).toEqual([]);
  });
});

describe('the review of a revision', () => {
  it('names writers, what changed since it was given back, reach, and whether this officer may approve', async () => {
    const { path, id } = await stage.written();
    const draft = review(await stage.ask('GET', `${path}/review`, { as: 'iva' }));
    expect(draft).toMatchObject({ status: 'draft', refusal: 'TRANSITION_NOT_ALLOWED', contentHash: null, waitingSince: null, comparisons: [] });
    const hash = await stage.submitted(path);
    expect(review(await stage.ask('GET', `${path}/review`, { as: 'iva' }))).toMatchObject({
      id, mode: 'drill', status: 'in_review', contentHash: hash, refusal: null, sentBack: null, caseNumber: 'KU-1234/2026', area: { 'sr-Latn': 'Južnobački okrug' }, comparisons: [],
      writers: [{ displayName: 'mila (izmišljena)' }], submittedBy: { displayName: 'mila (izmišljena)' }, waitingSince: expect.any(String) as string,
    });
    expect(review(await stage.ask('GET', `${path}/review`, { as: 'mila' })).refusal).toBe('ROLE_MISSING');

    await returnedAndFixed(path, { validHours: 12 });
    const again = review(await stage.ask('GET', `${path}/review`, { as: 'iva' }));
    expect(again.writers.map(({ displayName }) => displayName)).toEqual(['mila (izmišljena)', 'ana (izmišljena)']);
    expect(again.sentBack).toMatchObject({ by: { displayName: 'iva (izmišljena)' }, reason: 'Proveriti podatke.' });
    expect(again.comparisons).toEqual([{ since: 'returned', changes: [{ field: 'validHours', before: '24', after: '12' }] }]);

    await stage.signIn('iva');
    const approved = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash: again.contentHash, code: stage.freshCode('iva') } });
    expect(approved.status).toBe(200);
    expect(code(await stage.ask('GET', `${path}/review`, { as: 'iva' }))).toBe('REVISION_MISSING');

    // An update by an officer who holds both roles: what the public has is what it is compared with.
    const revised = await stage.ask('POST', `${path}/revise`, { as: 'vuk' });
    await stage.ask('PUT', `${path}/content`, { as: 'vuk', body: sampleContent({ validHours: 20 }), headers: { 'if-match': versionOf(revised) } });
    await stage.ask('POST', `${path}/submit`, { as: 'vuk' });
    const update = review(await stage.ask('GET', `${path}/review`, { as: 'vuk' }));
    expect(update).toMatchObject({ kind: 'update', refusal: 'APPROVER_IS_WRITER', comparisons: [{ since: 'published', changes: [{ field: 'validHours', before: '12', after: '20' }] }] });
    expect((await queue('vuk')).find((item) => item.id === id)).toMatchObject({ isOwn: true, kind: 'update' });
  });

  it('counts whom it reaches one by one, and says nothing where nobody can count', async () => {
    const subscriber = (identity: string, districts: string[] | null) =>
      stage.parts.house.audience.add({ kind: 'sms', mode: 'drill', language: 'sr-Latn', districts, identity, contact: identity, confirmed: true });
    await subscriber('999600000001', null);
    await subscriber('999600000002', ['RS-06']);
    await subscriber('999600000003', ['RS-20']);
    const { path } = await stage.written();
    const { reach } = review(await stage.ask('GET', `${path}/review`, { as: 'iva' }));
    expect(reach.destinations).toBe(5);
    expect(Object.fromEntries(reach.channels.flatMap(({ destinations }) => destinations.map(({ id, people }) => [id, people])))).toEqual({
      operator: null, prijavljeni: 2, televizija: null, centar: null, redakcija: 1,
    });
  });

  it('is of no use to those who may not read a case', async () => {
    const { path } = await stage.written();
    expect(code(await stage.ask('GET', `${path}/review`, { as: 'rada' }))).toBe('ROLE_MISSING');
    expect(code(await stage.ask('GET', `${path}/previews/televizija/0/card-sr-Latn.jpg`, { as: 'rada' }))).toBe('ROLE_MISSING');
  });
});

describe('previews of a frozen revision', () => {
  it('show parts, signs by their size, fields and what is made on demand', async () => {
    const { path } = await stage.written();
    await stage.submitted(path);
    const shown = previews(await stage.ask('GET', `${path}/previews`, { as: 'iva' }));
    expect(shown.times).toEqual({ sent: expect.stringMatching(/\+01:00$/) as string, expires: expect.any(String) as string, frozen: false });
    const of = (channel: string) => shown.channels.filter((group) => group.channel === channel);
    const [sms] = of('smpp')[0]!.previews;
    expect(sms!.pieces!.map(({ text }) => text).join('')).toBe(sms!.text);
    expect(sms!.pieces!.length).toBe(sms!.segments);
    const signs = of('datex2')[0]!.previews.filter(({ face }) => face);
    expect(signs.map(({ face }) => face)).toEqual([{ signs: ['a1', 'a2'], rows: 4, columns: 20, centred: false }, { signs: ['a3'], rows: 3, columns: 24, centred: false }]);
    for (const { pieces, face } of signs) for (const { text } of pieces!) expect(text.split('\n').every((row) => row.length <= face!.columns)).toBe(true);
    expect(of('email')[0]!.previews[0]!.fields).toEqual({ Subject: expect.stringContaining('VEŽBA') as string, From: 'Pronađi me <findme@police.example>' });
    expect(of('casparcg')[0]!.exhibits.map(({ name }) => name)).toEqual(['card-sr-Latn.jpg', 'voice-sr-Latn.wav']);
    expect(of('casparcg')[0]!.previews[0]!.fields).toMatchObject({ crawl: expect.any(String) as string, 'crawl seconds': expect.stringMatching(/^\d+$/) as string });

    const card = await stage.ask('GET', `${path}/previews/televizija/0/card-sr-Latn.jpg?version=${shown.version}`, { as: 'iva' });
    expect([card.status, card.headers['content-type'], card.headers['cache-control'], card.bytes.subarray(0, 2).toString('hex')]).toEqual([200, 'image/jpeg', 'no-store', 'ffd8']);
    expect(of('email')[0]!.exhibits.map(({ name }) => name)).toEqual(['mail.txt', 'mail.html', 'poster-sr-Latn.jpg']);
    const poster = await stage.ask('GET', `${path}/previews/redakcija/0/poster-sr-Latn.jpg?version=${shown.version}`, { as: 'iva' });
    expect([poster.status, poster.headers['content-type'], poster.bytes.subarray(0, 2).toString('hex')]).toEqual([200, 'image/jpeg', 'ffd8']);
    const mail = await stage.ask('GET', `${path}/previews/redakcija/0/mail.html`, { as: 'iva' });
    // Markup is shown as it is written, and never runs at our own address.
    expect([mail.headers['content-type'], mail.text.startsWith('<!DOCTYPE html>')]).toEqual(['text/plain; charset=utf-8', true]);
    const datex = await stage.ask('GET', `${path}/previews/centar/0/datex2.xml`, { as: 'iva' });
    expect([datex.headers['content-type'], datex.text.includes('observeAmberAlert')]).toEqual(['application/xml', true]);
  });

  it('refuse a picture of another version, of another mode and of no name', async () => {
    const { path } = await stage.written();
    const { version } = previews(await stage.ask('GET', `${path}/previews`, { as: 'iva' }));
    await stage.submitted(path);
    expect(code(await stage.ask('GET', `${path}/previews/televizija/0/card-sr-Latn.jpg?version=${version}`, { as: 'iva' }))).toBe('ALERT_STALE');
    for (const nowhere of ['televizija/0/nothing.jpg', 'televizija/7/card-sr-Latn.jpg', 'operator-live/0/cap.xml', 'nobody/0/cap.xml']) {
      expect([nowhere, code(await stage.ask('GET', `${path}/previews/${nowhere}`, { as: 'iva' }))]).toEqual([nowhere, 'PREVIEW_MISSING']);
    }
  });
});

describe('previews of content that is not handed in', () => {
  const ask = async (body: unknown) => (await stage.ask('POST', '/v1/drill/previews', { as: 'mila', body })).json as unknown as ShownContentPreviews;

  it('are the words and pictures of the draft that it would become, and leave nothing behind', async () => {
    const { path } = await stage.written();
    const kept = previews(await stage.ask('GET', `${path}/previews`, { as: 'mila' }));
    await stage.signIn('mila');
    const before = await stage.rowCounts();
    stage.logged.length = 0;
    const { faults, previews: shown } = await ask(sampleContent());
    expect(faults).toEqual([]);
    const lengths = (all: ShownPreviews) => all.channels.map(({ previews: list }) => list.map(({ length, segments, encoding }) => ({ length, segments, encoding })));
    expect(lengths(shown!)).toEqual(lengths(kept));
    expect(shown).toMatchObject({ version: null, contentHash: null, texts: { en: { headline: kept.texts.en.headline } } });
    const card = await stage.ask('POST', '/v1/drill/previews/televizija/0/card-sr-Latn.jpg', { as: 'mila', body: sampleContent() });
    expect([card.status, card.headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(await stage.rowCounts()).toEqual(before);
    expect(JSON.stringify(stage.logged)).not.toMatch(/Kanarinka|KU-1234/);
  });

  it('answer the faults of what is incomplete, and both faults and words of what breaks a rule', async () => {
    expect(await ask({ caseNumber: 'KU-1' })).toMatchObject({ previews: null, faults: expect.arrayContaining([expect.objectContaining({ field: 'child' })]) as unknown });
    const { faults, previews: shown } = await ask(sampleContent({ child: { ...sampleContent().child, birthDate: '2000-01-01' } }));
    expect(faults.map((fault) => fault.code)).toContain('BIRTH_DATE_ADULT');
    expect(shown!.texts.en.headline).toContain('Kanarinka');
    const long = sampleContent({ circumstances: { 'sr-Latn': 'ž'.repeat(400), 'sr-Cyrl': 'ж'.repeat(400), en: 'z'.repeat(400) } });
    expect((await ask(long)).previews).not.toBeNull();
    expect(code(await stage.ask('POST', '/v1/drill/previews/televizija/0/card-sr-Latn.jpg', { as: 'mila', body: {} }))).toBe('CONTENT_INVALID');
  });

  it('are for authors alone', async () => {
    expect(code(await stage.ask('POST', '/v1/drill/previews', { as: 'iva', body: sampleContent() }))).toBe('ROLE_MISSING');
  });
});
