import pg from 'pg';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { balance, effectsInStack } from '../support/ledger.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeEach(async () => {
  stack = await startStack();
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});
afterEach(() => stack.stop());

interface Attempt { readonly destination: string; readonly outcome: string; readonly reason: string | null; readonly ms: number; readonly endedAt: number }

/** The first attempts of an alert's deliveries, in the order in which they ended. */
async function firstAttempts(alertId: string): Promise<Attempt[]> {
  const client = new pg.Client({ connectionString: stack.database.ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Attempt>(
      `SELECT d.destination, a.outcome, a.reason, a.ms, extract(epoch FROM a.started_at)::double precision * 1000 + a.ms AS "endedAt"
         FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.alert_id = $1 AND a.number = 1 ORDER BY 5`, [alertId]);
    return rows;
  } finally {
    await client.end();
  }
}

const written = async () => (await (await Story.written(author)).submitted()).approved(approver);
const slowest = (attempts: readonly Attempt[]) => Math.max(...attempts.map(({ ms }) => ms));

describe('a partner that trickles its answer and one that breaks it off', () => {
  it('are uncertain, and all others keep their times', async () => {
    // What is usual on this machine just now.
    const quiet = await written();
    await quiet.deliveriesUntil((all) => all.length === 6 && all.every((d) => d.acceptedAt !== null));
    const usual = await firstAttempts(quiet.alert.id);

    stack.partner('tv-1').setFaults({ trickleMs: 1_000 });
    stack.partner('tv-2').setFaults({ truncate: true });
    const story = await written();
    const attempts = await until(() => firstAttempts(story.alert.id), (all) => all.length === 6, (all) => JSON.stringify(all));
    const of = (id: string) => attempts.find(({ destination }) => destination === id)!;
    const others = attempts.filter(({ destination }) => !destination.startsWith('tv-'));
    expect([of('tv-1').outcome, of('tv-2').outcome]).toEqual(['uncertain', 'uncertain']);
    expect(others.map(({ outcome }) => outcome)).toEqual(Array(4).fill('accepted'));
    // The one that trickles goes on until its own time is over; nobody waits for it.
    expect(attempts.at(-1)!.destination).toBe('tv-1');
    expect(slowest(others)).toBeLessThan(slowest(usual.filter(({ destination }) => !destination.startsWith('tv-'))) + of('tv-1').ms / 2);

    for (const id of ['tv-1', 'tv-2']) stack.partner(id).setFaults({});
    const all = await story.deliveriesUntil((deliveries) => deliveries.length === 6 && deliveries.every((d) => d.acceptedAt !== null));
    expect(balance(stack, [...all, ...(await quiet.deliveries())], effectsInStack)).toMatchObject({ lost: [], unexpected: [], doubled: [] });
  });
});
