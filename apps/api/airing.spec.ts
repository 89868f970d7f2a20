import { randomUUID } from 'node:crypto';
import { Stage } from './testing/stage.js';

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

/** A slot as the airing clock leaves it. */
async function slot(delivery: string, number: number, state: string): Promise<void> {
  await stage.sql(
    `INSERT INTO airing_slots (delivery_id, number, key, manner, due_at, until, state, receipt_seq, aired_at, seconds)
     SELECT ($1::text)::uuid, $2::integer, $1::text || '/' || $2::integer, 'awaited', now() + make_interval(mins => 30 * $2::integer), now() + make_interval(mins => 30 * $2::integer + 28), $3::text,
            CASE WHEN $3::text = 'aired' THEN (SELECT max(seq) FROM receipts WHERE delivery_id = ($1::text)::uuid) END, CASE WHEN $3::text = 'aired' THEN now() END, CASE WHEN $3::text = 'aired' THEN 24 END`,
    [delivery, number, state]);
}

describe('airings', () => {
  it('are shown slot by slot with their proof, and summed up by broadcaster', async () => {
    const delivery = randomUUID();
    await stage.sql(
      `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at, accepted_at)
       SELECT $1::uuid, o.alert_id, o.revision, o.kind, 'cap-push', 'tv-proba', $1::uuid::text, 'confirmed', now() + interval '1 day', now() FROM outbox o WHERE alert_id = $2`, [delivery, id]);
    await stage.sql(`INSERT INTO receipts (destination, receipt_key, key, stage, word, delivery_id) VALUES ('tv-proba', $1, $1, 'confirmed', 'aired 24', $2::uuid)`, [delivery, delivery]);
    for (const [number, state] of [[0, 'aired'], [1, 'missed'], [2, 'due']] as const) await slot(delivery, number, state);

    const told = await stage.ask('GET', `${path}/airing`, { as: 'rada' });
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({
      destinations: [{ destination: 'tv-proba', aired: 1, missed: 1, due: 1, late: 0, inTime: 0.5 }],
      slots: [{ number: 0, state: 'aired', seconds: 24, manner: 'awaited' }, { number: 1, state: 'missed', receiptSeq: null }, { number: 2, state: 'due' }],
    });
    const all = await stage.ask('GET', '/v1/drill/airing?days=7', { as: 'vuk' });
    expect(all.json).toMatchObject({ destinations: [{ destination: 'tv-proba', aired: 1 }] });
    expect((await stage.ask('GET', '/v1/live/airing', { as: 'vuk' })).json).toMatchObject({ destinations: [] });
  });

  it('of an alert of the other mode, or of none, are not found', async () => {
    expect((await stage.ask('GET', `/v1/live/alerts/${id}/airing`, { as: 'rada' })).json['code']).toBe('ALERT_MISSING');
    expect((await stage.ask('GET', `/v1/drill/alerts/${randomUUID()}/airing`, { as: 'rada' })).json['code']).toBe('ALERT_MISSING');
    expect((await stage.ask('GET', `${path}/airing`)).status).toBe(401);
  });
});
