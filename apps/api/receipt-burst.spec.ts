import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { checkReceipts } from '#storage/receipt-check.js';
import { Stage } from './testing/stage.js';

const SCREENS = ['screens-1', 'screens-2', 'screens-3', 'screens-4'];
const CONFIGURATION = `
sender: proba@findme.example
destinations:${SCREENS.map((id) => `
  - { id: ${id}, name: Ekrani, channel: webhook, mode: drill, simulated: true, settings: { url: "https://127.0.0.1:1/x", secret: ${id}-webhook, simulated: { serverKey: k, serverCertificate: c } } }`).join('')}
  - { id: operator, name: Operater, channel: smpp, mode: drill, simulated: true, settings: { host: 127.0.0.1, systemId: findme, password: p, source: { address: PronadjiMe }, audience: { kind: distribution-list, name: SVI }, maxSegments: 10 } }
`;
const SECRETS: Record<string, string> = Object.fromEntries(SCREENS.map((id) => [`${id}-webhook`, `whsec_${randomBytes(32).toString('base64')}`]));
const RECEIPTS = 25;
/** Longer than anybody waits for a connection: whoever needed one of their own would hear 503. */
const STANDSTILL_S = 2.5;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ configuration: CONFIGURATION, secret: (name) => SECRETS[name] ?? 'secret', poolSize: 2 });
});
afterAll(() => stage.close());

it('takes 200 receipts at once over two connections: each answered once it is kept, each counted once, nobody turned away', async () => {
  const { id, path } = await stage.written();
  const contentHash = await stage.submitted(path);
  await stage.signIn('iva');
  await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
  const keys = new Map(SCREENS.map((destination) => [destination, randomBytes(16).toString('hex')]));
  for (const [destination, key] of keys) {
    await stage.sql(`INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expected, accepted_at, expires_at, may_have)
      VALUES (gen_random_uuid(), $1, 1, 'alert', 'webhook', $2, $3, 'accepted', $4, now(), now() + interval '1 day', true)`, [id, destination, key, RECEIPTS]);
  }
  const post = (destination: string, name: string) => {
    const body = JSON.stringify({ key: keys.get(destination)!, stage: 'confirmed', word: 'displayed' });
    return stage.ask('POST', `/v1/partners/${destination}/receipts`, { body, headers: { ...signWebhook(SECRETS[`${destination}-webhook`]!, name, stage.clock.now().getTime() / 1000, body) } });
  };
  const kept = async () => stage.sql<{ destination: string; confirmed: number; state: string }>(`SELECT destination, confirmed, state FROM deliveries WHERE channel = 'webhook' ORDER BY destination`);

  // The table stands still, as under a checkpoint on a slow disk.
  const owner = new pg.Client({ connectionString: stage.ownerUrl });
  await owner.connect();
  await owner.query('BEGIN; LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE');
  let answered = 0;
  // Each receipt comes twice, as from partners that lost patience.
  const posting = Promise.all([1, 2].flatMap(() => SCREENS.flatMap((destination) => Array.from({ length: RECEIPTS }, (_, n) => post(destination, `msg-${destination}-${n}`).then((told) => {
    answered += 1;
    return told.status;
  })))));
  await owner.query('SELECT pg_sleep($1)', [STANDSTILL_S]);
  expect(answered).toBe(0);
  await owner.query('COMMIT');
  await owner.end();

  expect(new Set(await posting)).toEqual(new Set([204]));
  expect(answered).toBe(200);
  expect(await kept()).toEqual(SCREENS.map((destination) => ({ destination, confirmed: RECEIPTS, state: 'confirmed' })));
  const [written] = await stage.sql<{ receipts: number; transactions: number }>(`SELECT count(*)::integer AS receipts, count(DISTINCT xmin::text)::integer AS transactions FROM receipts`);
  expect(written!.receipts).toBe(SCREENS.length * RECEIPTS);
  expect(written!.transactions).toBeLessThan(10);
  expect(await checkReceipts(stage.parts.house.source)).toEqual({ ok: true, receipts: SCREENS.length * RECEIPTS, undecided: 0 });
});
