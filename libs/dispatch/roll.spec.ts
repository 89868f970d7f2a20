import { randomUUID } from 'node:crypto';
import { silentLog } from '#kernel/log.js';
import type { DeliveryId } from '#kernel/ids.js';
import { fail } from '#kernel/errors.js';
import type { Member, Selection } from './audience.js';
import { callRoll, type Fate, type Rest } from './roll.js';
import { MemoryAudience } from './testing/memory-audience.js';
import { MemoryHeadway } from './testing/memory-headway.js';

const selection = { kind: 'sms', mode: 'drill', shard: 0, shards: 1 } as const;
const delivery = randomUUID() as string as DeliveryId;

async function audienceOf(count: number): Promise<MemoryAudience> {
  const audience = new MemoryAudience();
  for (let n = 0; n < count; n++) await audience.add({ kind: 'sms', mode: 'drill', language: 'en', districts: null, identity: String(n), contact: String(n), confirmed: true });
  return audience;
}

/** Calls everyone; `fateOf` by the order in which they are called. */
function call(audience: MemoryAudience, headway: MemoryHeadway | undefined, fateOf: (n: number) => Fate, rest?: Rest, stopAfter = Infinity, chosen: Selection = selection) {
  const called: Member[] = [];
  const result = callRoll({
    audience, headway, log: silentLog, selection: chosen, delivery, atOnce: 3,
    tell: async (member) => {
      const n = called.push(member) - 1;
      await Promise.resolve();
      return fateOf(n);
    },
    stopped: () => called.length >= stopAfter,
  }, rest);
  return result.then((r) => ({ ...r, told: called.map((m) => m.contact) }));
}

describe('calling the members of a part', () => {
  it('reaches each once, over all pages, and forgets the place at the end', async () => {
    const headway = new MemoryHeadway();
    const { told, taken, rest } = await call(await audienceOf(1_203), headway, () => 'taken');
    expect([new Set(told).size, told.length, taken, rest]).toEqual([1_203, 1_203, 1_203, undefined]);
    expect(headway.marks.at(-1)).toMatchObject({ taken: 1_203, total: 1_203 });
    expect(headway.places.size).toBe(0);
  });

  it('goes in a repetition to those alone who were left, and to those who were not yet called', async () => {
    const audience = await audienceOf(700);
    const first = await call(audience, undefined, (n) => (n % 100 === 7 ? 'left' : n % 100 === 8 ? 'unsure' : n % 100 === 9 ? 'spared' : 'taken'), undefined, 650);
    expect(first).toMatchObject({ unsure: 7, spared: 7 });
    const second = await call(audience, undefined, () => 'taken', first.rest);
    expect(second.rest).toBeUndefined();
    expect(new Set([...first.told, ...second.told]).size).toBe(700);
    expect(second.told.length).toBe(700 - first.told.length + first.unsure + first.told.filter((_, n) => n % 100 === 7).length);
  });

  it('goes on after a crash behind the last one before whom everyone was settled', async () => {
    const audience = await audienceOf(40);
    const headway = new MemoryHeadway();
    const members = await audience.members(selection, undefined, 40);
    await call(audience, headway, (n) => (n === 20 ? 'left' : 'taken'));
    expect(headway.places.get(delivery)).toEqual({ after: members[19]!.id, taken: 39 });
    // Another process knows nothing of the rest.
    const { told } = await call(audience, headway, () => 'taken');
    expect(told).toEqual(members.slice(20).map((m) => m.contact));
    expect(headway.places.size).toBe(0);
  });

  it('goes with the nearest first, and after a crash on in the same order', async () => {
    const audience = new MemoryAudience();
    for (let n = 0; n < 60; n++) await audience.add({ kind: 'sms', mode: 'drill', language: 'en', districts: n % 3 === 0 ? null : [`RS-0${n % 3}`], identity: String(n), contact: `${n % 3}-${n}`, confirmed: true });
    const near = { ...selection, nearest: ['RS-02', 'RS-01'] };
    const headway = new MemoryHeadway();
    const first = await call(audience, headway, () => 'taken', undefined, 31, near);
    // Another process knows nothing of the rest.
    const second = await call(audience, headway, () => 'taken', undefined, Infinity, near);
    const told = [...first.told, ...second.told];
    expect(told.map((contact) => contact[0]).join('')).toBe(`${'2'.repeat(20)}${'1'.repeat(20)}${'0'.repeat(20)}`);
    expect(new Set(told).size).toBe(60);
  });

  it('ends with a rest when the database is away, and needs no marks to go on', async () => {
    const audience = await audienceOf(2);
    audience.members = async () => { throw fail('STORE_BUSY'); };
    expect(await call(audience, undefined, () => 'taken')).toMatchObject({ taken: 0, rest: { members: [], pages: { after: undefined } } });
    const headway = new MemoryHeadway();
    headway.mark = headway.end = async () => { throw fail('STORE_BUSY'); };
    expect(await call(await audienceOf(4), headway, () => 'taken')).toMatchObject({ taken: 4 });
  });
});
