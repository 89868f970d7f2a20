import type { DataSource } from 'typeorm';
import { open } from '#kernel/sealing.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { CaseKeys } from './case-keys.js';
import { rows } from './database.js';

/** An officer as colleagues know them. */
export interface Colleague {
  readonly id: OfficerId;
  readonly name: string;
}

/** Who is at a draft, seen last at `at`. */
export interface Presence extends Colleague {
  readonly at: Date;
}

/** Why a revision came back. */
export interface SentBack {
  readonly by: Colleague;
  readonly at: Date;
  readonly reason: string;
}

/** An alert whose revision is being written and has no draft open. */
export interface Waiting {
  readonly id: AlertId;
  readonly version: number;
  readonly caseNumber: string;
  readonly revision: number;
  readonly kind: 'alert' | 'update';
  readonly status: 'draft' | 'returned';
}

/** Whoever was seen within this long is at the draft, in milliseconds; a page that is open says so more often. */
const PRESENT_MS = 30_000;

/** What stands around drafts on the authors' desk: who is at them, and which revisions wait for one. */
export class DraftDesk {
  constructor(private readonly source: DataSource, private readonly keys: CaseKeys) {}

  /** Notes that an officer has the draft open. Does nothing when it is gone. */
  async seen(id: AlertId, by: OfficerId, at: Date): Promise<void> {
    await rows(this.source,
      `INSERT INTO draft_presence SELECT id, $2, $3 FROM drafts WHERE id = $1 ON CONFLICT (draft_id, officer_id) DO UPDATE SET seen_at = excluded.seen_at`, [id, by, at]);
  }

  /** Who is at which of these drafts now. */
  async present(ids: readonly AlertId[], now: Date): Promise<ReadonlyMap<AlertId, readonly Presence[]>> {
    const found = await rows<{ draft_id: AlertId; id: OfficerId; name: string; at: Date }>(this.source,
      `SELECT p.draft_id, o.id, o.display_name AS name, p.seen_at AS at FROM draft_presence p JOIN officers o ON o.id = p.officer_id
       WHERE p.draft_id = ANY ($1) AND p.seen_at > $2 ORDER BY o.display_name, o.id`, [ids, new Date(now.getTime() - PRESENT_MS)]);
    const present = new Map<AlertId, Presence[]>();
    for (const { draft_id: draft, ...one } of found) present.set(draft, [...(present.get(draft) ?? []), one]);
    return present;
  }

  /** The names of officers. */
  async names(ids: readonly OfficerId[]): Promise<ReadonlyMap<OfficerId, string>> {
    const found = await rows<{ id: OfficerId; name: string }>(this.source, 'SELECT id, display_name AS name FROM officers WHERE id = ANY ($1)', [[...new Set(ids)]]);
    return new Map(found.map(({ id, name }) => [id, name]));
  }

  /** Revisions in draft or returned that nobody has open as a draft, the newest alert first. */
  async waiting(mode: Mode, limit: number): Promise<Waiting[]> {
    return rows(this.source,
      `SELECT a.id, a.version, r.case_number AS "caseNumber", r.number AS revision, r.kind, r.status FROM alerts a JOIN revisions r ON r.alert_id = a.id AND r.number = a.proposal
       WHERE a.mode = $1 AND r.status IN ('draft', 'returned') AND NOT EXISTS (SELECT FROM drafts d WHERE d.id = a.id) ORDER BY a.created_at DESC, a.id LIMIT $2`, [mode, limit]);
  }

  /** Why the present revision of an alert came back, if it did: the last reason given. */
  async sentBack(id: AlertId): Promise<SentBack | undefined> {
    const [row] = await rows<{ by: OfficerId; name: string; at: Date; sealed: Buffer | null }>(this.source,
      `SELECT m.by, o.display_name AS name, m.at, m.sealed FROM remarks m JOIN alerts a ON a.id = m.alert_id AND a.proposal = m.revision JOIN officers o ON o.id = m.by
       WHERE m.alert_id = $1 AND m.verb = 'return' ORDER BY m.id DESC LIMIT 1`, [id]);
    if (!row?.sealed) return undefined;
    const reason = open(await this.keys.of(this.source, id), row.sealed, `${id}:remark`).toString('utf8');
    return { by: { id: row.by, name: row.name }, at: row.at, reason };
  }
}
