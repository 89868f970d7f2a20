import type { DataSource } from 'typeorm';
import { canonicalJson } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import type { AlertId, FactId, Ids, OfficerId } from '#kernel/ids.js';
import { keyedDigest, newCaseKey, open, seal } from '#kernel/sealing.js';
import { makeFact, officerActor, SYSTEM, type FactBody, type FactType } from '#audit/fact.js';
import { NOBODY } from '#alerts/alert.js';
import type { PhotoRef } from '#alerts/content.js';
import type { Draft, Writing } from '#alerts/draft.js';
import type { DraftStore, HandIn, Saving } from '#alerts/draft-store.js';
import type { Mode } from '#alerts/notice.js';
import type { CaseKeys } from './case-keys.js';
import { rows } from './database.js';

interface DraftRow {
  id: AlertId; mode: Mode; version: number; over_version: number | null; wrapped: Buffer | null; writers: OfficerId[];
  begun_by: OfficerId; begun_at: Date; saved_by: OfficerId; saved_at: Date; sealed: Buffer;
}

/** What is sealed of a draft. */
type Sealed = Writing & { readonly photo?: PhotoRef };

/** Photos are read one at a time, never with the drafts. */
const COLUMNS = 'id, mode, version, over_version, wrapped, writers, begun_by, begun_at, saved_by, saved_at, sealed';

/** Drafts in PostgreSQL, sealed under the key of their case; where there is no case yet, the draft has the key that it will get. */
export class PgDraftStore implements DraftStore {
  constructor(
    private readonly source: DataSource,
    private readonly keys: CaseKeys,
    private readonly ids: Ids,
  ) {}

  async begin(draft: Draft): Promise<void> {
    const { id, mode, begunBy, begunAt, over, writers, photo } = draft;
    const key = over === null ? newCaseKey() : await this.keys.of(this.source, id);
    const wrapped = over === null ? this.keys.masterKey.wrap(key, id) : null;
    await this.call('begin_draft', [
      id, mode, begunBy, begunAt, over, wrapped, writers, sealDraft(key, id, draft), photo?.sha256 ?? null, [this.fact('draft.begun', begunBy, begunAt, id, { mode, over })],
    ]);
  }

  async load(mode: Mode, id: AlertId): Promise<Draft> {
    const [row] = await rows<DraftRow>(this.source, `SELECT ${COLUMNS} FROM drafts WHERE id = $1 AND mode = $2`, [id, mode]);
    if (!row) throw fail('DRAFT_MISSING');
    return this.opened(row);
  }

  /** The drafts of a mode, the last saved first. */
  async list(mode: Mode, limit: number): Promise<Draft[]> {
    const found = await rows<DraftRow>(this.source, `SELECT ${COLUMNS} FROM drafts WHERE mode = $1 ORDER BY saved_at DESC, id LIMIT $2`, [mode, limit]);
    // One that is handed in, and whose alert is erased, between the two reads has no key any more.
    const drafts = await Promise.all(found.map((row) => this.opened(row).catch(unlessErased)));
    return drafts.filter((draft) => draft !== undefined);
  }

  async save({ draft: { id, mode, version }, writing, photo, photoBytes, by, at }: Saving): Promise<void> {
    const key = await this.keyOf(mode, id);
    const octets = photo && photoBytes ? seal(key, photoBytes, `${id}:photo:${photo.sha256}`) : null;
    await this.call('save_draft', [id, mode, version, by, at, sealDraft(key, id, { ...writing, ...(photo && { photo }) }), photo?.sha256 ?? null, octets]);
  }

  async photo({ id, mode, photo }: Draft): Promise<Uint8Array | undefined> {
    if (!photo) return undefined;
    const [row] = await rows<{ sealed: Buffer | null }>(this.source,
      `SELECT coalesce(d.photo, p.sealed) AS sealed FROM drafts d LEFT JOIN photos p ON p.alert_id = d.id AND p.sha256 = d.photo_sha256
       WHERE d.id = $1 AND d.mode = $2 AND d.photo_sha256 = $3`, [id, mode, photo.sha256]);
    return row?.sealed ? open(await this.keyOf(mode, id), row.sealed, `${id}:photo:${photo.sha256}`) : undefined;
  }

  async handIn({ draft, before, saved, submitted, by, at }: HandIn): Promise<void> {
    const { id, mode, version } = draft;
    const key = await this.keyOf(mode, id);
    const { revision, kind, content, returned, writers } = saved.proposal!;
    const kept = { content, ...(returned && { returned }) };
    const sealed = (data: object) => seal(key, Buffer.from(JSON.stringify(data)), `${id}:revision:${revision}`);
    const make = <T extends FactType>(type: T, body: FactBody<T>) => this.fact(type, by, at, id, body);
    const facts = [
      make('draft.handed_in', { revision, saves: version, writers: [...writers] }),
      ...(before ? [] : [make('alert.created', { mode })]),
      make('revision.saved', { revision, kind, version: saved.version, digest: keyedDigest(key, canonicalJson(content)) }),
    ];
    const { photo } = content;
    if (photo && (await this.hasOwnPhoto(id))) facts.push(make('photo.stored', { sha256: photo.sha256, bytes: photo.bytes, width: photo.width, height: photo.height }));
    const { notice, contentHash } = submitted?.proposal ?? {};
    if (contentHash !== undefined) facts.push(make('revision.submitted', { revision, contentHash, kind }));
    await this.call('hand_in_draft', [
      id, mode, version, by, at, before?.version ?? null, content.caseNumber, sealed(kept), notice?.identifier ?? null, contentHash ?? null,
      notice ? sealed({ ...kept, notice }) : null, facts,
    ]);
  }

  async drop({ mode, id, version }: Pick<Draft, 'mode' | 'id' | 'version'>, by: OfficerId, at: Date): Promise<void> {
    await this.call('drop_draft', [id, mode, version, by, at, [this.fact(by === NOBODY ? 'draft.erased' : 'draft.discarded', by, at, id, { saves: version })]]);
  }

  async abandoned(savedBefore: Date): Promise<Pick<Draft, 'mode' | 'id' | 'version'>[]> {
    return rows(this.source, 'SELECT mode, id, version FROM drafts WHERE saved_at <= $1 ORDER BY saved_at LIMIT 1000', [savedBefore]);
  }

  private async hasOwnPhoto(id: AlertId): Promise<boolean> {
    const [row] = await rows<{ own: boolean }>(this.source, 'SELECT photo IS NOT NULL AS own FROM drafts WHERE id = $1', [id]);
    return row?.own ?? false;
  }

  private async keyOf(mode: Mode, id: AlertId): Promise<Buffer> {
    const [row] = await rows<Pick<DraftRow, 'wrapped'>>(this.source, 'SELECT wrapped FROM drafts WHERE id = $1 AND mode = $2', [id, mode]);
    if (!row) throw fail('DRAFT_MISSING');
    return row.wrapped ? this.keys.masterKey.unwrap(row.wrapped, id) : this.keys.of(this.source, id);
  }

  private async opened(row: DraftRow): Promise<Draft> {
    const { id, mode, version, over_version: over, writers, begun_by: begunBy, begun_at: begunAt, saved_by: savedBy, saved_at: savedAt } = row;
    const key = row.wrapped ? this.keys.masterKey.unwrap(row.wrapped, id) : await this.keys.of(this.source, id);
    const { content, unfinished, photo } = JSON.parse(open(key, row.sealed, `${id}:draft`).toString('utf8')) as Sealed;
    return { id, mode, version, over, writers, begunBy, begunAt, savedBy, savedAt, content, unfinished, ...(photo && { photo }) };
  }

  private async call(name: string, values: readonly unknown[]): Promise<void> {
    await rows(this.source, `SELECT ${name}(${values.map((_, i) => `$${i + 1}`).join(', ')})`, values);
  }

  private fact<T extends FactType>(type: T, by: OfficerId, at: Date, alertId: AlertId, body: FactBody<T>): string {
    return makeFact({ id: this.ids.next<FactId>(), at, type, actor: by === NOBODY ? SYSTEM : officerActor(by), alertId, body }).record;
  }
}

function sealDraft(key: Buffer, id: AlertId, { content, unfinished, photo }: Sealed): Buffer {
  return seal(key, Buffer.from(JSON.stringify({ content, unfinished, ...(photo && { photo }) })), `${id}:draft`);
}

function unlessErased(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'ALERT_ERASED') throw error;
  return undefined;
}
