import { randomBytes, randomUUID } from 'node:crypto';
import type { DestinationId } from '#kernel/ids.js';
import { signRequest } from '#dispatch/partner-signature.js';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { CANARY_NAMES } from '#dispatch/testing/sample-notice.js';
import { Stage, type Name, type Told } from './testing/stage.js';
import { configuration, secret, webhookSecrets } from './testing/two-broadcasters.js';

const HOUR_MS = 3_600_000;
const DESK = '/v1/partner/destinations';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ configuration, secret, bound: { petar: ['tv-1', 'operator', 'tv-from-yesterday'], paja: ['tv-2'] } });
});
afterAll(() => stage.close());

interface Case { readonly id: string; readonly path: string; readonly keys: Record<string, string> }

/** An active alert that every destination has accepted. */
async function active(): Promise<Case> {
  const { id, path } = await stage.written();
  const contentHash = await stage.submitted(path);
  expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: await freshCode('iva') } })).status).toBe(200);
  const keys = { 'tv-1': randomBytes(16).toString('hex'), 'tv-2': randomBytes(16).toString('hex') };
  for (const [destination, key] of Object.entries(keys)) {
    await stage.sql(`INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expected, accepted_at, expires_at, may_have)
      VALUES (gen_random_uuid(), $1, 1, 'alert', 'cap-push', $2, $3, 'accepted', 1, $4, $4::timestamptz + interval '1 day', true)`, [id, destination, key, stage.clock.now()]);
  }
  return { id, path, keys };
}

/** The session first: it may have ended while the clock went on. */
async function freshCode(name: Name): Promise<string> {
  await stage.signIn(name);
  return stage.freshCode(name);
}

const items = <T = Record<string, unknown>>(told: Told) => told.json['items'] as unknown as T[];
const rotate = async (as: Name, destination: string, secret = `${destination}-webhook`) => stage.ask('POST', `${DESK}/${destination}/secrets/${secret}/rotate`, { as, body: { code: await freshCode(as) } });

/** Whether the API takes what is signed under a secret: a receipt, and a question. */
async function taken(destination: string, secret: string): Promise<[receipt: number, question: number]> {
  const seconds = stage.clock.now().getTime() / 1000;
  const body = JSON.stringify({ key: 'of-nobody', stage: 'acknowledged' });
  const target = `/v1/partners/${destination}/erasures`;
  const receipt = await stage.ask('POST', `/v1/partners/${destination}/receipts`, { body, headers: { ...signWebhook(secret, `msg-${randomUUID()}`, seconds, body) } });
  const question = await stage.ask('GET', target, { headers: { ...signRequest(secret, `req-${randomUUID()}`, seconds, { method: 'GET', target }) } });
  return [receipt.status, question.status];
}

describe('a partner at its desk', () => {
  it('sees the destinations of its account, with feeds in each language and how they are, and no others', async () => {
    await stage.signIn('petar');
    await active();
    await stage.sql(`INSERT INTO breakers VALUES ('tv-1', 'open', now()), ('tv-2', 'open', now())`);
    const told = await stage.ask('GET', DESK, { as: 'petar' });
    expect(items(told).map((d) => d['id'])).toEqual(['tv-1', 'operator']);
    expect(items(told)[0]).toMatchObject({
      mode: 'drill', airs: true, feeds: { all: 'http://localhost:3000/feeds/drill/cap.atom', languages: [{ language: 'sr-Latn' }, { language: 'sr-Cyrl', url: 'http://localhost:3000/feeds/drill/sr-Cyrl/cap.atom' }, { language: 'en' }] },
      secrets: [{ name: 'tv-1-webhook', generation: 0, previousUntil: null }], routes: [{ route: 'tv-1', channel: 'cap-push', breaker: 'open' }], lastAcceptedAt: stage.clock.now().toISOString(),
    });
    expect(items(told)[1]).toMatchObject({ secrets: [], airs: false, lastAcceptedAt: null });
    expect(told.text).not.toMatch(/tv-2|https:\/\/127\.0\.0\.1:1|password/);
  });

  it('sees what went to it, nothing of the case, nothing of another, and nothing before the activation', async () => {
    const { id: draft } = await stage.written();
    const { keys } = await active();
    const told = await stage.ask('GET', `${DESK}/tv-1/deliveries`, { as: 'petar' });
    expect(items(told)[0]).toMatchObject({ key: keys['tv-1'], state: 'accepted', confirmation: 'accepted' });
    for (const word of [draft, keys['tv-2']!, ...CANARY_NAMES]) expect(told.text).not.toContain(word);
  });

  it.each([
    ['another\'s', 'tv-2'], ['one that does not exist', 'tv-9'], ['one that is no longer in force', 'tv-from-yesterday'], ['nonsense', 'x y'],
  ])('is told of %s destination that there is no such address, whatever it wants there', async (_what, destination) => {
    const { asked } = await ended();
    const at = `${DESK}/${encodeURIComponent(destination)}`;
    const answers = [
      await stage.ask('GET', `${at}/deliveries`, { as: 'petar' }),
      await stage.ask('GET', `${at}/airing`, { as: 'petar' }),
      await stage.ask('GET', `${at}/erasures`, { as: 'petar' }),
      await stage.ask('POST', `${at}/erasures/${asked.get('tv-2')!}/confirm`, { as: 'petar' }),
      await stage.ask('POST', `${at}/secrets/tv-2-webhook/rotate`, { as: 'petar', body: { code: await freshCode('petar') } }),
      await stage.ask('POST', `${at}/secrets/tv-2-webhook/retire`, { as: 'petar', body: { generation: 1 } }),
    ];
    expect(answers.map(({ status, json }) => [status, json['code']])).toEqual(answers.map(() => [404, 'ROUTE_MISSING']));
    const told = answers.map(({ json: { instance: _, ...rest } }) => JSON.stringify(rest));
    const nonsense = (await stage.ask('GET', `${DESK}/no-such/deliveries`, { as: 'petar' })).json;
    expect(new Set(told)).toEqual(new Set([JSON.stringify((({ instance: _, ...rest }) => rest)(nonsense))]));
    expect(await taken('tv-2', webhookSecrets['tv-2-webhook']!)).toEqual([204, 200]);
  });

  it('confirms its own erasures by hand, as itself, and no other\'s by their ids', async () => {
    const { id, asked } = await ended();
    expect((await stage.ask('POST', `${DESK}/tv-1/erasures/${asked.get('tv-2')!}/confirm`, { as: 'petar' })).json).toMatchObject({ code: 'ERASURE_MISSING' });
    expect(items(await stage.ask('GET', `${DESK}/tv-1/erasures`, { as: 'petar' })).map((e) => e['id'])).toContain(asked.get('tv-1'));
    for (let said = 0; said < 2; said += 1) expect((await stage.ask('POST', `${DESK}/tv-1/erasures/${asked.get('tv-1')!}/confirm`, { as: 'petar' })).status).toBe(204);
    expect(items(await stage.ask('GET', `${DESK}/tv-1/erasures`, { as: 'petar' })).map((e) => e['id'])).not.toContain(asked.get('tv-1'));
    expect(items(await stage.ask('GET', `${DESK}/tv-2/erasures`, { as: 'paja' })).map((e) => e['id'])).toContain(asked.get('tv-2'));
    const facts = await stage.sql<{ actor: string; body: object }>(`SELECT actor, record::jsonb -> 'body' AS body FROM facts WHERE type = 'erasure.confirmed' AND alert_id = $1`, [id]);
    expect(facts).toEqual([{ actor: expect.stringMatching(/^officer:/) as string, body: { requestId: asked.get('tv-1'), destination: 'tv-1', means: 'partner' } }]);
  });

  it('sees its airing slots alone', async () => {
    expect((await stage.ask('GET', `${DESK}/tv-1/airing`, { as: 'petar' })).json).toMatchObject({ slots: [], compliance: null });
  });

  it('comes no further than its desk', async () => {
    for (const path of ['/v1/drill/alerts', '/v1/drill/erasures', '/v1/deliveries', '/v1/drill/airing']) expect([path, (await stage.ask('GET', path, { as: 'petar' })).status]).toEqual([path, 403]);
    expect((await stage.ask('GET', DESK, { as: 'mila' })).status).toBe(403);
  });
});

describe('a signing secret', () => {
  it('is replaced with a fresh code, told once, and its predecessor is good for a day and then gone', async () => {
    const file = webhookSecrets['tv-1-webhook']!;
    expect((await stage.ask('POST', `${DESK}/tv-1/secrets/tv-1-webhook/rotate`, { as: 'petar', body: {} })).json).toMatchObject({ code: 'STEP_UP_MISSING' });
    const told = await rotate('petar', 'tv-1');
    expect(told.json).toMatchObject({ secret: expect.stringMatching(/^whsec_/) as string, generation: 1, previousUntil: new Date(stage.clock.now().getTime() + 24 * HOUR_MS).toISOString() });
    const first = String(told.json['secret']);
    expect([await taken('tv-1', first), await taken('tv-1', file)]).toEqual([[204, 200], [204, 200]]);
    // Another destination's file of the same make is untouched, and the new secret opens nothing there.
    expect([await taken('tv-2', webhookSecrets['tv-2-webhook']!), await taken('tv-2', first)]).toEqual([[204, 200], [401, 401]]);
    expect((await rotate('petar', 'tv-1')).json).toMatchObject({ code: 'SECRET_BEING_REPLACED' });

    stage.clock.advance(24 * HOUR_MS - 60_000);
    expect(await taken('tv-1', file)).toEqual([204, 200]);
    stage.clock.advance(60_000);
    expect([await taken('tv-1', first), await taken('tv-1', file)]).toEqual([[204, 200], [401, 401]]);

    await stage.renew('petar');
    const second = String((await rotate('petar', 'tv-1')).json['secret']);
    expect([await taken('tv-1', second), await taken('tv-1', first), await taken('tv-1', file)]).toEqual([[204, 200], [204, 200], [401, 401]]);
    stage.clock.advance(24 * HOUR_MS);
    expect([await taken('tv-1', second), await taken('tv-1', first)]).toEqual([[204, 200], [401, 401]]);
    expect(await stage.parts.house.book.forget()).toBe(1);
    expect(await stage.sql('SELECT generation FROM destination_secrets')).toEqual([{ generation: 2 }]);
  });

  it('is ended before its time when somebody else may have it', async () => {
    await stage.renew('paja');
    const told = await rotate('paja', 'tv-2');
    expect(await taken('tv-2', webhookSecrets['tv-2-webhook']!)).toEqual([204, 200]);
    for (let said = 0; said < 2; said += 1) expect((await stage.ask('POST', `${DESK}/tv-2/secrets/tv-2-webhook/retire`, { as: 'paja', body: { generation: 1 } })).status).toBe(204);
    expect([await taken('tv-2', webhookSecrets['tv-2-webhook']!), await taken('tv-2', String(told.json['secret']))]).toEqual([[401, 401], [204, 200]]);
    expect((await rotate('paja', 'tv-2')).json).toMatchObject({ generation: 2 });
  });

  it('is nowhere in the clear: not in the database, the facts or the log', async () => {
    stage.clock.advance(24 * HOUR_MS);
    await stage.renew('petar');
    const secret = String((await rotate('petar', 'tv-1')).json['secret']);
    const [{ dump } = { dump: '' }] = await stage.sql<{ dump: string }>(`SELECT (SELECT string_agg(s::text, ' ') FROM destination_secrets s) || (SELECT string_agg(f::text, ' ') FROM facts f) AS dump`);
    expect(dump).toContain('secret.rotated');
    for (const sink of [dump, JSON.stringify(stage.logged)]) {
      expect(sink).not.toContain(secret);
      expect(sink).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  it('is replaced by its own partner alone, says the database too, and a partner without a destination cannot be', async () => {
    const [petar] = await stage.sql<{ id: string }>(`SELECT id FROM officers WHERE user_name = 'petar'`);
    const ask = () => stage.parts.house.source.query(`SELECT rotate_secret('tv-2', 'tv-2-webhook', 3, '\\x00', $1, now(), ARRAY['{}'])`, [petar!.id]);
    await expect(ask()).rejects.toThrow('ROLE_MISSING');
    await expect(stage.parts.house.source.query(`DELETE FROM destination_secrets`)).rejects.toThrow('permission denied');
    for (const change of [`roles = '{partner,author}'`, `destinations = '{}'`, `roles = '{author}'`]) {
      await expect(stage.sql(`UPDATE officers SET ${change} WHERE id = $1`, [petar!.id])).rejects.toThrow('check constraint');
    }
  });
});

describe('an account of a partner', () => {
  const change = async (kind: string, payload: object) => {
    const told = await stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind, payload } });
    if (told.status !== 201) return told;
    const { id } = told.json['change'] as unknown as { id: string };
    await stage.signIn('una');
    return stage.ask('POST', `/v1/changes/${id}/confirm`, { as: 'una', body: { code: stage.freshCode('una') } });
  };
  const kept = async (userName: string) => (await stage.sql<{ id: string; roles: string[]; destinations: string[] }>('SELECT id, roles, destinations FROM officers WHERE user_name = $1', [userName]))[0];

  it('is made and bound by two administrators, and only to destinations that there are', async () => {
    await stage.renew('uros', 'una');
    const account = { userName: 'tehnika', displayName: 'Nova Izmišljena', roles: ['partner'] };
    expect((await change('officer.add', account)).json).toMatchObject({ code: 'OFFICER_INVALID' });
    expect((await change('officer.add', { ...account, destinations: ['tv-9'] })).json).toMatchObject({ code: 'OFFICER_INVALID', faults: [{ field: 'payload.destinations' }] });
    expect((await change('officer.add', { ...account, destinations: ['tv-1'] })).status).toBe(200);
    const made = await kept('tehnika');
    expect(made).toMatchObject({ roles: ['partner'], destinations: ['tv-1'] });
    const [fact] = await stage.sql(`SELECT record::jsonb -> 'body' AS body FROM facts WHERE type = 'officer.added' ORDER BY seq DESC LIMIT 1`);
    expect(fact).toEqual({ body: { officer: made!.id, roles: ['partner'], destinations: ['tv-1'] } });

    for (const [roles, destinations, after] of [
      [['partner'], ['tv-1', 'tv-2'], ['tv-1', 'tv-2']], [['partner'], undefined, ['tv-1', 'tv-2']], [['author'], undefined, []], [['partner'], undefined, 'refused'], [['author'], ['tv-1'], 'refused'],
    ] as const) {
      const { status } = await change('officer.change', { officer: made!.id, roles, enabled: true, ...(destinations && { destinations }) });
      expect([roles, status, after === 'refused' ? after : (await kept('tehnika'))!.destinations]).toEqual([roles, after === 'refused' ? 422 : 200, after]);
    }
  });
});

/** An alert that was found, with both broadcasters asked to erase; by destination. */
async function ended(): Promise<Case & { readonly asked: ReadonlyMap<string, string> }> {
  const made = await active();
  expect((await stage.ask('POST', `${made.path}/found`, { as: 'vuk', body: { reason: 'vežba' } })).status).toBe(200);
  const now = stage.clock.now();
  const asked = await stage.parts.erasures.ask({ now, dueAt: new Date(now.getTime() + 24 * HOUR_MS), endedAfter: new Date(now.getTime() - HOUR_MS), reachable: [] as DestinationId[], proofs: [] });
  return { ...made, asked: new Map(asked.filter((r) => r.alertId === made.id).map((r) => [r.destination, r.id])) };
}
