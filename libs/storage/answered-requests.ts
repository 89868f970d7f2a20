import type { DataSource } from 'typeorm';
import { monotonicMs, type Clock } from '#kernel/clock.js';
import { canonicalJson } from '#kernel/canonical.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { rows } from './database.js';

/** What is kept of an answer: its status and the one word from which it can be made again. No personal data. */
export interface KeptAnswer {
  readonly status: number;
  /** An identifier, such as that of the alert. */
  readonly subject: string;
}

/** A request that shall have one effect however often it comes. */
export interface OnceRequest {
  readonly officer: OfficerId;
  /** Chosen by the client, 1 to 200 printable characters. */
  readonly key: string;
  /** What makes it this request: method, address and body, without one-time codes. Kept as a keyed digest. */
  readonly request: unknown;
  /** The subject, if it must be known before the work is begun. */
  readonly subject: string;
}

interface Row { request_hash: string; status: number | null; answer: string; created_at: Date }

/** Longer than any request can take: the database ends statements after 10 seconds. */
const LAPSE_MS = 15_000;
/** How long a parallel request waits for the first one's answer, and how often it looks. */
const WAIT_MS = 6_000;
const LOOK_MS = 50;
const KEEP_MS = 24 * 3_600_000;

/** Answers given under an idempotency key, kept for a day. */
export class AnsweredRequests {
  private cleaned = 0;

  constructor(
    private readonly source: DataSource,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
  ) {}

  /**
   * Does the work once for a key, and gives the same answer to whoever brings the same request again, also while the first
   * is at work. `resumed` tells the work that an earlier run may have had its effect and was lost before it could answer;
   * `subject` is then that of the earlier run. A refusal frees the key; whatever else is thrown leaves it to be resumed.
   *
   * Throws IDEMPOTENCY_KEY_REUSED for another request under the key, STORE_BUSY when the first run does not end in time.
   */
  async once(request: OnceRequest, work: (run: { readonly subject: string; readonly resumed: boolean }) => Promise<KeptAnswer>): Promise<KeptAnswer> {
    await this.forgetOld();
    const hash = this.masterKey.digest(canonicalJson(request.request));
    const claim = await this.claim(request, hash);
    if ('status' in claim) return claim;
    try {
      const answer = await work(claim);
      await this.write(request, 'UPDATE answered_requests SET status = $3, answer = $4 WHERE officer_id = $1 AND key = $2', [answer.status, answer.subject]);
      return answer;
    } catch (error) {
      // Busy is no decision: the change may have been committed, and the next run looks.
      if (error instanceof Refusal && error.kind !== 'busy') {
        await this.write(request, 'DELETE FROM answered_requests WHERE officer_id = $1 AND key = $2 AND status IS NULL', []);
      } else {
        await this.write(request, 'UPDATE answered_requests SET created_at = $3 WHERE officer_id = $1 AND key = $2 AND status IS NULL', [new Date(this.lapsed().getTime() - 1)])
          .catch(() => undefined);
      }
      throw error;
    }
  }

  private async claim(request: OnceRequest, hash: string): Promise<KeptAnswer | { subject: string; resumed: boolean }> {
    const { officer, key, subject } = request;
    const giveUp = monotonicMs() + WAIT_MS;
    for (;;) {
      const now = this.clock.now();
      const added = await rows(this.source,
        `INSERT INTO answered_requests (officer_id, key, request_hash, answer, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key`,
        [officer, key, hash, subject, now]);
      if (added.length > 0) return { subject, resumed: false };
      const [row] = await rows<Row>(this.source, 'SELECT * FROM answered_requests WHERE officer_id = $1 AND key = $2', [officer, key]);
      if (!row) continue;
      if (row.request_hash !== hash) throw fail('IDEMPOTENCY_KEY_REUSED', 'Idempotency-Key');
      if (row.status !== null) return { status: row.status, subject: row.answer };
      const taken = await this.write(request, 'UPDATE answered_requests SET created_at = $3 WHERE officer_id = $1 AND key = $2 AND status IS NULL AND created_at < $4 RETURNING key',
        [now, this.lapsed()]);
      if (taken.length > 0) return { subject: row.answer, resumed: true };
      if (monotonicMs() > giveUp) throw fail('STORE_BUSY');
      await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    }
  }

  private lapsed(): Date {
    return new Date(this.clock.now().getTime() - LAPSE_MS);
  }

  private write({ officer, key }: OnceRequest, sql: string, values: readonly unknown[]): Promise<unknown[]> {
    return rows(this.source, sql, [officer, key, ...values]);
  }

  /** Once an hour and process; keys are of no use after a day. */
  private async forgetOld(): Promise<void> {
    const now = this.clock.now().getTime();
    if (now - this.cleaned < 3_600_000) return;
    this.cleaned = now;
    await rows(this.source, 'DELETE FROM answered_requests WHERE created_at < $1', [new Date(now - KEEP_MS)]);
  }
}
