/** Ends many calls at once: a signal would carry a listener for each of thousands. */
export class Stop {
  /** Why; nothing while there is no reason. */
  reason: string | undefined;
  /** Told the reason, once. */
  readonly calls = new Set<(reason: string) => void>();
  private readonly abort = (): void => this.now('aborted');

  constructor(private readonly signal: AbortSignal) {
    if (signal.aborted) this.reason = 'aborted';
    else signal.addEventListener('abort', this.abort, { once: true });
  }

  now(reason: string): void {
    this.reason ??= reason;
    for (const call of [...this.calls]) call(this.reason);
  }

  /** No longer needed. */
  end(): void {
    this.signal.removeEventListener('abort', this.abort);
  }
}
