import { NOBODY } from './alert.js';
import { decideOnNewest, type AlertActionsInput } from './alert-actions.js';

/** Does what time demands: ends alerts whose time is over, and erases cases that were kept long enough. */
export class Timekeeper {
  /** `keepMs`: how long the data of an ended alert is kept, in milliseconds. */
  constructor(private readonly input: Pick<AlertActionsInput, 'store' | 'composer' | 'clock' | 'log'>, private readonly keepMs: number) {}

  /** May be called at any time and by several at once: a decision that another took first is refused and left. */
  async tick(): Promise<void> {
    const { store, clock, composer } = this.input;
    for (const { mode, id } of await store.expired(clock.now())) {
      await this.attempt(() => decideOnNewest(this.input, mode, id, NOBODY, (alert) => ({ do: 'expire', notice: composer.ending(alert, 'expire') })));
    }
    for (const { mode, id } of await store.erasable(new Date(clock.now().getTime() - this.keepMs))) {
      await this.attempt(() => decideOnNewest(this.input, mode, id, NOBODY, () => ({ do: 'erase' })));
    }
  }

  private async attempt(decision: () => Promise<unknown>): Promise<void> {
    try {
      await decision();
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'TRANSITION_NOT_ALLOWED' && code !== 'ALERT_ERASED') throw error;
    }
  }
}
