import type { DataSource, EntityManager } from 'typeorm';
import type { Clock } from '#kernel/clock.js';
import type { DestinationId, Ids, OfficerId } from '#kernel/ids.js';
import { officerActor, SYSTEM, wordOf } from '#audit/fact.js';
import { testKey, type ConnectionTest, type TestId, type TestMeans, type TestResult, type TestStore } from '#dispatch/connection-test.js';
import type { Mode } from '#alerts/notice.js';
import { inTransaction, rows } from './database.js';
import { Facts } from './facts.js';

export const TEST_STATES = ['queued', 'sending', 'accepted', 'confirmed', 'failed', 'refused', 'deferred', 'uncertain', 'well', 'unwell', 'lapsed'] as const;
export type TestState = (typeof TEST_STATES)[number];

/** A test as its partner sees it. */
export interface TestView extends ConnectionTest {
  readonly askedAt: Date;
  readonly state: TestState;
  readonly channel: string | null;
  readonly startedAt: Date | null;
  readonly ms: number | null;
  readonly reason: string | null;
  /** The partner's own word of it, and when it came. */
  readonly receipt: { readonly word: string; readonly at: Date } | null;
}

interface Row {
  id: TestId; destination: DestinationId; mode: Mode; means: TestMeans; key: string; asked_at: Date; state: TestState; channel: string | null; started_at: Date | null; ms: number | null;
  reason: string | null; word: string | null; stage: 'confirmed' | 'failed' | null; heard_at: Date | null;
}

/** A test that no dispatcher took within this time says what was then and not what is. */
const LAPSE_MS = 120_000;
/** A sender that has not come back within this time will not. */
const LOST_MS = 60_000;

/** Connection tests in PostgreSQL. There is no column for what is sent: that is known without them. */
export class PgTestStore implements TestStore {
  private readonly facts: Facts;

  constructor(private readonly source: DataSource, private readonly clock: Clock, private readonly ids: Ids) {
    this.facts = new Facts(clock, ids);
  }

  /** Asks for a test. Throws TEST_THROTTLED after several within an hour, ROLE_MISSING when the officer is not the destination's partner. */
  ask({ id: destination, mode }: { readonly id: DestinationId; readonly mode: Mode }, means: TestMeans, by: OfficerId): Promise<TestId> {
    return inTransaction(this.source, async (manager) => {
      const id = this.ids.next<TestId>();
      const now = this.clock.now();
      const fact = this.facts.make('test.requested', officerActor(by), undefined, { test: id, destination, means }, now);
      await rows(manager, 'SELECT ask_test($1, $2, $3, $4, $5, $6, $7, $8)', [id, destination, mode, means, testKey(id), by, now, [fact]]);
      return id;
    });
  }

  async take(now: Date): Promise<ConnectionTest | undefined> {
    return inTransaction(this.source, async (manager) => {
      await this.giveUp(manager, now);
      const [taken] = await rows<ConnectionTest>(manager,
        `UPDATE connection_tests SET state = 'sending', started_at = $1
          WHERE id = (SELECT id FROM connection_tests WHERE state = 'queued' ORDER BY asked_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, destination, mode, means, key`, [now]);
      return taken;
    });
  }

  settle({ id, destination, key }: ConnectionTest, { outcome, channel, startedAt, ms, contentHash }: TestResult): Promise<void> {
    const reason = 'reason' in outcome ? wordOf(outcome.reason) : null;
    return inTransaction(this.source, async (manager) => {
      const settled = await rows(manager,
        `UPDATE connection_tests SET state = $2, channel = $3, ms = $4, reason = $5, content_hash = $6, message_refs = $7 WHERE id = $1 AND state = 'sending' RETURNING id`,
        [id, outcome.kind, channel || null, ms, reason, contentHash, outcome.kind === 'accepted' ? outcome.references : []]);
      if (settled.length === 0) return;
      await this.facts.append(manager, [this.facts.make('test.made', SYSTEM, undefined, {
        test: id, destination, ...(channel !== '' && { channel }), key, outcome: outcome.kind, ...(reason !== null && { reason }), ...(contentHash !== null && { contentHash }),
        at: startedAt.toISOString(), ms: Math.round(ms),
      })]);
    });
  }

  /** The tests of a destination, newest first; each with the partner's own word where there is one. */
  async of(destination: DestinationId, limit = 20): Promise<readonly TestView[]> {
    const found = await rows<Row>(this.source,
      `SELECT t.*, r.word, r.stage, coalesce(r.partner_at, r.received_at) AS heard_at
         FROM connection_tests t LEFT JOIN LATERAL (
           SELECT word, stage, partner_at, received_at FROM receipts
            WHERE delivery_id IS NULL AND destination = t.destination AND (key = t.key OR reference = ANY (t.message_refs)) ORDER BY seq DESC LIMIT 1) r ON true
        WHERE t.destination = $1 ORDER BY t.asked_at DESC, t.id LIMIT $2`, [destination, limit]);
    return found.map((row) => ({
      id: row.id, destination: row.destination, mode: row.mode, means: row.means, key: row.key, askedAt: row.asked_at, channel: row.channel, startedAt: row.started_at, ms: row.ms, reason: row.reason,
      // A receipt also proves an acceptance whose answer was lost.
      state: row.stage !== null && ['accepted', 'uncertain', 'sending'].includes(row.state) ? row.stage : row.state,
      receipt: row.word !== null && row.heard_at !== null ? { word: row.word, at: row.heard_at } : null,
    }));
  }

  private async giveUp(manager: EntityManager, now: Date): Promise<void> {
    const before = (ms: number) => new Date(now.getTime() - ms);
    const given = await rows<{ id: TestId; destination: DestinationId; key: string; state: 'lapsed' | 'uncertain'; reason: string }>(manager,
      `UPDATE connection_tests SET state = CASE state WHEN 'queued' THEN 'lapsed' ELSE 'uncertain' END, reason = CASE state WHEN 'queued' THEN 'nobody_took_it' ELSE 'sender_lost' END
        WHERE (state = 'queued' AND asked_at < $1) OR (state = 'sending' AND started_at < $2) RETURNING id, destination, key, state, reason`, [before(LAPSE_MS), before(LOST_MS)]);
    await this.facts.append(manager, given.map(({ id, destination, key, state, reason }) => this.facts.make('test.made', SYSTEM, undefined, { test: id, destination, key, outcome: state, reason, at: now.toISOString() }, now)));
  }
}
