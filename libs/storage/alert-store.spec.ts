import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { randomIds, type AlertId, type OfficerId } from '#kernel/ids.js';
import { verifyAudit } from '#audit/verify.js';
import { ALERT_MOVES, createAlert, decide, NOBODY, PROPOSAL_MOVES, type Action, type Alert } from '#alerts/alert.js';
import { contentHashOf, type Notice } from '#alerts/notice.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { sampleEnding, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { openAlertDatabase } from '../../tests/support/alert-database.js';
import { APPROVER, AUDITOR, AUTHOR, SECOND_AUTHOR } from '../../tests/support/officers.js';
import type { PgAlertStore } from './alert-store.js';
import { rows } from './database.js';

const NOW = new Date('2026-11-24T18:00:00Z');

let source: DataSource;
let owner: pg.Client;
let store: PgAlertStore;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ source, owner, store, close } = await openAlertDatabase());
});
afterAll(() => close());

const noticeFor = (alert: Alert): Notice => {
  const { sent: _sent, expires: _expires, contentHash: _hash, ...notice } = sampleNotice();
  const { revision, kind, content } = alert.proposal!;
  return { ...notice, alertId: alert.id, revision, kind, identifier: `findme-drill-${alert.id}-${revision}`, content };
};

const endingFor = (alert: Alert): Notice => {
  const { sent: _sent, expires: _expires, contentHash: _hash, ...notice } = sampleEnding('withdrawn');
  return { ...notice, alertId: alert.id, revision: alert.lastRevision + 1, identifier: `findme-drill-${alert.id}-${alert.lastRevision + 1}` };
};

async function act(alert: Alert, action: Action, by: OfficerId): Promise<Alert> {
  const after = decide(alert, action, by, NOW);
  await store.commit({ before: alert, after, action, by, at: NOW });
  return after;
}

async function created(): Promise<Alert> {
  const alert = createAlert(randomIds.next<AlertId>(), 'drill', sampleContent(), AUTHOR, NOW);
  await store.create(alert);
  return alert;
}

const submitted = async () => {
  const alert = await created();
  return act(alert, { do: 'submit', notice: noticeFor(alert) }, AUTHOR);
};

const approved = async () => {
  const alert = await submitted();
  return act(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER);
};

/** As if a dispatcher had seen to everything that waits. */
const allPlanned = () => asApp('UPDATE outbox SET planned_at = now() WHERE planned_at IS NULL');

const asApp = (sql: string, values: unknown[] = []) => source.query(sql, values);

describe('an alert in the database', () => {
  it('comes back as it was decided, at every step of its life', async () => {
    let alert = await created();
    expect(await store.load('drill', alert.id)).toEqual(alert);
    alert = await act(alert, { do: 'edit', content: sampleContent({ caseNumber: 'KU-77/2026' }) }, SECOND_AUTHOR);
    expect(await store.load('drill', alert.id)).toEqual(alert);
    alert = await act(alert, { do: 'submit', notice: noticeFor(alert) }, AUTHOR);
    expect(await store.load('drill', alert.id)).toEqual(alert);
    alert = await act(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER);
    const { proposal: _gone, ...published } = alert;
    expect(await store.load('drill', alert.id)).toEqual(published);
    alert = await act(alert, { do: 'revise' }, AUTHOR);
    expect(await store.load('drill', alert.id)).toEqual(alert);
    alert = await act(alert, { do: 'edit', content: sampleContent({ area: { kind: 'districts', codes: ['RS-20'] } }) }, AUTHOR);
    alert = await act(alert, { do: 'submit', notice: noticeFor(alert) }, AUTHOR);
    alert = await act(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER);
    const { proposal: _none, ...updated } = alert;
    expect(updated.published?.toldArea).toEqual({ kind: 'districts', codes: ['RS-06', 'RS-20'] });
    expect(await store.load('drill', alert.id)).toEqual(updated);
    alert = await act(alert, { do: 'withdraw', notice: endingFor(alert), reason: 'greška' }, AUTHOR);
    expect(await store.load('drill', alert.id)).toMatchObject({ status: 'withdrawn', version: alert.version, lastRevision: 3 });
  });

  it('is another mode\'s alert nowhere', async () => {
    const alert = await created();
    await expect(store.load('live', alert.id)).rejects.toMatchObject({ code: 'ALERT_MISSING' });
  });

  it('refuses a change to a version that is no longer the newest, and keeps the first', async () => {
    const alert = await created();
    await act(alert, { do: 'edit', content: sampleContent({ caseNumber: 'KU-1/2026' }) }, AUTHOR);
    await expect(act(alert, { do: 'edit', content: sampleContent({ caseNumber: 'KU-2/2026' }) }, AUTHOR)).rejects.toMatchObject({ code: 'ALERT_STALE' });
    expect((await store.load('drill', alert.id)).proposal?.content.caseNumber).toBe('KU-1/2026');
  });

  it('writes alert, fact and outbox row together when it is approved', async () => {
    const alert = await approved();
    const outbox = await rows<{ revision: number; content_hash: string }>(source, 'SELECT revision, content_hash FROM outbox WHERE alert_id = $1', [alert.id]);
    expect(outbox).toEqual([{ revision: 1, content_hash: alert.published!.contentHash }]);
    const facts = await rows<{ type: string }>(source, 'SELECT type FROM facts WHERE alert_id = $1 ORDER BY seq', [alert.id]);
    expect(facts.map((f) => f.type)).toEqual(['alert.created', 'revision.saved', 'revision.submitted', 'revision.approved']);
  });

  it('sends exactly the notice that was approved', async () => {
    const alert = await approved();
    const notice = await store.sentNotice(alert.id, 1);
    expect(contentHashOf(notice!)).toBe(alert.published!.contentHash);
    expect(notice).toMatchObject({ sent: '2026-11-24T19:00:00+01:00', contentHash: alert.published!.contentHash });
    expect(await store.sentNotice(alert.id, 2)).toBeUndefined();
  });

  it('has no readable personal data in any table', async () => {
    await approved();
    const { rows: tables } = await owner.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
    for (const { name } of tables) {
      const { rows: found } = await owner.query(`SELECT t::text AS row FROM ${name} t WHERE t::text ILIKE '%Kanarink%' OR t::text LIKE '%Канаринк%'`);
      expect({ name, found: found.length }).toEqual({ name, found: 0 });
    }
  });

  it('loses its key and everything sealed when it is erased, and keeps hashes and times', async () => {
    const active = await approved();
    const alert = await act(active, { do: 'found', notice: endingFor(active), reason: 'kod kuće' }, AUTHOR);
    await allPlanned();
    await act(alert, { do: 'erase' }, APPROVER);
    await expect(store.load('drill', alert.id)).rejects.toMatchObject({ code: 'ALERT_ERASED' });
    const [left] = await rows(source,
      `SELECT (SELECT count(*)::int FROM case_keys WHERE alert_id = $1) AS keys, (SELECT count(sealed)::int FROM revisions WHERE alert_id = $1) AS sealed,
              (SELECT count(sealed)::int FROM remarks WHERE alert_id = $1) AS remarks, (SELECT count(content_hash)::int FROM revisions WHERE alert_id = $1) AS hashes`,
      [alert.id]);
    expect(left).toEqual({ keys: 0, sealed: 0, remarks: 0, hashes: 2 });
  });

  it('is erased by approvers only, and not while a partner has still to be told that it ended', async () => {
    const active = await approved();
    const alert = await act(active, { do: 'found', notice: endingFor(active), reason: 'kod kuće' }, AUTHOR);
    await expect(act(alert, { do: 'erase' }, APPROVER)).rejects.toMatchObject({ code: 'TRANSITION_NOT_ALLOWED' });
    await allPlanned();
    await asApp(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at)
       VALUES (gen_random_uuid(), $1, 2, 'found', 'x', 'x', $2, 'queued', now())`, [alert.id, alert.id]);
    await expect(act(alert, { do: 'erase' }, NOBODY)).rejects.toMatchObject({ code: 'TRANSITION_NOT_ALLOWED' });
    await asApp(`UPDATE deliveries SET state = 'dead' WHERE alert_id = $1`, [alert.id]);
    await expect(act(alert, { do: 'erase' }, AUTHOR)).rejects.toMatchObject({ code: 'ROLE_MISSING' });
    await act(alert, { do: 'erase' }, NOBODY);
    await expect(store.load('drill', alert.id)).rejects.toMatchObject({ code: 'ALERT_ERASED' });
  });

  it('comes back without what was frozen once it is returned', async () => {
    const ready = await submitted();
    const alert = await act(ready, { do: 'return', reason: 'dopuniti' }, APPROVER);
    expect(await store.load('drill', alert.id)).toEqual(alert);
    expect(alert.proposal).not.toHaveProperty('contentHash');
  });

  it('shows its published case number until another one is approved', async () => {
    const active = await approved();
    const shown = async () => (await rows<{ case_number: string }>(source, 'SELECT case_number FROM alerts WHERE id = $1', [active.id]))[0]?.case_number;
    let alert = await act(active, { do: 'revise' }, AUTHOR);
    alert = await act(alert, { do: 'edit', content: sampleContent({ caseNumber: 'KU-9/2026' }) }, AUTHOR);
    expect(await shown()).toBe('KU-1234/2026');
    alert = await act(alert, { do: 'submit', notice: noticeFor(alert) }, AUTHOR);
    await act(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER);
    expect(await shown()).toBe('KU-9/2026');
  });

  it('keeps a photo sealed, once', async () => {
    const alert = await created();
    const ref = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg', width: 2, height: 2, bytes: 3 } as const;
    await store.addPhoto(alert.id, ref, Uint8Array.of(1, 2, 3), AUTHOR, NOW);
    await store.addPhoto(alert.id, ref, Uint8Array.of(1, 2, 3), AUTHOR, NOW);
    expect([...(await store.photo(alert.id, ref.sha256))!]).toEqual([1, 2, 3]);
    const facts = await rows(source, `SELECT FROM facts WHERE alert_id = $1 AND type = 'photo.stored'`, [alert.id]);
    expect(facts).toHaveLength(1);
  });
});

describe('the database, whatever the program says', () => {
  it('has the same table of moves as the program', async () => {
    const inSql = await owner.query<{ verb: string; from_status: string; to_status: string }>('SELECT * FROM alert_moves');
    const inCode = Object.entries(ALERT_MOVES).flatMap(([from_status, verbs]) => Object.entries(verbs).map(([verb, to_status]) => ({ verb, from_status, to_status })));
    expect(sorted(inSql.rows)).toEqual(sorted(inCode));
    const proposalSql = await owner.query<{ verb: string; from_status: string; to_status: string }>('SELECT * FROM proposal_moves');
    const proposalCode = Object.entries(PROPOSAL_MOVES).flatMap(([from_status, verbs]) => Object.entries(verbs).map(([verb, to_status]) => ({ verb, from_status, to_status })));
    expect(sorted(proposalSql.rows)).toEqual(sorted(proposalCode));
  });

  it('refuses that a writer approves, even when the program asks for it', async () => {
    const alert = await submitted();
    const call = (by: OfficerId, hash: string) => asApp('SELECT approve_alert($1, $2, $3, $4, $5, $6, $7)',
      [alert.id, alert.version, by, hash, NOW, new Date(NOW.getTime() + 3_600_000), []]);
    await expect(call(AUTHOR, alert.proposal!.contentHash!)).rejects.toThrow('ROLE_MISSING');
    await expect(call(AUDITOR, alert.proposal!.contentHash!)).rejects.toThrow('ROLE_MISSING');
    await expect(call(APPROVER, 'f'.repeat(64))).rejects.toThrow('APPROVAL_STALE_HASH');
    const own = createAlert(randomIds.next<AlertId>(), 'drill', sampleContent(), APPROVER, NOW);
    await store.create(own);
    const ready = await act(own, { do: 'submit', notice: noticeFor(own) }, APPROVER);
    await expect(asApp('SELECT approve_alert($1, $2, $3, $4, $5, $6, $7)',
      [own.id, ready.version, APPROVER, ready.proposal!.contentHash, NOW, new Date(NOW.getTime() + 1000), []])).rejects.toThrow('APPROVER_IS_WRITER');
  });

  it('refuses an edit between review and approval', async () => {
    const alert = await submitted();
    await expect(asApp('SELECT edit_alert($1, $2, $3, $4, $5, $6)', [alert.id, alert.version, 'x', AUTHOR, Buffer.alloc(1), []])).rejects.toThrow('TRANSITION_NOT_ALLOWED');
  });

  it.each([
    ['set a status', `UPDATE alerts SET status = 'active'`],
    ['approve a revision', `UPDATE revisions SET status = 'approved'`],
    ['change what was frozen', `UPDATE revisions SET content_hash = repeat('0', 64)`],
    ['put something into the outbox', `INSERT INTO outbox (alert_id, revision, kind, content_hash) SELECT alert_id, number, kind, 'x' FROM revisions`],
    ['make an officer', `INSERT INTO officers SELECT gen_random_uuid(), 'x', 'x', '{approver}', true, '', '', 0, now()`],
    ['give itself a role', `UPDATE officers SET roles = '{approver}'`],
    ['change a fact', `UPDATE facts SET record = '{}'`],
    ['delete a fact', 'DELETE FROM facts'],
    ['empty the facts', 'TRUNCATE facts'],
    ['add a fact past the chain', `INSERT INTO facts (seq, record, hash) VALUES (999999, '{}', '')`],
    ['move the end of the chain', 'UPDATE chain_head SET seq = 0'],
    ['delete an attempt', 'DELETE FROM attempts'],
    ['change a receipt', `UPDATE receipts SET stage = 'confirmed'`],
    ['take away a trigger', 'ALTER TABLE facts DISABLE TRIGGER ALL'],
    ['change the table of moves', `INSERT INTO alert_moves VALUES ('approve', 'erased', 'active')`],
    ['call the inner functions', `SELECT refuse('x')`],
    ['link a fact past its door', `SELECT link_facts('{}')`],
    ['destroy a key without erasing', 'DELETE FROM case_keys'],
  ])('does not let the application %s', async (_what, sql) => {
    await expect(asApp(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('does not let a delivery exist for what was not approved', async () => {
    const alert = await submitted();
    await expect(asApp(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at)
       VALUES (gen_random_uuid(), $1, 1, 'alert', 'x', 'x', 'x', 'queued', now())`, [alert.id])).rejects.toMatchObject({ code: '23503' });
  });

  it('refuses a decision without its own fact, and a fact of a decision that was not made', async () => {
    const alert = await submitted();
    const [wrong] = await rows<{ record: string }>(source, `SELECT record FROM facts WHERE alert_id = $1 AND type = 'revision.submitted'`, [alert.id]);
    const approveWith = (facts: unknown) => asApp('SELECT approve_alert($1, $2, $3, $4, $5, $6, $7)',
      [alert.id, alert.version, APPROVER, alert.proposal!.contentHash, NOW, new Date(NOW.getTime() + 3_600_000), facts]);
    await expect(approveWith([])).rejects.toMatchObject({ code: 'FM003' });
    await expect(approveWith(null)).rejects.toMatchObject({ code: 'FM003' });
    await expect(approveWith([wrong!.record])).rejects.toMatchObject({ code: 'FM003' });
    await expect(approveWith([wrong!.record.replace('revision.submitted', 'revision.approved')])).rejects.toMatchObject({ code: 'FM003' });
    await expect(asApp('SELECT append_facts($1)', [[wrong!.record.replace('revision.submitted', 'revision.approved')]])).rejects.toMatchObject({ code: 'FM003' });
    await expect(asApp('SELECT append_facts(NULL)')).rejects.toMatchObject({ code: 'FM003' });
    expect((await store.load('drill', alert.id)).status).toBe('prepared');
  });

  it('takes no absent version for the newest', async () => {
    const alert = await submitted();
    await expect(asApp('SELECT approve_alert($1, NULL, $2, $3, $4, $5, $6)',
      [alert.id, APPROVER, alert.proposal!.contentHash, NOW, new Date(NOW.getTime() + 3_600_000), []])).rejects.toThrow('ALERT_STALE');
  });

  it('refuses a validity of more than 72 hours, of none and of no end', async () => {
    const alert = await submitted();
    const until = (ms: number | null) => asApp('SELECT approve_alert($1, $2, $3, $4, $5, $6, $7)',
      [alert.id, alert.version, APPROVER, alert.proposal!.contentHash, NOW, ms === null ? null : new Date(NOW.getTime() + ms), []]);
    await expect(until(72 * 3_600_000 + 1_000)).rejects.toThrow('VALIDITY_OUT_OF_RANGE');
    await expect(until(0)).rejects.toThrow('VALIDITY_OUT_OF_RANGE');
    await expect(until(null)).rejects.toMatchObject({ code: '23514' });
  });

  it('refuses an officer who was disabled or lost the role since the submission', async () => {
    const alert = await submitted();
    const approve = () => act(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER);
    await owner.query('UPDATE officers SET enabled = false WHERE id = $1', [APPROVER]);
    await expect(approve()).rejects.toMatchObject({ code: 'ROLE_MISSING' });
    await owner.query(`UPDATE officers SET enabled = true, roles = '{author}' WHERE id = $1`, [APPROVER]);
    await expect(approve()).rejects.toMatchObject({ code: 'ROLE_MISSING' });
    await owner.query(`UPDATE officers SET roles = '{author,approver}' WHERE id = $1`, [APPROVER]);
    expect((await approve()).status).toBe('active');
  });

  it('lets everyone call nothing, and gives every function of the owner a search path of its own', async () => {
    const { rows: open } = await owner.query(
      `SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
          AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0))`);
    expect(open).toEqual([]);
    const { rows: loose } = await owner.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)`);
    expect(loose).toEqual([]);
  });

  it('refuses changes to facts even to their owner', async () => {
    await expect(owner.query('SET ROLE findme_owner; DELETE FROM facts')).rejects.toMatchObject({ code: 'FM002' });
    await owner.query('RESET ROLE');
  });

  it('expires an alert only when its time is over', async () => {
    const alert = await approved();
    await expect(act(alert, { do: 'expire', notice: endingFor(alert) }, NOBODY)).rejects.toMatchObject({ code: 'TRANSITION_NOT_ALLOWED' });
    await expect(asApp('SELECT end_alert($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9)',
      [alert.id, alert.version, NOBODY, 'expire', NOW, 'x', 'f'.repeat(64), Buffer.alloc(1), []])).rejects.toThrow('TRANSITION_NOT_ALLOWED');
    expect(await store.expired(new Date(alert.published!.expiresAt.getTime() - 1))).not.toContainEqual({ mode: 'drill', id: alert.id });
    expect(await store.expired(alert.published!.expiresAt)).toContainEqual({ mode: 'drill', id: alert.id });
  });

  it('keeps one chain under parallel writers', async () => {
    await Promise.all(Array.from({ length: 20 }, () => created()));
    const chain = await owner.query<{ seq: string; record: string; hash: Buffer }>('SELECT seq, record, hash FROM facts ORDER BY seq');
    async function* stored() {
      for (const row of chain.rows) yield { seq: Number(row.seq), record: row.record, hash: row.hash.toString('hex') };
    }
    expect(await verifyAudit({ rows: stored(), checkpoints: [], publicKeys: new Map() })).toMatchObject({ ok: true, facts: chain.rowCount });
  });
});

function sorted<T extends { verb: string; from_status: string }>(list: T[]): T[] {
  return [...list].sort((a, b) => `${a.verb} ${a.from_status}`.localeCompare(`${b.verb} ${b.from_status}`));
}
