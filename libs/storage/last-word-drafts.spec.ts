import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { randomIds, type AlertId, type OfficerId } from '#kernel/ids.js';
import { createAlert, decide, NOBODY, type Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { openAlertDatabase } from '../../tests/support/alert-database.js';
import { APPROVER, AUDITOR, AUTHOR, SECOND_AUTHOR } from '../../tests/support/officers.js';
import type { PgAlertStore } from './alert-store.js';
import { rows } from './database.js';

/*
 * Drafts, asked of the database past the program: each rule alone, so that none hides behind another.
 */
const NOW = new Date('2026-11-24T18:00:00Z');
const HOUR_MS = 3_600_000;
const SEALED = Buffer.alloc(1);
const HASH = 'f'.repeat(64);
const composer = new Composer({ publicUrl: 'https://primer.example' });
const later = (ms: number) => new Date(NOW.getTime() + ms);

let source: DataSource;
let owner: pg.Client;
let store: PgAlertStore;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ source, owner, store, close } = await openAlertDatabase());
});
afterAll(() => close());

const call = (name: string, ...values: unknown[]) => rows(source, `SELECT ${name}(${values.map((_, n) => `$${n + 1}`).join(', ')})`, values);
const fact = (type: string, id: string, by: OfficerId = AUTHOR) =>
  JSON.stringify({ type, actor: by === NOBODY ? 'system' : `officer:${by}`, alert: id, at: NOW.toISOString(), body: {}, id: randomUUID(), v: 1 });

interface Begun { by?: OfficerId; over?: number | null; mode?: string; writers?: OfficerId[]; facts?: string[] }
async function begin(id: string = randomUUID(), { by = AUTHOR, over = null, mode = 'drill', writers = [by], facts }: Begun = {}): Promise<string> {
  await call('begin_draft', id, mode, by, NOW, over, over === null ? SEALED : null, writers, SEALED, null, facts ?? [fact('draft.begun', id, by)]);
  return id;
}
const save = (id: string, version: number, by: OfficerId = AUTHOR, photo: string | null = null, octets: Buffer | null = null, mode = 'drill') => call('save_draft', id, mode, version, by, NOW, SEALED, photo, octets);
const handInFacts = (id: string, by: OfficerId) => ['draft.handed_in', 'alert.created', 'revision.saved'].map((type) => fact(type, id, by));
const handIn = (id: string, version: number, { by = AUTHOR, over = null as number | null, facts = handInFacts(id, by) } = {}) =>
  call('hand_in_draft', id, 'drill', version, by, NOW, over, 'KU-1', SEALED, null, null, null, facts);
const drop = (id: string, version: number, by: OfficerId, at = NOW) => call('drop_draft', id, 'drill', version, by, at, [fact(by === NOBODY ? 'draft.erased' : 'draft.discarded', id, by)]);
const row = async (id: string) => (await rows<Record<string, unknown>>(source, 'SELECT version, writers, photo_sha256, photo FROM drafts WHERE id = $1', [id]))[0];

async function written(): Promise<Alert> {
  const alert = createAlert(randomIds.next<AlertId>(), 'drill', sampleContent(), AUTHOR, NOW);
  await store.create(alert);
  return alert;
}
async function submitted(): Promise<Alert> {
  const alert = await written();
  const action = { do: 'submit', notice: composer.proposal(alert, alert.proposal!) } as const;
  const after = decide(alert, action, AUTHOR, NOW);
  await store.commit({ before: alert, after, action, by: AUTHOR, at: NOW });
  return after;
}

describe('a draft', () => {
  it('is an author\'s: to begin, to save, to hand in and to throw away', async () => {
    const id = await begin();
    await expect(begin(randomUUID(), { by: AUDITOR })).rejects.toThrow('ROLE_MISSING');
    await expect(save(id, 1, AUDITOR)).rejects.toThrow('ROLE_MISSING');
    await expect(handIn(id, 1, { by: AUDITOR })).rejects.toThrow('ROLE_MISSING');
    await expect(drop(id, 1, AUDITOR)).rejects.toThrow('ROLE_MISSING');
  });

  it('of a new alert has its beginner among the writers', async () => {
    for (const writers of [[], [SECOND_AUTHOR]]) await expect(begin(randomUUID(), { writers })).rejects.toMatchObject({ code: 'FM002' });
  });

  it('is over one alert of its own mode, as it stands, while that may be written', async () => {
    const alert = await written();
    await expect(begin(alert.id)).rejects.toThrow('DRAFT_STALE');
    await expect(begin(alert.id, { over: 1, mode: 'live' })).rejects.toThrow('ALERT_MISSING');
    await expect(begin(alert.id, { over: 2 })).rejects.toThrow('ALERT_STALE');
    await expect(begin(randomUUID(), { over: 1 })).rejects.toThrow('ALERT_MISSING');
    await begin(alert.id, { over: 1 });
    await expect(begin(alert.id, { over: 1, by: SECOND_AUTHOR })).rejects.toThrow('DRAFT_STALE');
    const ready = await submitted();
    await expect(begin(ready.id, { over: 2 })).rejects.toThrow('TRANSITION_NOT_ALLOWED');
  });

  it('is changed in the version and in the mode that was read, or not at all', async () => {
    const id = await begin();
    await save(id, 1);
    for (const work of [() => save(id, 1), () => handIn(id, 1), () => drop(id, 1, AUTHOR)]) await expect(work()).rejects.toThrow('DRAFT_STALE');
    await expect(save(id, 2, AUTHOR, null, null, 'live')).rejects.toThrow('DRAFT_MISSING');
    await expect(call('save_draft', id, 'drill', null, AUTHOR, NOW, SEALED, null, null)).rejects.toThrow('DRAFT_STALE');
    expect(await row(id)).toMatchObject({ version: 2 });
  });

  it('counts as a writer whoever saves it, once and for good', async () => {
    const id = await begin();
    await save(id, 1, APPROVER);
    await save(id, 2, AUTHOR);
    await save(id, 3, APPROVER);
    expect(await row(id)).toMatchObject({ writers: [AUTHOR, APPROVER] });
    await handIn(id, 4);
    expect(await rows(source, 'SELECT writers FROM revisions WHERE alert_id = $1', [id])).toEqual([{ writers: [AUTHOR, APPROVER] }]);
    expect(await row(id)).toBeUndefined();
  });

  it('keeps the octets of its photo while it is the same one, and no others', async () => {
    const id = await begin();
    await save(id, 1, AUTHOR, HASH, Buffer.from('a'));
    await save(id, 2, AUTHOR, HASH);
    expect(await row(id)).toMatchObject({ photo_sha256: HASH, photo: Buffer.from('a') });
    await save(id, 3, AUTHOR, 'e'.repeat(64));
    expect(await row(id)).toMatchObject({ photo_sha256: 'e'.repeat(64), photo: null });
    await save(id, 4, AUTHOR, HASH, Buffer.from('b'));
    await save(id, 5);
    expect(await row(id)).toMatchObject({ photo_sha256: null, photo: null });
  });

  it('is handed in as what it was begun as, with the facts of just that', async () => {
    const id = await begin();
    await expect(handIn(id, 1, { over: 1 })).rejects.toThrow('ALERT_STALE');
    const facts = handInFacts(id, AUTHOR);
    for (const wrong of [facts.slice(0, 2), [...facts, fact('photo.stored', id)], [facts[1]!, facts[0]!, facts[2]!]]) await expect(handIn(id, 1, { facts: wrong })).rejects.toMatchObject({ code: 'FM003' });
    const alert = await written();
    await begin(alert.id, { over: 1 });
    await expect(handIn(alert.id, 1)).rejects.toThrow('ALERT_STALE');
  });

  it('is not the system\'s to erase before nobody saved it for a day', async () => {
    const id = await begin();
    await expect(drop(id, 1, NOBODY, later(24 * HOUR_MS - 1))).rejects.toThrow('DRAFT_STALE');
    await drop(id, 1, NOBODY, later(24 * HOUR_MS));
    expect(await row(id)).toBeUndefined();
  });

  it('is gone with the proposal that it is over', async () => {
    const alert = await written();
    await begin(alert.id, { over: 1 });
    const action = { do: 'erase' } as const;
    await store.commit({ before: alert, after: decide(alert, action, APPROVER, NOW), action, by: APPROVER, at: NOW });
    expect(await row(alert.id)).toBeUndefined();
  });

  it.each(['wrapped = NULL', 'over_version = 1', `photo = ''`, `photo_sha256 = 'x'`, 'version = 0', `mode = 'probni'`])('breaks no rule of its table, whoever writes it: %s', async (set) => {
    const id = await begin();
    await expect(owner.query(`UPDATE drafts SET ${set} WHERE id = $1`, [id])).rejects.toMatchObject({ code: '23514' });
  });
});
