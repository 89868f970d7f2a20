import { fail } from '#kernel/errors.js';
import { Batcher } from './batcher.js';

/** A store that writes when told to, and remembers its batches. */
function slowStore() {
  const batches: number[][] = [];
  const open: { done: () => void; broken: (error: unknown) => void }[] = [];
  const write = (items: readonly number[]) => {
    batches.push([...items]);
    return new Promise<void>((done, broken) => open.push({ done, broken }));
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { batches, write, next: async () => { open.shift()?.done(); await turn(); }, breakNext: async (error: unknown) => { open.shift()?.broken(error); await turn(); }, turn };
}

describe('a batcher', () => {
  it('writes at once what is alone, and together what came in meanwhile', async () => {
    const store = slowStore();
    const batcher = new Batcher(store.write);
    const first = batcher.add(1);
    await store.turn();
    const others = [batcher.add(2), batcher.add(3)];
    expect(store.batches).toEqual([[1]]);
    await store.next();
    await first;
    expect(store.batches).toEqual([[1], [2, 3]]);
    await store.next();
    await Promise.all(others);
  });

  it('takes everything of one turn of the event loop into one write, up to its limit', async () => {
    const store = slowStore();
    const batcher = new Batcher(store.write, 2);
    const all = [1, 2, 3].map((n) => batcher.add(n));
    await store.turn();
    await store.next();
    await store.next();
    await Promise.all(all);
    expect(store.batches).toEqual([[1, 2], [3]]);
  });

  it('lets one that cannot be written fail alone', async () => {
    const written: number[] = [];
    const batcher = new Batcher<number>(async (items) => {
      if (items.includes(5)) throw new Error('poison');
      written.push(...items);
    });
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => batcher.add(n)));
    expect(results.flatMap((r, n) => (r.status === 'rejected' ? [n] : []))).toEqual([5]);
    expect(written).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
  });

  it('does not try one by one when the store is busy, and goes on with the next', async () => {
    const store = slowStore();
    const batcher = new Batcher(store.write);
    const all = Promise.allSettled([batcher.add(1), batcher.add(2)]);
    await store.turn();
    await store.breakNext(fail('STORE_BUSY'));
    expect((await all).map((r) => r.status)).toEqual(['rejected', 'rejected']);
    const next = batcher.add(3);
    await store.turn();
    await store.next();
    await next;
    expect(store.batches).toEqual([[1, 2], [3]]);
  });

  it('is settled when nothing is left, also after a write that threw at once', async () => {
    const batcher = new Batcher<number>(() => {
      throw new Error('at once');
    });
    await batcher.settled();
    const failed = batcher.add(1).catch((error: Error) => error.message);
    await batcher.settled();
    expect(await failed).toBe('at once');
  });
});
