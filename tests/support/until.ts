/** Long enough for a machine that has other things to do as well; only what is broken takes so long. */
const AT_MOST_MS = 90_000;

/** Reads again and again until the condition holds; rejects at last with what `describe` makes of the last reading. */
export async function until<T>(read: () => Promise<T> | T, condition: (value: T) => boolean, describe: (value: T) => string = String): Promise<T> {
  const deadline = performance.now() + AT_MOST_MS;
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    if (performance.now() > deadline) throw new Error(`not within ${AT_MOST_MS} ms:\n${describe(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
