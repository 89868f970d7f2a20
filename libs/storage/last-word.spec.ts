import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { randomIds, type AlertId, type FactId, type OfficerId } from '#kernel/ids.js';
import { makeFact, officerActor, SYSTEM, type Actor, type FactBody, type FactType } from '#audit/fact.js';
import { createAlert, decide, NOBODY, type Action, type Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { openAlertDatabase } from '../../tests/support/alert-database.js';
import { APPROVER, AUDITOR, AUTHOR, SECOND_AUTHOR } from '../../tests/support/officers.js';
import { until } from '../../tests/support/until.js';
import type { PgAlertStore } from './alert-store.js';
import { rows } from './database.js';

/*
 * What the database refuses by itself. Each rule is asked for alone, past the program, so that none hides behind another: of
 * functions as the application may call them, of tables as their owner.
 */
const NOW = new Date('2026-11-24T18:00:00Z');
const HOUR_MS = 3_600_000;
const HASH = 'f'.repeat(64);
const SEALED = Buffer.alloc(1);
const composer = new Composer({ publicUrl: 'https://primer.example' });

let source: DataSource;
let owner: pg.Client;
let store: PgAlertStore;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ source, owner, store, close } = await openAlertDatabase());
});
afterAll(() => close());

async function act(alert: Alert, action: Action, by: OfficerId, at = NOW): Promise<Alert> {
  const after = decide(alert, action, by, at);
  await store.commit({ before: alert, after, action, by, at });
  return after;
}

async function created(by = AUTHOR): Promise<Alert> {
  const alert = createAlert(randomIds.next<AlertId>(), 'drill', sampleContent(), by, NOW);
  await store.create(alert);
  return alert;
}

const submitted = async (alert?: Alert, by = AUTHOR) => {
  const draft = alert ?? (await created());
  return act(draft, { do: 'submit', notice: composer.proposal(draft, draft.proposal!) }, by);
};
const approved = async (alert?: Alert) => {
  const ready = await submitted(alert);
  return act(ready, { do: 'approve', contentHash: ready.proposal!.contentHash! }, APPROVER);
};
const ended = async (how: 'found' | 'withdraw' = 'withdraw') => {
  const alert = await approved();
  return act(alert, { do: how, notice: composer.ending(alert, how), reason: 'proba' }, AUTHOR);
};

const fact = <T extends FactType>(type: T, actor: Actor, alertId: AlertId | undefined, body: FactBody<T>): string =>
  makeFact({ id: randomIds.next<FactId>(), at: NOW, type, actor, alertId, body }).record;

/** Calls a function of the database as the application does. */
const call = (name: string, ...values: unknown[]) => rows(source, `SELECT ${name}(${values.map((_, n) => `$${n + 1}`).join(', ')})`, values);
const one = async <T extends object>(sql: string, ...values: unknown[]) => (await rows<T>(source, sql, values))[0];

describe('a decision', () => {
  it.each<[string, () => Promise<Alert>, (alert: Alert) => Promise<unknown>]>([
    ['creates', created, () => call('create_alert', randomUUID(), 'drill', 'x', AUDITOR, NOW, SEALED, SEALED, [])],
    ['edits', created, ({ id, version }) => call('edit_alert', id, version, 'x', AUDITOR, SEALED, [])],
    ['submits', created, ({ id, version }) => call('submit_alert', id, version, AUDITOR, 'x', HASH, SEALED, [])],
    ['begins an update', approved, ({ id, version }) => call('revise_alert', id, version, AUDITOR, SEALED, [])],
    ['ends', approved, ({ id, version }) => call('end_alert', id, version, AUDITOR, 'withdraw', NOW, 'x', HASH, SEALED, SEALED, [])],
    ['gives back', submitted, ({ id, version }) => call('send_back_alert', id, version, AUTHOR, 'return', NOW, SEALED, [])],
    ['rejects', submitted, ({ id, version }) => call('send_back_alert', id, version, AUTHOR, 'reject', NOW, SEALED, [])],
    ['erases', () => ended(), ({ id, version }) => call('erase_alert', id, version, AUTHOR, NOW, [])],
  ])('is not of who lacks the role for it: %s', async (_what, make, ask) => {
    await expect(ask(await make())).rejects.toThrow('ROLE_MISSING');
  });

  it.each<[string, () => Promise<Alert>, (alert: Alert) => Promise<unknown>]>([
    ['gives back', submitted, ({ id, version }) => call('send_back_alert', id, version, APPROVER, 'return', NOW, null, [])],
    ['rejects', submitted, ({ id, version }) => call('send_back_alert', id, version, APPROVER, 'reject', NOW, null, [])],
    ['says found', approved, ({ id, version }) => call('end_alert', id, version, AUTHOR, 'found', NOW, 'x', HASH, SEALED, null, [])],
    ['withdraws', approved, ({ id, version }) => call('end_alert', id, version, AUTHOR, 'withdraw', NOW, 'x', HASH, SEALED, null, [])],
  ])('has a reason where it %s', async (_what, make, ask) => {
    await expect(ask(await make())).rejects.toThrow('REASON_MISSING');
  });

  it.each<[string, () => Promise<Alert>, (alert: Alert) => Promise<unknown>]>([
    ['approves what is no proposal yet', created, ({ id, version }) => call('approve_alert', id, version, APPROVER, HASH, NOW, new Date(NOW.getTime() + HOUR_MS), [])],
    ['submits what is in review', submitted, ({ id, version }) => call('submit_alert', id, version, AUTHOR, 'x', HASH, SEALED, [])],
    ['gives back what was not submitted', created, ({ id, version }) => call('send_back_alert', id, version, APPROVER, 'return', NOW, SEALED, [])],
    ['approves by the way of giving back', submitted, ({ id, version }) => call('send_back_alert', id, version, APPROVER, 'approve', NOW, SEALED, [])],
    ['erases by the way of ending', ended, ({ id, version }) => call('end_alert', id, version, APPROVER, 'erase', NOW, 'x', HASH, SEALED, SEALED, [])],
    ['begins an update beside one', async () => act(await approved(), { do: 'revise' }, AUTHOR), ({ id, version }) => call('revise_alert', id, version, SECOND_AUTHOR, SEALED, [])],
    ['ends what never went out', created, ({ id, version }) => call('end_alert', id, version, AUTHOR, 'withdraw', NOW, 'x', HASH, SEALED, SEALED, [])],
    ['ends what has ended', () => ended('found'), ({ id, version }) => call('end_alert', id, version, AUTHOR, 'withdraw', NOW, 'x', HASH, SEALED, SEALED, [])],
    ['erases what is active', approved, ({ id, version }) => call('erase_alert', id, version, APPROVER, NOW, [])],
  ])('follows the table of moves: nobody %s', async (_what, make, ask) => {
    await expect(ask(await make())).rejects.toThrow('TRANSITION_NOT_ALLOWED');
  });

  it('is refused to who submitted without writing a word, and by a hash that is not said', async () => {
    const alert = await created();
    const ready = await act(alert, { do: 'submit', notice: composer.proposal(alert, alert.proposal!) }, APPROVER);
    const approve = (by: OfficerId, hash: string | null) => call('approve_alert', ready.id, ready.version, by, hash, NOW, new Date(NOW.getTime() + HOUR_MS), []);
    await expect(approve(APPROVER, ready.proposal!.contentHash!)).rejects.toThrow('APPROVER_IS_WRITER');
    const other = await submitted();
    await expect(call('approve_alert', other.id, other.version, APPROVER, null, NOW, new Date(NOW.getTime() + HOUR_MS), [])).rejects.toThrow('APPROVAL_STALE_HASH');
  });

  it('is refused to who wrote it, whoever submitted it', async () => {
    const ready = await submitted(await created(APPROVER), AUTHOR);
    await expect(call('approve_alert', ready.id, ready.version, APPROVER, ready.proposal!.contentHash, NOW, new Date(NOW.getTime() + HOUR_MS), [])).rejects.toThrow('APPROVER_IS_WRITER');
  });

  it('is refused to who edited it after it was given back', async () => {
    const back = await act(await submitted(), { do: 'return', reason: 'dopuniti' }, APPROVER);
    const edited = await act(back, { do: 'edit', content: sampleContent({ caseNumber: 'KU-5/2026' }) }, APPROVER);
    const ready = await submitted(edited, SECOND_AUTHOR);
    expect(await one('SELECT writers, submitted_by FROM revisions WHERE alert_id = $1', ready.id)).toEqual({ writers: [AUTHOR, APPROVER], submitted_by: SECOND_AUTHOR });
    await expect(call('approve_alert', ready.id, ready.version, APPROVER, ready.proposal!.contentHash, NOW, new Date(NOW.getTime() + HOUR_MS), [])).rejects.toThrow('APPROVER_IS_WRITER');
  });

  it('waits for one that is just being made of the same alert, and is then of a version that is no more', async () => {
    const alert = await created();
    const edit = (by: OfficerId) => [alert.id, alert.version, 'x', by, SEALED, [fact('revision.saved', officerActor(by), alert.id, { revision: 1, kind: 'alert', version: 2, digest: HASH })]];
    await owner.query('BEGIN');
    await owner.query('SELECT edit_alert($1, $2, $3, $4, $5, $6)', edit(AUTHOR));
    const second = expect(call('edit_alert', ...edit(SECOND_AUTHOR))).rejects.toThrow('ALERT_STALE');
    await until(async () => (await rows(source, `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length, (count) => count !== 0);
    await owner.query('COMMIT');
    await second;
  });

  it('to edit leaves nothing of what was frozen', async () => {
    const back = await act(await submitted(), { do: 'return', reason: 'dopuniti' }, APPROVER);
    await act(back, { do: 'edit', content: sampleContent({ caseNumber: 'KU-6/2026' }) }, AUTHOR);
    expect(await one('SELECT content_hash, identifier, submitted_by FROM revisions WHERE alert_id = $1', back.id)).toEqual({ content_hash: null, identifier: null, submitted_by: null });
  });

  it('is written with a fact of its own: about this alert, by who made it, and no other beside it', async () => {
    const [alert, other] = [await created(), await created()];
    const saved = (by: OfficerId, about: AlertId) => fact('revision.saved', officerActor(by), about, { revision: 1, kind: 'alert', version: 2, digest: HASH });
    const edit = (...facts: string[]) => call('edit_alert', alert.id, alert.version, 'x', AUTHOR, SEALED, facts);
    await expect(edit(saved(AUTHOR, other.id))).rejects.toMatchObject({ code: 'FM003' });
    await expect(edit(saved(SECOND_AUTHOR, alert.id))).rejects.toMatchObject({ code: 'FM003' });
    await expect(edit(saved(AUTHOR, alert.id), saved(AUTHOR, alert.id))).rejects.toMatchObject({ code: 'FM003' });
    await expect(edit(fact('photo.stored', officerActor(AUTHOR), alert.id, { sha256: HASH, bytes: 1, width: 1, height: 1 }))).rejects.toMatchObject({ code: 'FM003' });
    await edit(saved(AUTHOR, alert.id));
  });

  it.each(['alert.withdrawn', 'revision.approved', 'change.confirmed', 'draft.handed_in', 'officer.enrolled'])('has no fact without itself: %s', async (type) => {
    const saved = fact('revision.saved', SYSTEM, randomIds.next<AlertId>(), { revision: 1, kind: 'alert', version: 1, digest: HASH });
    await expect(call('append_facts', [saved.replace('revision.saved', type)])).rejects.toMatchObject({ code: 'FM003' });
  });

  it('that ends drops the proposal under way, lasts a day, and is told to who waits for it', async () => {
    const alert = await act(await approved(), { do: 'revise' }, AUTHOR);
    const told: (string | undefined)[] = [];
    owner.on('notification', ({ channel, payload }) => { if (channel === 'outbox') told.push(payload); });
    await owner.query('LISTEN outbox');
    try {
      await act(alert, { do: 'withdraw', notice: composer.ending(alert, 'withdraw'), reason: 'proba' }, AUTHOR);
      // Notifications come before the answer to whatever is asked after them.
      await owner.query('SELECT');
      expect(told).toEqual([alert.id]);
      const next = await approved();
      await owner.query('SELECT');
      expect(told).toEqual([alert.id, next.id]);
    } finally {
      await owner.query('UNLISTEN outbox');
      owner.removeAllListeners('notification');
    }
    const revisions = await rows<{ status: string; hours: number | null }>(source,
      `SELECT status, extract(epoch FROM expires_at - sent_at)::integer / 3600 AS hours FROM revisions WHERE alert_id = $1 ORDER BY number`, [alert.id]);
    expect(revisions).toEqual([{ status: 'approved', hours: 24 }, { status: 'dropped', hours: null }, { status: 'ending', hours: 24 }]);
    expect(await one('SELECT proposal FROM alerts WHERE id = $1', alert.id)).toEqual({ proposal: null });
  });

  it('to give back or reject keeps what was said, and says who did it', async () => {
    const back = await act(await submitted(), { do: 'return', reason: 'dopuniti' }, APPROVER);
    expect(await one('SELECT verb, by, sealed IS NOT NULL AS said FROM remarks WHERE alert_id = $1', back.id)).toEqual({ verb: 'return', by: APPROVER, said: true });
    expect(await one('SELECT decided_by FROM revisions WHERE alert_id = $1', back.id)).toEqual({ decided_by: APPROVER });
  });

  it.each(['queued', 'sending', 'waiting'])('to erase waits for what is %s', async (state) => {
    const alert = await ended();
    await rows(source, 'UPDATE outbox SET planned_at = now() WHERE alert_id = $1', [alert.id]);
    await rows(source,
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at, leased_until, next_attempt_at)
       VALUES (gen_random_uuid(), $1, 2, 'withdrawn', 'x', 'x', $2, $3, now(), CASE $3 WHEN 'sending' THEN now() END, CASE $3 WHEN 'waiting' THEN now() END)`, [alert.id, randomUUID(), state]);
    await expect(act(alert, { do: 'erase' }, APPROVER)).rejects.toMatchObject({ code: 'TRANSITION_NOT_ALLOWED' });
  });

  it('to erase takes photo, remarks, case number and words, and the key of them all', async () => {
    const first = await created();
    await store.addPhoto(first.id, { sha256: HASH, mediaType: 'image/jpeg', width: 1, height: 1, bytes: 1 }, Uint8Array.of(1), AUTHOR, NOW);
    const active = await approved(first);
    const alert = await act(active, { do: 'found', notice: composer.ending(active, 'found'), reason: 'kod kuće' }, AUTHOR);
    await rows(source, 'UPDATE outbox SET planned_at = now() WHERE alert_id = $1', [alert.id]);
    const left = () => one(
      `SELECT (SELECT count(*)::int FROM case_keys WHERE alert_id = a.id) AS keys, (SELECT count(sealed)::int FROM revisions WHERE alert_id = a.id) AS words,
              (SELECT count(sealed)::int FROM photos WHERE alert_id = a.id) AS photos, (SELECT count(sealed)::int FROM remarks WHERE alert_id = a.id) AS remarks,
              (SELECT count(case_number)::int FROM revisions WHERE alert_id = a.id) AS cases, a.case_number AS "caseNumber" FROM alerts a WHERE a.id = $1`, alert.id);
    expect(await left()).toEqual({ keys: 1, words: 2, photos: 1, remarks: 1, cases: 1, caseNumber: 'KU-1234/2026' });
    await act(alert, { do: 'erase' }, NOBODY);
    expect(await left()).toEqual({ keys: 0, words: 0, photos: 0, remarks: 0, cases: 0, caseNumber: '' });
  });
});

/** Runs a statement as the owner and takes it back; returns the code it was refused with, or `none`. */
async function tried(sql: string, ...values: unknown[]): Promise<string> {
  await owner.query('BEGIN');
  try {
    await owner.query(sql, values);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await owner.query('ROLLBACK');
  }
}

const CHECK = '23514';
const UNIQUE = '23505';
const FOREIGN = '23503';
const APPEND_ONLY = 'FM002';

describe('a row, whoever writes it', () => {
  const alerts: Record<string, Alert> = {};
  beforeAll(async () => {
    alerts['prepared'] = await created();
    alerts['submitted'] = await submitted();
    alerts['active'] = await approved();
    alerts['found'] = await ended('found');
    const marks = `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at, accepted_at)
                   VALUES ($1, $2, 1, 'alert', 'x', 'x', 'key-1', 'accepted', now(), now())`;
    await owner.query(marks, [DELIVERY, alerts['active'].id]);
    await owner.query(`INSERT INTO receipts (destination, receipt_key, key, stage, word, delivery_id) VALUES ('x', 'r-1', 'key-1', 'confirmed', 'aired', $1)`, [DELIVERY]);
    await owner.query(`INSERT INTO attempts (delivery_id, number, lease_token, started_at, ms, outcome, content_hash) VALUES ($1, 1, 1, now(), 1, 'accepted', $2)`, [DELIVERY, HASH]);
    await owner.query(`INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until) VALUES ($1, 0, 'slot-1', 'triggered', now(), now() + interval '30 minutes')`, [DELIVERY]);
    await owner.query(`INSERT INTO erasure_requests (alert_id, destination, asked_at, due_at) VALUES ($1, 'x', now(), now() + interval '1 day')`, [alerts['found'].id]);
    await owner.query(`INSERT INTO partner_reports (destination, report_key, delivery_id, stage) VALUES ('x', 'p-1', $1, 'acknowledged')`, [DELIVERY]);
    await owner.query(`INSERT INTO checkpoints VALUES (1, '{"seq":1}')`);
  });
  const DELIVERY = randomUUID();

  it.each([
    ['active', CHECK, `mode = 'probni'`], ['active', CHECK, `status = 'published'`],
    ['active', CHECK, 'current_revision = NULL'], ['prepared', CHECK, 'current_revision = 1'],
    ['active', CHECK, 'expires_at = NULL'],
    ['active', CHECK, 'ended_at = now()'], ['found', CHECK, 'ended_at = NULL'],
    ['active', CHECK, 'erased_at = now()'], ['found', CHECK, `status = 'erased'`],
    ['found', CHECK, 'proposal = 1'],
  ])('of an alert that is %s breaks no rule of its table (%s): %s', async (status, code, set) => {
    expect(await tried(`UPDATE alerts SET ${set} WHERE id = $1`, alerts[status]!.id)).toBe(code);
  });

  it.each([
    ['prepared', 1, `status = 'ending', content_hash = repeat('0', 64), identifier = 'y', sent_at = now(), expires_at = now()`], ['found', 2, `status = 'dropped'`],
    ['submitted', 1, 'content_hash = NULL'], ['submitted', 1, 'identifier = NULL'], ['active', 1, 'content_hash = NULL'], ['found', 2, 'identifier = NULL'],
    ['active', 1, 'decided_by = NULL'], ['active', 1, 'submitted_by = NULL'], ['active', 1, `writers = '{}'`],
    ['active', 1, 'decided_by = submitted_by, writers = ARRAY[gen_random_uuid()]'], ['active', 1, 'writers = writers || decided_by'],
    ['active', 1, 'sent_at = NULL'], ['active', 1, 'expires_at = NULL'], ['found', 2, 'sent_at = NULL'],
    ['submitted', 1, `content_hash = 'x'`], ['submitted', 1, `kind = 'other'`],
  ])('of a revision (%s, %i) breaks no rule of its table: %s', async (status, number, set) => {
    expect(await tried(`UPDATE revisions SET ${set} WHERE alert_id = $1 AND number = $2`, alerts[status]!.id, number)).toBe(CHECK);
  });

  it('gives no identifier to two revisions, and no revision two places in the outbox', async () => {
    expect(await tried(`UPDATE revisions SET identifier = (SELECT identifier FROM revisions WHERE alert_id = $1) WHERE alert_id = $2`, alerts['active']!.id, alerts['submitted']!.id)).toBe(UNIQUE);
    const row = `INSERT INTO outbox (alert_id, revision, kind, content_hash) VALUES ($1, $2, $3, repeat('0', 64))`;
    expect(await tried(row, alerts['active']!.id, 1, 'update')).toBe(UNIQUE);
    expect(await tried(row, alerts['active']!.id, 9, 'alert')).toBe(FOREIGN);
  });

  it.each([
    `state = 'sending'`, `leased_until = now()`, `state = 'waiting'`, `next_attempt_at = now()`, 'accepted_at = NULL', `state = 'confirmed', accepted_at = NULL`, `state = 'failed', accepted_at = NULL`,
    `state = 'lost'`, 'route = -1',
  ])('of a delivery breaks no rule of its table: %s', async (set) => {
    expect(await tried(`UPDATE deliveries SET ${set} WHERE id = $1`, DELIVERY)).toBe(CHECK);
  });

  it('of a delivery is there once by its key, once by its place, and for nothing but what is in the outbox', async () => {
    const add = (key: string, channel: string, kind = 'alert', revision = 1) => tried(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at) VALUES (gen_random_uuid(), $1, $5, $4, $3, 'x', $2, 'queued', now())`,
      alerts['active']!.id, key, channel, kind, revision);
    expect([await add('key-1', 'y'), await add('key-2', 'x'), await add('key-2', 'y', 'found'), await add('key-2', 'y', 'alert', 2), await add('key-2', 'y')]).toEqual([UNIQUE, UNIQUE, FOREIGN, FOREIGN, 'none']);
  });

  it('of a receipt speaks of one thing, by one name, and is there once', async () => {
    const add = (key: string, reference: string | null, about: string | null) => tried(
      `INSERT INTO receipts (destination, receipt_key, reference, key, stage, word) VALUES ('x', $1, $2, $3, 'confirmed', 'aired')`, key, reference, about);
    expect([await add('r-1', null, 'k'), await add('r-2', 'm', 'k'), await add('r-2', null, null), await add('r-2', 'm', null)]).toEqual([UNIQUE, CHECK, CHECK, 'none']);
  });

  it.each([
    'until = due_at', `state = 'aired'`, `state = 'late', aired_at = now()`, `state = 'aired', receipt_seq = (SELECT min(seq) FROM receipts)`,
    `receipt_seq = (SELECT min(seq) FROM receipts), aired_at = now()`, `state = 'missed', receipt_seq = (SELECT min(seq) FROM receipts), aired_at = now()`,
  ])('of a broadcaster\'s slot has its proof and a time: not %s', async (set) => {
    expect(await tried(`UPDATE airing_slots SET ${set} WHERE delivery_id = $1`, DELIVERY)).toBe(CHECK);
  });

  it.each([['aired', APPEND_ONLY], ['late', APPEND_ONLY], ['stopped', APPEND_ONLY], ['missed', 'none']])('of a slot that is %s stays so, or may be proved late', async (state, code) => {
    const proof = state === 'aired' || state === 'late' ? ', receipt_seq = (SELECT min(seq) FROM receipts), aired_at = now()' : '';
    await owner.query('BEGIN');
    try {
      await owner.query(`UPDATE airing_slots SET state = '${state}'${proof} WHERE delivery_id = $1`, [DELIVERY]);
      const change = owner.query(`UPDATE airing_slots SET state = 'due', receipt_seq = NULL, aired_at = NULL WHERE delivery_id = $1`, [DELIVERY]);
      if (code === 'none') expect((await change).rowCount).toBe(1);
      else await expect(change).rejects.toMatchObject({ code });
    } finally {
      await owner.query('ROLLBACK');
    }
  });

  it.each(['due_at = asked_at', 'confirmed_at = now()', `confirmed_by = 'officer:x'`, `confirmed_at = now(), confirmed_by = 'officer:x', next_chase_at = now()`, 'chased = -1'])(
    'of a request to erase breaks no rule of its table: %s', async (set) => {
      expect(await tried(`UPDATE erasure_requests SET ${set}`)).toBe(CHECK);
    });

  it('of a request to erase is there once, and stays confirmed', async () => {
    expect(await tried(`INSERT INTO erasure_requests (alert_id, destination, asked_at, due_at) SELECT alert_id, destination, asked_at, due_at FROM erasure_requests`)).toBe(UNIQUE);
    const confirm = `UPDATE erasure_requests SET confirmed_at = now(), confirmed_by = 'destination:x'`;
    expect([await tried(confirm), await tried(`${confirm}; UPDATE erasure_requests SET confirmed_at = NULL, confirmed_by = NULL`)]).toEqual(['none', APPEND_ONLY]);
  });

  it('of the audit is added and neither changed nor taken away, by its owner neither', async () => {
    const changes = { facts: 'record = record', checkpoints: 'document = document', partner_reports: `stage = 'erased'` };
    for (const [table, set] of Object.entries(changes)) {
      for (const sql of [`UPDATE ${table} SET ${set}`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
        // A table that is emptied takes others along: each refuses in its own name.
        await expect(owner.query(sql)).rejects.toMatchObject({ code: APPEND_ONLY, message: `append-only: ${table}` });
      }
    }
  });

  it('of a checkpoint says the place it stands in, which is a fact\'s', async () => {
    expect([await tried(`INSERT INTO checkpoints VALUES (2, '{"seq":3}')`), await tried(`INSERT INTO checkpoints VALUES (999999, '{"seq":999999}')`), await tried(`INSERT INTO checkpoints VALUES (2, '{"seq":2}')`)])
      .toEqual([CHECK, FOREIGN, 'none']);
  });

  it('of a report is there once', async () => {
    expect(await tried(`INSERT INTO partner_reports (destination, report_key, delivery_id, stage) VALUES ('x', 'p-1', $1, 'erased')`, DELIVERY)).toBe(UNIQUE);
  });

  it.each([
    ['attempts', `UPDATE attempts SET outcome = 'refused'`], ['receipts', 'DELETE FROM receipts'], ['reports', `UPDATE partner_reports SET stage = 'erased'`],
    ['parts of an audience', 'DELETE FROM part_marks'], ['deliveries', 'DELETE FROM deliveries'], ['slots', 'DELETE FROM airing_slots'], ['requests to erase', 'DELETE FROM erasure_requests'],
    ['changes', `UPDATE changes SET status = 'confirmed'`], ['enrolments', 'DELETE FROM enrolments'], ['sessions', 'DELETE FROM sessions'], ['drafts', 'DELETE FROM drafts'],
    ['destinations', 'DELETE FROM destinations'], ['secrets of destinations', 'DELETE FROM destination_secrets'], ['connection tests', 'DELETE FROM connection_tests'], ['checkpoints', 'DELETE FROM checkpoints'],
    ['remarks', 'UPDATE remarks SET sealed = NULL'], ['photos', 'DELETE FROM photos'],
  ])('of the %s is not the application\'s to rewrite', async (_what, sql) => {
    await expect(rows(source, sql)).rejects.toMatchObject({ code: '42501' });
  });
});
