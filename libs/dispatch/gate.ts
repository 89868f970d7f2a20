/** Lets so many in at once; the others wait, in the order in which they came. */
export class Gate {
  private inside = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly limit: number) {}

  /**
   * Resolves once there is a place, or at once when the signal aborts, with what gives the place back. Who was aborted has none, and
   * gives none back.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (!signal.aborted && this.inside < this.limit) this.inside += 1;
    else if (signal.aborted || !(await this.turn(signal))) return () => undefined;
    return () => {
      const [next] = this.waiting;
      // The place changes hands, so that nobody slips in between.
      if (next) next();
      else this.inside -= 1;
    };
  }

  private turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (admitted: boolean): void => {
        this.waiting.delete(admit);
        signal.removeEventListener('abort', giveUp);
        resolve(admitted);
      };
      const admit = (): void => end(true);
      const giveUp = (): void => end(false);
      this.waiting.add(admit);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
