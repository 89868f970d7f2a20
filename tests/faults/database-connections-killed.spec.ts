import pg from 'pg';
import type { ApiClient } from '#apps/findme/drill/api-client.js';
import { isConfirmed } from '#apps/findme/drill/views.js';
import { balance, effectsInStack } from '../support/ledger.js';
import { startStack, type Stack } from '../support/stack.js';
import { Story } from '../support/story.js';
import { until } from '../support/until.js';

let stack: Stack;
let author: ApiClient;
let approver: ApiClient;

beforeAll(async () => {
  stack = await startStack();
  [author, approver] = await Promise.all([stack.as('autor'), stack.as('odobrava')]);
});

afterAll(() => stack.stop());

describe('database connections that are killed', () => {
  it('again and again during a fan-out: both processes live on, nothing is half done, everyone is served', async () => {
    const owner = new pg.Client({ connectionString: stack.database.ownerUrl });
    await owner.connect();
    for (const partner of stack.partners.values()) partner.setFaults({ latencyMs: 200 });
    const story = await (await (await Story.written(author)).submitted()).approved(approver);
    for (let kill = 0; kill < 10; kill += 1) {
      await owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      await owner.query('SELECT pg_sleep(0.2)');
    }
    await owner.end();
    const health = await until(() => fetch(`${stack.address}/health/ready`), (r) => r.ok, (r) => String(r.status));
    expect(health.status).toBe(200);
    expect(stack.dispatcher.process.exitCode).toBeNull();
    const all = await until(() => story.deliveries().catch(() => []), (d) => d.length === 6 && d.every(isConfirmed), (d) => d.map((x) => `${x.destination} ${x.state}`).join('\n'));
    expect(balance(stack, all, effectsInStack)).toMatchObject({ lost: [], unexpected: [], doubled: [] });

    const auditor = await stack.as('revizor');
    expect(await auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
  });
});
