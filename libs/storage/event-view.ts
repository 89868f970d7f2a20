import type { DataSource } from 'typeorm';
import { readRecord, type Envelope, type FactType } from '#audit/fact.js';
import type { Mode } from '#alerts/notice.js';
import { rows } from './database.js';

/** A fact with what an event about it has to know. */
export interface FactEvent {
  readonly seq: number;
  readonly type: string;
  /** Undefined when the record cannot be read, which is the verifier's matter. */
  readonly fact: Envelope | undefined;
  /** The mode of the alert it is about; null where it is about none. */
  readonly mode: Mode | null;
  /** Identifier of the revision that it published; null for every other fact. */
  readonly identifier: string | null;
}

/** Facts by which the public gets something new to read. */
export const PUBLISHING: readonly FactType[] = ['revision.approved', 'alert.found', 'alert.withdrawn', 'alert.expired'];

interface Row { seq: string; type: string; record: string; mode: Mode | null; identifier: string | null }

/** The chain of facts as streams follow it. Facts are numbered in the order of their commits, so a place in it misses nothing. */
export class EventView {
  constructor(private readonly source: DataSource) {}

  /** Place of the last fact. */
  async head(): Promise<number> {
    const [row] = await rows<{ seq: string }>(this.source, 'SELECT seq FROM chain_head');
    return Number(row!.seq);
  }

  /** The facts after a place in their order, `limit` at most, of all types or of some. */
  async after(seq: number, limit: number, types?: readonly FactType[]): Promise<readonly FactEvent[]> {
    const found = await rows<Row>(this.source,
      `SELECT f.seq, f.type, f.record, a.mode, r.identifier FROM facts f
         LEFT JOIN alerts a ON a.id = CASE WHEN f.alert_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN f.alert_id::uuid END
         LEFT JOIN revisions r ON r.alert_id = a.id AND r.number = CASE WHEN f.type = ANY ($4) THEN (f.record::jsonb -> 'body' ->> 'revision')::integer END
        WHERE f.seq > $1 AND ($2::text[] IS NULL OR f.type = ANY ($2)) ORDER BY f.seq LIMIT $3`,
      [seq, types ?? null, limit, PUBLISHING]);
    return found.map(({ seq: place, type, record, mode, identifier }) => ({ seq: Number(place), type, fact: readRecord(record), mode, identifier }));
  }
}
