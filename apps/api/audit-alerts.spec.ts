import { randomUUID } from 'node:crypto';
import { makeFact, SYSTEM } from '#audit/fact.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { randomIds, type AlertId, type FactId } from '#kernel/ids.js';
import { OFFICERS, Stage, type Name } from './testing/stage.js';

interface Alert { id: string; mode: string; caseNumber: string | null; status: string; approvedAt: string | null; accepted: number; deliveries: number; endedAt: string | null; erasedAt: string | null; erasures: object }
interface Entry { kind: 'fact' | 'receipt' | 'report'; at: string; fact?: { seq: number; type: string }; receipt?: object; report?: object }
interface Page<T> { items: T[]; next: string | null }

let stage: Stage;
let id: string;
let path: string;
let delivery: string;

/** A delivery as the dispatcher leaves it: accepted `ms` after its decision. */
async function delivered(kind: 'alert' | 'withdrawn', destination: string, channel: string, ms: number): Promise<string> {
  const made = randomUUID();
  await stage.sql(
    `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, may_have, expires_at, accepted_at)
     SELECT $1::uuid, o.alert_id, o.revision, o.kind, $2, $3, $1::uuid::text, 'accepted', true, now() + interval '1 day', o.created_at + make_interval(secs => $4::float8 / 1000)
       FROM outbox o WHERE alert_id = $5 AND kind = $6`, [made, channel, destination, ms, id, kind]);
  return made;
}

beforeAll(async () => {
  stage = await Stage.open();
  await stage.signIn('rada');
  ({ id, path } = await stage.written());
  const contentHash = await stage.submitted(path);
  await stage.signIn('iva');
  expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
  delivery = await delivered('alert', 'tv-proba', 'cap-push', 250);
  await delivered('alert', 'tv-druga', 'cap-push', 750);
  await delivered('alert', 'operator', 'smpp', 2_000);
  await stage.sql(`INSERT INTO receipts (destination, receipt_key, key, stage, word, delivery_id, partner_at, received_at) VALUES ('tv-proba', 'r1', $1, 'confirmed', 'aired 24', $2::uuid, now(), $3)`, [delivery, delivery, stage.clock.now()]);
  await stage.sql(`INSERT INTO partner_reports (destination, report_key, delivery_id, stage, percent, received_at) VALUES ('tv-proba', 'p1', $1, 'progress', 40, $2)`, [delivery, stage.clock.now()]);
  await stage.sql(
    `INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, state, receipt_seq, aired_at, seconds)
     SELECT $1::uuid, n, $1::uuid::text || n, 'awaited', o.created_at + make_interval(mins => 30 * n), o.created_at + make_interval(mins => 30 * n + 28), (ARRAY['aired', 'late', 'missed', 'due'])[n + 1],
            CASE WHEN n < 2 THEN (SELECT max(seq) FROM receipts) END, CASE WHEN n < 2 THEN o.created_at + make_interval(mins => 40 * n, secs => 9) END, CASE WHEN n < 2 THEN 24 END
       FROM outbox o, generate_series(0, 3) AS n WHERE o.alert_id = $2`, [delivery, id]);
  stage.clock.advance(60_000);
  expect((await stage.ask('POST', `${path}/withdraw`, { as: 'mila', body: { reason: 'Vežba je završena.' } })).status).toBe(200);
  await delivered('withdrawn', 'tv-proba', 'cap-push', 90);
});

afterAll(() => stage.close());

const get = async <T>(address: string): Promise<T> => (await stage.ask('GET', address, { as: 'rada' })).json as T;
async function timeline(limit: number): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let next: string | null = ''; next !== null;) {
    const page: Page<Entry> = await get(`/v1/audit/alerts/${id}/timeline?limit=${limit}${next && `&cursor=${next}`}`);
    found.push(...page.items);
    next = page.next;
  }
  return found;
}

describe('an auditor looks back', () => {
  it('on alerts with their key times, both modes at once, page by page', async () => {
    const { items: [alert] } = await get<Page<Alert>>('/v1/audit/alerts?mode=drill');
    expect(alert).toMatchObject({ id, mode: 'drill', status: 'withdrawn', caseNumber: sampleContent().caseNumber, accepted: 3, deliveries: 3, erasedAt: null, erasures: { asked: 0, confirmed: 0 } });
    const times = alert as unknown as Record<string, string>;
    const since = (name: string, from: string) => Date.parse(times[name]!) - Date.parse(times[from]!);
    expect([since('firstAcceptedAt', 'approvedAt'), since('lastAcceptedAt', 'approvedAt')]).toEqual([250, 2_000]);
    expect(Object.keys(alert!)).not.toContain('us');
    for (let n = 0; n < 3; n += 1) await stage.written();
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Page<Alert> = await get(`/v1/audit/alerts?limit=2${next && `&cursor=${next}`}`);
      seen.push(...page.items.map((one) => one.id));
      next = page.next;
    }
    expect([seen.length, new Set(seen).size, seen.at(-1)]).toEqual([4, 4, id]);
    expect((await get<Page<Alert>>('/v1/audit/alerts?status=withdrawn')).items.map((one) => one.id)).toEqual([id]);
    expect((await get<Page<Alert>>('/v1/audit/alerts?mode=live')).items).toEqual([]);
    expect((await get<Page<Alert>>('/v1/audit/alerts?from=2027-01-01T00:00:00Z')).items).toEqual([]);
  });

  it('on one alert in order: decisions, attempts, receipts and reports, whatever the size of a page', async () => {
    const found = await timeline(200);
    const types = found.map((entry) => entry.fact?.type ?? entry.kind);
    expect(types.slice(0, 4)).toEqual(['alert.created', 'revision.saved', 'revision.submitted', 'revision.approved']);
    expect(types.filter((type) => type === 'receipt' || type === 'report')).toEqual(['receipt', 'report']);
    expect(found.find((entry) => entry.receipt)?.receipt).toMatchObject({ destination: 'tv-proba', channel: 'cap-push', deliveryId: delivery, stage: 'confirmed', word: 'aired 24' });
    expect(found.find((entry) => entry.report)?.report).toMatchObject({ stage: 'progress', percent: 40 });
    expect(await timeline(2)).toEqual(found);
  });

  it('keeps the order of the chain where a writer\'s clock was behind', async () => {
    const late = makeFact({ id: randomIds.next<FactId>(), at: new Date('2020-01-01T00:00:00Z'), type: 'outbox.planned', actor: SYSTEM, alertId: id as AlertId, body: { revision: 1, deliveries: 3 } });
    await stage.parts.house.source.query('SELECT append_facts($1)', [[late.record]]);
    const seqs = (await timeline(3)).flatMap((entry) => (entry.fact ? [entry.fact.seq] : []));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(seqs.length).toBeGreaterThan(5);
  });

  it('on what each broadcaster kept of the rulebook, with the proof of each slot', async () => {
    const { items } = await get<Page<object>>(`/v1/audit/airing?alert=${id}`);
    expect(items).toMatchObject([{ destination: 'tv-proba', due: 1, aired: 1, late: 1, missed: 1, stopped: 0, inTime: 1 / 3 }]);
    expect((await get<Page<object>>('/v1/audit/airing?mode=live')).items).toEqual([]);
    const slots: { number: number }[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Page<{ number: number }> = await get(`/v1/audit/airing/slots?destination=tv-proba&limit=3${next && `&cursor=${next}`}`);
      slots.push(...page.items);
      next = page.next;
    }
    expect(slots.map((slot) => slot.number)).toEqual([0, 1, 2, 3]);
    expect(slots[0]).toMatchObject({ alertId: id, state: 'aired', seconds: 24, word: 'aired 24', receiptSeq: expect.any(Number) as number });
    expect(slots[2]).toMatchObject({ state: 'missed', receiptSeq: null, word: null });
  });

  it('on how long it took, by channel and by alert', async () => {
    const { channels, alerts } = await get<{ channels: object[]; alerts: object[] }>('/v1/audit/times?mode=drill&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z');
    expect(channels).toEqual([
      { measure: 'accept', channel: 'cap-push', count: 2, medianMs: 500, p95Ms: 725, maxMs: 750 },
      { measure: 'accept', channel: 'smpp', count: 1, medianMs: 2_000, p95Ms: 2_000, maxMs: 2_000 },
      { measure: 'air', channel: 'cap-push', count: 1, medianMs: 9_000, p95Ms: 9_000, maxMs: 9_000 },
      { measure: 'withdraw', channel: 'cap-push', count: 1, medianMs: 90, p95Ms: 90, maxMs: 90 },
    ]);
    expect(alerts).toMatchObject([{ alertId: id, measure: 'accept', count: 3, medianMs: 750, maxMs: 2_000 }, { measure: 'air' }, { measure: 'withdraw', count: 1 }]);
    expect(await get('/v1/audit/times?mode=live')).toMatchObject({ channels: [], alerts: [] });
  });

  it('on names that the facts speak of', async () => {
    const names = await get<{ officers: { displayName: string }[]; destinations: object[]; channels: string[] }>('/v1/audit/names');
    expect(names.officers).toHaveLength(Object.keys(OFFICERS).length);
    expect(names.destinations).toContainEqual({ id: 'operator', name: 'Operater', channel: 'smpp', mode: 'drill' });
    expect(names.channels).toEqual(['smpp']);
  });

  it.each([
    'alerts?cursor=bm9uZQ', 'alerts?status=lost', 'airing/slots', 'airing/slots?destination=a%20b', 'times', 'times?mode=drill&from=now', 'airing?alert=1',
  ])('is refused what makes no sense: %s', async (asked) => {
    const answer = await stage.ask('GET', `/v1/audit/${asked}`, { as: 'rada' });
    expect([answer.status, answer.json['code']]).toEqual([422, 'REQUEST_INVALID']);
  });

  it('and meets no alert that is none', async () => {
    for (const end of ['', '/timeline']) expect((await stage.ask('GET', `/v1/audit/alerts/${randomUUID()}${end}`, { as: 'rada' })).json['code']).toBe('ALERT_MISSING');
  });

  it('never on what was written about a child', async () => {
    const { child } = sampleContent();
    for (const address of ['/v1/audit/alerts', `/v1/audit/alerts/${id}/timeline`, '/v1/audit/facts?limit=1000']) {
      const { text } = await stage.ask('GET', address, { as: 'rada' });
      expect(text).not.toContain(child.name.latin);
      expect(text).not.toContain('Vežba je završena.');
    }
  });
});

describe('a case number', () => {
  const found = async (caseNumber: string) => {
    const { json } = await stage.ask('POST', '/v1/audit/cases', { as: 'rada', body: { caseNumber } });
    return (json['items'] as unknown as Alert[]).map((alert) => alert.id);
  };

  it('leads to its alerts until the case is erased, and is forgotten then', async () => {
    const { id: other } = await (async () => {
      const { json } = await stage.ask('POST', '/v1/drill/alerts', { as: 'mila', body: sampleContent({ caseNumber: 'KU-991/2026' }) });
      return { id: String(json['id']) };
    })();
    expect(await found(' KU-991/2026 ')).toEqual([other]);
    expect(await found('KU-991')).toEqual([]);
    expect((await stage.ask('POST', `/v1/drill/alerts/${other}/erase`, { as: 'iva', body: {} })).status).toBe(204);
    expect(await found('KU-991/2026')).toEqual([]);
    expect(await get(`/v1/audit/alerts/${other}`)).toMatchObject({ id: other, status: 'erased', caseNumber: null });
    const [left] = await stage.sql<{ count: number }>(
      `SELECT ((SELECT count(*) FROM alerts WHERE case_number = 'KU-991/2026') + (SELECT count(*) FROM revisions WHERE case_number = 'KU-991/2026'))::integer AS count`);
    expect(left).toEqual({ count: 0 });
  });
});

describe('the door', () => {
  it.each<Name | 'nobody'>(['mila', 'iva', 'uros', 'nobody'])('is closed to %s', async (name) => {
    const who = name === 'nobody' ? {} : { as: name };
    for (const address of ['alerts', `alerts/${id}`, `alerts/${id}/timeline`, 'airing', 'airing/slots?destination=tv', 'times?mode=drill', 'names', 'verifier', 'verifier/findme-verify.mjs']) {
      expect([address, (await stage.ask('GET', `/v1/audit/${address}`, who)).status]).toEqual([address, name === 'nobody' ? 401 : 403]);
    }
    expect((await stage.ask('POST', '/v1/audit/cases', { ...who, body: { caseNumber: 'x' } })).status).toBe(name === 'nobody' ? 401 : 403);
  });

  it('lets the auditor change nothing, and the database neither lets the application change what happened', async () => {
    const before = await stage.rowCounts();
    for (const [method, address] of [['POST', `${path}/withdraw`], ['POST', `${path}/approve`], ['POST', `${path}/erase`], ['POST', '/v1/drill/alerts'], ['POST', `/v1/deliveries/${delivery}/close`]] as const) {
      expect([address, (await stage.ask(method, address, { as: 'rada', body: {} })).status]).toEqual([address, 403]);
    }
    expect(await stage.rowCounts()).toEqual(before);
    const { source } = stage.parts.house;
    for (const sql of ['UPDATE facts SET record = record', 'DELETE FROM facts', 'TRUNCATE facts', `UPDATE alerts SET status = 'active'`, 'DELETE FROM attempts', `UPDATE receipts SET word = ''`, 'DELETE FROM checkpoints', 'UPDATE checkpoints SET document = document', 'DROP INDEX facts_actor']) {
      await expect(source.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
