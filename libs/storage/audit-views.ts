import type { DataSource } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { AlertId, DestinationId, OfficerId } from '#kernel/ids.js';
import { readRecord, type Envelope } from '#audit/fact.js';
import type { AlertStatus } from '#alerts/alert.js';
import type { Mode } from '#alerts/notice.js';
import type { Compliance } from '#dispatch/airing.js';
import { rows } from './database.js';

/** An alert and its key times; null for what has not come to pass. */
export interface AuditedAlert {
  readonly id: AlertId;
  readonly mode: Mode;
  readonly status: AlertStatus;
  /** Null once the case is erased. */
  readonly caseNumber: string | null;
  readonly createdBy: OfficerId;
  readonly createdAt: Date;
  readonly approvedAt: Date | null;
  /** When the first and the last partner accepted the alert itself, updates left out; how many have, of how many. */
  readonly firstAcceptedAt: Date | null;
  readonly lastAcceptedAt: Date | null;
  readonly accepted: number;
  readonly deliveries: number;
  readonly revisions: number;
  readonly endedAt: Date | null;
  /** When the first and the last partner accepted the ending. */
  readonly firstEndAcceptedAt: Date | null;
  readonly lastEndAcceptedAt: Date | null;
  readonly erasedAt: Date | null;
  /** What partners were asked to erase, and how many have confirmed it. */
  readonly erasures: { readonly asked: number; readonly confirmed: number };
}

/** An entry of an alert's timeline: a fact of the audit, a receipt as it came, or a partner's report. */
export type TimelineEntry =
  | { readonly kind: 'fact'; readonly at: Date; readonly fact: Envelope & { readonly seq: number } }
  | { readonly kind: 'receipt'; readonly at: Date; readonly receipt: { readonly seq: number; readonly destination: string; readonly channel: string; readonly deliveryId: string; readonly stage: 'confirmed' | 'failed'; readonly word: string; readonly partnerAt: string | null } }
  | {
    readonly kind: 'report'; readonly at: Date;
    readonly report: {
      readonly seq: number; readonly destination: string; readonly channel: string; readonly deliveryId: string; readonly stage: 'acknowledged' | 'progress' | 'erased';
      readonly percent: number | null; readonly done: number | null; readonly total: number | null; readonly partnerAt: string | null;
    };
  };

export interface AuditPage<Item> { readonly items: readonly Item[]; readonly next: string | null }

/** Which alerts or slots: of a mode, and of a time. */
export interface Span {
  readonly mode?: Mode;
  readonly alert?: string;
  readonly from?: Date;
  readonly to?: Date;
}

const ALERT = `SELECT a.id, a.mode, a.status, nullif(a.case_number, '') AS "caseNumber", a.created_by AS "createdBy", a.created_at AS "createdAt",
    o.approved AS "approvedAt", d.first AS "firstAcceptedAt", d.last AS "lastAcceptedAt", coalesce(d.accepted, 0) AS accepted, coalesce(d.deliveries, 0) AS deliveries, a.last_revision AS revisions,
    a.ended_at AS "endedAt", d.first_end AS "firstEndAcceptedAt", d.last_end AS "lastEndAcceptedAt", a.erased_at AS "erasedAt",
    json_build_object('asked', e.asked, 'confirmed', e.confirmed) AS erasures
  FROM alerts a
  LEFT JOIN LATERAL (SELECT min(created_at) AS approved FROM outbox WHERE alert_id = a.id AND kind = 'alert') o ON true
  LEFT JOIN LATERAL (
    SELECT min(accepted_at) FILTER (WHERE kind = 'alert') AS first, max(accepted_at) FILTER (WHERE kind = 'alert') AS last,
           (count(*) FILTER (WHERE kind = 'alert' AND accepted_at IS NOT NULL))::integer AS accepted, (count(*) FILTER (WHERE kind = 'alert'))::integer AS deliveries,
           min(accepted_at) FILTER (WHERE kind NOT IN ('alert', 'update')) AS first_end, max(accepted_at) FILTER (WHERE kind NOT IN ('alert', 'update')) AS last_end
      FROM deliveries WHERE alert_id = a.id) d ON true
  LEFT JOIN LATERAL (SELECT count(*)::integer AS asked, count(confirmed_at)::integer AS confirmed FROM erasure_requests WHERE alert_id = a.id) e ON true`;

/** What an auditor reads beside the facts: alerts with their key times, and one alert from its first draft to its erasure. Opens no case and writes nothing. */
export class AuditViews {
  constructor(private readonly source: DataSource) {}

  /** The alerts of both modes, or of one, newest first; those begun in the time. */
  async alerts({ mode, status, from, to }: Span & { readonly status?: AlertStatus }, { cursor, limit }: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage<AuditedAlert>> {
    const place = cursor === undefined ? undefined : readCursor(cursor, /^(\d{1,18}) ([0-9a-f-]{36})$/);
    const found = await rows<AuditedAlert & { us: string }>(this.source,
      `SELECT x.*, (extract(epoch FROM x."createdAt") * 1000000)::bigint AS us FROM (${ALERT}
        WHERE ($1::text IS NULL OR a.mode = $1) AND ($2::text IS NULL OR a.status = $2) AND ($3::timestamptz IS NULL OR a.created_at >= $3) AND ($4::timestamptz IS NULL OR a.created_at <= $4)
          AND ($5::bigint IS NULL OR (a.created_at, a.id) < (to_timestamp(0) + $5::bigint * interval '1 microsecond', $6::uuid))
        ORDER BY a.created_at DESC, a.id DESC LIMIT $7) x ORDER BY x."createdAt" DESC, x.id DESC`,
      [mode ?? null, status ?? null, from ?? null, to ?? null, place?.[0] ?? null, place?.[1] ?? null, limit + 1]);
    const last = found.length > limit ? found[limit - 1] : undefined;
    return { items: found.slice(0, limit).map(shown), next: last ? writeCursor(`${last.us} ${last.id}`) : null };
  }

  /** The alerts that have or had a case number and are not erased, newest first. */
  async ofCase(caseNumber: string): Promise<readonly AuditedAlert[]> {
    const found = await rows<AuditedAlert>(this.source,
      `${ALERT} WHERE a.id IN (SELECT id FROM alerts WHERE case_number = $1 AND status <> 'erased' UNION SELECT r.alert_id FROM revisions r WHERE r.case_number = $1)
          AND a.status <> 'erased' ORDER BY a.created_at DESC, a.id LIMIT 100`, [caseNumber]);
    return found.map(shown);
  }

  /** One alert, also after its erasure. Throws ALERT_MISSING. */
  async alert(id: string): Promise<AuditedAlert> {
    const [found] = await rows<AuditedAlert>(this.source, `${ALERT} WHERE a.id = $1`, [id]);
    if (!found) throw fail('ALERT_MISSING');
    return shown(found);
  }

  /**
   * Everything about one alert in order: its facts, each receipt, each report of a partner. Facts keep the order of the chain,
   * whatever the clocks of their writers said: each stands at the latest time that any fact up to it has. Throws ALERT_MISSING.
   */
  async timeline(id: string, { cursor, limit }: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage<TimelineEntry>> {
    if ((await rows(this.source, 'SELECT FROM alerts WHERE id = $1', [id])).length === 0) throw fail('ALERT_MISSING');
    const place = cursor === undefined ? ['0', '0', '0'] : readCursor(cursor, /^(\d{1,18}) ([0-2]) (\d{1,18})$/);
    const found = await rows<{ us: string; rank: number; n: string; at: Date; entry: unknown; record: string | null }>(this.source,
      `WITH mine AS MATERIALIZED (SELECT id, channel FROM deliveries WHERE alert_id = $1),
       entries AS (
         SELECT max(f.at) OVER (ORDER BY f.seq)::timestamptz AS place, 0 AS rank, f.seq AS n, f.at::timestamptz AS at, NULL::jsonb AS entry, f.record FROM facts f WHERE f.alert_id = $1::uuid::text
         UNION ALL
         SELECT r.received_at, 1, r.seq, r.received_at, jsonb_build_object('seq', r.seq, 'destination', r.destination, 'channel', m.channel, 'deliveryId', m.id, 'stage', r.stage, 'word', r.word, 'partnerAt', r.partner_at), NULL
           FROM mine m JOIN receipts r ON r.delivery_id = m.id
         UNION ALL
         SELECT p.received_at, 2, p.seq, p.received_at, jsonb_build_object('seq', p.seq, 'destination', p.destination, 'channel', m.channel, 'deliveryId', m.id, 'stage', p.stage,
                'percent', p.percent, 'done', p.done, 'total', p.total, 'partnerAt', p.partner_at), NULL
           FROM mine m JOIN partner_reports p ON p.delivery_id = m.id)
       SELECT (extract(epoch FROM place) * 1000000)::bigint AS us, rank, n, at, entry, record FROM entries
        WHERE (place, rank, n) > (to_timestamp(0) + $2::bigint * interval '1 microsecond', $3::integer, $4::bigint) ORDER BY place, rank, n LIMIT $5`,
      [id, ...place, limit + 1]);
    const kept = found.slice(0, limit);
    const items = kept.flatMap(({ rank, n, at, entry, record }): TimelineEntry[] => {
      if (rank === 1) return [{ kind: 'receipt', at, receipt: heard(entry as Heard) }];
      if (rank === 2) return [{ kind: 'report', at, report: heard(entry as Reported) }];
      // A record that cannot be read is the verifier's matter.
      const fact = record === null ? undefined : readRecord(record);
      return fact ? [{ kind: 'fact', at, fact: { seq: Number(n), ...fact } }] : [];
    });
    const last = found.length > limit ? kept.at(-1) : undefined;
    return { items, next: last ? writeCursor(`${last.us} ${last.rank} ${last.n}`) : null };
  }

  /** What each broadcaster has kept of the rulebook: its slots counted, those of endings left out. */
  async compliance({ mode, alert, from, to }: Span): Promise<readonly Compliance[]> {
    const found = await rows<Omit<Compliance, 'inTime'>>(this.source,
      `SELECT d.destination, ${['due', 'aired', 'late', 'missed', 'stopped'].map((state) => `(count(*) FILTER (WHERE s.state = '${state}'))::integer AS ${state}`).join(', ')},
              min(s.aired_at) AS "firstAiredAt", max(s.aired_at) AS "lastAiredAt"
         FROM airing_slots s JOIN deliveries d ON d.id = s.delivery_id JOIN alerts a ON a.id = d.alert_id
        WHERE d.kind IN ('alert', 'update') AND ($1::text IS NULL OR a.mode = $1) AND ($2::uuid IS NULL OR a.id = $2)
          AND ($3::timestamptz IS NULL OR s.due_at >= $3) AND ($4::timestamptz IS NULL OR s.due_at <= $4)
        GROUP BY d.destination ORDER BY d.destination`, [mode ?? null, alert ?? null, from ?? null, to ?? null]);
    return found.map((one) => ({ ...one, inTime: one.aired + one.late + one.missed === 0 ? null : one.aired / (one.aired + one.late + one.missed) }));
  }

  /** A broadcaster's slots with their proofs, oldest first. */
  async slots(destination: string, { mode, alert, from, to }: Span, { cursor, limit }: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage<AuditedSlot>> {
    const place = cursor === undefined ? undefined : readCursor(cursor, /^(\d{1,18}) ([0-9a-f-]{36}) (\d{1,9})$/);
    const found = await rows<AuditedSlot & { us: string }>(this.source,
      `SELECT d.alert_id AS "alertId", s.delivery_id AS "deliveryId", d.destination, d.channel, d.revision, s.number, s.manner, s.due_at AS "dueAt", s.state, s.reason, s.receipt_seq::integer AS "receiptSeq",
              s.aired_at AS "airedAt", s.seconds, s.silent, r.word, r.partner_at AS "partnerAt", r.received_at AS "receivedAt", (extract(epoch FROM s.due_at) * 1000000)::bigint AS us
         FROM airing_slots s JOIN deliveries d ON d.id = s.delivery_id JOIN alerts a ON a.id = d.alert_id LEFT JOIN receipts r ON r.seq = s.receipt_seq
        WHERE d.kind IN ('alert', 'update') AND d.destination = $1 AND ($2::text IS NULL OR a.mode = $2) AND ($3::uuid IS NULL OR a.id = $3)
          AND ($4::timestamptz IS NULL OR s.due_at >= $4) AND ($5::timestamptz IS NULL OR s.due_at <= $5)
          AND ($6::bigint IS NULL OR (s.due_at, s.delivery_id, s.number) > (to_timestamp(0) + $6::bigint * interval '1 microsecond', $7::uuid, $8::integer))
        ORDER BY s.due_at, s.delivery_id, s.number LIMIT $9`,
      [destination, mode ?? null, alert ?? null, from ?? null, to ?? null, place?.[0] ?? null, place?.[1] ?? null, place?.[2] ?? null, limit + 1]);
    const last = found.length > limit ? found[limit - 1] : undefined;
    return { items: found.slice(0, limit).map(({ us: _us, ...slot }) => slot), next: last ? writeCursor(`${last.us} ${last.deliveryId} ${last.number}`) : null };
  }
}

/** A slot and the receipt that proves it. */
export interface AuditedSlot {
  readonly alertId: AlertId;
  readonly deliveryId: string;
  readonly destination: DestinationId;
  readonly channel: string;
  readonly revision: number;
  readonly number: number;
  readonly manner: 'triggered' | 'awaited';
  readonly dueAt: Date;
  readonly state: 'due' | 'aired' | 'late' | 'missed' | 'stopped';
  readonly reason: string | null;
  readonly receiptSeq: number | null;
  readonly airedAt: Date | null;
  readonly seconds: number | null;
  readonly silent: boolean;
  /** The partner's word in the receipt, its own time, and when it came. */
  readonly word: string | null;
  readonly partnerAt: Date | null;
  readonly receivedAt: Date | null;
}

type Heard = Extract<TimelineEntry, { kind: 'receipt' }>['receipt'];
type Reported = Extract<TimelineEntry, { kind: 'report' }>['report'];

/** The database writes a time in JSON with an offset. */
function heard<Entry extends Heard | Reported>(entry: Entry): Entry {
  return { ...entry, partnerAt: entry.partnerAt === null ? null : new Date(entry.partnerAt).toISOString() };
}

/** Only what the view names goes on. */
function shown(row: AuditedAlert & { us?: string }): AuditedAlert {
  const { us: _us, ...alert } = row;
  return alert;
}

const writeCursor = (place: string): string => Buffer.from(place).toString('base64url');

function readCursor(cursor: string, form: RegExp): string[] {
  const [, ...parts] = form.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (parts.length === 0) throw fail('REQUEST_INVALID', 'query.cursor', 'The cursor is one that a page ended with.');
  return parts;
}
