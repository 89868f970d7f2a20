import type { AlertId } from '#kernel/ids.js';
import { NOBODY, type Action, type Alert } from './alert.js';
import { decideOnNewest, type AlertActionsInput } from './alert-actions.js';
import type { Mode } from './notice.js';

/** A draft that never went out is a child's data too: it is erased after so long, in milliseconds. */
const DRAFT_MS = 30 * 24 * 3_600_000;

/** Does what time demands: ends alerts whose time is over, and erases cases that were kept long enough. */
export class Timekeeper {
  /** `keepMs`: how long the data of an ended alert is kept, in milliseconds. */
  constructor(private readonly input: Pick<AlertActionsInput, 'store' | 'composer' | 'clock' | 'log'>, private readonly keepMs: number) {}

  /**
   * May be called at any time and by several at once: a decision that another took first is refused and left. A case that
   * cannot be decided now holds up no other; the first such trouble is thrown at the end.
   */
  async tick(): Promise<void> {
    const { store, clock, composer } = this.input;
    const now = clock.now();
    const before = (ms: number) => new Date(now.getTime() - ms);
    const troubles: unknown[] = [];
    const decideAll = async (due: readonly { mode: Mode; id: AlertId }[], action: (alert: Alert) => Action) => {
      for (const { mode, id } of due) {
        await decideOnNewest(this.input, mode, id, NOBODY, action).catch((error: unknown) => {
          if (!OVERTAKEN.has((error as { code?: string }).code ?? '')) troubles.push(error);
        });
      }
    };
    await decideAll(await store.expired(now), (alert) => ({ do: 'expire', notice: composer.ending(alert, 'expire') }));
    await decideAll(await store.erasable(before(this.keepMs), before(DRAFT_MS)), () => ({ do: 'erase' }));
    if (troubles.length > 0) throw troubles[0];
  }
}

/** Another was quicker, or the time has not come after all. */
const OVERTAKEN: ReadonlySet<string> = new Set(['TRANSITION_NOT_ALLOWED', 'ALERT_ERASED']);
