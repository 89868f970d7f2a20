import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { randomIds, type AlertId, type FactId } from '#kernel/ids.js';
import { makeFact, SYSTEM } from '#audit/fact.js';
import { AuditSearch, type FactFilter } from '#storage/audit-search.js';
import { AuditViews } from '#storage/audit-views.js';
import { openDatabase } from '#storage/database.js';
import { asOwner, onGround, type BenchDatabase } from './ground.js';
import { interleave, short, tell, type Report, type Table } from './report.js';

/*
 * What a page of an auditor's search costs among 200,000 facts: the first page, and the one that begins at nine tenths. The
 * baseline is the plain way of writing it: one statement in which every filter may be absent, over the record itself.
 */
const FACTS = 200_000;
const ALERTS = 400;
const PAGE = 100;
const ROUNDS = 5;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const STEP_MS = 1_000;

async function measure({ ownerUrl, appUrl }: BenchDatabase): Promise<Report> {
  const alerts = Array.from({ length: ALERTS }, () => randomUUID() as AlertId);
  await fill(ownerUrl, alerts);
  const source = await openDatabase({ url: appUrl, name: 'bench', poolSize: 2 });
  const search = new AuditSearch(source);
  const filters: readonly (readonly [string, FactFilter])[] = [
    ['one alert', { alert: alerts[7]! }], ['one partner of 500', { destination: 'tv-123' }], ['one channel of 10', { channel: 'channel-3' }], ['refusals, one in 1,000', { outcome: 'refused' }],
    ['the last hour', { from: new Date(BEGIN + (FACTS - 3_600) * STEP_MS) }], ['the mode that one alert in 100 has', { mode: 'live' }], ['a partner within a day', { destination: 'tv-123', from: new Date(BEGIN + 86_400_000), to: new Date(BEGIN + 2 * 86_400_000) }],
  ];
  try {
    const tables: Table[] = [];
    for (const [name, filter] of filters) {
      for (const [where, after] of [['first page', 0], ['page at nine tenths', FACTS * 0.9]] as const) {
        if ((await search.page(filter, { after, limit: PAGE })).map((row) => row.seq).join() !== (await plainly(source, filter, after)).join()) throw new Error(`${name}: the two ways find other facts`);
        tables.push(await interleave(`${name}, ${where}`, 'ms', 'lower', ROUNDS, [
          { name: 'one plain statement', run: () => milliseconds(() => plainly(source, filter, after)) },
          { name: 'audit search', run: () => milliseconds(() => search.page(filter, { after, limit: PAGE })) },
        ]));
      }
    }
    const views = new AuditViews(source);
    const timeline = await milliseconds(() => views.timeline(alerts[7]!, { limit: 200 }));
    const list = await milliseconds(() => views.alerts({}, { limit: 50 }));
    const worst = tables.map(({ rows }) => rows[1]!.median).reduce((a, b) => Math.max(a, b));
    return {
      program: 'audit-search', tables,
      aims: [{ name: 'audit search, slowest page of all', aim: 'at most 100 ms among 200,000 facts', reached: `${short(worst)} ms`, met: worst <= 100 }],
      notes: [`first page of one alert's timeline: ${short(timeline)} ms; a page of alerts with their key times: ${short(list)} ms`],
    };
  } finally {
    await source.destroy();
  }
}

/** The plain way: every condition in one statement, absent or not. */
async function plainly(source: DataSource, { alert, destination, channel, outcome, mode, from, to }: FactFilter, after: number): Promise<number[]> {
  const found: { seq: string }[] = await source.query(
    `SELECT seq, record, hash FROM facts f
      WHERE seq > $1 AND ($2::text IS NULL OR alert_id = $2) AND ($3::text IS NULL OR record::jsonb #>> '{body,destination}' = $3) AND ($4::text IS NULL OR record::jsonb #>> '{body,channel}' = $4)
        AND ($5::text IS NULL OR record::jsonb #>> '{body,outcome}' = $5) AND ($6::text IS NULL OR EXISTS (SELECT FROM alerts a WHERE a.id::text = f.alert_id AND a.mode = $6))
        AND ($7::text IS NULL OR at >= $7) AND ($8::text IS NULL OR at <= $8) ORDER BY seq LIMIT $9`,
    [after, alert ?? null, destination ?? null, channel ?? null, outcome ?? null, mode ?? null, from?.toISOString() ?? null, to?.toISOString() ?? null, PAGE]);
  return found.map(({ seq }) => Number(seq));
}

async function fill(ownerUrl: string, alerts: readonly AlertId[]): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    await client.query(
      `INSERT INTO alerts (id, mode, status, version, case_number, created_by, created_at, last_revision)
       SELECT a.id, CASE WHEN a.n % 100 = 1 THEN 'live' ELSE 'drill' END, 'prepared', 1, 'KU-' || a.n, (SELECT id FROM officers LIMIT 1), now() + a.n * interval '1 second', 1
         FROM unnest($1::uuid[]) WITH ORDINALITY AS a (id, n)`, [alerts]);
    for (let written = 0; written < FACTS; written += 5_000) {
      await client.query('SELECT append_facts($1)', [Array.from({ length: 5_000 }, (_, n) => factOf(written + n, alerts))]);
    }
    await client.query('VACUUM ANALYZE');
  });
}

function factOf(n: number, alerts: readonly AlertId[]): string {
  return makeFact({
    id: randomIds.next<FactId>(), at: new Date(BEGIN + n * STEP_MS), type: 'delivery.attempted', actor: SYSTEM, alertId: alerts[Math.floor((n * ALERTS) / FACTS)]!,
    body: {
      deliveryId: '0123abcd-0123-4abc-8abc-0123456789ab', key: '0123456789abcdef0123456789abcdef', channel: `channel-${n % 10}`, destination: `tv-${n % 500}`, part: 0, route: 0, call: 'publish', attempt: 1,
      outcome: n % 1_000 === 0 ? 'refused' : 'accepted', contentHash: 'a'.repeat(64), ms: 12,
    },
  }).record;
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

tell(await onGround(false, async (ground) => measure(await ground.database())));
