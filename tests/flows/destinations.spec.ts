import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { startFakePartner } from '../../libs/channels/cap-push/fake-partner.js';
import { freePort } from '#apps/findme/embedded/process.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { catalog } from '#channels/catalog.js';
import { readDestination } from '#config/configuration.js';
import type { CapPushSettings } from '../../libs/channels/cap-push/config.js';
import type { Destination } from '#dispatch/channel.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;
let first: ApiClient;
let second: ApiClient;
const extra: FakePartner[] = [];

beforeAll(async () => {
  stack = await startStack();
  [author, approver, first, second] = await Promise.all([stack.as('autor'), stack.as('odobrava'), stack.as('uprava'), stack.as('uprava2')]);
});
afterAll(async () => {
  for (const partner of extra) await partner.close();
  await stack.stop();
});

interface Shown { readonly id: string; readonly name: string; readonly channel: string; readonly mode: string; readonly settings: object; readonly enabled: boolean; readonly routes: { readonly breaker: string | null }[] }
const shown = async (id: string) => (await first.get<{ items: Shown[] }>('/v1/destinations')).items.find((d) => d.id === id)!;

async function changed(kind: string, payload: object): Promise<void> {
  const { change } = await first.post<{ change: { id: string } }>('/v1/changes', { kind, payload });
  await second.post(`/v1/changes/${change.id}/confirm`, { code: await second.code() });
}

describe('a destination that two administrators change', () => {
  it('is sent to at its new address by the dispatcher that runs, without a restart, and what is under way ends where it began', async () => {
    // However slow this machine is, the answer is not late.
    const settings = { ...(await shown('tv-2')).settings, timeoutMs: 60_000 };
    await changed('destination.set', { id: 'tv-2', name: 'Televizija tv-2', channel: 'cap-push', mode: 'drill', settings });
    const url = `https://127.0.0.1:${await freePort()}/cap`;
    const payload = { id: 'tv-2', name: 'Televizija na novoj adresi', channel: 'cap-push', mode: 'drill', settings: { ...settings, url } };
    const moved = readDestination({ ...payload, simulated: true }, catalog) as Destination<CapPushSettings>;
    const partner = await startFakePartner(moved, { secret: (name) => stack.secret(name), apiUrl: stack.address });
    extra.push(partner);
    // Held at the old address until after the change.
    stack.partner('tv-2').setFaults({ latencyMs: 4_000 });
    const running = await (await (await Story.written(author)).submitted()).approved(approver);
    await running.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-2' && d.state === 'sending'));
    await changed('destination.set', payload);
    await running.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-2' && d.acceptedAt !== null));
    expect(stack.partner('tv-2').ledger).toHaveLength(1);
    expect(await shown('tv-2')).toMatchObject({ name: 'Televizija na novoj adresi', settings: { url } });

    const next = await (await (await Story.written(author)).submitted()).approved(approver);
    await next.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-2' && d.acceptedAt !== null));
    expect([stack.partner('tv-2').ledger.length, partner.ledger.length]).toEqual([1, 1]);
  });

  it('is no more sent to when it is disabled; what waits for it comes before a person, and goes out once it is enabled', async () => {
    stack.partner('tv-1').setFaults({ error: true });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    const [waiting] = (await story.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-1' && d.state === 'waiting'))).filter((d) => d.destination === 'tv-1');
    await changed('destination.disable', { id: 'tv-1' });
    const dead = await story.deliveriesUntil((all) => all.some((d) => d.id === waiting!.id && d.state === 'dead'));
    expect(dead.find((d) => d.id === waiting!.id)).toMatchObject({ state: 'dead', reason: 'destination_disabled' });

    const without = await (await (await Story.written(author)).submitted()).approved(approver);
    const planned = await without.deliveriesUntil((all) => all.some((d) => d.destination === 'tv-2' && d.acceptedAt !== null));
    expect(planned.map((d) => d.destination)).not.toContain('tv-1');

    stack.partner('tv-1').setFaults({});
    await changed('destination.enable', { id: 'tv-1' });
    await until(() => shown('tv-1'), ({ enabled }) => enabled);
    await author.send('POST', `/v1/deliveries/${waiting!.id}/retry`, { reason: 'Ponovo uključena.' });
    await story.deliveriesUntil((all) => all.some((d) => d.id === waiting!.id && d.acceptedAt !== null));
  }, 180_000);
});
