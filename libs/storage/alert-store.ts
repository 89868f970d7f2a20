import type { DataSource } from 'typeorm';
import { fail } from '#kernel/errors.js';
import { canonicalJson } from '#kernel/canonical.js';
import type { AlertId, FactId, Ids, OfficerId } from '#kernel/ids.js';
import { keyedDigest, newCaseKey, open, seal } from '#kernel/sealing.js';
import { makeFact, officerActor, SYSTEM, type FactBody, type FactType } from '#audit/fact.js';
import { capTime, NOBODY, type Alert, type AlertStatus, type ProposalStatus } from '#alerts/alert.js';
import { joinAreas } from '#alerts/area.js';
import type { AlertStore, Change } from '#alerts/alert-store.js';
import type { Content, PhotoRef } from '#alerts/content.js';
import { contentHashOf, type Mode, type Notice, type SentNotice } from '#alerts/notice.js';
import type { CaseKeys } from './case-keys.js';
import { inTransaction, rows } from './database.js';

interface AlertRow {
  id: AlertId; mode: Mode; status: AlertStatus; version: number; created_by: OfficerId; created_at: Date; last_revision: number;
  proposal: number | null; current_revision: number | null;
}

interface RevisionRow {
  number: number; kind: Notice['kind'] | 'expired'; status: ProposalStatus | 'approved' | 'ending'; writers: OfficerId[]; submitted_by: OfficerId | null;
  decided_by: OfficerId | null; identifier: string | null; content_hash: string | null; sent_at: Date | null; expires_at: Date | null; sealed: Buffer | null;
}

/** What is sealed of a revision. Endings have a notice only, drafts a content, and what of it was last given back. */
interface Sealed { content?: Content; notice?: Notice; returned?: Content }

/** The alerts in PostgreSQL, their content sealed under a key per case. */
export class PgAlertStore implements AlertStore {
  constructor(
    private readonly source: DataSource,
    private readonly keys: CaseKeys,
    private readonly ids: Ids,
  ) {}

  async create(alert: Alert): Promise<void> {
    const key = newCaseKey();
    const { content } = alert.proposal!;
    const fact = this.fact('alert.created', alert.createdBy, alert.createdAt, alert.id, { mode: alert.mode });
    const saved = this.fact('revision.saved', alert.createdBy, alert.createdAt, alert.id, savedBody(alert, key));
    await rows(this.source, 'SELECT create_alert($1, $2, $3, $4, $5, $6, $7, $8)', [
      alert.id, alert.mode, content.caseNumber, alert.createdBy, alert.createdAt, this.keys.masterKey.wrap(key, alert.id),
      sealRevision(key, alert.id, 1, { content }), [fact, saved],
    ]);
  }

  async load(mode: Mode, id: AlertId): Promise<Alert> {
    // One snapshot, so that an alert is never read half before and half after a change.
    return inTransaction(this.source, async (manager) => {
      await rows(manager, 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const [row] = await rows<AlertRow>(manager, 'SELECT * FROM alerts WHERE id = $1 AND mode = $2', [id, mode]);
      if (!row) throw fail('ALERT_MISSING');
      if (row.status === 'erased') throw fail('ALERT_ERASED');
      const key = await this.keys.of(manager, id);
      const revisions = await rows<RevisionRow>(manager,
        `SELECT * FROM revisions WHERE alert_id = $1 AND (number = $2 OR status IN ('approved', 'ending')) ORDER BY number`, [id, row.proposal]);
      return toAlert(row, revisions, (r) => openRevision(key, id, r.number, r.sealed));
    });
  }

  async commit(change: Change): Promise<void> {
    const { before, after, action, by, at } = change;
    const { id, version } = before;
    const key = await this.keys.of(this.source, id);
    const remark = 'reason' in action ? seal(key, Buffer.from(action.reason), `${id}:remark`) : null;
    const fact = this.factOf(change, key);
    const sealed = (revision: number, data: Sealed) => sealRevision(key, id, revision, data);
    switch (action.do) {
      case 'edit': {
        const { revision, content, returned } = after.proposal!;
        return this.call('edit_alert', [id, version, content.caseNumber, by, sealed(revision, { content, ...(returned && { returned }) }), [fact]]);
      }
      case 'submit': {
        const { revision, content, contentHash, returned } = after.proposal!;
        return this.call('submit_alert', [id, version, by, action.notice.identifier, contentHash, sealed(revision, { content, notice: action.notice, ...(returned && { returned }) }), [fact]]);
      }
      case 'return':
      case 'reject':
        return this.call('send_back_alert', [id, version, by, action.do, at, remark, [fact]]);
      case 'approve': {
        const { contentHash, sentAt, expiresAt } = after.published!;
        return this.call('approve_alert', [id, version, by, contentHash, sentAt, expiresAt, [fact]]);
      }
      case 'revise': {
        const { revision, content } = after.proposal!;
        return this.call('revise_alert', [id, version, by, sealed(revision, { content }), [fact]]);
      }
      case 'found':
      case 'withdraw':
      case 'expire':
        return this.call('end_alert', [
          id, version, by, action.do, at, action.notice.identifier, contentHashOf(action.notice), sealed(after.lastRevision, { notice: action.notice }), remark, [fact],
        ]);
      case 'erase':
        return this.call('erase_alert', [id, version, by, at, [fact]]);
    }
  }

  async addPhoto(id: AlertId, photo: PhotoRef, bytes: Uint8Array, by: OfficerId, at: Date): Promise<void> {
    const key = await this.keys.of(this.source, id);
    const { sha256, width, height } = photo;
    const fact = this.fact('photo.stored', by, at, id, { sha256, bytes: photo.bytes, width, height });
    await inTransaction(this.source, async (manager) => {
      const added = await rows(manager, 'INSERT INTO photos VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING sha256',
        [id, sha256, seal(key, bytes, `${id}:photo:${sha256}`)]);
      if (added.length > 0) await rows(manager, 'SELECT append_facts($1)', [[fact]]);
    });
  }

  async photo(id: AlertId, sha256: string): Promise<Uint8Array | undefined> {
    const [row] = await rows<{ sealed: Buffer | null }>(this.source, 'SELECT sealed FROM photos WHERE alert_id = $1 AND sha256 = $2', [id, sha256]);
    if (!row?.sealed) return undefined;
    return open(await this.keys.of(this.source, id), row.sealed, `${id}:photo:${sha256}`);
  }

  async sentNotice(id: AlertId, revision: number): Promise<SentNotice | undefined> {
    const [row] = await rows<RevisionRow>(this.source,
      `SELECT * FROM revisions WHERE alert_id = $1 AND number = $2 AND status IN ('approved', 'ending') AND sealed IS NOT NULL`, [id, revision]);
    if (!row) return undefined;
    const { notice } = openRevision(await this.keys.of(this.source, id), id, revision, row.sealed);
    return { ...notice!, sent: capTime(row.sent_at!), expires: capTime(row.expires_at!), contentHash: row.content_hash! };
  }

  async expired(now: Date): Promise<{ mode: Mode; id: AlertId }[]> {
    return rows(this.source, `SELECT mode, id FROM alerts WHERE status = 'active' AND expires_at <= $1`, [now]);
  }

  async erasable(endedBefore: Date, begunBefore: Date): Promise<{ mode: Mode; id: AlertId }[]> {
    return rows(this.source,
      `SELECT mode, id FROM alerts WHERE (status IN ('found', 'withdrawn', 'expired', 'rejected') AND ended_at <= $1) OR (status = 'prepared' AND created_at <= $2)`,
      [endedBefore, begunBefore]);
  }

  private async call(name: string, values: readonly unknown[]): Promise<void> {
    await rows(this.source, `SELECT ${name}(${values.map((_, i) => `$${i + 1}`).join(', ')})`, values);
  }

  private factOf({ before, after, action, by, at }: Change, key: Buffer): string {
    const make = <T extends FactType>(type: T, body: FactBody<T>) => this.fact(type, by, at, before.id, body);
    const remark = 'reason' in action ? keyedDigest(key, action.reason) : '';
    const reviewed = { revision: before.proposal?.revision ?? 0, contentHash: before.proposal?.contentHash ?? '' };
    switch (action.do) {
      case 'edit':
      case 'revise':
        return make('revision.saved', savedBody(after, key));
      case 'submit':
        return make('revision.submitted', { revision: after.proposal!.revision, contentHash: after.proposal!.contentHash!, kind: after.proposal!.kind });
      case 'return':
        return make('revision.returned', { ...reviewed, remark });
      case 'reject':
        return make('revision.rejected', { ...reviewed, remark });
      case 'approve': {
        const { kind, writers, submittedBy } = before.proposal!;
        const { sentAt, expiresAt } = after.published!;
        return make('revision.approved', {
          ...reviewed, kind, approver: by, submitter: submittedBy!, writers: [...writers], stepUp: action.stepUp ?? 'totp', sent: capTime(sentAt), expires: capTime(expiresAt),
        });
      }
      case 'found':
        return make('alert.found', { revision: after.lastRevision, contentHash: contentHashOf(action.notice), remark });
      case 'withdraw':
        return make('alert.withdrawn', { revision: after.lastRevision, contentHash: contentHashOf(action.notice), remark });
      case 'expire':
        return make('alert.expired', { revision: after.lastRevision, contentHash: contentHashOf(action.notice) });
      case 'erase':
        return make('alert.erased', { revisions: before.lastRevision });
    }
  }

  private fact<T extends FactType>(type: T, by: OfficerId, at: Date, alertId: AlertId, body: FactBody<T>): string {
    return makeFact({ id: this.ids.next<FactId>(), at, type, actor: by === NOBODY ? SYSTEM : officerActor(by), alertId, body }).record;
  }
}

function savedBody(alert: Alert, key: Buffer): FactBody<'revision.saved'> {
  const { revision, kind, content } = alert.proposal!;
  return { revision, kind, version: alert.version, digest: keyedDigest(key, canonicalJson(content)) };
}

function sealRevision(key: Buffer, id: AlertId, revision: number, data: Sealed): Buffer {
  return seal(key, Buffer.from(JSON.stringify(data)), `${id}:revision:${revision}`);
}

function openRevision(key: Buffer, id: AlertId, revision: number, sealed: Buffer | null): Sealed {
  if (!sealed) throw fail('ALERT_ERASED');
  return JSON.parse(Buffer.from(open(key, sealed, `${id}:revision:${revision}`)).toString('utf8')) as Sealed;
}

function toAlert(row: AlertRow, revisions: readonly RevisionRow[], unseal: (row: RevisionRow) => Sealed): Alert {
  const alert: Alert = {
    id: row.id, mode: row.mode, status: row.status, version: row.version, createdBy: row.created_by, createdAt: row.created_at, lastRevision: row.last_revision,
  };
  const pending = revisions.find((r) => r.number === row.proposal);
  const current = revisions.find((r) => r.number === row.current_revision);
  const approved = revisions.filter((r) => r.status === 'approved').map((r) => ({ ...r, content: unseal(r).content! }));
  return {
    ...alert,
    ...(pending && { proposal: toProposal(pending, unseal(pending)) }),
    ...(current && {
      published: {
        revision: current.number, identifier: current.identifier!, contentHash: current.content_hash!, sentAt: current.sent_at!, expiresAt: current.expires_at!,
        content: unseal(current).content!,
        messages: approved.map((r) => ({ identifier: r.identifier!, sent: capTime(r.sent_at!) })),
        toldArea: joinAreas(approved.map(({ content }) => content.area)),
      },
    }),
  };
}

function toProposal(row: RevisionRow, { content, notice, returned: former }: Sealed): NonNullable<Alert['proposal']> {
  // A notice that is still there was not edited since it came back: it is itself what was returned.
  const returned = row.status === 'returned' && notice ? content : former;
  return {
    revision: row.number, kind: row.kind as 'alert' | 'update', status: row.status as ProposalStatus, writers: row.writers, content: content!,
    ...(returned && { returned }),
    ...(row.submitted_by && { submittedBy: row.submitted_by }),
    ...(notice && row.status === 'in_review' && { notice }),
    ...(row.content_hash && row.status === 'in_review' && { contentHash: row.content_hash }),
  };
}

