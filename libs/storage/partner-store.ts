import type { DataSource } from 'typeorm';
import { fail } from '#kernel/errors.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import { wordOf } from '#audit/fact.js';
import type { Mode } from '#alerts/notice.js';
import type { BreakerState } from '#dispatch/breaker.js';
import type { DeliveryKind, DeliveryState } from '#dispatch/delivery.js';
import { confirmationOf, type Confirmation } from '#dispatch/ladder.js';
import type { PartnerReport, Progress } from '#dispatch/partner-report.js';
import type { Probed } from '#dispatch/partners.js';
import { rows } from './database.js';

/** The newest word of a partner about how far it is. */
export interface ProgressView extends Progress {
  readonly at: Date;
}

/** A delivery as its own partner sees it: what went to it and what it said of it, nothing of the case. */
export interface PartnerDelivery {
  readonly key: string;
  readonly alertId: AlertId;
  readonly mode: Mode;
  readonly identifier: string | null;
  readonly revision: number;
  readonly kind: DeliveryKind;
  readonly part: number;
  readonly state: DeliveryState;
  readonly confirmation: Confirmation | null;
  readonly createdAt: Date;
  readonly acceptedAt: Date | null;
  readonly expiresAt: Date;
  readonly receipts: { readonly confirmed: number; readonly failed: number; readonly expected: number | null };
  readonly acknowledgedAt: Date | null;
  readonly progress: ProgressView | null;
}

/** What a route said when it was last asked. */
export interface ProbeView {
  readonly at: Date;
  readonly well: boolean;
  readonly reason: string | null;
  readonly ms: number;
}

/** How a destination is doing. */
export interface PartnerHealth {
  /** By the name of the route; those that were never open are not there. */
  readonly breakers: ReadonlyMap<string, { readonly breaker: BreakerState; readonly changedAt: Date }>;
  /** By the name of the route. */
  readonly probes: ReadonlyMap<string, ProbeView>;
  readonly lastAcceptedAt: Date | null;
  readonly openErasures: number;
}

interface Row {
  id: DeliveryId; key: string; alertId: AlertId; mode: Mode; identifier: string | null; revision: number; kind: DeliveryKind; part: number; state: DeliveryState;
  createdAt: Date; acceptedAt: Date | null; expiresAt: Date; confirmed: number; failed: number; expected: number | null; acknowledgedAt: Date | null;
}
interface ProgressRow { delivery_id: DeliveryId; percent: number | null; done: string | null; total: string | null; at: Date }

/** What partners say through the API, and what each may see: its own. */
export class PgPartnerStore {
  constructor(private readonly source: DataSource) {}

  /** The deliveries to one destination, newest first. Throws REQUEST_INVALID for a cursor that is none of ours. */
  async deliveries(destination: DestinationId, { cursor, limit }: { readonly cursor?: string; readonly limit: number }): Promise<{ readonly items: readonly PartnerDelivery[]; readonly next: string | null }> {
    const place = cursor === undefined ? undefined : placeOf(cursor);
    // The database counts microseconds and a cursor milliseconds; both are compared in milliseconds.
    const found = await rows<Row>(this.source,
      `SELECT d.id, d.key, d.alert_id AS "alertId", a.mode, r.identifier, d.revision, d.kind, d.part, d.state, d.created_at AS "createdAt", d.accepted_at AS "acceptedAt",
              d.expires_at AS "expiresAt", d.confirmed, d.failed, d.expected,
              (SELECT min(p.received_at) FROM partner_reports p WHERE p.delivery_id = d.id AND p.stage = 'acknowledged') AS "acknowledgedAt"
         FROM deliveries d JOIN alerts a ON a.id = d.alert_id JOIN revisions r ON r.alert_id = d.alert_id AND r.number = d.revision
        WHERE d.destination = $1 AND ($2::timestamptz IS NULL OR (date_trunc('milliseconds', d.created_at), d.id) < ($2, $3::uuid))
        ORDER BY date_trunc('milliseconds', d.created_at) DESC, d.id DESC LIMIT $4`,
      [destination, place?.at ?? null, place?.id ?? null, limit + 1]);
    const kept = found.slice(0, limit);
    const progress = await this.progress(kept.map((row) => row.id));
    const last = found.length > limit ? kept.at(-1) : undefined;
    return {
      items: kept.map(({ id, confirmed, failed, expected, ...row }) => ({
        ...row, confirmation: confirmationOf(row.state, expected), receipts: { confirmed, failed, expected }, progress: progress.get(id) ?? null,
      })),
      next: last ? Buffer.from(`${last.createdAt.toISOString()} ${last.id}`).toString('base64url') : null,
    };
  }

  /** How destinations are doing, as far as the dispatchers and the partners have said. */
  async health(destinations: readonly DestinationId[]): Promise<ReadonlyMap<DestinationId, PartnerHealth>> {
    const [probes, routes, counts] = await Promise.all([
      rows<{ route: string } & ProbeView>(this.source, `SELECT route, at, well, reason, ms FROM probes WHERE split_part(route, '#', 1) = ANY ($1)`, [destinations]),
      rows<{ route: string; breaker: BreakerState; changedAt: Date }>(this.source,
        `SELECT route, state AS breaker, changed_at AS "changedAt" FROM breakers WHERE split_part(route, '#', 1) = ANY ($1)`, [destinations]),
      rows<{ destination: DestinationId; accepted: Date | null; open: number }>(this.source,
        `SELECT v.destination, (SELECT max(d.accepted_at) FROM deliveries d WHERE d.destination = v.destination) AS accepted,
                (SELECT count(*)::integer FROM erasure_requests e WHERE e.destination = v.destination AND e.confirmed_at IS NULL) AS open
           FROM unnest($1::text[]) AS v (destination)`, [destinations]),
    ]);
    const of = <T extends { readonly route: string }>(all: readonly T[], destination: DestinationId) => new Map(all.filter(({ route }) => route.split('#')[0] === destination).map(({ route, ...rest }) => [route, rest]));
    return new Map(counts.map(({ destination, accepted, open }) => [destination, {
      breakers: of(routes, destination), probes: of(probes, destination), lastAcceptedAt: accepted, openErasures: open,
    }]));
  }

  /** Writes down what routes said. */
  async probed(all: readonly Probed[]): Promise<void> {
    if (all.length === 0) return;
    await rows(this.source,
      `INSERT INTO probes SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::text[], $5::float8[]) AS v (route, at, well, reason, ms) ORDER BY route
       ON CONFLICT (route) DO UPDATE SET at = excluded.at, well = excluded.well, reason = excluded.reason, ms = excluded.ms`,
      [all.map((one) => one.route), all.map((one) => one.at), all.map((one) => one.well), all.map((one) => (one.well ? null : wordOf(one.reason ?? ''))), all.map((one) => one.ms)]);
  }

  /** The newest progress of each delivery that has any. */
  async progress(ids: readonly DeliveryId[]): Promise<ReadonlyMap<DeliveryId, ProgressView>> {
    if (ids.length === 0) return new Map();
    const found = await rows<ProgressRow>(this.source,
      `SELECT DISTINCT ON (delivery_id) delivery_id, percent, done, total, coalesce(partner_at, received_at) AS at
         FROM partner_reports WHERE delivery_id = ANY ($1) AND stage = 'progress' ORDER BY delivery_id, seq DESC`, [ids]);
    return new Map(found.map(({ delivery_id: id, percent, done, total, at }) => [id, {
      ...(percent !== null && { percent }), ...(done !== null && { done: Number(done) }), ...(total !== null && { total: Number(total) }), at,
    }]));
  }

  /**
   * Appends reports as they came; the same report again changes nothing. One about another partner's message, or about none, is
   * dropped: it must not tell whether there is such a key. So is `erased` while the alert still runs.
   */
  async report(reports: readonly PartnerReport[]): Promise<void> {
    if (reports.length === 0) return;
    await rows(this.source,
      `INSERT INTO partner_reports (destination, report_key, delivery_id, stage, percent, done, total, partner_at)
       SELECT v.destination, v.report_key, d.id, v.stage, v.percent, v.done, v.total, v.partner_at
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::bigint[], $7::bigint[], $8::timestamptz[])
                WITH ORDINALITY AS v (destination, report_key, key, stage, percent, done, total, partner_at, place)
         JOIN deliveries d ON d.key = v.key AND d.destination = v.destination JOIN alerts a ON a.id = d.alert_id
        WHERE v.stage <> 'erased' OR a.ended_at IS NOT NULL
        ORDER BY v.place ON CONFLICT DO NOTHING`,
      [
        reports.map((r) => r.destination), reports.map((r) => r.reportKey), reports.map((r) => r.key), reports.map((r) => r.stage), reports.map((r) => r.progress?.percent ?? null),
        reports.map((r) => r.progress?.done ?? null), reports.map((r) => r.progress?.total ?? null), reports.map((r) => r.at?.toISOString() ?? null),
      ]);
  }
}

function placeOf(cursor: string): { at: string; id: string } {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,12}Z) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (at === undefined || id === undefined) throw fail('REQUEST_INVALID', 'query.cursor', 'The cursor is one that a page ended with.');
  return { at, id };
}
