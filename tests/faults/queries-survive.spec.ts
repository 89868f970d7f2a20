import pg from 'pg';
import { freePort } from '#apps/findme/embedded/process.js';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import type { FakeOperator } from '#channels/smpp/fake-partner.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

const ENROUTE = 1;
const DELIVERED = 2;
const UNDELIVERABLE = 5;

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  const operator = {
    id: 'operator-two', name: 'Operater na dva jezika', channel: 'smpp', mode: 'drill', simulated: true,
    settings: {
      host: '127.0.0.1', port: await freePort(), systemId: 'findme', password: 'operator-two-password', window: 1, ratePerSecond: 1_000, source: { address: 'PronadjiMe' },
      audience: { kind: 'distribution-list', name: 'SVI' }, languages: ['sr-Latn', 'sr-Cyrl'], query: { perSecond: 100, afterSeconds: 0 }, timeoutMs: 5_000, maxSegments: 6,
    },
  };
  stack = await startStack({ redisUrl: process.env['FINDME_TEST_REDIS_URL']!, destinations: [operator] });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

describe('a dispatcher that is killed while messages are unsettled', () => {
  it('has a successor that asks the operators what became of them, and settles them', async () => {
    const two = stack.partner('operator-two') as FakeOperator;
    const list = stack.partner('operator-list') as FakeOperator;
    for (const operator of [two, list]) {
      operator.setFaults({ noReceipts: true });
      operator.answerQueries(() => ({ message_state: ENROUTE }));
    }
    // The first language is taken whole; of the second the line breaks at the last segment.
    let whole = 0;
    two.decide(({ segment, total }) => {
      if (segment === total && (whole += 1) === 2) two.dropBinds();
      return 0;
    });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    const of = (id: string, all: Awaited<ReturnType<Story['deliveries']>>) => all.find((d) => d.destination === id);
    await story.deliveriesUntil((all) => of('operator-two', all)?.state === 'uncertain' && of('operator-list', all)?.state === 'accepted');
    // Asked once each; nothing is known yet, and the process that would ask again after the validity is gone.
    const [first, piece] = await until(() => two.queries, (asked) => asked.length >= 2);
    await stack.dispatcher.end('SIGKILL');

    await expire(await story.deliveries().then((all) => of('operator-list', all)!.id));
    two.answerQueries((id) => ({ message_state: id === piece ? UNDELIVERABLE : DELIVERED }));
    list.answerQueries(() => ({ message_state: DELIVERED }));
    stack.dispatcher = await stack.startDispatcher();
    const settled = await story.deliveriesUntil((all) => ['operator-two', 'operator-list'].every((id) => of(id, all)?.state === 'confirmed'));
    expect(of('operator-two', settled)?.receipts).toMatchObject({ confirmed: 1, failed: 1 });
    expect(of('operator-list', settled)?.receipts).toMatchObject({ confirmed: 1, failed: 0 });
    expect(new Set(two.queries)).toEqual(new Set([first, piece]));
    // Asking sends nothing again.
    expect(two.ledger.filter((entry) => entry.duplicate)).toEqual([]);
  }, 180_000);
});

/** Lets the validity of one delivery be over. */
async function expire(id: string): Promise<void> {
  const owner = new pg.Client({ connectionString: stack.database.ownerUrl });
  await owner.connect();
  await owner.query("UPDATE deliveries SET expires_at = now() - interval '1 hour' WHERE id = $1", [id]);
  await owner.end();
}
