import { Stage } from '../api/testing/stage.js';
import { letGo } from './oblivion.js';

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

describe('what identity lets go of by the clock', () => {
  it('is old counters, old challenges, and changes that nobody confirmed in time', async () => {
    await stage.ask('POST', '/v1/session/passkey/options');
    const { json } = await stage.ask('POST', '/v1/changes', { as: 'uros', body: { kind: 'officer.add', payload: { userName: 'nova', displayName: 'Nova Izmišljena', roles: ['author'] } } });
    const left = async () => (await stage.sql<{ counters: number; challenges: number; open: number; facts: number }>(
      `SELECT (SELECT count(*)::integer FROM sign_in_counters) AS counters, (SELECT count(*)::integer FROM passkey_challenges) AS challenges,
              (SELECT count(*)::integer FROM changes WHERE status = 'open') AS open, (SELECT count(*)::integer FROM facts WHERE type = 'change.expired') AS facts`))[0]!;
    const before = await left();
    expect([json['told'] !== undefined, before.counters > 0, before.challenges, before.open, before.facts]).toEqual([true, true, 1, 1, 0]);
    await letGo(stage.parts.house);
    expect(await left()).toEqual(before);
    stage.clock.advance(72 * 3_600_000);
    await letGo(stage.parts.house);
    expect(await left()).toEqual({ ...before, challenges: 0, open: 0, facts: 1 });
    stage.clock.advance(31 * 86_400_000);
    await letGo(stage.parts.house);
    expect(await left()).toEqual({ counters: 0, challenges: 0, open: 0, facts: 1 });
  });
});
