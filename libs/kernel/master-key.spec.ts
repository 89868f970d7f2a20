import { inspect } from 'node:util';
import { idOfKey, MasterKey } from './master-key.js';
import { keyedDigest, keyIdOf, newCaseKey, seal, SealBroken } from './sealing.js';

const [old, next] = [newCaseKey(), newCaseKey()];
const secret = Buffer.from('Izmišljeno Dete', 'utf8');

/** A master key whose keys are those of the list, now and after it was changed. */
function held(...keys: Uint8Array[]) {
  let now: readonly Uint8Array[] = keys;
  return { master: new MasterKey(() => now), hold: (...then: Uint8Array[]) => { now = then; } };
}

describe('a master key', () => {
  it('wraps a key for its case, and a wrapped key is no other sealed text', () => {
    const master = MasterKey.of(old);
    const key = newCaseKey();
    expect(master.unwrap(master.wrap(key, 'case-1'), 'case-1')).toEqual(key);
    expect(() => master.unwrap(master.wrap(key, 'case-1'), 'case-2')).toThrow(SealBroken);
    expect(() => master.unwrap(master.seal(key, 'case-1'), 'case-1')).toThrow(SealBroken);
  });

  it('seals under the first of its keys, and opens what is under any that is held', () => {
    const { master, hold } = held(old);
    const before = master.seal(secret, 'a');
    hold(next, old);
    const after = master.seal(secret, 'a');
    expect([keyIdOf(before), keyIdOf(after), master.id]).toEqual([idOfKey(old), idOfKey(next), idOfKey(next)]);
    expect([master.open(before, 'a'), master.open(after, 'a')]).toEqual([secret, secret]);
    hold(next);
    expect(master.seal(secret, 'a')).toHaveLength(after.length);
    expect(() => master.open(before, 'a')).toThrow(SealBroken);
  });

  it('looks for a key that it does not know when it meets one, and nobody has to tell it', () => {
    const { master, hold } = held(old);
    const theirs = MasterKey.of(next).seal(secret, 'a');
    expect(() => master.open(theirs, 'a')).toThrow(SealBroken);
    hold(old, next);
    expect(master.open(theirs, 'a')).toEqual(secret);
    expect([master.holds(idOfKey(next)), master.holds('0000000000000000'), master.id]).toEqual([true, false, idOfKey(old)]);
  });

  it('opens what does not say its key only when that is asked for', () => {
    const { master } = held(old);
    expect(() => master.open(seal(old, secret, 'a'), 'a')).toThrow(SealBroken);
    expect(master.openUnnamed(seal(old, secret, 'a'), 'a')).toEqual(secret);
  });

  it('makes the same digests after it was replaced', () => {
    const { master, hold } = held(old);
    const before = [master.digest('razlog'), master.digestOfContact('razlog')];
    hold(next, old);
    expect([master.digest('razlog'), master.digestOfContact('razlog')]).toEqual(before);
    expect(new Set([...before, MasterKey.of(next).digest('razlog')]).size).toBe(3);
    expect(before[0]).toBe(keyedDigest(old, 'razlog'));
  });

  it('shows no key to who prints it', () => {
    const master = MasterKey.of(old);
    const shown = `${inspect(master, { depth: 9, showHidden: true })}${JSON.stringify(master)}${String(master)}`;
    for (const form of [old.toString('hex'), old.toString('base64'), inspect(old)]) expect(shown).not.toContain(form);
  });
});
