import { randomBytes, randomUUID } from 'node:crypto';
import type { DestinationId } from '#kernel/ids.js';
import type { ErasureRequest } from '#dispatch/erasure.js';
import { signRequest } from '#dispatch/partner-signature.js';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { CANARY_NAMES } from '#dispatch/testing/sample-notice.js';
import { Stage, type Name, type Told } from './testing/stage.js';
import { configuration, secret, webhookSecrets } from './testing/two-broadcasters.js';

const DAY_MS = 24 * 3_600_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ configuration, secret });
  for (const name of ['mila', 'iva', 'vuk', 'rada'] as const) await stage.signIn(name);
});
afterAll(() => stage.close());

interface Case { readonly id: string; readonly path: string; readonly keys: Record<string, string> }

/** An active alert that every destination has accepted. */
async function active(): Promise<Case> {
  const { id, path } = await stage.written();
  const contentHash = await stage.submitted(path);
  const approved = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
  expect(approved.status).toBe(200);
  const keys = { 'tv-1': randomBytes(16).toString('hex'), 'tv-2': randomBytes(16).toString('hex'), operator: randomBytes(16).toString('hex') };
  for (const [destination, key] of Object.entries(keys)) {
    await stage.sql(`INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expected, accepted_at, expires_at, may_have)
      VALUES (gen_random_uuid(), $1, 1, 'alert', 'cap-push', $2, $3, 'accepted', $4, now(), now() + interval '1 day', true)`, [id, destination, key, destination === 'operator' ? 0 : 1]);
  }
  return { id, path, keys };
}

/** An alert that was found, with every partner asked to erase. */
async function ended(): Promise<Case & { readonly asked: readonly ErasureRequest[] }> {
  const made = await active();
  expect((await stage.ask('POST', `${made.path}/found`, { as: 'vuk', body: { reason: 'vežba' } })).status).toBe(200);
  const asked = await ask('tv-1');
  expect(asked.map((r) => [r.alertId, r.destination])).toEqual(['operator', 'tv-1', 'tv-2'].map((d) => [made.id, d]));
  return { ...made, asked };
}

/** As the dispatcher does; `reachable` is who can be called. */
function ask(...reachable: string[]): Promise<readonly ErasureRequest[]> {
  const now = stage.clock.now();
  return stage.parts.erasures.ask({ now, dueAt: new Date(now.getTime() + DAY_MS), endedAfter: new Date(now.getTime() - DAY_MS), reachable: reachable as DestinationId[], proofs: [] });
}

interface As { readonly by?: string; readonly signs?: { method: string; target: string }; readonly at?: Date; readonly body?: string }

/** A request signed by a partner, `by` the one it is for unless another is named. */
function partnerAsks(method: 'GET' | 'POST', target: string, { by = target.split('/')[3]!, signs = { method, target }, at = stage.clock.now(), body }: As = {}): Promise<Told> {
  const headers = { ...signRequest(webhookSecrets[`${by}-webhook`]!, `req-${randomUUID()}`, at.getTime() / 1000, { ...signs, ...(body !== undefined && { body }) }) };
  return stage.ask(method, target, { headers, ...(body !== undefined && { body }) });
}

function report(to: string, content: unknown, id = `msg-${randomUUID()}`): Promise<Told> {
  const body = JSON.stringify(content);
  return stage.ask('POST', `/v1/partners/${to}/receipts`, { body, headers: { ...signWebhook(webhookSecrets[`${to}-webhook`]!, id, stage.clock.now().getTime() / 1000, body) } });
}

const items = (told: Told) => told.json['items'] as unknown as Record<string, unknown>[];
const erasuresOf = async (destination: string) => items(await partnerAsks('GET', `/v1/partners/${destination}/erasures`)) as unknown as { id: string; alertId: string; keys: string[] }[];
const facts = (type: string, alert: string) => stage.sql<{ body: Record<string, unknown>; actor: string }>(`SELECT record::jsonb -> 'body' AS body, actor FROM facts WHERE type = $1 AND alert_id = $2 ORDER BY seq`, [type, alert]);

describe('a partner', () => {
  it('sees what went to it page by page, nothing of the case, and nothing before the activation', async () => {
    const { id: draft } = await stage.written();
    const [first, second] = [await active(), await active()];
    const told = await partnerAsks('GET', '/v1/partners/tv-1/deliveries?limit=1');
    expect([told.status, items(told).map((d) => d['key'])]).toEqual([200, [second.keys['tv-1']]]);
    const next = await partnerAsks('GET', `/v1/partners/tv-1/deliveries?limit=1&cursor=${String(told.json['next'])}`);
    expect(items(next)).toMatchObject([{ key: first.keys['tv-1'], alertId: first.id, mode: 'drill', kind: 'alert', state: 'accepted', confirmation: 'accepted', receipts: { expected: 1 }, progress: null, acknowledgedAt: null }]);
    const all = (await partnerAsks('GET', '/v1/partners/tv-1/deliveries')).text;
    for (const word of [draft, ...CANARY_NAMES, ...Object.values(second.keys).slice(1)]) expect(all).not.toContain(word);
  });

  it('climbs the ladder by its own words: acknowledged, progress, aired, displayed, failed', async () => {
    const { keys, path } = await active();
    const key = keys['tv-1'];
    const at = '2026-11-24T19:00:00+01:00';
    expect((await report('tv-1', [{ key, stage: 'acknowledged' }, { key, stage: 'progress', percent: 12.5, at }, { key, stage: 'progress', done: 40, total: 100, at }])).status).toBe(204);
    const [shown] = items(await partnerAsks('GET', '/v1/partners/tv-1/deliveries?limit=1'));
    expect(shown).toMatchObject({ key, state: 'accepted', progress: { done: 40, total: 100, at: '2026-11-24T18:00:00.000Z' }, acknowledgedAt: expect.any(String) as string });
    expect((await report('tv-1', { key, stage: 'aired', seconds: 24.6, at })).status).toBe(204);
    const seen = items(await stage.ask('GET', `${path}/deliveries`, { as: 'rada' })).map((d) => [d['destination'], d['confirmation'], (d['progress'] as { done?: number } | null)?.done]);
    expect(seen).toEqual([['operator', 'unknowable', undefined], ['tv-1', 'confirmed', 40], ['tv-2', 'accepted', undefined]]);
    await report('tv-2', { key: keys['tv-2'], stage: 'displayed', place: 'A1-412' });
    await report('tv-2', { key: keys['tv-2'], stage: 'failed', word: 'no signal' });
    const words = await stage.sql<{ word: string }>(`SELECT word FROM receipts WHERE key = ANY ($1) ORDER BY seq`, [Object.values(keys)]);
    expect(words.map((r) => r.word)).toEqual(['aired 25', 'displayed A1-412', 'no signal']);
  });

  it('changes nothing by a report that comes again, and nothing of another\'s', async () => {
    const { keys } = await active();
    const count = async () => (await stage.sql('SELECT FROM partner_reports')).length;
    const before = await count();
    for (let time = 0; time < 2; time += 1) expect((await report('tv-1', { key: keys['tv-1'], stage: 'progress', percent: 50 }, `msg-${keys['tv-1']}`)).status).toBe(204);
    expect((await report('tv-1', { key: keys['tv-2'], stage: 'progress', percent: 99 })).status).toBe(204);
    expect((await report('tv-1', { key: keys['tv-1'], stage: 'erased' })).status).toBe(204);
    expect(await count()).toBe(before + 1);
  });

  it.each<[string, object]>([
    ['no number', { stage: 'progress' }], ['more than all', { stage: 'progress', done: 3, total: 2 }], ['over a hundred percent', { stage: 'progress', percent: 101 }],
    ['a sentence for a place', { stage: 'displayed', place: 'at the gate, by the window' }], ['a field too many', { stage: 'erased', name: 'x' }],
  ])('is refused a report with %s', async (_what, content) => {
    expect((await report('tv-1', { key: 'k', ...content })).json['code']).toBe('REQUEST_INVALID');
  });
});

describe('whoever is another', () => {
  const own = (destination: string, erasure: string) => [
    ['GET', `/v1/partners/${destination}/deliveries`], ['GET', `/v1/partners/${destination}/erasures`], ['POST', `/v1/partners/${destination}/erasures/${erasure}/confirm`],
  ] as const;

  it('reaches nothing of a partner: another partner, an officer, nobody, and a signature for something else', async () => {
    const { asked } = await ended();
    const mine = asked.find((r) => r.destination === 'tv-1')!.id;
    for (const [method, target] of own('tv-1', mine)) {
      const strangers: [string, Promise<Told>][] = [
        ['another partner', partnerAsks(method, target, { by: 'tv-2' })],
        ['a signature for another address', partnerAsks(method, target, { signs: { method, target: target.replace('tv-1', 'tv-2') } })],
        ['a signature for another method', partnerAsks(method, target, { signs: { method: 'PUT', target } })],
        ['a signature ten minutes old', partnerAsks(method, target, { at: new Date(stage.clock.now().getTime() - 600_000) })],
        ['a webhook of its own', stage.ask(method, target, { headers: { ...signWebhook(webhookSecrets['tv-1-webhook']!, 'msg', stage.clock.now().getTime() / 1000, '') } })],
        ['nobody', stage.ask(method, target)],
        ...(['mila', 'vuk', 'iva', 'rada', 'uros'] as Name[]).map((as): [string, Promise<Told>] => [as, stage.ask(method, target, { as })]),
      ];
      for (const [who, asking] of strangers) {
        const told = await asking;
        expect([method, target, who, told.status, told.json['code']]).toEqual([method, target, who, 401, 'REQUEST_FORGED']);
      }
    }
    expect((await partnerAsks('GET', '/v1/partners/tv-1/deliveries?limit=2', { signs: { method: 'GET', target: '/v1/partners/tv-1/deliveries' } })).status).toBe(401);
    expect((await stage.sql('SELECT FROM erasure_requests WHERE confirmed_at IS NOT NULL AND id = $1', [mine])).length).toBe(0);
  });

  it('is told the same of what is another\'s and of what is nowhere', async () => {
    const { asked } = await ended();
    const others = asked.filter((r) => r.destination !== 'tv-1').map((r) => r.id);
    for (const id of [...others, randomUUID()]) {
      const told = await partnerAsks('POST', `/v1/partners/tv-1/erasures/${id}/confirm`);
      expect([told.status, told.json['code']]).toEqual([404, 'ERASURE_MISSING']);
    }
    for (const target of ['/v1/partners/operator/erasures', '/v1/partners/nobody/erasures', '/v1/partners/NO/deliveries', '/v1/partners/tv-1/erasures/x/confirm']) {
      const method = target.endsWith('confirm') ? 'POST' : 'GET';
      expect([target, (await partnerAsks(method, target, { by: 'tv-1' })).status]).toEqual([target, 404]);
    }
  });
});

describe('erasure', () => {
  it('is asked once of each who may have the data, and confirmed by the partner, the second time to no effect', async () => {
    const { id, keys, asked } = await ended();
    expect(await ask()).toEqual([]);
    const mine = (await erasuresOf('tv-1')).find((e) => e.alertId === id)!;
    expect(mine).toMatchObject({ id: asked[1]!.id, keys: [keys['tv-1']], chased: 0 });
    for (let time = 0; time < 2; time += 1) expect((await partnerAsks('POST', `/v1/partners/tv-1/erasures/${mine.id}/confirm`, { body: '{}' })).status).toBe(204);
    expect((await erasuresOf('tv-1')).some((e) => e.alertId === id)).toBe(false);
    expect((await erasuresOf('tv-2')).some((e) => e.alertId === id)).toBe(true);
    expect((await facts('erasure.requested', id)).map((f) => f.body['destination'])).toEqual(['operator', 'tv-1', 'tv-2']);
    expect(await facts('erasure.confirmed', id)).toMatchObject([{ actor: 'destination:tv-1', body: { destination: 'tv-1', means: 'partner' } }]);
  });

  it('is called where it can be, by one at a time, until it is confirmed', async () => {
    const { id, keys } = await ended();
    const { erasures } = stage.parts;
    const take = async () => (await erasures.takeDue(stage.clock.now(), 60_000)).filter((r) => r.alertId === id);
    const [mine, ...others] = await take();
    expect([mine!.destination, mine!.chased, mine!.keys, others]).toEqual(['tv-1', 0, [keys['tv-1']], []]);
    expect(await take()).toEqual([]);
    stage.clock.advance(60_000);
    // Its taker went away: the lease lapses.
    expect((await take()).map((r) => r.id)).toEqual([mine!.id]);
    const soon = new Date(stage.clock.now().getTime() + 120_000);
    await erasures.chased(mine!, 'deferred', stage.clock.now(), soon);
    stage.clock.advance(119_000);
    expect(await take()).toEqual([]);
    stage.clock.advance(1_000);
    expect((await take()).map((r) => r.chased)).toEqual([1]);
    await partnerAsks('POST', `/v1/partners/tv-1/erasures/${mine!.id}/confirm`);
    // A call that was under way when it came changes nothing any more.
    await erasures.chased({ ...mine!, chased: 1 }, 'accepted', stage.clock.now(), stage.clock.now());
    expect(await take()).toEqual([]);
    expect((await facts('erasure.chased', id)).map((f) => [f.body['chase'], f.body['outcome']])).toEqual([[1, 'deferred'], [2, 'accepted']]);
    await expect(stage.sql('UPDATE erasure_requests SET confirmed_at = NULL, confirmed_by = NULL WHERE id = $1', [mine!.id])).rejects.toThrow('append-only');
  });

  it('is confirmed by a receipt too, whichever comes first', async () => {
    const asked = await ended();
    await report('tv-2', { key: asked.keys['tv-2'], stage: 'erased' });
    expect((await erasuresOf('tv-2')).some((e) => e.alertId === asked.id)).toBe(false);
    // Before it was asked.
    const early = await active();
    await stage.ask('POST', `${early.path}/withdraw`, { as: 'vuk', body: { reason: 'vežba' } });
    await report('tv-2', { key: early.keys['tv-2'], stage: 'erased' });
    await ask();
    expect((await erasuresOf('tv-2')).some((e) => e.alertId === early.id)).toBe(false);
    expect((await erasuresOf('tv-1')).some((e) => e.alertId === early.id)).toBe(true);
    expect((await facts('erasure.confirmed', early.id)).map((f) => f.body['destination'])).toEqual(['tv-2']);
  });

  it('is confirmed for a partner by an officer with a reason, also when the case itself is erased', async () => {
    const { id, path } = await ended();
    const confirm = (as: Name, destination: string, reason?: string) => stage.ask('POST', `${path}/erasures/${destination}/confirm`, { as, body: { reason } });
    expect((await confirm('vuk', 'operator')).json['code']).toBe('REASON_MISSING');
    expect((await confirm('rada', 'operator', 'Rekli su.')).json['code']).toBe('ROLE_MISSING');
    expect((await confirm('vuk', 'nobody', 'Rekli su.')).json['code']).toBe('ERASURE_MISSING');
    expect((await confirm('vuk', 'operator', 'Dežurni operatera, telefonom.')).status).toBe(204);
    expect((await confirm('vuk', 'operator', 'Još jednom.')).json['code']).toBe('ERASURE_CONFIRMED');
    await stage.sql(`UPDATE outbox SET planned_at = now() WHERE planned_at IS NULL`);
    expect((await stage.ask('POST', `${path}/erase`, { as: 'iva' })).status).toBe(204);
    expect((await confirm('mila', 'tv-1', 'Pismom.')).status).toBe(204);
    const told = await facts('erasure.confirmed', id);
    expect(told.map(({ body: { destination, means, remark } }) => [destination, means, typeof remark])).toEqual([['operator', 'officer', 'string'], ['tv-1', 'officer', 'undefined']]);
    expect(JSON.stringify(told)).not.toContain('telefonom');
  });

  it('is listed while it is open, by alert and by page, and counted where it is watched', async () => {
    const { id } = await ended();
    const list = async (query: string) => items(await stage.ask('GET', `/v1/drill/erasures${query}`, { as: 'rada' }));
    const shown = (await list(`?alert=${id}`)).map(({ destination, confirms, overdue }) => `${String(destination)} ${String(confirms)} ${String(overdue)}`);
    expect(shown.sort()).toEqual(['operator officer false', 'tv-1 partner false', 'tv-2 partner false']);
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const told = await stage.ask('GET', `/v1/drill/erasures?limit=2${next && `&after=${next}`}`, { as: 'vuk' });
      seen.push(...items(told).map((e) => String(e['id'])));
      next = told.json['next'] as unknown as string | null;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe((await stage.sql('SELECT FROM erasure_requests WHERE confirmed_at IS NULL')).length);
    expect((await stage.ask('GET', '/v1/live/erasures', { as: 'vuk' })).json['items']).toEqual([]);
    stage.clock.advance(DAY_MS + 1);
    expect((await stage.ask('GET', '/metrics')).text).toMatch(/findme_erasures_open\{destination="tv-1",overdue="yes"\} [1-9]/);
  });
});
