/** Reads again and again until the condition holds; rejects after `timeoutMs` with what `describe` makes of the last reading. */
export async function until<T>(read: () => Promise<T> | T, condition: (value: T) => boolean, timeoutMs = 20_000, describe: (value: T) => string = String): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms:\n${describe(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
