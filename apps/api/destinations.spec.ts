import { createServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import smpp from 'smpp';
import { PartnerBook } from '#apps/partner-book.js';
import type { Destination } from '#dispatch/channel.js';
import { PgDestinationStore } from '#storage/destination-store.js';
import { PgSecretStore } from '#storage/secret-store.js';
import { numbersOf } from '#channels/smpp/numbers.js';
import { drillKeys } from '#cap/testing/keys.js';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { CONFIGURATION, Stage, type Told } from './testing/stage.js';

let stage: Stage;
let folder: string;
let keys: Awaited<ReturnType<typeof drillKeys>>;
const ends: { close(): unknown }[] = [];
const tunnels = [1, 9, 2775];
beforeAll(async () => {
  keys = await drillKeys();
  folder = await mkdtemp(join(tmpdir(), 'numbers-'));
  stage = await Stage.open({
    configuration: `${CONFIGURATION}\nfiles: [${folder}]`,
    tunnels,
    secret: (name) => {
      if (name === 'portal-webhook') throw fail('CONFIGURATION_INVALID', `secrets.${name}`);
      return 'secret';
    },
  });
  for (const name of ['uros', 'una', 'rada', 'mila'] as const) await stage.signIn(name);
});
afterAll(async () => {
  for (const end of ends) end.close();
  await stage.close();
  await rm(folder, { recursive: true });
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

  it('are again what the configuration file says, once enabled, though it was changed meanwhile; who confirms sees what it is', async () => {
    const { house } = stage.parts;
    await confirm(await propose('destination.disable', { id: 'operator-live' }));
    const { book: before } = house;
    const renamed = { ...before.known().find((d) => d.id === 'operator-live')!.destination, name: 'Operater na novom mestu' };
    const seeded = (destinations: readonly Destination[]) => PartnerBook.open({
      seed: destinations, secret: () => 'secret', secrets: new PgSecretStore(house.source, house.masterKey, house.clock, house.ids), stored: new PgDestinationStore(house.source), outgoing: house.outgoing, files: [], clock: house.clock, log: house.log,
    });
    // The next start, with another file; and one that no longer has it.
    const after = await seeded([renamed]);
    expect(after.known().find((d) => d.id === 'operator-live')).toMatchObject({ enabled: false, shipped: true, destination: { name: 'Operater na novom mestu' } });
    expect((await seeded([])).known().find((d) => d.id === 'operator-live')).toMatchObject({ enabled: false, shipped: false, destination: { name: 'Operater' } });

    const proposed = await propose('destination.enable', { id: 'operator-live' });
    expect(proposed.json['change']).toMatchObject({ payload: { id: 'operator-live' }, document: { name: 'Operater', shipped: true, settings: { host: '127.0.0.1' } } });
    // The file changes between proposal and confirmation: nobody confirms what they did not see.
    Object.assign(house, { book: after });
    expect((await confirm(proposed)).json).toMatchObject({ code: 'DESTINATION_MISSING' });
    expect((await stage.ask('POST', `/v1/changes/${await openChange()}/take-back`, { as: 'uros', body: {} })).status).toBeLessThan(300);
    const again = await propose('destination.enable', { id: 'operator-live' });
    expect(again.json['change']).toMatchObject({ document: { name: 'Operater na novom mestu' } });
    expect((await confirm(again)).status).toBe(200);
    expect(after.destinations.find((d) => d.id === 'operator-live')).toMatchObject({ name: 'Operater na novom mestu' });
    Object.assign(house, { book: before });
    await before.refresh();
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
    const file = join(folder, 'numbers');
    await writeFile(file, '+381600000001\n');
    await confirm(await propose('destination.set', {
      id: 'list', name: 'Spisak', channel: 'smpp', mode: 'drill', settings: { host: '127.0.0.1', systemId: 'findme', password: 'list-password', source: { address: 'PronadjiMe' }, audience: { kind: 'numbers', file } },
    }));
    await writeFile(file, '+381600000002\n');
    await stage.parts.house.book.refresh();
    expect(numbersOf(file)).toEqual(['381600000001']);
  });
});

describe('a file that a destination names', () => {
  const list = (file: string) => ({ id: 'list-2', name: 'Spisak', channel: 'smpp', mode: 'drill', settings: { host: 'smsc.example', systemId: 'findme', password: 'list-password', source: { address: 'PronadjiMe' }, audience: { kind: 'numbers', file } } });
  const radio = (place: string) => ({ id: 'radio', name: 'Radio', channel: 'liquidsoap', mode: 'drill', settings: { port: 9, folder: place, languages: ['sr-Latn'] } });
  const answers = async (destination: object) => {
    const [tried, proposed] = [await stage.ask('POST', '/v1/destinations/trial', { as: 'uros', body: { destination, secrets: { 'list-password': 'x' } } }), await propose('destination.set', destination)];
    return [tried, proposed].map(({ status, json }) => ({ status, faults: json['faults'] }));
  };

  it('tells nobody what there is on the host: what is there is refused in the same words as what is not', async () => {
    await symlink('/etc/passwd', join(folder, 'link'));
    const refusals = await Promise.all(['/etc/passwd', '/etc/no-such-file', `${folder}/../no-such-file`, join(folder, 'link'), '/', 'package.json'].map((file) => answers(list(file))));
    for (const both of refusals) expect(both).toEqual(refusals[0]);
    expect(refusals[0]).toMatchObject([{ status: 422, faults: [{ code: 'CHANGE_INVALID', field: 'payload.settings', detail: expect.stringContaining('`files`') as string }] }, { status: 422 }]);
    expect(await answers(radio('/etc'))).toMatchObject([{ status: 422 }, { status: 422 }]);
    expect(await answers({ ...portal(), id: 'list-2', fallbacks: [{ channel: 'smpp', settings: list('/etc/passwd').settings }] })).toMatchObject([{ status: 422, faults: [{ field: 'payload.fallbacks.0.settings' }] }, { status: 422 }]);
  });

  it('may lie in the folder of the configuration', async () => {
    await writeFile(join(folder, 'good'), '+381600000001\n');
    expect((await stage.ask('POST', '/v1/destinations/trial', { as: 'uros', body: { destination: list(join(folder, 'good')), secrets: { 'list-password': 'x' } } })).status).toBe(200);
    expect((await stage.ask('POST', '/v1/destinations/trial', { as: 'uros', body: { destination: radio(join(folder, 'air', 'new')) } })).status).toBe(200);
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
    tunnels.push(port);
    const told = await trial(portal({ url: `https://127.0.0.1:${port}/findme` }));
    expect(told.json).toMatchObject({ routes: [{ channel: 'webhook', well: true, reason: null }] });
    expect(new Set(seen)).toEqual(new Set(['HEAD']));
    expect((await stage.sql(`SELECT FROM changes WHERE status = 'open'`)).length).toBe(0);
  });

  it('says what is wrong, of an address where nobody is and of one that speaks no TLS', async () => {
    const plain = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    ends.push(plain);
    tunnels.push((plain.address() as AddressInfo).port);
    const wrong = await trial(portal({ url: `https://127.0.0.1:${tunnels.at(-1)}/findme` }));
    expect(wrong.json['routes']).toMatchObject([{ well: false, reason: expect.any(String) as string }]);
    expect((await trial(portal({ url: 'https://127.0.0.1:1/findme' }))).json['routes']).toMatchObject([{ well: false, reason: expect.any(String) as string }]);
    expect((await trial(portal({ url: 'ftp://x' }))).status).toBe(422);
    expect((await trial(portal(), 'rada')).status).toBe(403);
  });

  it.each([
    ['https://127.0.0.1:22/', 'address_loopback'], ['https://[::1]:2/', 'address_loopback'], ['https://2130706433:3/', 'address_loopback'], ['https://localhost:4/', 'address_loopback'],
    ['https://169.254.169.254/latest/meta-data/', 'address_metadata'], ['https://10.0.0.1/', 'address_private'], ['https://[::ffff:10.0.0.1]/', 'address_reserved'], ['https://0.0.0.0/', 'address_reserved'],
  ])('knocks at nothing inside, and neither is it proposed: %s', async (url, word) => {
    const [tried, proposed] = [await trial(portal({ url })), await propose('destination.set', portal({ url }), SECRETS)];
    for (const { status, json } of [tried, proposed]) expect({ status, faults: json['faults'] }).toMatchObject({ status: 422, faults: [{ code: 'ADDRESS_REFUSED', field: 'payload.settings', detail: expect.stringMatching(`^${word}: `) as string }] });
  });

  it('knocks neither at the house\'s own database, where loopback is open, nor as a partner that would be played by the house', async () => {
    const { port } = new URL(stage.ownerUrl);
    expect((await tried(operator({ port: Number(port) }), { 'operator-password': 'mine' })).json['faults']).toMatchObject([{ code: 'ADDRESS_REFUSED', detail: 'address_own: 127.0.0.1' }]);
    const played = portal({ simulated: { serverKey: 'x', serverCertificate: 'x' } });
    expect((await trial(played)).json['faults']).toMatchObject([{ code: 'CHANGE_INVALID', field: 'payload.settings.simulated' }]);
    expect((await trial({ ...portal(), simulated: true })).status).toBe(422);
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
