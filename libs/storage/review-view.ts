import type { DataSource } from 'typeorm';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { rows } from './database.js';

/** An officer as others know them. */
export interface Person {
  readonly id: OfficerId;
  readonly displayName: string;
}

/** A revision that waits for its approver: its case number and nothing of the case. */
export interface WaitingReview {
  readonly id: AlertId;
  readonly version: number;
  readonly caseNumber: string;
  readonly revision: number;
  readonly kind: 'alert' | 'update';
  readonly submittedBy: Person;
  readonly waitingSince: Date;
  readonly writers: readonly OfficerId[];
}

interface Row {
  id: AlertId; version: number; case_number: string; number: number; kind: 'alert' | 'update'; submitted_by: OfficerId; display_name: string; since: string; writers: OfficerId[];
}

/** A revision is handed over by a fact, which knows when; it is in review since the last of them. */
const SINCE = `(SELECT max(f.at) FROM facts f WHERE f.alert_id = a.id::text AND f.type = 'revision.submitted')`;

/** What waits for an approver, and who had a hand in it. Opens no case and writes nothing. */
export class ReviewView {
  constructor(private readonly source: DataSource) {}

  /** Everything of a mode that is in review, whoever has waited longest first. */
  async waiting(mode: Mode): Promise<readonly WaitingReview[]> {
    const found = await rows<Row>(this.source,
      `SELECT a.id, a.version, r.case_number, r.number, r.kind, r.submitted_by, r.writers, o.display_name, ${SINCE} AS since
         FROM alerts a JOIN revisions r ON r.alert_id = a.id AND r.number = a.proposal AND r.status = 'in_review' JOIN officers o ON o.id = r.submitted_by
        WHERE a.mode = $1 ORDER BY since, a.id`, [mode]);
    return found.map(({ id, version, case_number: caseNumber, number: revision, kind, submitted_by: officer, display_name: displayName, since, writers }) => ({
      id, version, caseNumber, revision, kind, writers, submittedBy: { id: officer, displayName }, waitingSince: new Date(since),
    }));
  }

  /** Since when the proposal of an alert is in review; nothing where it never was. */
  async waitingSince(id: AlertId): Promise<Date | undefined> {
    const [row] = await rows<{ since: string | null }>(this.source, `SELECT ${SINCE} AS since FROM alerts a WHERE a.id = $1`, [id]);
    return row?.since ? new Date(row.since) : undefined;
  }

  /** The display names of officers, those whom nobody knows left out. */
  async people(ids: readonly OfficerId[]): Promise<ReadonlyMap<OfficerId, Person>> {
    const found = await rows<{ id: OfficerId; display_name: string }>(this.source, 'SELECT id, display_name FROM officers WHERE id = ANY ($1)', [[...new Set(ids)]]);
    return new Map(found.map(({ id, display_name: displayName }) => [id, { id, displayName }]));
  }
}
