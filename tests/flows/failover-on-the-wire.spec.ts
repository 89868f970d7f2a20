import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';

interface Fact { readonly type: string; readonly body: Readonly<Record<string, unknown>> }

const OPERATOR = 'operator-routes';
let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  stack = await startStack({ redisUrl: process.env['FINDME_TEST_REDIS_URL']!, destinations: [await operatorWithRoutes()] });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

/** An operator by SMPP, and by signed CAP over HTTPS when that is away. */
async function operatorWithRoutes(): Promise<object> {
  return {
    id: OPERATOR, name: 'Operater sa dva puta', channel: 'smpp', mode: 'drill', simulated: true,
    settings: {
      host: '127.0.0.1', port: await freePort(), systemId: 'findme', password: `${OPERATOR}-password`, source: { address: 'PronadjiMe' },
      audience: { kind: 'distribution-list', name: 'SVI' }, deduplicates: true, timeoutMs: 5_000, maxSegments: 6,
    },
    fallbacks: [{
      channel: 'cap-push',
      settings: {
        url: `https://127.0.0.1:${await freePort()}/cap`, sender: 'proba@findme.example', ca: 'drill-authority-certificate', signingKey: 'drill-cap-signing-key',
        signingCertificate: 'drill-cap-signing-certificate', secret: `${OPERATOR}-webhook`, timeoutMs: 5_000,
        simulated: { serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate' },
      },
    }],
  };
}

describe('an operator with two routes', () => {
  it('gets its SMS over SMPP while that works; over CAP when nobody listens at its port; and hears the end over the same', async () => {
    const before = await (await (await Story.written(author)).submitted()).approved(approver);
    const [first] = await before.deliveriesUntil((all) => all.some((d) => d.destination === OPERATOR && d.state === 'confirmed')).then((all) => all.filter((d) => d.destination === OPERATOR));
    expect(first).toMatchObject({ channel: 'smpp', route: 0 });

    const site = stack.partner(OPERATOR);
    const taken = site.ledger.length;
    await site.close();
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    const all = await story.deliveriesUntil((deliveries) => deliveries.some((d) => d.destination === OPERATOR && d.state === 'confirmed'));
    const delivery = all.find((d) => d.destination === OPERATOR)!;
    expect(delivery).toMatchObject({ channel: 'cap-push', route: 1, kind: 'alert' });
    const second = stack.partner(`${OPERATOR}#2`);
    expect(second.ledger.map((entry) => [entry.action, entry.key])).toEqual([['publish', delivery.key]]);
    expect(site.ledger).toHaveLength(taken);
    const { items } = await author.get<{ items: Fact[] }>(`${story.path}/timeline?limit=200`);
    const moves = items.filter(({ type, body }) => type === 'delivery.rerouted' && body['destination'] === OPERATOR);
    expect(moves).toEqual([expect.objectContaining({ body: expect.objectContaining({ deliveryId: delivery.id, from: 0, to: 1, channel: 'smpp', reason: expect.stringMatching(/^(unreachable|breaker_open)/) }) })]);

    await story.ended('found');
    await story.deliveriesUntil((deliveries) => deliveries.some((d) => d.destination === OPERATOR && d.kind === 'found' && d.state === 'confirmed'));
    expect(second.ledger.map((entry) => entry.action)).toEqual(['publish', 'withdraw']);
  });
});
