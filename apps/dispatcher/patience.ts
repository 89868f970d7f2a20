import { Refusal } from '#kernel/errors.js';

/**
 * Does what needs the store, again while the store is busy, `tries` times in all. For the start of a process: hundreds of
 * connections that are opened to partners take its processor for seconds, in which no answer of the database is heard.
 */
export async function patiently<T>(tries: number, work: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left <= 0 || !(error instanceof Refusal && error.code === 'STORE_BUSY')) throw error;
    }
  }
}
