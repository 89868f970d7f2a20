import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { balance, effectsInStack } from '../support/ledger.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeEach(async () => {
  stack = await startStack({ redisUrl: process.env['FINDME_TEST_REDIS_URL']! });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterEach(() => stack.stop());

describe('a dispatcher that is killed', () => {
  it('after the approval was committed and before anything was sent loses nothing', async () => {
    const story = await (await Story.written(author)).submitted();
    await stack.dispatcher.end('SIGKILL');
    await story.approved(approver);
    expect([...stack.partners.values()].every((partner) => partner.ledger.length === 0)).toBe(true);

    stack.dispatcher = await stack.startDispatcher();
    const all = await story.deliveriesUntil((d) => d.length === 6 && d.every(isConfirmed));
    expect(balance(stack, all, effectsInStack)).toEqual({ lost: [], unexpected: [], repeated: 0, doubled: [] });
  });

  it('after partners accepted and before it could write that down repeats under the same key, with one effect', async () => {
    // The partners take their message, and neither their answer nor a receipt comes back.
    for (const id of ['tv-1', 'tv-2']) stack.partner(id).setFaults({ loseAcknowledgement: true, noReceipts: true });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await Promise.all(['tv-1', 'tv-2'].map((id) => stack.partner(id).waitFor((ledger) => ledger.length > 0)));
    await stack.dispatcher.end('SIGKILL');
    for (const partner of stack.partners.values()) partner.setFaults({});

    stack.dispatcher = await stack.startDispatcher();
    const all = await story.deliveriesUntil((d) => d.length === 6 && d.every((x) => x.acceptedAt !== null));
    const result = balance(stack, all, effectsInStack);
    expect(result).toMatchObject({ lost: [], unexpected: [], doubled: [] });
    expect(result.repeated).toBeGreaterThan(0);
  });

  it('in mid fan-out, again and again, ends with every partner served once', async () => {
    for (const partner of stack.partners.values()) partner.setFaults({ latencyMs: 300 });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    for (let kill = 0; kill < 3; kill += 1) {
      await stack.dispatcher.end('SIGKILL');
      stack.dispatcher = await stack.startDispatcher();
    }
    const all = await story.deliveriesUntil((d) => d.length === 6 && d.every(isConfirmed));
    expect(balance(stack, all, effectsInStack)).toMatchObject({ lost: [], unexpected: [], doubled: [] });
  });
});
