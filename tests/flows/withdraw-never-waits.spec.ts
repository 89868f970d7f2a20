import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  stack = await startStack({ redisUrl: process.env['FINDME_TEST_REDIS_URL']! });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

describe('a withdrawal', () => {
  it('reaches everyone who has the alert while one partner hangs and one answers with errors', async () => {
    stack.partner('tv-1').setFaults({ hang: true });
    stack.partner('tv-2').setFaults({ error: true });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await story.deliveriesUntil((all) => {
      const of = (id: string) => all.filter((d) => d.destination === id);
      return of('newsroom')[0]?.state === 'confirmed' && of('operator-list')[0]?.state === 'confirmed' && of('tv-1')[0]?.state === 'sending' && of('tv-2')[0]?.state === 'waiting';
    });

    const before = performance.now();
    await story.ended('withdraw');
    const ended = await story.deliveriesUntil((all) => ['newsroom', 'operator-list', 'operator-numbers'].every((id) =>
      all.filter((d) => d.destination === id && d.kind === 'withdrawn').every((d) => d.acceptedAt !== null) && all.some((d) => d.destination === id && d.kind === 'withdrawn')));
    // Far less than the hanging partner's timeout of five seconds.
    expect(performance.now() - before).toBeLessThan(4_000);

    const of = (id: string, kind: string) => ended.filter((d) => d.destination === id && d.kind === kind);
    // The hanging one may have the alert: its publish is ended and the withdrawal is on its way, not behind it.
    expect(of('tv-1', 'alert').map((d) => d.state)).toEqual(['cancelled']);
    expect(of('tv-1', 'withdrawn')).toHaveLength(1);
    // The other one took nothing, so it hears nothing of an end.
    expect(of('tv-2', 'alert').map((d) => d.state)).toEqual(['cancelled']);
    expect(of('tv-2', 'withdrawn')).toEqual([]);

    stack.partner('tv-1').setFaults({});
    stack.partner('tv-2').setFaults({});
    await story.deliveriesUntil((all) => all.filter((d) => d.kind === 'withdrawn').every((d) => d.state === 'confirmed'));
    expect(stack.partner('tv-1').ledger.map((e) => e.action)).toEqual(['withdraw']);
    expect(stack.partner('tv-2').ledger).toEqual([]);
  });

  it('is not held up by an edit that is going on', async () => {
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await story.updated();
    await story.ended('withdraw', approver);
    expect(story.alert.status).toBe('withdrawn');
    await expect(approver.post(`${story.path}/approve`, { contentHash: '0'.repeat(64), code: '000000' }, story.current)).rejects.toMatchObject({ status: expect.any(Number) });
    const all = await until(() => story.deliveries(), (d) => d.length > 0);
    expect(all.filter((d) => d.kind === 'update')).toEqual([]);
  });
});
