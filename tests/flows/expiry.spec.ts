import pg from 'pg';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { freePort } from '#apps/findme/embedded/process.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  const sign = {
    id: 'sign', name: 'Znak na putu', channel: 'ntcip-sign', mode: 'drill', simulated: true,
    settings: { host: '127.0.0.1', port: await freePort(), access: { version: 'v2c', community: 'sign-password' }, rows: 4, columns: 20, maxPages: 4 },
  };
  stack = await startStack({ destinations: [sign] });
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

describe('expiry', () => {
  it('ends an alert by the clock, kills what was pending, and tells only those whose messages do not end by themselves', async () => {
    stack.partner('tv-2').setFaults({ error: true });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    await story.deliveriesUntil((all) => all.filter((d) => d.destination !== 'tv-2').every(isConfirmed) && all.some((d) => d.destination === 'tv-2' && d.state === 'waiting'));
    await expireNow(stack.database.ownerUrl, story.alert.id);

    const ended = await until(() => author.get<{ status: string }>(story.path), (alert) => alert.status === 'expired', (a) => a.status);
    expect(ended.status).toBe('expired');
    const all = await story.deliveriesUntil((d) => d.some((x) => x.kind === 'expired') && d.every((x) => x.state !== 'waiting'));
    expect(all.filter((d) => d.destination === 'tv-2').map((d) => d.state)).toEqual([expect.stringMatching(/cancelled|dead/)]);
    // CAP and SMS carry their end; a mail in a newsroom does not, and a sign that goes dark keeps the words in its memory.
    expect(all.filter((d) => d.kind === 'expired').map((d) => d.destination).sort()).toEqual(['newsroom', 'sign']);

    stack.partner('tv-2').setFaults({});
    await story.deliveriesUntil((d) => d.filter((x) => x.kind === 'expired').every(isConfirmed));
    expect(stack.partner('tv-2').ledger).toEqual([]);
    // Read back dark and empty: nobody has to telephone.
    const erased = () => author.get<{ items: { destination: string; confirmedBy: string | null }[] }>(`/v1/drill/erasures?state=all&alert=${story.alert.id}`);
    const { items } = await until(erased, (seen) => seen.items.some((e) => e.destination === 'sign' && e.confirmedBy !== null), (seen) => JSON.stringify(seen));
    expect(items.find((e) => e.destination === 'sign')).toMatchObject({ confirmedBy: 'destination:sign' });
  });
});

/** Moves an alert's end into the past, which only the owner of the tables can. */
async function expireNow(ownerUrl: string, id: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query(`UPDATE alerts SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
  await client.query(`UPDATE revisions SET sent_at = now() - interval '2 seconds', expires_at = now() - interval '1 second' WHERE alert_id = $1 AND status = 'approved'`, [id]);
  await client.query(`UPDATE deliveries SET expires_at = now() - interval '1 second' WHERE alert_id = $1`, [id]);
  await client.end();
}
