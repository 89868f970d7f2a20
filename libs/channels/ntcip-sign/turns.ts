/** Lets one at a time have its turn, in the order in which they came. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `act` when all before it have ended; nothing when the signal aborted first: then it does not run at all. */
  async take<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T | undefined> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const before = this.last;
    const run = Promise.race([before, aborted]).then(() => (signal.aborted ? undefined : act()));
    // Whoever comes next waits for this one and all before it, however this one ends.
    this.last = Promise.allSettled([before, run]);
    return run;
  }
}
