/**
 * The lifeline of a program that `findme start` launched: a channel to its parent. When the parent is gone, for whatever
 * reason, or asks by SIGINT or SIGTERM, `stop` runs once and the process ends with 0; with 1 if `stop` throws, and in any
 * case once `graceMs` has passed. A program started by hand has no channel and listens to the signals alone.
 */
export function holdLifeline(stop: () => Promise<void>, graceMs = 8_000): Lifeline {
  let stopping = false;
  const end = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error('stopping failed', error);
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  process.once('disconnect', end);
  // The parent may have gone while we were still loading; without a parent there is no `send` at all.
  if (process.send !== undefined && !process.connected) end();
  return {
    ready: (settings = {}) => {
      if (process.connected) process.send?.({ ready: true, settings } satisfies ReadyMessage);
    },
  };
}

/** What a program can tell the one that launched it. */
export interface Lifeline {
  /** It serves now. `settings` become environment variables of the programs launched after it. */
  ready(settings?: Readonly<Record<string, string>>): void;
}

/** The message by which a launched program says that it serves. */
export interface ReadyMessage {
  readonly ready: true;
  readonly settings?: Readonly<Record<string, string>>;
}
