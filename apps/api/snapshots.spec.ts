import { randomBytes, randomUUID } from 'node:crypto';
import { decode } from '#channels/gtfs-realtime/encode.js';
import { signRequest } from '#dispatch/partner-signature.js';
import { Stage, type Told } from './testing/stage.js';

const https = (id: string) => `secret: ${id}-webhook, simulated: { serverKey: k, serverCertificate: c }`;
const CONFIGURATION = `
sender: proba@findme.example
destinations:
  - id: putevi
    name: Putevi
    channel: datex2
    mode: drill
    simulated: true
    settings: { url: https://127.0.0.1:1/datex, supplier: { identifier: proba }, controllerTable: { id: t, version: "1" }, signs: [{ id: A1-12, rows: 4, columns: 24, maxPages: 4 }], ${https('putevi')} }
  - { id: zeleznica, name: Železnica, channel: siri-sx, mode: drill, simulated: true, settings: { url: https://127.0.0.1:1/siri, participant: proba, stations: [{ id: bg, stopPlace: bg, name: Beograd }], ${https('zeleznica')} } }
  - { id: autobus, name: Autobusi, channel: gtfs-realtime, mode: drill, simulated: true, settings: { url: "https://127.0.0.1:1/alerts/{alert}.pb", agencies: [proba], ${https('autobus')} } }
  - { id: uzivo-autobus, name: Autobusi (uživo), channel: gtfs-realtime, mode: live, simulated: true, settings: { url: "https://127.0.0.1:1/live/{alert}.pb", agencies: [proba], ${https('uzivo-autobus')} } }
`;
const SECRETS: Record<string, string> = Object.fromEntries(['putevi', 'zeleznica', 'autobus', 'uzivo-autobus'].map((id) => [`${id}-webhook`, `whsec_${randomBytes(32).toString('base64')}`]));

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ configuration: CONFIGURATION, secret: (name) => SECRETS[name] ?? 'secret' });
  for (const name of ['mila', 'iva', 'vuk'] as const) await stage.signIn(name);
});
afterAll(() => stage.close());

function pull(id: string, name: string, headers: Record<string, string> = {}, by = id): Promise<Told> {
  const target = `/v1/partners/${id}/snapshots/${name}`;
  return stage.ask('GET', target, { headers: { ...signRequest(SECRETS[`${by}-webhook`]!, `req-${randomUUID()}`, stage.clock.now().getTime() / 1000, { method: 'GET', target }), ...headers } });
}
const entities = (told: Told) => decode(told.bytes)!.entities.map(({ id }) => id);

describe('the snapshot of a partner that pulls', () => {
  it('has what runs in its own mode, in its own protocol, and no longer what has ended; nothing changes meanwhile but by decisions', async () => {
    const before = await pull('autobus', 'alerts.pb');
    expect([before.status, before.headers['content-type'], before.headers['cache-control']]).toEqual([200, 'application/x-protobuf', 'private, no-cache']);
    expect(entities(before)).toEqual([]);
    const { id, path } = await stage.written();
    const contentHash = await stage.submitted(path);
    expect(entities(await pull('autobus', 'alerts.pb'))).toEqual([]);
    expect((await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } })).status).toBe(200);
    stage.clock.advance(2_000);

    const [feed, live, situations, signs, stations] = await Promise.all([
      pull('autobus', 'alerts.pb'), pull('uzivo-autobus', 'alerts.pb'), pull('putevi', 'situations.xml'), pull('putevi', 'signs.xml'), pull('zeleznica', 'situations.xml'),
    ]);
    expect(entities(feed)).toEqual([`findme-drill-${id}`]);
    expect(entities(live)).toEqual([]);
    for (const document of [situations, signs, stations]) expect([document.status, document.headers['content-type'], document.text.includes(id)]).toEqual([200, 'application/xml', true]);
    expect(signs.text).toContain('VEZBA');

    // Conditional answers, by either validator.
    const { etag, 'last-modified': modified } = situations.headers as Record<string, string>;
    expect(modified).toMatch(/ GMT$/);
    const again = await pull('putevi', 'situations.xml', { 'if-none-match': etag! });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
    expect((await pull('putevi', 'situations.xml', { 'if-modified-since': modified! })).status).toBe(304);
    expect((await pull('putevi', 'situations.xml', { 'if-modified-since': new Date(Date.parse(modified!) - 1_000).toUTCString() })).status).toBe(200);
    // The other validator counts alone where both are given.
    expect((await pull('putevi', 'situations.xml', { 'if-none-match': '"other"', 'if-modified-since': modified! })).status).toBe(200);

    expect((await stage.ask('POST', `${path}/found`, { as: 'vuk', body: { reason: 'vežba' } })).status).toBe(200);
    stage.clock.advance(2_000);
    const after = await pull('putevi', 'situations.xml', { 'if-none-match': etag!, 'if-modified-since': modified! });
    expect([after.status, after.text.includes(id)]).toEqual([200, false]);
    expect((await pull('putevi', 'situations.xml', { 'if-modified-since': modified! })).status).toBe(200);
    expect((await pull('putevi', 'signs.xml')).text).toContain('isBlank>true<');
    expect(entities(await pull('autobus', 'alerts.pb'))).toEqual([]);
  });

  it('says since when it is so only when that second is over', async () => {
    const { path } = await stage.written();
    const contentHash = await stage.submitted(path);
    await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
    stage.clock.advance(999 - (stage.clock.now().getTime() % 1_000));
    expect((await pull('zeleznica', 'situations.xml')).headers['last-modified']).toBeUndefined();
  });

  it('of a feed that readers distrust when it is old is renewed without a change', async () => {
    const first = await pull('autobus', 'alerts.pb');
    stage.clock.advance(5 * 60_000);
    const [second, unchanged] = [await pull('autobus', 'alerts.pb'), await pull('putevi', 'situations.xml')];
    expect(decode(second.bytes)!.timestamp).toBeGreaterThan(decode(first.bytes)!.timestamp);
    stage.clock.advance(5 * 60_000);
    expect((await pull('putevi', 'situations.xml', { 'if-none-match': String(unchanged.headers['etag']) })).status).toBe(304);
  });

  it('is for nobody else: not without a signature, not under another partner\'s, and of no other name', async () => {
    expect((await stage.ask('GET', '/v1/partners/putevi/snapshots/signs.xml')).json['code']).toBe('REQUEST_FORGED');
    expect((await pull('putevi', 'signs.xml', {}, 'zeleznica')).status).toBe(401);
    expect((await pull('zeleznica', 'signs.xml')).json['code']).toBe('ROUTE_MISSING');
    expect((await pull('putevi', 'alerts.pb')).status).toBe(404);
  });
});
