import sharp from 'sharp';
import { randomIds, type AlertId, type OfficerId } from '#kernel/ids.js';
import { readRecord } from '#audit/fact.js';
import { NOBODY } from '#alerts/alert.js';
import { eraseAbandoned } from '#alerts/draft-actions.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import type { ShownDraft } from './draft-shown.js';
import { Stage, type Name, type Told } from './testing/stage.js';

let stage: Stage;

beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

const picture = () => sharp({ create: { width: 60, height: 80, channels: 3, background: '#8899aa' } }).jpeg().withExif({ IFD0: { Copyright: 'canary' } }).toBuffer();
const draftOf = (told: Told) => told.json as unknown as ShownDraft;
const code = (told: Told) => (told.json as unknown as { code: string }).code;
const alertOf = (told: Told) => told.json as unknown as { id: string; version: number; status: string; proposal: { status: string; writers: string[]; contentHash: string; content: { photo?: object } } };
const pathOf = (draft: ShownDraft) => `/v1/${draft.mode}/drafts/${draft.id}`;

const begin = async (as: Name = 'mila', body: object = {}) => draftOf(await stage.ask('POST', '/v1/drill/drafts', { as, body }));
const save = (draft: ShownDraft, as: Name, content: object, unfinished: object = {}, version = draft.version) =>
  stage.ask('PUT', pathOf(draft), { as, body: { content, unfinished }, headers: { 'if-match': `"${version}"` } });
const handIn = (draft: ShownDraft, as: Name, body: object = { submit: true }) =>
  stage.ask('POST', `${pathOf(draft)}/hand-in`, { as, body, headers: { 'if-match': `"${draft.version}"` } });
const typesOf = async (id: string) => (await stage.sql<{ type: string }>('SELECT type FROM facts WHERE alert_id = $1 ORDER BY seq', [id])).map(({ type }) => type);

/** A new draft with whole content, by `as`. */
const whole = async (as: Name = 'mila') => draftOf(await save(await begin(as), as, sampleContent()));

describe('a draft', () => {
  it('takes any part of the content, and says what still stands between it and its submission', async () => {
    const draft = await begin('mila', { content: { child: { name: { latin: 'Kanarinka' }, birthDate: '2001-01-01' }, lastSeen: { at: '2026-11-24T13:45:00+01:00' }, circumstances: { 'sr-Latn': '' } } });
    const faults = draft.faults.map(({ code: of, field }) => `${of} ${field}`);
    expect(faults).toEqual(expect.arrayContaining(['BIRTH_DATE_ADULT child.birthDate', 'CONTENT_INVALID child.name.cyrillic', 'CRITERION_MISSING assessment.criterion', 'CONTENT_INVALID lastSeen.place.sr-Latn', 'AREA_MISSING area', 'VALIDITY_OUT_OF_RANGE validHours']));
    // Emptied again is not given.
    expect(faults.filter((fault) => fault.includes('circumstances'))).toEqual([]);
    const full = draftOf(await save(draft, 'mila', sampleContent()));
    expect(full).toMatchObject({ version: 2, faults: [], savedBy: { name: 'mila (izmišljena)' } });
    expect((await stage.ask('GET', pathOf(draft), { as: 'mila' })).headers.etag).toBe('"2"');
  });

  it('keeps what cannot be read yet, and does not go on without it', async () => {
    const draft = draftOf(await save(await begin(), 'mila', sampleContent(), { 'lastSeen.position': '45.2, ' }));
    expect([draft.unfinished, draft.faults.map(({ field }) => field)]).toEqual([{ 'lastSeen.position': '45.2, ' }, ['lastSeen.position']]);
    expect(await handIn(draft, 'mila')).toMatchObject({ status: 422 });
  });

  it('refuses what has another type, more than it can hold, and fields of its own', async () => {
    const draft = await begin();
    for (const content of [{ validHours: '24' }, { child: { shoe: 36 } }, { photo: {} }, { companion: { en: 'x'.repeat(4_001) } }]) {
      expect([content, (await save(draft, 'mila', content)).status]).toEqual([content, 422]);
    }
    const big = { area: { kind: 'polygons', polygons: Array.from({ length: 4 }, () => Array.from({ length: 15_000 }, () => [20.123456, 44.123456])) } };
    expect(code(await save(draft, 'mila', big))).toBe('CONTENT_INVALID');
    expect((await stage.ask('PUT', pathOf(draft), { as: 'mila', body: { content: {} } })).status).toBe(428);
  });

  it('writes no fact for a save, and one when it is begun and when it is left', async () => {
    const draft = await whole();
    expect(await typesOf(draft.id)).toEqual(['draft.begun']);
    await stage.ask('DELETE', pathOf(draft), { as: 'ana', headers: { 'if-match': `"${draft.version}"` } });
    expect(await typesOf(draft.id)).toEqual(['draft.begun', 'draft.discarded']);
    expect(code(await stage.ask('GET', pathOf(draft), { as: 'mila' }))).toBe('DRAFT_MISSING');
  });

  it('is sealed from its first octet: no table shows a word of it', async () => {
    const draft = await begin('mila', { content: { child: { name: { latin: 'Kanarinka Tajnić' } } } });
    const photo = await stage.ask('PUT', `${pathOf(draft)}/photo`, { as: 'mila', body: await picture(), headers: { 'if-match': '"1"' } });
    const shown = await stage.ask('GET', `${pathOf(draft)}/photo`, { as: 'ana' });
    expect([photo.status, shown.headers['content-type'], shown.bytes.includes('canary')]).toEqual([200, 'image/jpeg', false]);
    for (const { name } of await stage.sql<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`)) {
      const found = await stage.sql(`SELECT FROM ${name} t WHERE t::text LIKE '%Tajni%' OR t::text LIKE '%' || encode($1, 'hex') || '%'`, [shown.bytes.subarray(0, 64)]);
      expect([name, found.length]).toEqual([name, 0]);
    }
    expect(JSON.stringify(stage.logged)).not.toContain('Tajni');
  });

  it('is the authors\' alone, and of its own mode', async () => {
    const draft = await whole();
    for (const as of ['rada', 'iva', 'uros'] as const) {
      for (const [method, url] of [['GET', '/v1/drill/drafts'], ['GET', pathOf(draft)], ['GET', `${pathOf(draft)}/photo`], ['POST', `${pathOf(draft)}/presence`]] as const) {
        expect([as, url, code(await stage.ask(method, url, { as }))]).toEqual([as, url, 'ROLE_MISSING']);
      }
    }
    const live = { ...draft, mode: 'live' as const };
    expect(code(await stage.ask('GET', pathOf(live), { as: 'mila' }))).toBe('DRAFT_MISSING');
    expect(code(await save(live, 'mila', {}))).toBe('DRAFT_MISSING');
    expect(code(await handIn(live, 'mila'))).toBe('DRAFT_MISSING');
  });
});

describe('two on one draft', () => {
  it('are told of each other while both have it open, and for half a minute', async () => {
    const draft = await begin('mila');
    const seen = draftOf(await stage.ask('GET', pathOf(draft), { as: 'ana' }));
    expect(seen.others).toMatchObject([{ name: 'mila (izmišljena)' }]);
    const presence = () => stage.ask('POST', `${pathOf(draft)}/presence`, { as: 'mila' });
    expect(draftOf(await presence()).others).toMatchObject([{ name: 'ana (izmišljena)' }]);
    expect((await presence()).text).not.toContain('content');
    stage.clock.advance(31_000);
    expect(draftOf(await presence()).others).toEqual([]);
  });

  it('do not overwrite each other: the later is told who saved meanwhile, and what is saved stays', async () => {
    const draft = await begin('mila');
    await save(draft, 'ana', { caseNumber: 'KU-1/2026' });
    const late = await save(draft, 'mila', { caseNumber: 'KU-2/2026' });
    const [{ id }] = await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'ana'`) as [{ id: string }];
    expect([late.status, code(late)]).toEqual([409, 'DRAFT_STALE']);
    expect(late.text).toContain(`Now 2, saved by officer ${id} at `);
    expect(draftOf(await stage.ask('GET', pathOf(draft), { as: 'mila' })).content).toEqual({ caseNumber: 'KU-1/2026' });
    const stale = { 'if-match': '"1"' };
    expect(code(await stage.ask('PUT', `${pathOf(draft)}/photo`, { as: 'mila', body: await picture(), headers: stale }))).toBe('DRAFT_STALE');
    expect(code(await stage.ask('DELETE', pathOf(draft), { as: 'mila', headers: stale }))).toBe('DRAFT_STALE');
    expect(code(await handIn(draft, 'mila'))).toBe('DRAFT_STALE');
  });

  it('save at the same moment: one is taken, the other refused', async () => {
    const draft = await begin('mila');
    await stage.signIn('ana');
    const told = await Promise.all([save(draft, 'mila', { caseNumber: 'A' }), save(draft, 'ana', { caseNumber: 'B' })]);
    expect(new Set(told.map(({ status }) => status))).toEqual(new Set([200, 409]));
  });
});

describe('handing in', () => {
  it('makes the proposal, submits it, and leaves nothing of the draft', async () => {
    let draft = await whole();
    draft = draftOf(await stage.ask('PUT', `${pathOf(draft)}/photo`, { as: 'mila', body: await picture(), headers: { 'if-match': `"${draft.version}"` } }));
    const key = { 'if-match': `"${draft.version}"`, 'idempotency-key': 'hand-in-once' };
    const told = await stage.ask('POST', `${pathOf(draft)}/hand-in`, { as: 'mila', body: { submit: true }, headers: key });
    expect(alertOf(told)).toMatchObject({ id: draft.id, version: 2, status: 'prepared', proposal: { status: 'in_review', content: { photo: draft.photo } } });
    expect(await typesOf(draft.id)).toEqual(['draft.begun', 'draft.handed_in', 'alert.created', 'revision.saved', 'photo.stored', 'revision.submitted']);
    expect(await stage.sql('SELECT FROM drafts WHERE id = $1 UNION ALL SELECT FROM draft_presence WHERE draft_id = $1', [draft.id])).toEqual([]);
    // The case keeps the key it was sealed under from the first octet.
    const photo = await stage.ask('GET', `/v1/drill/alerts/${draft.id}/photo`, { as: 'iva' });
    expect([photo.status, (await sharp(photo.bytes).metadata()).width]).toEqual([200, 60]);
    expect(alertOf(await stage.ask('POST', `${pathOf(draft)}/hand-in`, { as: 'mila', body: { submit: true }, headers: key }))).toEqual(alertOf(told));
  });

  it('is refused with every fault at once, and the draft stays', async () => {
    const draft = draftOf(await save(await begin(), 'mila', sampleContent({ validHours: 99, caseNumber: '' })));
    const told = await handIn(draft, 'mila');
    expect([told.status, (told.json as unknown as { faults: { field: string }[] }).faults.map(({ field }) => field)]).toEqual([422, ['caseNumber', 'validHours']]);
    expect((await stage.ask('GET', pathOf(draft), { as: 'mila' })).status).toBe(200);
    expect(await stage.sql('SELECT FROM alerts WHERE id = $1', [draft.id])).toEqual([]);
  });

  it('makes everyone who wrote a letter of the draft a writer: none of them can approve it', async () => {
    const draft = await whole();
    const touched = draftOf(await save(draft, 'vuk', sampleContent({ caseNumber: 'KU-9/2026' })));
    // Written over again by another: vuk stays a writer.
    const again = draftOf(await save(touched, 'ana', sampleContent()));
    expect(again.writers.map(({ name }) => name.split(' ')[0])).toEqual(['mila', 'vuk', 'ana']);
    const { proposal } = alertOf(await handIn(again, 'mila'));
    expect(proposal.writers).toHaveLength(3);
    const path = `/v1/drill/alerts/${draft.id}/approve`;
    const { contentHash } = proposal;
    await stage.signIn('vuk');
    expect(code(await stage.ask('POST', path, { as: 'vuk', body: { contentHash, code: stage.freshCode('vuk') } }))).toBe('APPROVER_IS_WRITER');
    const [vuk] = await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'vuk'`);
    // The database holds it too, whatever the program says.
    await expect(stage.sql(`UPDATE revisions SET status = 'approved', decided_by = $2, sent_at = now(), expires_at = now() WHERE alert_id = $1`, [draft.id, vuk!.id])).rejects.toThrow('revisions_check');
    await expect(stage.parts.house.source.query(`SELECT approve_alert($1, 2, $2, $3, now(), now() + interval '1 hour', '{}')`, [draft.id, vuk!.id, contentHash])).rejects.toThrow('APPROVER_IS_WRITER');
    await stage.signIn('iva');
    expect((await stage.ask('POST', path, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
    const [fact] = await stage.sql<{ record: string }>(`SELECT record FROM facts WHERE alert_id = $1 AND type = 'draft.handed_in'`, [draft.id]);
    expect((readRecord(fact!.record)!.body as { writers: string[] }).writers).toEqual(proposal.writers);
  });

  it('is by the database\'s functions only: the application can neither change a draft nor its writers by itself', async () => {
    const draft = await whole();
    const { source } = stage.parts.house;
    for (const sql of [`UPDATE drafts SET writers = '{}'`, 'DELETE FROM drafts', 'TRUNCATE drafts', 'INSERT INTO drafts SELECT * FROM drafts']) await expect(source.query(sql)).rejects.toThrow('permission denied');
    const [rada] = await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'rada'`);
    await expect(source.query(`SELECT save_draft($1, 'drill', $2, $3, now(), '\\x00', NULL, NULL)`, [draft.id, draft.version, rada!.id])).rejects.toThrow('ROLE_MISSING');
  });
});

describe('a draft over an alert', () => {
  /** An alert that mila wrote and iva gave back. */
  async function returned(): Promise<string> {
    const { id, path } = await stage.written();
    await stage.submitted(path);
    await stage.ask('POST', `${path}/return`, { as: 'iva', body: { reason: 'Nedostaje opis odeće.' } });
    return id;
  }
  const opened = async (id: string, as: Name) => draftOf(await stage.ask('POST', '/v1/drill/drafts', { as, body: { alertId: id } }));

  it('begins with its words and the reason it came back for; whoever comes second gets the same draft', async () => {
    const id = await returned();
    const list = (await stage.ask('GET', '/v1/drill/drafts', { as: 'mila' })).json as unknown as { waiting: { id: string; status: string; sentBack: { reason: string } }[] };
    expect(list.waiting.find((one) => one.id === id)).toMatchObject({ status: 'returned', sentBack: { reason: 'Nedostaje opis odeće.', by: { name: 'iva (izmišljena)' } } });
    const draft = await opened(id, 'mila');
    expect(draft).toMatchObject({ id, writers: [], over: { revision: 1, status: 'returned' }, overStale: false, sentBack: { reason: 'Nedostaje opis odeće.' }, content: { caseNumber: 'KU-1234/2026' } });
    const saved = draftOf(await save(draft, 'mila', sampleContent({ caseNumber: 'KU-8/2026' })));
    expect(await opened(id, 'ana')).toMatchObject({ version: saved.version, content: { caseNumber: 'KU-8/2026' }, others: [{ name: 'mila (izmišljena)' }] });
    const told = await handIn(saved, 'mila');
    expect(alertOf(told)).toMatchObject({ proposal: { status: 'in_review', content: { caseNumber: 'KU-8/2026' } } });
    expect((await typesOf(id)).slice(-3)).toEqual(['draft.handed_in', 'revision.saved', 'revision.submitted']);
  });

  it('makes nobody a writer who only opens it', async () => {
    const id = await returned();
    const draft = await opened(id, 'vuk');
    const { proposal } = alertOf(await handIn(draftOf(await save(draft, 'mila', sampleContent())), 'mila'));
    await stage.signIn('vuk');
    expect((await stage.ask('POST', `/v1/drill/alerts/${id}/approve`, { as: 'vuk', body: { contentHash: proposal.contentHash, code: stage.freshCode('vuk') } })).status).toBe(200);
  });

  it('does not silently replace what somebody wrote into the alert meanwhile', async () => {
    const id = await returned();
    const draft = draftOf(await save(await opened(id, 'mila'), 'mila', sampleContent({ caseNumber: 'KU-5/2026' })));
    await stage.ask('PUT', `/v1/drill/alerts/${id}/content`, { as: 'ana', body: sampleContent({ caseNumber: 'KU-6/2026' }), headers: { 'if-match': String(draft.over!.version) } });
    expect(draftOf(await stage.ask('GET', pathOf(draft), { as: 'mila' }))).toMatchObject({ overStale: true });
    expect(code(await handIn(draft, 'mila'))).toBe('ALERT_STALE');
    const told = await handIn(draft, 'mila', { submit: false, over: draft.over!.version + 1 });
    // Both stay writers of what comes of it.
    expect([told.status, alertOf(told).proposal.writers.length]).toEqual([200, 2]);
  });

  it('is not begun over a revision that is in review, and is gone when its alert ends', async () => {
    const { id, path } = await stage.written();
    const draft = await opened(id, 'mila');
    await stage.submitted(path);
    expect(draftOf(await stage.ask('GET', pathOf(draft), { as: 'mila' })).faults).toMatchObject([{ code: 'TRANSITION_NOT_ALLOWED' }]);
    expect(code(await handIn(draft, 'mila', { submit: false, over: 2 }))).toBe('TRANSITION_NOT_ALLOWED');
    await stage.ask('POST', `${path}/reject`, { as: 'iva', body: { reason: 'Nije po kriterijumu.' } });
    expect(code(await stage.ask('GET', pathOf(draft), { as: 'mila' }))).toBe('DRAFT_MISSING');
    expect(code(await stage.ask('POST', '/v1/drill/drafts', { as: 'mila', body: { alertId: id } }))).toBe('TRANSITION_NOT_ALLOWED');
  });
});

describe('the words of a new alert', () => {
  it('have a writer from the first one on, says the database', async () => {
    const { drafts } = stage.parts;
    const [ana] = await stage.sql<{ id: OfficerId }>(`SELECT id FROM officers WHERE user_name = 'ana'`);
    const now = stage.clock.now();
    const draft = { id: randomIds.next<AlertId>(), mode: 'drill', version: 1, over: null, begunBy: ana!.id, begunAt: now, savedBy: ana!.id, savedAt: now, content: {}, unfinished: {} } as const;
    await expect(drafts.begin({ ...draft, writers: [] })).rejects.toThrow('its writer');
    await drafts.begin({ ...draft, writers: [ana!.id] });
  });
});

describe('a draft that nobody goes on with', () => {
  it('is erased after three days, its key included, with a fact that holds nothing of it', async () => {
    const left = await whole();
    stage.clock.advance(71 * 3_600_000);
    const [ana] = await stage.sql<{ id: OfficerId }>(`SELECT id FROM officers WHERE user_name = 'ana'`);
    const { drafts, draftActions } = stage.parts;
    // Past the door: three days outlast every session.
    const fresh = await draftActions.begin('drill', randomIds.next<AlertId>(), { content: {}, unfinished: {} }, ana!.id);
    const { clock, log } = stage.parts.house;
    const there = async (id: string) => (await stage.sql('SELECT FROM drafts WHERE id = $1', [id])).length;
    await eraseAbandoned({ drafts, clock, log });
    expect(await there(left.id)).toBe(1);
    stage.clock.advance(3_600_000);
    await Promise.all([eraseAbandoned({ drafts, clock, log }), eraseAbandoned({ drafts, clock, log })]);
    expect([await there(left.id), await there(fresh.id)]).toEqual([0, 1]);
    const facts = await stage.sql<{ record: string }>(`SELECT record FROM facts WHERE alert_id = $1 AND type = 'draft.erased'`, [left.id]);
    expect(facts.map(({ record }) => readRecord(record))).toMatchObject([{ actor: 'system', body: { saves: left.version } }]);
    // The system may not take what somebody is writing.
    await expect(drafts.drop(fresh, NOBODY, clock.now())).rejects.toMatchObject({ code: 'DRAFT_STALE' });
  });
});
