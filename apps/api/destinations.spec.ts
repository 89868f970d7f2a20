import { createServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import smpp from 'smpp';
import { numbersOf } from '#channels/smpp/numbers.js';
import { drillKeys } from '#cap/testing/keys.js';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { Stage, type Told } from './testing/stage.js';

let stage: Stage;
let keys: Awaited<ReturnType<typeof drillKeys>>;
const ends: { close(): unknown }[] = [];
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
const openChange = async () => ((await stage.ask('GET', '/v1/changes', { as: 'uros' })).json['items'] as unknown as { id: string; status: string }[]).find((c) => c.status === 'open')!.id;
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

  it('keep their parts while an alert that went there is active; another address they may have', async () => {
    const { name, channel, mode, settings } = await listed('operator') as unknown as { name: string; channel: string; mode: string; settings: object };
    const set = async (changes: object) => confirm(await propose('destination.set', { id: 'operator', name, channel, mode, settings: { ...settings, ...changes } }));
    const { id, path } = await stage.written();
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
    await stage.sql(`INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, may_have, expires_at, accepted_at)
      VALUES (gen_random_uuid(), '${id}', 1, 'alert', 'smpp', 'operator', 'parts-stay', 'accepted', true, now() + interval '1 day', now())`);
    const refused = await set({ audience: { kind: 'subscribers', shards: 4 } });
    expect([refused.status, refused.json['code']]).toEqual([409, 'DESTINATION_BUSY']);
    expect((await stage.ask('POST', `/v1/changes/${await openChange()}/take-back`, { as: 'uros', body: {} })).status).toBeLessThan(300);
    expect([(await set({ port: 2776 })).status, (await set({})).status]).toEqual([200, 200]);
  });

  it('stay as they were when what the database has does not fit their channel, and are a fault at start', async () => {
    await stage.sql(`UPDATE destinations SET document = document || '{"settings": {"url": 7}}' WHERE id = 'portal'`);
    await stage.parts.house.book.refresh();
    expect(stage.parts.house.configuration.destinations.find((d) => d.id === 'portal')).toMatchObject({ settings: { url: 'https://127.0.0.1:9/findme' } });
    expect(stage.logged.at(-1)).toMatchObject({ name: 'store.failed', fields: { operation: 'destination portal' } });
  });
});

describe('what a destination names', () => {
  it('is never a secret of the house', async () => {
    const told = await propose('destination.set', { ...portal({ secret: 'master-key' }), id: 'portal-3' });
    expect([told.status, (told.json['faults'] as unknown as { field: string }[])[0]!.field]).toEqual([422, 'secrets.master-key']);
  });

  it('is read when the destination changes, and not again under an alert that is being sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'numbers-'));
    const file = join(folder, 'numbers');
    await writeFile(file, '+381600000001\n');
    await confirm(await propose('destination.set', {
      id: 'list', name: 'Spisak', channel: 'smpp', mode: 'drill', settings: { host: '127.0.0.1', systemId: 'findme', password: 'list-password', source: { address: 'PronadjiMe' }, audience: { kind: 'numbers', file } },
    }));
    await writeFile(file, '+381600000002\n');
    await stage.parts.house.book.refresh();
    expect(numbersOf(file)).toEqual(['381600000001']);
    await rm(folder, { recursive: true });
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

  const operator = (settings: object = {}) => ({
    id: 'operator', name: 'Operater', channel: 'smpp', mode: 'drill',
    settings: { host: '127.0.0.1', systemId: 'findme', password: 'operator-password', source: { address: 'PronadjiMe' }, audience: { kind: 'distribution-list', name: 'SVI' }, maxSegments: 6, ...settings },
  });
  const tried = (destination: object, secrets: object = {}) => stage.ask('POST', '/v1/destinations/trial', { as: 'uros', body: { destination, secrets } });

  it('tells none of our secrets to an address that one administrator names', async () => {
    let callers = 0;
    const stranger = createTcp((socket) => {
      callers += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    ends.push(stranger);
    const elsewhere = { port: (stranger.address() as AddressInfo).port };
    const refused = await tried(operator(elsewhere));
    expect([refused.status, refused.json['code'], (refused.json['faults'] as unknown as { field: string }[])[0]!.field, callers]).toEqual([422, 'CONFIGURATION_INVALID', 'secrets.operator-password', 0]);
    expect((await tried(operator({ password: 'another-password' }))).status).toBe(422);
    // Who has the secret may try it, and what is in force may be tried as it stands.
    expect((await tried(operator(elsewhere), { 'operator-password': 'mine' })).json['routes']).toMatchObject([{ channel: 'smpp', well: false }]);
    expect(callers).toBeGreaterThan(0);
    expect((await tried(operator())).json['routes']).toMatchObject([{ channel: 'smpp' }]);
  });

  it('takes no receipt, so that the operator keeps it for who writes it down', async () => {
    let answered: (status: number) => void;
    const status = new Promise<number>((resolve) => { answered = resolve; });
    const operatorEnd = smpp.createServer((session) => {
      session.on('bind_transceiver', (pdu) => {
        session.send(pdu.response());
        session.send(new smpp.PDU('deliver_sm', { esm_class: 4, short_message: 'id:42 sub:001 dlvrd:001 submit date:2611241800 done date:2611241801 stat:DELIVRD err:000 text:' }), (answer) => { answered(answer.command_status); });
      });
      session.on('enquire_link', (pdu) => void status.then(() => session.send(pdu.response())));
      session.on('unbind', (pdu) => { session.send(pdu.response()); session.destroy(); });
      session.on('error', () => undefined);
    });
    operatorEnd.listen(0, '127.0.0.1');
    await once(operatorEnd, 'listening');
    ends.push(operatorEnd);
    await tried(operator({ port: (operatorEnd.address() as AddressInfo).port }), { 'operator-password': 'mine' });
    // ESME_RX_T_APPN: temporary, so it is sent again.
    expect(await status).toBe(0x64);
  });
});
