import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { balance, effectsInStack } from '../support/ledger.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';

let redis: TestRedis;
let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  // One of its own: what is emptied and stopped here must not be what other specs use.
  redis = await startRedis();
  stack = await startStack({ redisUrl: redis.url });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(async () => {
  await stack.stop();
  await redis.stop();
});

beforeEach(() => {
  for (const partner of stack.partners.values()) partner.setFaults({});
});

const everyoneServed = (story: Story) => story.deliveriesUntil((d) => d.length === 6 && d.every(isConfirmed));

describe('Redis only wakes workers', () => {
  it('emptied in mid fan-out, it delays what was to be repeated and loses nothing', async () => {
    stack.partner('tv-1').setFaults({ error: true });
    stack.partner('operator-list').setFaults({ error: true });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await story.deliveriesUntil((d) => ['tv-1', 'operator-list'].every((id) => d.some((x) => x.destination === id && x.state === 'waiting')));
    const client = new Redis(redis.url);
    await client.flushall();
    await client.quit();
    for (const partner of stack.partners.values()) partner.setFaults({});
    expect(balance(stack, await everyoneServed(story), effectsInStack)).toMatchObject({ lost: [], doubled: [] });
    await story.ended('found');
    await story.deliveriesUntil((d) => d.length === 12 && d.every(isConfirmed));
  });

  it('stopped before the approval, it is not missed: approved without waiting for it, and everyone is served', async () => {
    const story = await (await Story.written(author)).submitted();
    await redis.stop();
    const code = await approver.code();
    const asked = performance.now();
    await approver.post(`${story.path}/approve`, { contentHash: story.alert.proposal?.contentHash, code }, { ...story.current, 'idempotency-key': randomUUID() });
    // Some tens of milliseconds; whoever waits for Redis waits for ever.
    expect(performance.now() - asked).toBeLessThan(5_000);
    // One partner needs a second attempt, which without a queue is the sweep's.
    expect(balance(stack, await everyoneServed(story), effectsInStack)).toMatchObject({ lost: [], doubled: [] });
  });
});
