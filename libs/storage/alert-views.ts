import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId, OfficerId } from '#kernel/ids.js';
import { readRecord, type Envelope } from '#audit/fact.js';
import type { AlertStatus } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import { DEAD_LETTERS, type DeliveryKind, type DeliveryState } from '#dispatch/delivery.js';
import { confirmationOf, type Confirmation } from '#dispatch/ladder.js';
import { guarded, rows } from './database.js';
import { AlertEntity, AttemptEntity, DeliveryEntity, FactEntity, OutboxEntity, RevisionEntity } from './entities.js';
import { NEWS } from './board-view.js';
import { PgPartnerStore, type ProgressView } from './partner-store.js';

/** An alert in a list: its case number and nothing of the case. */
export interface AlertSummary {
  readonly id: AlertId;
  readonly mode: Mode;
  readonly status: AlertStatus;
  readonly version: number;
  readonly caseNumber: string;
  readonly createdBy: OfficerId;
  readonly createdAt: Date;
  /** The revision being written or reviewed, and where it stands. */
  readonly proposal: { readonly revision: number; readonly status: string } | null;
  readonly currentRevision: number | null;
  readonly expiresAt: Date | null;
  readonly endedAt: Date | null;
}

/** A delivery with the last thing that happened to it. */
export interface DeliveryView {
  readonly id: DeliveryId;
  readonly alertId: AlertId;
  readonly mode: Mode;
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly channel: string;
  readonly destination: DestinationId;
  readonly part: number;
  /** Which of the destination's routes is in use, from 0; `channel` is that route's. */
  readonly route: number;
  /** The idempotency key that the partner's ledger knows it by. */
  readonly key: string;
  readonly state: DeliveryState;
  /** How far it is known to have come; null where it was called off or settled by a person. */
  readonly confirmation: Confirmation | null;
  readonly attempts: number;
  /** How the last attempt ended; null before the first has. */
  readonly outcome: AttemptEntity['outcome'] | null;
  readonly reason: string | null;
  readonly nextAttemptAt: Date | null;
  readonly acceptedAt: Date | null;
  /** Milliseconds from the approval, or the ending, to the acceptance. */
  readonly msToAcceptance: number | null;
  readonly receipts: { readonly confirmed: number; readonly failed: number; readonly expected: number | null };
  /** How much of its audience the partner says to have reached; null while it says nothing. */
  readonly progress: ProgressView | null;
}

/** A place in the audit and what stands there. */
export interface TimelineFact extends Envelope {
  readonly seq: number;
}

/** One page, and where the next begins. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Goes into the next request as it is; null at the end. */
  readonly next: string | null;
}

/** How many there are of what, for the metrics. */
export interface Counts {
  readonly alerts: readonly { readonly mode: Mode; readonly status: AlertStatus; readonly count: number }[];
  readonly deliveries: readonly { readonly destination: string; readonly state: DeliveryState; readonly count: number }[];
  readonly outboxWaiting: number;
  /** Routes whose breaker is not closed, as their dispatcher last wrote it down. */
  readonly breakersNotClosed: readonly string[];
}

/** The database counts microseconds and a cursor milliseconds; compared exactly, a page would begin with its own cursor. */
const MOMENT = `date_trunc('milliseconds', d.created_at)`;

const PLACE = z.tuple([z.int32(), z.string(), z.string(), z.int32(), z.int32()]);

type DeliveryRow = DeliveryEntity & { alert: AlertEntity; outbox: OutboxEntity; last: AttemptEntity | null };

/** What the desks read: lists, tables and counts. Opens no case and writes nothing. */
export class AlertViews {
  constructor(private readonly source: DataSource) {}

  /** The alerts of a mode, newest first. Throws REQUEST_INVALID for a cursor that is none of ours. */
  async list(mode: Mode, { status, cursor, limit }: { readonly status?: AlertStatus; readonly cursor?: string; readonly limit: number }): Promise<Page<AlertSummary>> {
    const query = this.source.getRepository(AlertEntity).createQueryBuilder('a')
      .leftJoinAndMapOne('a.revision', RevisionEntity, 'r', 'r.alertId = a.id AND r.number = a.proposal')
      .where('a.mode = :mode', { mode }).orderBy('a.createdAt', 'DESC').addOrderBy('a.id').limit(limit + 1);
    if (status) query.andWhere('a.status = :status', { status });
    after(query, cursor, 'a.createdAt < :at OR (a.createdAt = :at AND a.id > :id)');
    const found = await guarded(() => query.getMany()) as (AlertEntity & { revision: RevisionEntity | null })[];
    return page(found, limit, (a) => [a.createdAt, a.id], (a) => ({
      id: a.id, mode: a.mode, status: a.status, version: a.version, caseNumber: a.caseNumber, createdBy: a.createdBy, createdAt: a.createdAt,
      proposal: a.revision && { revision: a.revision.number, status: a.revision.status },
      currentRevision: a.currentRevision, expiresAt: a.expiresAt, endedAt: a.endedAt,
    }));
  }

  /**
   * What went, goes or should go out for an alert, newest revision last; to one destination only where it is named. Throws
   * ALERT_MISSING, and REQUEST_INVALID for a cursor that is none of ours.
   */
  async deliveries(mode: Mode, id: AlertId, { destination, cursor, limit }: { readonly destination?: string; readonly cursor?: string; readonly limit: number }): Promise<Page<DeliveryView>> {
    await this.mustExist(mode, id);
    const query = this.deliveryQuery().where('d.alertId = :id', { id })
      .orderBy('d.revision').addOrderBy('d.channel').addOrderBy('d.destination').addOrderBy('d.part').addOrderBy('d.route').limit(limit + 1);
    if (destination !== undefined) query.andWhere('d.destination = :destination', { destination });
    // As the index of the table has them, so that a page begins where it begins and is not counted off.
    if (cursor !== undefined) query.andWhere('(d.revision, d.channel, d.destination, d.part, d.route) > (:revision, :channel, :to, :part, :route)', placeIn(cursor));
    const found = await guarded(() => query.getMany()) as DeliveryRow[];
    const kept = found.slice(0, limit);
    const last = found.length > limit ? kept.at(-1) : undefined;
    return { items: await this.withProgress(kept.map(toView)), next: last ? Buffer.from(JSON.stringify([last.revision, last.channel, last.destination, last.part, last.route])).toString('base64url') : null };
  }

  /** Deliveries that wait for a person, oldest first. Throws REQUEST_INVALID for a cursor that is none of ours. */
  async deadLetters({ mode, alert, cursor, limit }: { readonly mode?: Mode; readonly alert?: AlertId; readonly cursor?: string; readonly limit: number }): Promise<Page<DeliveryView>> {
    const query = this.deliveryQuery().where('d.state IN (:...states)', { states: [...DEAD_LETTERS] }).addSelect(MOMENT, 'moment').orderBy('moment').addOrderBy('d.id').limit(limit + 1);
    if (mode) query.andWhere('a.mode = :mode', { mode });
    if (alert) query.andWhere('d.alertId = :alert', { alert });
    after(query, cursor, `${MOMENT} > :at OR (${MOMENT} = :at AND d.id > :id)`);
    const { items, next } = page(await guarded(() => query.getMany()) as DeliveryRow[], limit, (d) => [d.createdAt, d.id], toView);
    return { items: await this.withProgress(items), next };
  }

  /**
   * The facts about an alert: from the oldest on, after place `after`, or from the newest back, before place `before`. `news`
   * leaves out what the board counts: attempts, receipts, slots, erasures. They outlive the case. Throws ALERT_MISSING.
   */
  async timeline(mode: Mode, id: AlertId, { after: place, before, news = false, limit }: { readonly after?: number; readonly before?: number; readonly news?: boolean; readonly limit: number }): Promise<Page<TimelineFact>> {
    await this.mustExist(mode, id);
    const query = this.source.getRepository(FactEntity).createQueryBuilder('f').where('f.alertId = :id', { id }).limit(limit + 1);
    if (before === undefined) query.andWhere('f.seq > :place', { place: place ?? 0 }).orderBy('f.seq');
    else query.andWhere('f.seq < :before', { before }).orderBy('f.seq', 'DESC');
    if (news) query.andWhere(NEWS);
    const found = await guarded(() => query.getMany());
    const kept = found.slice(0, limit);
    // A record that cannot be read is the verifier's matter; the desks see the others.
    const items = kept.flatMap(({ seq, record }) => {
      const fact = readRecord(record);
      return fact ? [{ seq: Number(seq), ...fact }] : [];
    });
    return { items, next: found.length > limit ? kept.at(-1)!.seq : null };
  }

  /** Counts for the metrics, in a few small queries. */
  async counts(): Promise<Counts> {
    const many = <Row>(query: { getRawMany<T>(): Promise<T[]> }) => guarded(() => query.getRawMany<Row>());
    const alerts = await many<Counts['alerts'][number]>(this.source.getRepository(AlertEntity).createQueryBuilder('a')
      .select('a.mode', 'mode').addSelect('a.status', 'status').addSelect('count(*)::integer', 'count').groupBy('a.mode').addGroupBy('a.status'));
    const deliveries = await many<Counts['deliveries'][number]>(this.source.getRepository(DeliveryEntity).createQueryBuilder('d')
      .select('d.destination', 'destination').addSelect('d.state', 'state').addSelect('count(*)::integer', 'count').groupBy('d.destination').addGroupBy('d.state'));
    const outboxWaiting = await guarded(() => this.source.getRepository(OutboxEntity).createQueryBuilder('o').where('o.plannedAt IS NULL').getCount());
    const notClosed = await rows<{ route: string }>(this.source, `SELECT route FROM breakers WHERE state <> 'closed'`);
    return { alerts, deliveries, outboxWaiting, breakersNotClosed: notClosed.map(({ route }) => route) };
  }

  /** Answers once the database has. */
  async ping(): Promise<void> {
    await guarded(() => this.source.query('SELECT 1'));
  }

  private async mustExist(mode: Mode, id: AlertId): Promise<void> {
    if (!(await guarded(() => this.source.getRepository(AlertEntity).existsBy({ id, mode })))) throw fail('ALERT_MISSING');
  }

  private async withProgress(views: readonly DeliveryView[]): Promise<readonly DeliveryView[]> {
    const progress = await new PgPartnerStore(this.source).progress(views.map((view) => view.id));
    return progress.size === 0 ? views : views.map((view) => ({ ...view, progress: progress.get(view.id) ?? null }));
  }

  private deliveryQuery(): SelectQueryBuilder<DeliveryEntity> {
    return this.source.getRepository(DeliveryEntity).createQueryBuilder('d')
      .innerJoinAndMapOne('d.alert', AlertEntity, 'a', 'a.id = d.alertId')
      .innerJoinAndMapOne('d.outbox', OutboxEntity, 'o', 'o.alertId = d.alertId AND o.revision = d.revision')
      .leftJoinAndMapOne('d.last', AttemptEntity, 't',
        't.deliveryId = d.id AND t.leaseToken = (SELECT max(x.lease_token) FROM attempts x WHERE x.delivery_id = d.id)');
  }
}

function toView(d: DeliveryRow): DeliveryView {
  return {
    id: d.id, alertId: d.alertId, mode: d.alert.mode, revision: d.revision, kind: d.kind, channel: d.channel, destination: d.destination, part: d.part, route: d.route, key: d.key,
    state: d.state, confirmation: confirmationOf(d.state, d.expected), attempts: d.attempts, outcome: d.last?.outcome ?? null, reason: d.reason ?? d.last?.reason ?? null,
    nextAttemptAt: d.nextAttemptAt, acceptedAt: d.acceptedAt,
    msToAcceptance: d.acceptedAt && d.acceptedAt.getTime() - d.outbox.createdAt.getTime(),
    receipts: { confirmed: d.confirmed, failed: d.failed, expected: d.expected }, progress: null,
  };
}

/** A cursor is the place of the last row seen, opaque to whoever carries it. */
function page<Row, Item>(found: readonly Row[], limit: number, placeOf: (row: Row) => readonly [Date, string], show: (row: Row) => Item): Page<Item> {
  const kept = found.slice(0, limit);
  const [at, id] = found.length > limit ? placeOf(kept.at(-1)!) : [];
  return { items: kept.map(show), next: at && id ? Buffer.from(`${at.toISOString()} ${id}`).toString('base64url') : null };
}

function placeIn(cursor: string): { revision: number; channel: string; to: string; part: number; route: number } {
  try {
    const [revision, channel, to, part, route] = PLACE.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { revision, channel, to, part, route };
  } catch {
    throw fail('REQUEST_INVALID', 'query.cursor', 'The cursor is one that a page ended with.');
  }
}

function after(query: SelectQueryBuilder<AlertEntity> | SelectQueryBuilder<DeliveryEntity>, cursor: string | undefined, condition: string): void {
  if (cursor === undefined) return;
  const [, at, id] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,12}Z) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (at === undefined) throw fail('REQUEST_INVALID', 'query.cursor', 'The cursor is one that a page ended with.');
  query.andWhere(`(${condition})`, { at, id });
}
