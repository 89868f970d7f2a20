import { createServer, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { drillKeys } from '#cap/testing/keys.js';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { Stage, type Told } from './testing/stage.js';

let stage: Stage;
let keys: Awaited<ReturnType<typeof drillKeys>>;
const ends: Server[] = [];
beforeAll(async () => {
  keys = await drillKeys();
  stage = await Stage.open({
    secret: (name) => {
      if (name === 'portal-webhook') throw fail('CONFIGURATION_INVALID', `secrets.${name}`);
      return 'secret';
    },
  });
  for (const name of ['uros', 'una', 'rada', 'mila'] as const) await stage.signIn(name);
}, 20_000);
afterAll(async () => {
  for (const end of ends) end.close();
  await stage.close();
});

const WEBHOOK = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const portal = (settings: object = {}, more: object = {}) => ({ id: 'portal', name: 'Portal', channel: 'webhook', mode: 'drill', settings: { url: 'https://127.0.0.1:9/findme', secret: 'portal-webhook', ca: 'portal-ca', ...settings }, ...more });
const SECRETS = { 'portal-webhook': WEBHOOK, 'portal-ca': '' };

const propose = (kind: string, payload: unknown, secret?: unknown) => stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind, payload, ...(secret !== undefined && { secret }) } });
async function confirm(told: Told): Promise<Told> {
  const { id } = told.json['change'] as unknown as { id: string };
  const answer = await stage.ask('POST', `/v1/changes/${id}/confirm`, { as: 'una', body: { code: stage.freshCode('una') } });
  // What NOTIFY brings in service.
  await stage.parts.house.book.refresh();
  return answer;
}
const inForce = () => stage.parts.house.configuration.destinations.map((d) => d.id);
const listed = async (id: string) => ((await stage.ask('GET', '/v1/destinations', { as: 'rada' })).json['items'] as unknown as { id: string; enabled: boolean; changedAt: string | null }[]).find((d) => d.id === id);

describe('destinations under administration', () => {
  beforeAll(() => {
    SECRETS['portal-ca'] = keys.authority.certificate;
  });

  it('are shown with every channel\'s form, to administrators and auditors alone, and hold no secret', async () => {
    const told = await stage.ask('GET', '/v1/destinations', { as: 'uros' });
    expect(told.json['items']).toMatchObject([{ id: 'operator', enabled: true, changedAt: null, settings: { password: 'operator-password' }, routes: [{ route: 'operator', channel: 'smpp' }] }, { id: 'operator-live' }]);
    const forms = (await stage.ask('GET', '/v1/destinations/channels', { as: 'rada' })).json['items'] as unknown as { kind: string; schema: { type: string; properties: Record<string, object>; required: string[] } }[];
    expect(forms.map(({ kind }) => kind)).toContain('smpp');
    const smpp = forms.find(({ kind }) => kind === 'smpp')!.schema;
    expect(smpp).toMatchObject({ type: 'object', properties: { port: { type: 'integer', default: 2775, maximum: 65_535 } } });
    expect(smpp.required).not.toContain('port');
    expect((await stage.ask('GET', '/v1/destinations', { as: 'mila' })).status).toBe(403);
    expect((await stage.ask('GET', '/v1/destinations', { as: 'petar' })).status).toBe(403);
  });

  it('are added by two administrators, and come into force with the confirmation, with their secrets sealed', async () => {
    const proposed = await propose('destination.set', portal(), SECRETS);
    expect([proposed.status, inForce()]).toEqual([201, ['operator', 'operator-live']]);
    expect(proposed.text).not.toContain(WEBHOOK);
    const { id } = proposed.json['change'] as unknown as { id: string };
    expect((await stage.ask('POST', `/v1/changes/${id}/confirm`, { as: 'uros', body: { code: stage.freshCode('uros') } })).json).toMatchObject({ code: 'CHANGE_OWN' });
    await stage.parts.house.book.refresh();
    expect(inForce()).not.toContain('portal');

    expect((await confirm(proposed)).status).toBe(200);
    expect(inForce()).toEqual(['operator', 'operator-live', 'portal']);
    expect(stage.parts.house.book.secret('portal' as DestinationId, 'portal-webhook')).toBe(WEBHOOK);
    const [{ dump } = { dump: '' }] = await stage.sql<{ dump: string }>(`SELECT string_agg(s::text, ' ') || (SELECT string_agg(c::text, ' ') FROM changes c) || (SELECT string_agg(d::text, ' ') FROM destinations d) || (SELECT string_agg(f::text, ' ') FROM facts f) AS dump FROM destination_secrets s`);
    for (const form of [WEBHOOK, Buffer.from(WEBHOOK).toString('hex')]) expect(dump).not.toContain(form);
    const [fact] = await stage.sql(`SELECT record::jsonb -> 'body' AS body FROM facts WHERE type = 'destination.changed'`);
    expect(fact).toEqual({ body: { destination: 'portal', channel: 'webhook', mode: 'drill', enabled: true } });
  });

  it.each<[string, object, string]>([
    ['a field that the channel does not know', portal({ colour: 'red' }), 'payload.settings'],
    ['an address that is no https', portal({ url: 'http://127.0.0.1/x' }), 'payload.settings.url'],
    ['a channel that there is not', portal({}, { channel: 'pigeon' }), 'payload.channel'],
    ['a fallback that cannot carry it', portal({}, { fallbacks: [{ channel: 'webhook', settings: {} }] }), 'payload.fallbacks.0.settings.url'],
  ])('are refused with the field for %s', async (_what, payload, field) => {
    const told = await propose('destination.set', payload, SECRETS);
    expect(told.status).toBe(422);
    expect((told.json['faults'] as unknown as { field: string }[]).map((f) => f.field)).toContain(field);
  });

  it('are refused without a secret that nobody has', async () => {
    const told = await propose('destination.set', { ...portal(), id: 'portal-2' });
    expect([told.status, told.json['code'], (told.json['faults'] as unknown as { field: string }[])[0]!.field]).toEqual([422, 'CONFIGURATION_INVALID', 'secrets.portal-webhook']);
    expect(await stage.sql(`SELECT FROM changes WHERE subject = 'destination:portal-2'`)).toEqual([]);
  });

  it('never go from drill to live, says the database too', async () => {
    expect((await propose('destination.set', portal({}, { mode: 'live' }))).json).toMatchObject({ code: 'DESTINATION_WORLD' });
    await expect(stage.sql(`UPDATE destinations SET document = document || '{"mode": "live"}'`)).rejects.toThrow('DESTINATION_WORLD');
    await expect(stage.parts.house.source.query(`UPDATE destinations SET enabled = false`)).rejects.toThrow('permission denied');
  });

  it('are disabled and enabled again, those of the file too', async () => {
    expect((await propose('destination.enable', { id: 'operator' })).json).toMatchObject({ code: 'DESTINATION_MISSING' });
    await confirm(await propose('destination.disable', { id: 'operator' }));
    expect(inForce()).toEqual(['operator-live', 'portal']);
    expect(await listed('operator')).toMatchObject({ enabled: false, changedAt: stage.clock.now().toISOString() });
    await confirm(await propose('destination.enable', { id: 'operator' }));
    expect(inForce()).toEqual(['operator', 'operator-live', 'portal']);
  });

  it('stay as they were when what the database has does not fit their channel, and are a fault at start', async () => {
    await stage.sql(`UPDATE destinations SET document = document || '{"settings": {"url": 7}}' WHERE id = 'portal'`);
    await stage.parts.house.book.refresh();
    expect(stage.parts.house.configuration.destinations.find((d) => d.id === 'portal')).toMatchObject({ settings: { url: 'https://127.0.0.1:9/findme' } });
    expect(stage.logged.at(-1)).toMatchObject({ name: 'store.failed', fields: { operation: 'destination portal' } });
  });
});

describe('a trial of a connection', () => {
  const trial = (destination: object, as: 'uros' | 'rada' = 'uros') => stage.ask('POST', '/v1/destinations/trial', { as, body: { destination, secrets: SECRETS } });

  it('asks the proposed address by HEAD alone, publishes nothing, changes nothing', async () => {
    const seen: string[] = [];
    const server = createHttps({ key: keys.server.key, cert: keys.server.certificate }, (request, response) => {
      seen.push(request.method ?? '');
      response.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(server);
    const { port } = server.address() as AddressInfo;
    const told = await trial(portal({ url: `https://127.0.0.1:${port}/findme` }));
    expect(told.json).toMatchObject({ routes: [{ channel: 'webhook', well: true, reason: null }] });
    expect(new Set(seen)).toEqual(new Set(['HEAD']));
    expect((await stage.sql(`SELECT FROM changes WHERE status = 'open'`)).length).toBe(0);
  });

  it('says what is wrong, of an address where nobody is and of one that speaks no TLS', async () => {
    const plain = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    ends.push(plain);
    const wrong = await trial(portal({ url: `https://127.0.0.1:${(plain.address() as AddressInfo).port}/findme` }));
    expect(wrong.json['routes']).toMatchObject([{ well: false, reason: expect.any(String) as string }]);
    expect((await trial(portal({ url: 'https://127.0.0.1:1/findme' }))).json['routes']).toMatchObject([{ well: false, reason: expect.any(String) as string }]);
    expect((await trial(portal({ url: 'ftp://x' }))).status).toBe(422);
    expect((await trial(portal(), 'rada')).status).toBe(403);
  });
});
