import { causeOf, type Log } from '#kernel/log.js';

/** A job that is due again `everyMs` after it ended, never twice at once; its failures are logged and not fatal. */
export class Rhythm {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly name: string, private readonly everyMs: number, private readonly work: () => Promise<void>, private readonly log: Log) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.work()
        .catch((error: unknown) => this.log.event('store.failed', { operation: this.name, cause: causeOf(error) }, 'error'))
        .finally(() => {
          if (!this.stopped) this.start();
        });
    }, this.everyMs);
  }

  /** Starts no more and waits for the run under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }
}

