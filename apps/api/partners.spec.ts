import { randomBytes } from 'node:crypto';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { Stage, type Told } from './testing/stage.js';
import { configuration, secret, webhookSecrets } from './testing/two-broadcasters.js';

let stage: Stage;
let alert: string;
/** Each test has deliveries and a webhook of its own. */
let keys: { 'tv-1': string; 'tv-2': string };
let webhook: string;

beforeAll(async () => {
  stage = await Stage.open({ configuration, secret });
  const { id, path } = await stage.written();
  const contentHash = await stage.submitted(path);
  await stage.signIn('iva');
  const approved = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
  expect(approved.status).toBe(200);
  alert = id;
});

afterAll(() => stage.close());

beforeEach(async () => {
  keys = { 'tv-1': randomBytes(16).toString('hex'), 'tv-2': randomBytes(16).toString('hex') };
  webhook = `msg-${keys['tv-1'].slice(0, 8)}`;
  for (const [destination, key] of Object.entries(keys)) {
    await stage.sql(`INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expected, accepted_at, expires_at, part)
      SELECT gen_random_uuid(), $1, 1, 'alert', 'cap-push', $2, $3, 'accepted', 1, now(), now() + interval '1 day', count(*) FROM deliveries`, [alert, destination, key]);
  }
});

interface Posted { readonly to?: string; readonly by?: string; readonly id?: string; readonly at?: Date; readonly change?: (body: string) => string }

function post(content: unknown, { to = 'tv-1', by = to, id = webhook, at = stage.clock.now(), change = (body) => body }: Posted = {}): Promise<Told> {
  const body = JSON.stringify(content);
  return stage.ask('POST', `/v1/partners/${to}/receipts`, { body: change(body), headers: { ...signWebhook(webhookSecrets[`${by}-webhook`]!, id, at.getTime() / 1000, body) } });
}

const aired = (key: string = keys['tv-1']) => ({ key, stage: 'confirmed', word: 'aired', at: '2026-11-24T18:00:01+01:00' });
const states = async () => Object.fromEntries((await stage.sql<{ destination: string; state: string }>('SELECT destination, state FROM deliveries WHERE key = ANY ($1)', [Object.values(keys)])).map((d) => [d.destination, d.state]));
const stored = async () => (await stage.sql<{ receipt_key: string }>('SELECT receipt_key FROM receipts WHERE receipt_key LIKE $1 ORDER BY seq', [`${webhook}%`])).map((r) => r.receipt_key);
const facts = async () => (await stage.sql(`SELECT FROM facts WHERE type = 'receipt.received'`)).length;

describe('a partner\'s receipt', () => {
  it('moves its delivery, is written down with a fact, and changes nothing the second time', async () => {
    const before = await facts();
    expect((await post(aired())).status).toBe(204);
    expect([await states(), await stored(), await facts()]).toEqual([{ 'tv-1': 'confirmed', 'tv-2': 'accepted' }, [webhook], before + 1]);
    expect((await post(aired())).status).toBe(204);
    expect([await stored(), await facts()]).toEqual([[webhook], before + 1]);
  });

  it('may come in a list, whose repetition is the same list', async () => {
    expect((await post([aired(), { ...aired(), word: 'aired again' }])).status).toBe(204);
    expect((await post([aired(), { ...aired(), word: 'aired again' }])).status).toBe(204);
    expect(await stored()).toEqual([`${webhook}/0`, `${webhook}/1`]);
  });

  it.each<[string, Posted]>([
    ['signed by another partner', { by: 'tv-2' }],
    ['changed on its way', { change: (body) => body.replace('aired', 'never') }],
    ['ten minutes old', { at: new Date('2026-11-24T17:50:00Z') }],
    ['ten minutes ahead', { at: new Date('2026-11-25T19:50:00Z') }],
  ])('is refused and leaves nothing when it is %s', async (_what, how) => {
    const before = await facts();
    const answer = await post(aired(), how);
    expect([answer.status, answer.json['code']]).toEqual([401, 'RECEIPT_FORGED']);
    expect([await states(), await stored(), await facts()]).toEqual([{ 'tv-1': 'accepted', 'tv-2': 'accepted' }, [], before]);
    expect(stage.logged.at(-2)?.name ?? '').toContain('receipt.refused');
  });

  it('is refused without its signature', async () => {
    expect((await stage.ask('POST', '/v1/partners/tv-1/receipts', { body: aired() })).status).toBe(401);
    expect((await stage.ask('POST', '/v1/partners/tv-1/receipts')).status).toBe(401);
  });

  it('says nothing about another partner\'s delivery', async () => {
    expect((await post(aired(keys['tv-2']))).status).toBe(204);
    expect(await states()).toEqual({ 'tv-1': 'accepted', 'tv-2': 'accepted' });
  });

  it.each<[string, (good: object) => unknown]>([
    ['another stage', (good) => ({ ...good, stage: 'perhaps' })], ['a sentence for a word', (good) => ({ ...good, word: 'aired, and seen by all!' })],
    ['a field too many', (good) => ({ ...good, name: 'x' })], ['no date', (good) => ({ ...good, at: 'yesterday' })], ['no receipt in the list', () => []],
  ])('is refused when it is signed but has %s', async (_what, content) => {
    const answer = await post(content(aired()));
    expect([answer.status, answer.json['code'], await stored()]).toEqual([422, 'REQUEST_INVALID', []]);
  });

  it('has no address where a partner reports another way or there is none', async () => {
    const body = aired();
    for (const to of ['operator', 'nobody', 'NO', 'x'.repeat(50)]) expect((await stage.ask('POST', `/v1/partners/${to}/receipts`, { body })).status).toBe(404);
  });
});
