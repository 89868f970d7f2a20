/** Lets one at a time have its turn, in the order in which they came. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Runs `act` when all before it have ended. Nothing when the signal aborted first: then it does not run at all. */
  async take<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T | undefined> {
    const before = this.last;
    let end: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => (end = resolve));
    this.last = before.then(() => mine);
    try {
      await untilAborted(before, signal);
      return signal.aborted ? undefined : await act();
    } finally {
      end();
    }
  }
}

async function untilAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => (stop = resolve));
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([turn, aborted]);
  signal.removeEventListener('abort', stop);
}
