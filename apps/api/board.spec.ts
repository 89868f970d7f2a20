import { randomUUID } from 'node:crypto';
import type { DestinationId } from '#kernel/ids.js';
import type { Endings } from './alert-decisions.controller.js';
import type { ShownBoard } from './board.controller.js';
import { boardSchema } from './board.controller.js';
import { Stage } from './testing/stage.js';

let stage: Stage;
let path: string;
let id: string;
beforeAll(async () => {
  stage = await Stage.open();
  ({ path, id } = await stage.written());
});
afterAll(() => stage.close());

const board = async (as: 'rada' | 'mila' = 'rada'): Promise<ShownBoard> => {
  const told = await stage.ask('GET', `${path}/board`, { as });
  expect(told.status).toBe(200);
  const shown = boardSchema.parse(told.json);
  // What the schema does not name does not leave the house.
  expect(told.json).toEqual(shown);
  return shown;
};

/** A part as the dispatcher leaves it, `ms` after the decision. */
async function part(destination: string, number: number, state: string, { ms = null, revision = 1, reason = null }: { ms?: number | null; revision?: number; reason?: string | null } = {}): Promise<string> {
  const delivery = randomUUID();
  await stage.sql(
    `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, part, key, state, attempts, expected, confirmed, reason, expires_at, accepted_at, next_attempt_at)
     SELECT $1::uuid, o.alert_id, o.revision, o.kind, 'smpp', $2, $3, $1::uuid::text, $4::text, 1, 3, 1, $8, now() + interval '1 day', o.created_at + make_interval(secs => $5::float8 / 1000),
            CASE WHEN $4::text = 'waiting' THEN now() + interval '9 seconds' END
       FROM outbox o WHERE alert_id = $6 AND revision = $7`, [delivery, destination, number, state, ms, id, revision, reason]);
  await stage.sql(`INSERT INTO attempts (delivery_id, number, lease_token, started_at, ms, outcome, reason, content_hash) VALUES ($1, 1, 1, now(), 1, $2, $3, '')`,
    [delivery, ms === null ? 'uncertain' : 'accepted', ms === null ? 'timeout' : null]);
  return delivery;
}

describe('GET /v1/:mode/alerts/:id/board', () => {
  it('is there before anything goes out, for those who may read deliveries, and at the address of its mode only', async () => {
    expect(await board('mila')).toMatchObject({
      at: stage.clock.now().toISOString(), alert: { id, mode: 'drill', status: 'prepared', proposal: { revision: 1, kind: 'alert', status: 'draft' } }, messages: [],
      partners: [{ destination: 'operator', name: 'Operater', channel: 'smpp', messages: [], routes: [{ channel: 'smpp', breaker: 'closed', since: null }], reach: null, airing: null, erasure: null }],
      deadLetters: { total: 0, items: [] },
    });
    expect((await stage.ask('GET', `/v1/live/alerts/${id}/board`, { as: 'rada' })).json['code']).toBe('ALERT_MISSING');
    expect((await stage.ask('GET', `${path}/board`)).status).toBe(401);
    expect((await stage.ask('GET', `${path}/board`, { as: 'uros' })).json['code']).toBe('ROLE_MISSING');
  });

  it('shows how a message stands part by part, over which route, and what waits for a person', async () => {
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
    expect((await board()).messages).toMatchObject([{ revision: 1, kind: 'alert', plannedAt: null, partners: 0 }]);

    await part('operator', 0, 'accepted', { ms: 250 });
    await part('operator', 1, 'accepted', { ms: 400 });
    const uncertain = await part('operator', 2, 'uncertain');
    await part('operator', 3, 'waiting');
    const { deliveries } = stage.parts.house;
    await deliveries.breakerChanged('operator' as DestinationId, 0, 'open', stage.clock.now());
    const shown = await board();
    expect(shown.messages).toMatchObject([{ partners: 1, accepted: 0, msToFirst: 250, msToLast: 400 }]);
    expect(shown.partners).toMatchObject([{
      destination: 'operator', routes: [{ channel: 'smpp', breaker: 'open', since: stage.clock.now().toISOString() }],
      messages: [{ revision: 1, standing: 'uncertain', parts: { accepted: 2, uncertain: 1, queued: 1 }, attempts: 4, outcome: 'uncertain', reason: 'timeout', msToAcceptance: null, receipts: { expected: 12, confirmed: 4 } }],
      reach: { percent: 50, parts: { total: 4, accepted: 2 } },
    }]);
    expect(shown.partners[0]!.messages[0]!.nextAttemptAt).not.toBeNull();
    expect(shown.deadLetters).toMatchObject({ total: 1, items: [{ id: uncertain, state: 'uncertain' }] });
    expect((await stage.ask('GET', '/metrics')).text).toContain('findme_breaker_closed{destination="operator",route="0",channel="smpp"} 0');
  });

  it('forgets the open breakers of a dispatcher that is gone, with a fact', async () => {
    stage.clock.advance(1_000);
    await stage.parts.house.deliveries.closeBreakers(stage.clock.now());
    expect((await board()).partners[0]!.routes).toEqual([{ channel: 'smpp', breaker: 'closed', since: stage.clock.now().toISOString() }]);
    const facts = await stage.sql<{ record: string }>(`SELECT record FROM facts WHERE type = 'breaker.changed' ORDER BY seq`);
    expect(facts.map(({ record }) => (JSON.parse(record) as { body: object }).body)).toEqual([
      { destination: 'operator', route: 0, state: 'open' }, { destination: 'operator', route: 0, state: 'closed' },
    ]);
  });

  it('tells what moved to another route and why, airings, erasures, and the time to withdraw', async () => {
    const delivery = await part('tv', 0, 'confirmed', { ms: 300 });
    await stage.sql(`SELECT append_facts($1)`, [[
      JSON.stringify({ actor: 'system', alert: id, at: '2026-11-24T18:02:00.000Z', body: { channel: 'smpp', deliveryId: delivery, destination: 'tv', from: 0, key: delivery, reason: 'connect_refused', to: 1 }, id: randomUUID(), type: 'delivery.rerouted', v: 1 }),
    ]]);
    await stage.sql(
      `WITH proof AS (INSERT INTO receipts (destination, receipt_key, key, stage, word, delivery_id) VALUES ('tv', $1::text, $1::text, 'confirmed', 'aired 24', $1::text::uuid) RETURNING seq)
       INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, state, receipt_seq, aired_at) SELECT $1::text::uuid, 0, $1::text, 'awaited', now(), now() + interval '28 minutes', 'aired', seq, now() FROM proof`, [delivery]);
    await stage.sql(`INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, state) VALUES ($1::text::uuid, 1, $1::text || '/1', 'awaited', now(), now() + interval '28 minutes', 'missed')`, [delivery]);
    const ended = await stage.ask('POST', `${path}/found`, { as: 'vuk', body: { reason: 'Nađeno je, izmišljeno.' }, headers: { 'idempotency-key': randomUUID() } });
    expect(ended.status).toBe(200);
    const { lastRevision } = ended.json as unknown as { lastRevision: number };
    await part('tv', 0, 'accepted', { ms: 700, revision: lastRevision });
    await stage.sql(`INSERT INTO erasure_requests (alert_id, destination, asked_at, due_at) VALUES ($1, 'tv', $2::timestamptz - interval '2 hours', $2::timestamptz - interval '1 hour')`, [id, stage.clock.now()]);
    const shown = await board();
    expect(shown.alert.status).toBe('found');
    expect(shown.messages[0]).toMatchObject({ kind: 'found', partners: 1, accepted: 1, msToLast: 700 });
    const tv = shown.partners.find(({ destination }) => destination === 'tv')!;
    expect(tv).toMatchObject({
      isConfigured: false, airing: { aired: 1, missed: 1, due: 0 }, erasure: { overdue: true, confirmedAt: null },
      messages: [{ kind: 'found', msToAcceptance: 700 }, { kind: 'alert', standing: 'confirmed', msToAcceptance: 300, moved: { from: 0, to: 1, reason: 'connect_refused', count: 1 } }],
    });
  });

  it('names the officers who had a hand in it', async () => {
    expect((await board()).officers.map(({ displayName }) => displayName).sort()).toEqual(['iva (izmišljena)', 'mila (izmišljena)', 'vuk (izmišljena)']);
  });

  it('brings no word of the case', async () => {
    const told = await stage.ask('GET', `${path}/board`, { as: 'rada' });
    for (const word of ['Kanarink', 'Канаринк', 'Limanski', 'ožiljak', 'Probni podaci', 'Nađeno je']) expect(told.text).not.toContain(word);
  });
});

describe('GET /v1/:mode/alerts/:id/endings', () => {
  it('shows both endings in every language before one is chosen, to those who may end', async () => {
    const told = await stage.ask('GET', `${path}/endings`, { as: 'mila' });
    expect(told.status).toBe(200);
    const { found, withdrawn } = told.json as unknown as Endings;
    expect(found.en.headline).not.toBe(withdrawn.en.headline);
    for (const language of ['sr-Latn', 'sr-Cyrl', 'en'] as const) expect(found[language].full.length).toBeGreaterThan(40);
    expect(told.text).not.toContain('Kanarink');
    expect((await stage.ask('GET', `${path}/endings`, { as: 'rada' })).json['code']).toBe('ROLE_MISSING');
    const draft = await stage.written();
    expect((await stage.ask('GET', `${draft.path}/endings`, { as: 'mila' })).json['code']).toBe('TRANSITION_NOT_ALLOWED');
  });
});

describe('what the board opens', () => {
  it('is deliveries page by page, each once, to one partner where it is named', async () => {
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const told: { items: { id: string; destination: string }[]; next: string | null } = (await stage.ask('GET', `${path}/deliveries?limit=2${next && `&cursor=${next}`}`, { as: 'rada' })).json as never;
      seen.push(...told.items.map((d) => d.id));
      next = told.next;
    }
    expect([seen.length, new Set(seen).size]).toEqual([6, 6]);
    const tv = (await stage.ask('GET', `${path}/deliveries?destination=tv`, { as: 'rada' })).json['items'] as unknown as { destination: string }[];
    expect(tv.map((d) => d.destination)).toEqual(['tv', 'tv']);
    expect((await stage.ask('GET', `${path}/deliveries?cursor=bm8`, { as: 'rada' })).json['code']).toBe('REQUEST_INVALID');
    expect((await stage.ask('GET', `/v1/deliveries?mode=drill&alert=${id}`, { as: 'rada' })).json['items']).toHaveLength(1);
    expect((await stage.ask('GET', `/v1/deliveries?mode=drill&alert=${randomUUID()}`, { as: 'rada' })).json['items']).toEqual([]);
  });

  it('is the timeline from its newest fact back, without what the board counts', async () => {
    const types = async (query: string) => ((await stage.ask('GET', `${path}/timeline?${query}`, { as: 'rada' })).json['items'] as unknown as { type: string; seq: number }[]);
    const all = await types('limit=200');
    const back = await types('limit=200&before=9007199254740991');
    expect(back.map((fact) => fact.seq)).toEqual(all.map((fact) => fact.seq).reverse());
    expect(back[0]!.type).toBe('alert.found');
    await stage.sql('SELECT append_facts($1)', [[
      JSON.stringify({ actor: 'system', alert: id, at: '2026-11-24T18:03:00.000Z', body: { confirmed: 1, deliveryId: null, destination: 'tv', digest: '0'.repeat(64), failed: 0, firstSeq: 1, lastSeq: 1 }, id: randomUUID(), type: 'receipt.received', v: 1 }),
    ]]);
    expect((await types('limit=1&before=9007199254740991'))[0]!.type).toBe('receipt.received');
    expect((await types('limit=1&before=9007199254740991&only=news'))[0]!.type).toBe('alert.found');
  });
});
