import type { DataSource } from 'typeorm';
import { canonicalJson } from '#kernel/canonical.js';
import { checkpointSchema, signCheckpoint, type Checkpoint, type PublicKeys } from '#audit/checkpoint.js';
import { verifyAudit, type AuditRow, type Verdict } from '#audit/verify.js';
import { toAuditRow, type FactRow } from './audit-search.js';
import { rows } from './database.js';
import { checkReceipts, type ReceiptVerdict } from './receipt-check.js';

/** Where the chain stands. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What is found when the chain is recomputed where it is kept. */
export interface DatabaseVerdict extends Verdict {
  /** Receipts compared with the facts about them. */
  readonly receipts: ReceiptVerdict;
}

const PAGE = 1_000;

/** The audit in PostgreSQL: facts to be read, checkpoints to be signed, everything to be verified. */
export class PgAuditStore {
  constructor(private readonly source: DataSource) {}

  /** The last fact; `seq` 0 before the first. */
  async head(): Promise<Head> {
    const [row] = await rows<{ seq: string; hash: Buffer }>(this.source, 'SELECT seq, hash FROM chain_head');
    return { seq: Number(row!.seq), hash: row!.hash.toString('hex') };
  }

  /** All facts in their order, some at a time, so that memory stays the same however many there are. Ends after `upTo`. */
  async *stream({ after = 0, upTo = Number.MAX_SAFE_INTEGER, page = PAGE }: { readonly after?: number; readonly upTo?: number; readonly page?: number } = {}): AsyncGenerator<AuditRow> {
    // From the beginning without a bound below: a row that somebody numbered -1 is to be seen too.
    let last: string | null = after > 0 ? String(after) : null;
    for (;;) {
      const found: FactRow[] = await rows<FactRow>(this.source,
        'SELECT seq, record, hash, type, actor, at, alert_id FROM facts WHERE ($1::bigint IS NULL OR seq > $1) AND seq <= $2 ORDER BY seq LIMIT $3', [last, upTo, page]);
      yield* found.map(toAuditRow);
      if (found.length < page) return;
      last = found.at(-1)!.seq;
    }
  }

  /** Signs where the chain stands and keeps that; undefined when it has not moved since the last time. */
  async checkpoint(signingKeyPem: string, now: Date): Promise<Checkpoint | undefined> {
    const { seq, hash } = await this.head();
    if (seq === 0) return undefined;
    const checkpoint = signCheckpoint(signingKeyPem, { seq, hash, at: now });
    const added = await rows(this.source, 'INSERT INTO checkpoints (seq, document) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING seq', [seq, canonicalJson(checkpoint)]);
    return added.length > 0 ? checkpoint : undefined;
  }

  /** The first checkpoint at or after a place; undefined before there is one. */
  async covering(seq: number): Promise<Checkpoint | undefined> {
    const [found] = await rows<{ seq: string; document: string }>(this.source, 'SELECT seq, document FROM checkpoints WHERE seq >= $1 ORDER BY seq LIMIT 1', [seq]);
    return found && readCheckpoint(found.seq, found.document);
  }

  /** All checkpoints, oldest first. What was changed so that it is no checkpoint any more comes out as it is, for the verifier to say so. */
  async *checkpoints({ after = 0, page = PAGE }: { readonly after?: number; readonly page?: number } = {}): AsyncGenerator<Checkpoint> {
    let last = String(after);
    for (;;) {
      const found: { seq: string; document: string }[] = await rows(this.source, 'SELECT seq, document FROM checkpoints WHERE seq > $1 ORDER BY seq LIMIT $2', [last, page]);
      for (const { seq, document } of found) yield readCheckpoint(seq, document);
      if (found.length < page) return;
      last = found.at(-1)!.seq;
    }
  }

  /**
   * Recomputes everything where it is kept: chain, checkpoints (those kept elsewhere too), the end of the chain, and the
   * receipts against their facts. `ok` only when nothing is wrong with any of them.
   */
  async verify(publicKeys: PublicKeys, kept: readonly Checkpoint[] = []): Promise<DatabaseVerdict> {
    const checkpoints: Checkpoint[] = [...kept];
    for await (const checkpoint of this.checkpoints()) checkpoints.push(checkpoint);
    // Facts written from here on are not looked at, so that the end is a fixed one.
    const head = await this.head();
    const verdict = await verifyAudit({ rows: this.stream({ upTo: head.seq }), checkpoints, publicKeys });
    const [beyond] = await rows<{ found: boolean }>(this.source,
      `SELECT EXISTS (SELECT FROM facts WHERE seq > (SELECT seq FROM chain_head)) AS found`);
    const receipts = await checkReceipts(this.source);
    const broken = verdict.broken
      ?? (verdict.facts < head.seq ? { seq: verdict.facts + 1, to: head.seq, reason: 'tail-missing' as const } : undefined)
      ?? (verdict.lastHash === head.hash ? undefined : { seq: head.seq, reason: 'hash-changed' as const })
      ?? (beyond?.found ? { seq: head.seq + 1, reason: 'inserted' as const } : undefined);
    return { ...verdict, ...(broken && { broken }), receipts, ok: verdict.ok && !broken && receipts.ok };
  }
}

function readCheckpoint(seq: string, document: string): Checkpoint {
  const parsed = checkpointSchema.safeParse(JSON.parse(document));
  return parsed.success ? parsed.data : ({ seq: Number(seq), keyId: '' } as Checkpoint);
}
