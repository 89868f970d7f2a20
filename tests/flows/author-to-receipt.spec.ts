import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;
let secondApprover: ApiClient;

beforeAll(async () => {
  stack = await startStack({ redisUrl: process.env['FINDME_TEST_REDIS_URL']! });
  // A one-time code counts once, so one officer alone could approve no more than two of these at a time.
  [author, approver, secondApprover] = await Promise.all([stack.as('autor'), stack.as('odobrava'), stack.as('dezurni')]);
});

afterAll(() => stack.stop());

const DRILL = ['newsroom', 'operator-list', 'operator-numbers', 'tv-1', 'tv-2'];

describe('an alert on all three channels', () => {
  it('goes from its author over the approver to every partner, back as receipts, is updated, found and verified', async () => {
    const story = await (await Story.written(author)).submitted();
    expect(await story.deliveries()).toEqual([]);

    await story.approved(approver);
    const published = await story.deliveriesUntil((all) => all.length === 6 && all.every(isConfirmed));
    expect([...new Set(published.map((d) => d.destination))].sort()).toEqual(DRILL);
    expect(published.map((d) => d.attempts)).toEqual([1, 1, 1, 1, 1, 1]);
    for (const delivery of published) {
      const taken = stack.partner(delivery.destination).ledger.filter((entry) => entry.key === delivery.key);
      expect(taken.every((entry) => entry.action === 'publish' && !entry.duplicate)).toBe(true);
      expect(taken.length).toBeGreaterThan(0);
    }

    await (await story.updated()).approved(approver);
    await story.deliveriesUntil((all) => all.filter((d) => d.kind === 'update').length === 6 && all.every(isConfirmed));

    await story.ended('found');
    const all = await story.deliveriesUntil((d) => d.filter((x) => x.kind === 'found').length === 6 && d.every(isConfirmed));
    for (const delivery of all.filter((d) => d.kind === 'found')) {
      expect(stack.partner(delivery.destination).ledger.filter((entry) => entry.key === delivery.key).map((e) => e.action)).toContain('withdraw');
    }

    const keys = new Set(all.map((d) => `${d.destination} ${d.key}`));
    const unexpected = [...stack.partners].flatMap(([id, { ledger }]) => ledger.filter((entry) => !keys.has(`${id} ${entry.key}`)));
    expect(unexpected).toEqual([]);

    const auditor = await stack.as('revizor');
    expect(await auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
  });

  it('stays a drill: no live partner hears of it', () => {
    expect(stack.partner('tv-live').ledger).toEqual([]);
  });

  it('can be pulled as a signed CAP file and an Atom feed, with strong tags', async () => {
    const story = await (await (await Story.written(author)).submitted()).approved(secondApprover);
    const feed = await until(() => fetch(`${stack.address}/feeds/drill/cap.atom`), (r) => r.ok);
    const text = await feed.text();
    expect(text).toContain(story.alert.id);
    const tag = feed.headers.get('etag')!;
    expect(tag).toMatch(/^"[^"]+"$/);
    expect((await fetch(`${stack.address}/feeds/drill/cap.atom`, { headers: { 'if-none-match': tag } })).status).toBe(304);
    expect(await (await fetch(`${stack.address}/feeds/live/cap.atom`)).text()).not.toContain(story.alert.id);
    await story.ended('withdraw');
  });
});
