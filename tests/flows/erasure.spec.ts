import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let auditor: ApiClient;

beforeAll(async () => {
  const portal = async (id: string) => ({
    id, name: `Portal ${id}`, channel: 'webhook', mode: 'drill', simulated: true,
    settings: {
      url: `https://127.0.0.1:${await freePort()}/findme`, ca: 'drill-authority-certificate', secret: `${id}-webhook`,
      simulated: { serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate' },
    },
  });
  stack = await startStack({ destinations: [await portal('portal-1'), await portal('portal-2')] });
  [author, auditor] = await Promise.all([stack.as('autor'), stack.as('revizor')]);
});

afterAll(() => stack.stop());

interface Erasure { readonly destination: string; readonly confirmedBy: string | null; readonly chased: number; readonly confirms: string }
interface Fact { readonly type: string; readonly body: { readonly destination?: string; readonly means?: string; readonly outcome?: string } }

describe('when an alert has ended', () => {
  it('everyone who has the child\'s data is asked to erase it: who can confirms, who is called is called again, and the others are an officer\'s', async () => {
    // Neither says that it has erased: one reads no list, the other is called all the same.
    for (const id of ['tv-2', 'portal-2']) stack.partner(id).setFaults({ noErasure: true });
    const story = await (await (await Story.written(author)).submitted()).approved(await stack.as('odobrava'));
    await story.deliveriesUntil((all) => all.length === 8 && all.every((d) => d.acceptedAt !== null));
    expect(await erasures(story)).toEqual([]);
    await story.ended('found');

    const asked = await until(() => erasures(story), (all) => all.length === 7 && all.filter((e) => e.confirmedBy !== null).length === 2 && all.some((e) => e.destination === 'portal-2' && e.chased > 0), (all) => JSON.stringify(all));
    const standing = Object.fromEntries(asked.map((e) => [e.destination, [e.confirms, e.confirmedBy]]));
    expect(standing).toEqual({
      newsroom: ['officer', null], 'operator-list': ['officer', null], 'operator-numbers': ['officer', null],
      'portal-1': ['partner', 'destination:portal-1'], 'portal-2': ['partner', null], 'tv-1': ['partner', 'destination:tv-1'], 'tv-2': ['partner', null],
    });

    await author.send('POST', `${story.path}/erasures/newsroom/confirm`, { reason: 'Dežurni urednik, telefonom.' });
    expect((await erasures(story)).find((e) => e.destination === 'newsroom')!.confirmedBy).toMatch(/^officer:/);

    // The portal that was silent hears of it with the next ending, and confirms everything that is open.
    stack.partner('portal-2').setFaults({});
    const next = await (await (await Story.written(author)).submitted()).approved(await stack.as('dezurni'));
    await next.deliveriesUntil((all) => all.length === 8 && all.every((d) => d.acceptedAt !== null));
    await next.ended('withdraw');
    await until(() => erasures(story), (all) => all.some((e) => e.destination === 'portal-2' && e.confirmedBy !== null), (all) => JSON.stringify(all));

    const { items } = await auditor.get<{ items: Fact[] }>(`${story.path}/timeline?limit=200`);
    const of = (type: string) => items.filter((fact) => fact.type === type);
    expect(of('erasure.requested')).toHaveLength(7);
    expect(of('erasure.chased').map((f) => f.body.destination)).toEqual(expect.arrayContaining(['portal-2']));
    expect(of('erasure.chased').every((f) => f.body.outcome === 'accepted')).toBe(true);
    expect(of('erasure.confirmed').map((f) => `${f.body.destination} ${f.body.means}`).sort()).toEqual(['newsroom officer', 'portal-1 partner', 'portal-2 partner', 'tv-1 partner']);
    expect(await auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
    // Calls are no messages: no ledger has anything that no delivery explains.
    const keys = new Set([...(await story.deliveries()), ...(await next.deliveries())].map((d) => `${d.destination} ${d.key}`));
    expect([...stack.partners].flatMap(([id, { ledger }]) => ledger.filter((entry) => !keys.has(`${id} ${entry.key}`)))).toEqual([]);
  });
});

async function erasures(story: Story): Promise<Erasure[]> {
  return (await auditor.get<{ items: Erasure[] }>(`/v1/drill/erasures?state=all&alert=${story.alert.id}`)).items;
}
