import sharp from 'sharp';
import { ERRORS } from '#kernel/errors.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { Stage, type Told } from './testing/stage.js';

let stage: Stage;

beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

const picture = () => sharp({ create: { width: 60, height: 80, channels: 3, background: '#8899aa' } }).jpeg().withExif({ IFD0: { Copyright: 'canary' } }).toBuffer();
const problem = (told: Told) => told.json as unknown as { code: string; status: number; faults: { code: string; field: string; rule: string; detail?: string }[] };
const alert = (told: Told) => told.json as unknown as {
  id: string; status: string; version: number; proposal?: { contentHash?: string; status: string; content?: object }; published?: { contentHash: string; sentAt: string; revision: number };
};

describe('an alert through the API', () => {
  it('goes from draft to found, with every wrong turn refused', async () => {
    const created = await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body: sampleContent() });
    expect(created).toMatchObject({ status: 201, headers: { etag: '"1"', 'cache-control': 'no-store' } });
    const path = String(created.headers.location);
    expect(path).toBe(`/v1/drill/alerts/${alert(created).id}`);

    const put = await stage.ask('PUT', `${path}/photo`, { as: 'mila', body: await picture(), headers: { 'if-match': '"1"' } });
    expect([put.status, alert(put).version]).toEqual([200, 2]);
    const shown = await stage.ask('GET', `${path}/photo`, { as: 'iva' });
    expect([shown.status, shown.headers['content-type'], shown.bytes.includes('canary')]).toEqual([200, 'image/jpeg', false]);
    expect((await sharp(shown.bytes).metadata()).width).toBe(60);

    const submitted = await stage.ask('POST', `${path}/submit`, { as: 'vuk' });
    expect(submitted.status).toBe(200);
    const contentHash = alert(submitted).proposal!.contentHash!;
    const approve = (as: 'vuk' | 'iva', code: string, hash = contentHash) => stage.ask('POST', `${path}/approve`, { as, body: { contentHash: hash, code } });
    await stage.signIn('vuk');
    await stage.signIn('iva');

    expect(problem(await approve('vuk', stage.freshCode('vuk'))).code).toBe('APPROVER_IS_WRITER');
    expect(problem(await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash } })).code).toBe('STEP_UP_MISSING');
    const code = stage.freshCode('iva');
    expect(problem(await approve('iva', code, '0'.repeat(64)))).toMatchObject({ code: 'APPROVAL_STALE_HASH', status: 409, faults: [{ field: 'contentHash' }] });
    expect(problem(await approve('iva', code))).toMatchObject({ code: 'CODE_REPLAYED', status: 401, faults: [{ field: 'code' }] });
    expect(await stage.sql('SELECT FROM outbox')).toHaveLength(0);

    const approved = await approve('iva', stage.freshCode('iva'));
    expect(approved.status).toBe(200);
    expect(alert(approved)).toMatchObject({ status: 'active', published: { contentHash, sentAt: stage.clock.now().toISOString(), revision: 1 } });
    expect(problem(await approve('iva', stage.freshCode('iva')))).toMatchObject({ code: 'TRANSITION_NOT_ALLOWED', status: 409 });
    expect(problem(await stage.ask('DELETE', `${path}/photo`, { as: 'mila' })).code).toBe('TRANSITION_NOT_ALLOWED');

    expect(problem(await stage.ask('POST', `${path}/found`, { as: 'mila', body: { reason: ' ' } }))).toMatchObject({ code: 'REASON_MISSING', faults: [{ field: 'reason' }] });
    const found = await stage.ask('POST', `${path}/found`, { as: 'mila', body: { reason: 'Probni kraj.' } });
    expect(alert(found)).toMatchObject({ status: 'found' });
    expect((await stage.sql('SELECT kind FROM outbox ORDER BY id'))).toEqual([{ kind: 'alert' }, { kind: 'found' }]);

    const timeline = await stage.ask('GET', `${path}/timeline?limit=3`, { as: 'rada' });
    expect((timeline.json['items'] as unknown as { type: string }[]).map((f) => f.type)).toEqual(['alert.created', 'revision.saved', 'photo.stored']);
    const rest = await stage.ask('GET', `${path}/timeline?after=${String(timeline.json['next'])}`, { as: 'rada' });
    expect((rest.json['items'] as unknown as { type: string }[]).map((f) => f.type)).toEqual(['revision.saved', 'revision.submitted', 'revision.approved', 'alert.found']);
    expect(rest.json['next']).toBeNull();

    // Not before everyone who has it can be told.
    expect(problem(await stage.ask('POST', `${path}/erase`, { as: 'iva' })).code).toBe('TRANSITION_NOT_ALLOWED');
    await stage.sql('UPDATE outbox SET planned_at = now()');
    expect((await stage.ask('POST', `${path}/erase`, { as: 'iva' })).status).toBe(204);
    expect(problem(await stage.ask('GET', path, { as: 'mila' }))).toMatchObject({ code: 'ALERT_ERASED', status: 410 });
    expect((await stage.ask('GET', `${path}/timeline`, { as: 'rada' })).status).toBe(200);
  });

  it('is returned, edited on its version, and an update is rejected', async () => {
    const { path } = await stage.written();
    await stage.submitted(path);
    const returned = await stage.ask('POST', `${path}/return`, { as: 'iva', body: { reason: 'Nedostaje marka.' } });
    expect(alert(returned).proposal!.status).toBe('returned');
    const edit = (headers: Record<string, string>) => stage.ask('PUT', `${path}/content`, { as: 'ana', body: sampleContent({ validHours: 12 }), headers });
    expect(problem(await edit({}))).toMatchObject({ status: 428, code: 'REQUEST_INVALID', faults: [{ field: 'If-Match' }] });
    expect(problem(await edit({ 'if-match': '"1"' }))).toMatchObject({ status: 409, code: 'ALERT_STALE' });
    expect((await edit({ 'if-match': String(returned.headers.etag) })).status).toBe(200);
    const hash = await stage.submitted(path);
    await stage.signIn('iva');
    await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash: hash, code: stage.freshCode('iva') } });
    expect(alert(await stage.ask('POST', `${path}/revise`, { as: 'mila' })).proposal).toMatchObject({ status: 'draft', kind: 'update' });
    await stage.submitted(path);
    const rejected = await stage.ask('POST', `${path}/reject`, { as: 'iva', body: { reason: 'Nije tačno.' } });
    expect(alert(rejected)).toMatchObject({ status: 'active' });
    expect(alert(rejected).proposal).toBeUndefined();
    expect(alert(await stage.ask('POST', `${path}/withdraw`, { as: 'iva', body: { reason: 'Probni kraj.' } })).status).toBe('withdrawn');
  });

  it('is found at the address of its mode only', async () => {
    const { id } = await stage.written();
    for (const url of [`/v1/live/alerts/${id}`, `/v1/live/alerts/${id}/deliveries`, `/v1/live/alerts/${id}/timeline`]) {
      expect(problem(await stage.ask('GET', url, { as: 'mila' }))).toMatchObject({ status: 404, code: 'ALERT_MISSING' });
    }
    expect(problem(await stage.ask('GET', `/v1/test/alerts/${id}`, { as: 'mila' }))).toMatchObject({ status: 404, code: 'ROUTE_MISSING' });
    expect(problem(await stage.ask('GET', '/v1/drill/alerts/1', { as: 'mila' }))).toMatchObject({ status: 404, code: 'ROUTE_MISSING' });
  });

  it('shows an auditor what was decided, and nothing of the case', async () => {
    const { path } = await stage.written();
    const read = await stage.ask('GET', path, { as: 'rada' });
    expect(read.status).toBe(200);
    expect(read.text).not.toMatch(/Probić|Пробић|birthDate/);
    for (const part of ['previews', 'photo']) expect(problem(await stage.ask('GET', `${path}/${part}`, { as: 'rada' })).code).toBe('ROLE_MISSING');
    expect((await stage.ask('GET', path, { as: 'iva' })).text).toContain('Probić');
  });

  it('is previewed exactly as it would be sent, and frozen in review', async () => {
    const { path } = await stage.written();
    const draft = await stage.ask('GET', `${path}/previews`, { as: 'mila' });
    expect(draft.json).toMatchObject({ contentHash: null, kind: 'alert', area: { simplified: null } });
    const channels = draft.json['channels'] as unknown as { channel: string; destinations: { id: string }[]; previews: { text: string; length: number; limit: number; encoding: string }[] }[];
    expect(channels.map((c) => [c.channel, c.destinations.map((d) => d.id)])).toEqual([['smpp', ['operator']]]);
    const [sms] = channels[0]!.previews;
    expect(sms).toMatchObject({ encoding: 'UCS-2', length: sms!.text.length });
    const hash = await stage.submitted(path);
    expect((await stage.ask('GET', `${path}/previews`, { as: 'iva' })).json).toMatchObject({ contentHash: hash });
  });

  it('shows an area with too many corners as it goes out, and says what was left out', async () => {
    const circle = Array.from({ length: 400 }, (_, i): [number, number] => [20.5 + 0.3 * Math.cos((i * Math.PI) / 200), 44 + 0.2 * Math.sin((i * Math.PI) / 200)]);
    const created = await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body: sampleContent({ area: { kind: 'polygons', polygons: [circle] } }) });
    const { json } = await stage.ask('GET', `${String(created.headers.location)}/previews`, { as: 'mila' });
    const { shown, simplified } = json['area'] as unknown as { shown: { polygons: unknown[][] }; simplified: { from: number; to: number } };
    expect(simplified.from).toBe(400);
    expect(simplified.to).toBeLessThanOrEqual(100);
    expect(shown.polygons[0]).toHaveLength(simplified.to);
  });

  it('is listed newest first, page by page, without personal data', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      stage.clock.advance(1_000);
      ids.unshift((await stage.written()).id);
    }
    const first = await stage.ask('GET', '/v1/drill/alerts?limit=2&status=prepared', { as: 'mila' });
    const second = await stage.ask('GET', `/v1/drill/alerts?limit=1&status=prepared&cursor=${String(first.json['next'])}`, { as: 'mila' });
    const idsOf = (told: Told) => (told.json['items'] as unknown as { id: string }[]).map((a) => a.id);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids);
    expect(first.text).not.toMatch(/Probić|Пробић/);
    expect((await stage.ask('GET', '/v1/live/alerts', { as: 'mila' })).json).toEqual({ items: [], next: null });
    expect(problem(await stage.ask('GET', '/v1/drill/alerts?limit=0&cursor=x&sort=1', { as: 'mila' })).faults.map((f) => [f.field, f.detail])).toEqual([
      ['query.limit', 'At least 1.'], ['query', 'A field that the schema does not know.'],
    ]);
    expect(problem(await stage.ask('GET', '/v1/drill/alerts?cursor=x', { as: 'mila' })).faults[0]).toMatchObject({ code: 'REQUEST_INVALID', field: 'query.cursor' });
  });
});

describe('bad input', () => {
  const { child, assessment, lastSeen } = sampleContent();
  const { area: _area, ...noArea } = sampleContent();
  const polygon = (...points: [number, number][]) => ({ area: { kind: 'polygons', polygons: [points] } });

  it.each<[string, object, string, string]>([
    ['an adult', { child: { ...child, birthDate: '2000-01-01' }, assessment: { ...assessment, criterion: 'suspected_abduction' } }, 'BIRTH_DATE_ADULT', 'child.birthDate'],
    ['a birth date in the future', { child: { ...child, birthDate: '2027-01-01' } }, 'BIRTH_DATE_FUTURE', 'child.birthDate'],
    ['last seen in the future', { lastSeen: { ...lastSeen, at: '2026-12-24T13:45:00+01:00' } }, 'LAST_SEEN_FUTURE', 'lastSeen.at'],
    ['a missing criterion', { assessment: { reason: assessment.reason, judgedBy: assessment.judgedBy } }, 'CRITERION_MISSING', 'assessment.criterion'],
    ['no assessment', { assessment: undefined }, 'CRITERION_MISSING', 'assessment'],
    ['a criterion that does not fit', { assessment: { ...assessment, criterion: 'disability_or_therapy' } }, 'CRITERION_NOT_MET', 'assessment.criterion'],
    ['an area outside Serbia', polygon([10, 50], [11, 50], [11, 51]), 'AREA_OUTSIDE_SERBIA', 'area.polygons[0]'],
    ['a self-crossing area', polygon([20, 44], [21, 44.5], [21, 44], [20, 44.5]), 'AREA_SELF_CROSSING', 'area.polygons[0]'],
    ['an unknown district', { area: { kind: 'districts', codes: ['RS-99'] } }, 'AREA_UNKNOWN_DISTRICT', 'area.codes[0]'],
    ['validity for ever', { validHours: 100 }, 'VALIDITY_OUT_OF_RANGE', 'validHours'],
    ['a text over the limit of its field', { companion: { 'sr-Latn': 'a'.repeat(201), 'sr-Cyrl': 'а', en: 'a' } }, 'CONTENT_INVALID', 'companion.sr-Latn'],
    ['a photo that is only claimed', { photo: { sha256: '0'.repeat(64), mediaType: 'image/jpeg', width: 1, height: 1, bytes: 1 } }, 'CONTENT_INVALID', 'photo'],
    ['no area', { area: undefined }, 'AREA_MISSING', 'area'],
  ])('%s is refused by field and rule, and leaves no row', async (_what, changes, code, field) => {
    const before = await stage.rowCounts();
    const told = await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body: { ...noArea, area: sampleContent().area, ...changes }, headers: { 'idempotency-key': 'bad' } });
    expect(told.headers['content-type']).toMatch('application/problem+json');
    expect(problem(told)).toMatchObject({ status: 422, code, type: `/errors/${code}`, faults: [{ code, field, rule: ERRORS[code as keyof typeof ERRORS].rule }] });
    expect(await stage.rowCounts()).toEqual(before);
  });

  it.each<[string, () => Promise<Buffer>, string]>([
    ['no picture', async () => Buffer.from('not a picture'), 'PHOTO_NOT_A_PICTURE'],
    ['empty', async () => Buffer.alloc(0), 'PHOTO_NOT_A_PICTURE'],
    ['too large', async () => Buffer.alloc(10 * 1024 * 1024 + 1), 'PHOTO_TOO_LARGE'],
    ['far too large', async () => Buffer.alloc(11 * 1024 * 1024), 'PHOTO_TOO_LARGE'],
    ['carrying a second file', async () => Buffer.concat([await picture(), Buffer.from('PK\x03\x04 second file')]), 'PHOTO_TRAILING_DATA'],
  ])('a photo that is %s is refused, and leaves no row', async (_what, bytes, code) => {
    const { path } = await stage.written();
    const before = await stage.rowCounts();
    const told = await stage.ask('PUT', `${path}/photo`, { as: 'mila', body: await bytes() });
    expect(problem(told)).toMatchObject({ status: 422, code, faults: [{ code, field: 'photo' }] });
    expect(await stage.rowCounts()).toEqual(before);
  });

  it('a text over a channel\'s length is refused at submission, naming the text and a destination, and nothing is frozen', async () => {
    const long = { 'sr-Latn': 'č'.repeat(80), 'sr-Cyrl': 'ч'.repeat(80), en: 'c'.repeat(80) };
    const wide = { 'sr-Latn': 'č'.repeat(200), 'sr-Cyrl': 'ч'.repeat(200), en: 'c'.repeat(200) };
    const { clothing: _c, marks: _m, ...rest } = child;
    // The live operator takes four parts, the drill operator six.
    const body = sampleContent({ child: { ...rest, clothing: wide, marks: wide }, lastSeen: { ...lastSeen, place: long } });
    const created = await stage.ask('POST', '/v1/live/alerts', { as: 'mila', body });
    const before = await stage.rowCounts();
    const told = problem(await stage.ask('POST', `${String(created.headers.location)}/submit`, { as: 'mila' }));
    expect(told).toMatchObject({ status: 422, code: 'TEXT_TOO_LONG', faults: [{ field: 'texts.sr-Latn.short' }] });
    expect(told.faults[0]!.detail).toMatch(/SMS: \d+ parts, at most 4\. At operator-live\.$/);
    expect(await stage.rowCounts()).toEqual(before);
  });

  it.each<[string, unknown, Record<string, string>, number, string]>([
    ['broken JSON', '{"a":', {}, 400, 'body'],
    ['text', 'hello', { 'content-type': 'text/plain' }, 415, 'content-type'],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'content-type'],
    ['a picture', Buffer.from('x'), {}, 415, 'content-type'],
    ['XML', '<!DOCTYPE a><a/>', { 'content-type': 'application/xml' }, 415, 'content-type'],
    ['three megabytes', `"${'x'.repeat(3 * 1024 * 1024)}"`, {}, 413, 'body'],
  ])('%s where JSON belongs is a malformed request', async (_what, body, headers, status, field) => {
    expect(problem(await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body, headers }))).toMatchObject({ status, code: 'REQUEST_INVALID', faults: [{ field }] });
  });

  it('never comes back in the answer, nor into the log', async () => {
    const canary = 'Kanarinko-Proba';
    const body = { ...sampleContent(), [canary]: canary, child: { ...child, sex: canary } };
    const told = await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body });
    expect(told.status).toBe(422);
    expect(told.text).not.toContain(canary);
    const lost = await stage.ask('GET', `/v1/drill/${canary}/%E0`, { as: 'mila' });
    expect(lost.text).not.toContain(canary);
    expect(JSON.stringify(stage.logged)).not.toMatch(/Kanarin|Probić|KU-1234/);
  });
});
