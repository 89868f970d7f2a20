import { FixedClock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { createAlert, decide, NOBODY, type Alert } from './alert.js';
import type { AlertStore, Change } from './alert-store.js';
import { Composer } from './compose.js';
import type { Mode } from './notice.js';
import { sampleContent } from './testing/sample-content.js';
import { Timekeeper } from './timekeeper.js';

const HOUR = 3_600_000;
const composer = new Composer({ publicUrl: 'https://primer.example' });

/** As much of a store as the clock needs; `broken` are cases that cannot be decided now. */
function stageOf(...names: string[]) {
  const clock = new FixedClock('2026-11-24T18:00:00Z');
  const alerts = new Map(names.map((name) => {
    const draft = createAlert(name as AlertId, 'drill', sampleContent(), 'writer' as OfficerId, clock.now());
    const ready = decide(draft, { do: 'submit', notice: composer.proposal(draft, draft.proposal!) }, 'writer' as OfficerId, clock.now());
    return [name, decide(ready, { do: 'approve', contentHash: ready.proposal!.contentHash! }, 'approver' as OfficerId, clock.now())] as [string, Alert];
  }));
  const broken = new Map<string, Error>();
  const changes: Change[] = [];
  const found = (test: (alert: Alert) => boolean) => [...alerts.values()].filter(test).map(({ mode, id }): { mode: Mode; id: AlertId } => ({ mode, id }));
  const endedAt = new Map<string, Date>();
  const store = {
    expired: async (now: Date) => found((a) => a.status === 'active' && a.published!.expiresAt <= now),
    erasable: async (before: Date) => found((a) => a.status === 'expired' && endedAt.get(a.id)! <= before),
    load: async (_mode: Mode, id: AlertId) => alerts.get(id)!,
    commit: async (change: Change) => {
      const trouble = broken.get(change.before.id);
      if (trouble) throw trouble;
      changes.push(change);
      if (change.action.do === 'expire') endedAt.set(change.after.id, change.at);
      alerts.set(change.after.id, change.after);
    },
  } as unknown as AlertStore;
  return { clock, alerts, broken, changes, timekeeper: new Timekeeper({ store, composer, clock, log: silentLog }, 48 * HOUR) };
}

describe('the timekeeper', () => {
  it('ends an alert when its time is over, and erases the case when it was kept long enough', async () => {
    const { clock, timekeeper, alerts, changes } = stageOf('a');
    clock.advance(24 * HOUR - 1);
    await timekeeper.tick();
    expect(alerts.get('a')?.status).toBe('active');
    clock.advance(1);
    await timekeeper.tick();
    expect(alerts.get('a')?.status).toBe('expired');
    clock.advance(48 * HOUR - 1);
    await timekeeper.tick();
    expect(alerts.get('a')?.status).toBe('expired');
    clock.advance(1);
    await timekeeper.tick();
    await timekeeper.tick();
    expect(alerts.get('a')?.status).toBe('erased');
    expect(changes.map((c) => [c.action.do, c.by])).toEqual([['expire', NOBODY], ['erase', NOBODY]]);
  });

  it('lets no case hold up another, and tells what was wrong', async () => {
    const { clock, timekeeper, alerts, broken } = stageOf('a', 'b', 'c');
    broken.set('a', fail('STORE_BUSY'));
    broken.set('b', new Error('seal broken'));
    clock.advance(24 * HOUR);
    await expect(timekeeper.tick()).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect([...alerts.values()].map((a) => a.status)).toEqual(['active', 'active', 'expired']);
  });

  it('leaves what another decided first', async () => {
    const { clock, timekeeper, broken } = stageOf('a');
    broken.set('a', fail('TRANSITION_NOT_ALLOWED'));
    clock.advance(24 * HOUR);
    await timekeeper.tick();
  });
});
