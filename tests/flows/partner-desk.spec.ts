import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { signRequest } from '#dispatch/partner-signature.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Test { readonly id: string; readonly means: string; readonly state: string; readonly receipt: { readonly word: string } | null }

let stack: Stack;
let partner: ApiClient;

beforeAll(async () => {
  const portal = {
    id: 'portal-1', name: 'Portal', channel: 'webhook', mode: 'drill', simulated: true,
    settings: {
      url: `https://127.0.0.1:${await freePort()}/findme`, ca: 'drill-authority-certificate', secret: 'portal-1-webhook',
      simulated: { serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate' },
    },
  };
  stack = await startStack({ destinations: [portal], partnerOf: ['tv-1', 'tv-live', 'portal-1', 'operator-list', 'newsroom'] });
  partner = await stack.as('tehnika-rts');
});
afterAll(() => stack.stop());

const desk = (destination: string) => `/v1/partner/destinations/${destination}`;
async function tested(destination: string): Promise<Test> {
  const { id } = await partner.post<{ id: string }>(`${desk(destination)}/tests`);
  return until(async () => (await partner.get<{ items: Test[] }>(`${desk(destination)}/tests`)).items.find((test) => test.id === id)!,
    ({ state, receipt }) => !['queued', 'sending'].includes(state) && (state !== 'accepted' || receipt !== null), (test) => JSON.stringify(test));
}

describe('a partner at the running system', () => {
  it.each(['tv-1', 'tv-live', 'portal-1'])('tests its connection to %s and sees its own acknowledgement of it, once', async (destination) => {
    expect(await tested(destination)).toMatchObject({ means: 'notice', state: 'confirmed', receipt: { word: 'tested' } });
    expect(stack.partner(destination).ledger.map(({ action, duplicate }) => [action, duplicate])).toEqual([['test', false]]);
  });

  it('sends an SMS to the list of the drill, and only asks the newsroom\'s server', async () => {
    expect(await tested('operator-list')).toMatchObject({ means: 'notice', state: 'confirmed' });
    expect(stack.partner('operator-list').ledger).toHaveLength(1);
    expect(await tested('newsroom')).toMatchObject({ means: 'probe', state: 'well', receipt: null });
    expect(stack.partner('newsroom').ledger).toEqual([]);
    expect(stack.partner('tv-2').ledger).toEqual([]);
  });

  it('is told the truth when the partner refuses, and that the hour\'s tests are used up', async () => {
    stack.partner('tv-1').setFaults({ refuse: true });
    expect(await tested('tv-1')).toMatchObject({ state: 'refused', receipt: null });
    stack.partner('tv-1').setFaults({ hang: true });
    for (let more = 0; more < 2; more += 1) await partner.post(`${desk('tv-1')}/tests`);
    await expect(partner.post(`${desk('tv-1')}/tests`)).rejects.toMatchObject({ status: 429, code: 'TEST_THROTTLED' });
    stack.partner('tv-1').setFaults({});
  });

  it('sees what its routes said when they were last asked', async () => {
    const routes = async () => (await partner.get<{ items: { id: string; routes: { lastProbe: { well: boolean } | null }[] }[] }>('/v1/partner/destinations')).items.find(({ id }) => id === 'tv-live')!.routes;
    expect((await until(routes, ([first]) => first!.lastProbe !== null))[0]).toMatchObject({ route: 'tv-live', lastProbe: { well: true, reason: null } });
    stack.partner('tv-live').setFaults({ error: true });
    expect((await until(routes, ([first]) => first!.lastProbe?.well === false))[0]).toMatchObject({ lastProbe: { well: false, reason: expect.any(String) as string } });
    stack.partner('tv-live').setFaults({});
  });

  it('has every test in the audit, and no alert has become of it', async () => {
    const auditor = await stack.as('revizor');
    expect(await auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
    const feed = await (await partner.send('GET', '/feeds/drill/cap.atom')).text();
    expect(feed).not.toContain('findme-test');
    expect((await auditor.get<{ items: unknown[] }>('/v1/drill/alerts')).items).toEqual([]);
  });

  it('signs with a new secret at once, and with the file of the old one too', async () => {
    const file = stack.secret('portal-1-webhook');
    const { secret } = await partner.post<{ secret: string }>(`${desk('portal-1')}/secrets/portal-1-webhook/rotate`, { code: await partner.code() });
    const target = '/v1/partners/portal-1/erasures';
    for (const by of [secret, file]) {
      const headers = { ...signRequest(by, `req-${by.slice(-9)}`.replace(/[^\w-]/g, ''), Date.now() / 1000, { method: 'GET', target }) };
      expect((await partner.send('GET', target, undefined, headers)).status).toBe(200);
    }
    // The portal knows the old one alone, and takes what the dispatcher signs under both.
    expect(await tested('portal-1')).toMatchObject({ state: 'confirmed' });
  });
});
