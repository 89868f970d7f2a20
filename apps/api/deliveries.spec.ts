import { randomUUID } from 'node:crypto';
import { Stage, type Told } from './testing/stage.js';

let stage: Stage;
let path: string;
let id: string;
beforeAll(async () => {
  stage = await Stage.open();
  ({ path, id } = await stage.written());
  const contentHash = await stage.submitted(path);
  await stage.signIn('iva');
  await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
});
afterAll(() => stage.close());

const items = (told: Told) => told.json['items'] as unknown as { id: string; state: string; reason: string | null; outcome: string | null; msToAcceptance: number | null; receipts: object; attempts: number }[];

/** A delivery as the dispatcher leaves it, `ms` after the approval. */
async function delivered(destination: string, state: string, ms: number | null = null): Promise<string> {
  const delivery = randomUUID();
  await stage.sql(
    `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, attempts, expected, confirmed, expires_at, accepted_at)
     SELECT $1::uuid, o.alert_id, o.revision, o.kind, 'smpp', $2, $1::uuid::text, $3, 2, 3, 1, now() + interval '1 day', o.created_at + make_interval(secs => $4::float8 / 1000)
       FROM outbox o WHERE alert_id = $5`, [delivery, destination, state, ms, id]);
  await stage.sql(
    `INSERT INTO attempts (delivery_id, number, lease_token, started_at, ms, outcome, reason, content_hash)
     VALUES ($1, 1, 1, now(), 1, 'deferred', 'throttled', ''), ($1, 2, 2, now(), 1, $2, $3, '')`,
    [delivery, ms === null ? 'refused' : 'accepted', ms === null ? 'no such list' : null]);
  return delivery;
}

describe('deliveries', () => {
  it('show how each stands and how long it took from the approval', async () => {
    await delivered('a-operator', 'accepted', 250);
    await delivered('b-operator', 'dead');
    const told = await stage.ask('GET', `${path}/deliveries`, { as: 'rada' });
    expect(items(told)).toMatchObject([
      { destination: 'a-operator', state: 'accepted', attempts: 2, outcome: 'accepted', reason: null, msToAcceptance: 250, receipts: { confirmed: 1, failed: 0, expected: 3 } },
      { destination: 'b-operator', state: 'dead', outcome: 'refused', reason: 'no such list', msToAcceptance: null },
    ]);
  });

  it('that wait for a person are listed page by page, and settled with a reason', async () => {
    await Promise.all(['c', 'd', 'e'].map((letter) => delivered(`${letter}-operator`, 'uncertain')));
    const seen: string[] = [];
    let next = '';
    do {
      const told = await stage.ask('GET', `/v1/deliveries?state=dead-letters&mode=drill&limit=1${next && `&cursor=${next}`}`, { as: 'vuk' });
      seen.push(...items(told).map((d) => d.id));
      next = (told.json['next'] as unknown as string | null) ?? '';
    } while (next !== '' && seen.length < 20);
    expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
    expect(items(await stage.ask('GET', '/v1/deliveries?mode=live', { as: 'vuk' }))).toEqual([]);

    const settle = (delivery: string, verdict: string, reason?: string) => stage.ask('POST', `/v1/deliveries/${delivery}/${verdict}`, { as: 'vuk', body: { reason } });
    expect((await settle(seen[0]!, 'retry')).json['code']).toBe('REASON_MISSING');
    expect((await settle(seen[0]!, 'retry', 'Javili su se.')).status).toBe(204);
    expect((await settle(seen[1]!, 'close', 'Poslato telefonom.')).status).toBe(204);
    expect((await settle(seen[1]!, 'retry', 'Ipak.')).json['code']).toBe('DELIVERY_NOT_DEAD');
    expect((await settle(randomUUID(), 'close', 'Nema.')).json['code']).toBe('DELIVERY_MISSING');
    const states = await stage.sql<{ id: string; state: string }>('SELECT id, state FROM deliveries WHERE id = ANY ($1)', [seen.slice(0, 2)]);
    expect(new Map(states.map((row) => [row.id, row.state]))).toEqual(new Map([[seen[0], 'queued'], [seen[1], 'closed']]));
  });
});
