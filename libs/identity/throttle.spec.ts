import { FixedClock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { memoryStores } from './testing/memory-stores.js';
import { SOURCE_BUDGET, sourceOf, spacing, Throttle, type Desk } from './throttle.js';
import type { SessionId } from './session.js';

const clock = new FixedClock('2026-11-24T18:00:00Z');
let throttle: Throttle;
beforeEach(() => {
  clock.set('2026-11-24T18:00:00Z');
  throttle = new Throttle(memoryStores().throttle, (text) => text);
});

/** Seconds to wait, or 0 when the attempt was let in (and then counts as a failure). */
const attempt = async (userName: string, source: string): Promise<number> => {
  try {
    await throttle.admit({ userName, source }, clock.now());
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'SIGN_IN_THROTTLED') throw error;
    return Number(/(\d+) s\./.exec(error.message)?.[1]);
  }
};
const makeKnown = async (desk: Desk) => throttle.succeed(desk, await throttle.admit(desk, clock.now()), clock.now());
const failUntilStopped = async (userName: string, source: string): Promise<number> => {
  for (let n = 0; n < 1000; n += 1) if ((await attempt(userName, source)) > 0) return n;
  throw new Error('never stopped');
};

describe('spaced sign-in', () => {
  it('doubles the wait after three free failures, up to its most', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((n) => spacing(n, 1_000, 5_000))).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 5_000]);
    expect(spacing(1e6, 1_000, 5_000)).toBe(5_000);
  });

  it('turns the fourth away for a second, and does not make it longer for asking again', async () => {
    expect(await failUntilStopped('mila', '192.0.2.1')).toBe(3);
    for (let n = 0; n < 50; n += 1) expect(await attempt('mila', '192.0.2.1')).toBe(1);
    clock.advance(1_000);
    expect(await attempt('mila', '192.0.2.1')).toBe(0);
    expect(await attempt('mila', '192.0.2.1')).toBe(2);
  });

  it('counts parallel attempts one by one', async () => {
    const waits = await Promise.all(Array.from({ length: 50 }, () => attempt('mila', '192.0.2.1')));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(3);
  });

  it('forgets failures an hour after the last', async () => {
    await failUntilStopped('mila', '192.0.2.1');
    clock.advance(3_600_000);
    expect(await failUntilStopped('mila', '192.0.2.1')).toBe(3);
  });

  it('waits no longer than the wait when the clock was set back', async () => {
    await failUntilStopped('mila', '192.0.2.1');
    clock.advance(-86_400_000);
    expect(await attempt('mila', '192.0.2.1')).toBe(1);
  });
});

let names = 0;

describe('a spray of strangers', () => {
  it('over many names from one source is stopped by the budget of the source, and let drip', async () => {
    let through = 0;
    for (let n = 0; n < 200; n += 1) if ((await attempt(`officer${n}`, '203.0.113.9')) === 0) through += 1;
    expect(through).toBe(SOURCE_BUDGET);
    expect(await attempt('another', '203.0.113.9')).toBe(30);
    clock.advance(30_000);
    expect([await attempt('another', '203.0.113.9'), await attempt('third', '203.0.113.9')]).toEqual([0, 30]);
  });

  it('from a thousand sources on one name does not hold back its officer, at a known desk or a new one', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    for (let n = 0; n < 1000; n += 1) await failUntilStopped('mila', `10.0.${n >> 8}.${n & 255}`);
    expect(await attempt('mila', '192.0.2.1')).toBe(0);
    expect(await attempt('mila', '192.0.2.77')).toBe(0);
  });

  it('behind the address of a desk does not use up the desk', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    for (let n = 0; n < 200; n += 1) await attempt(`officer${n}`, '192.0.2.1');
    expect(await attempt('newcomer', '192.0.2.1')).toBeGreaterThan(0);
    expect(await throttle.admit(desk, clock.now())).toBe('known');
  });

  it('gets nothing of its budget back when a known desk at its address signs in', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    while ((await attempt(`officer${names += 1}`, '192.0.2.1')) === 0) { /* Until the budget is used up. */ }
    for (let n = 0; n < 5; n += 1) {
      expect(await throttle.admit(desk, clock.now())).toBe('known');
      await throttle.succeed(desk, 'known', clock.now());
    }
    expect(await attempt('newcomer', '192.0.2.1')).toBe(30);
  });

  it('is not what the officers of a station are: neither their successes nor their slips use up its budget', async () => {
    for (let n = 0; n < 3 * SOURCE_BUDGET; n += 1) await makeKnown({ userName: `officer${n}`, source: '192.0.2.1' });
    for (let n = 0; n < 3 * SOURCE_BUDGET; n += 1) expect(await attempt(`officer${n}`, '192.0.2.1')).toBe(0);
    expect(await attempt('newcomer', '192.0.2.1')).toBe(0);
  });

  it('on the very desk makes it wait half a minute at most', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    for (let n = 0; n < 100; n += 1) {
      clock.advance(30_000);
      expect(await attempt('mila', '192.0.2.1')).toBe(0);
    }
    expect(await attempt('mila', '192.0.2.1')).toBe(30);
    await throttle.succeed(desk, 'known', clock.now());
    expect(await failUntilStopped('mila', '192.0.2.1')).toBe(3);
  });

  it('makes a stranger wait a quarter of an hour at most', async () => {
    for (let n = 0; n < 30; n += 1) {
      clock.advance(15 * 60_000);
      expect(await attempt('mila', '203.0.113.9')).toBe(0);
    }
    expect(await attempt('mila', '203.0.113.9')).toBe(900);
  });
});

describe('guessing codes with a stolen password', () => {
  it('holds back every new place, and no known desk', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    for (let n = 0; n < 3; n += 1) {
      expect(await attempt('mila', `203.0.113.${n}`)).toBe(0);
      await throttle.missCode({ userName: 'mila', source: `203.0.113.${n}` }, clock.now());
    }
    expect(await attempt('mila', '203.0.113.99')).toBe(30);
    expect(await attempt('mila', '192.0.2.1')).toBe(0);
  });

  it('in a session is spaced, and over after ten', async () => {
    const session = 's' as SessionId;
    const step = () => throttle.admitStepUp(session, clock.now());
    for (let n = 0; n < 3; n += 1) expect(await step()).toBe('go');
    await expect(step()).rejects.toThrow('SIGN_IN_THROTTLED');
    for (let n = 3; n < 10; n += 1) {
      clock.advance(30_000);
      expect(await step()).toBe('go');
    }
    expect(await step()).toBe('over');
    await throttle.succeedStepUp(session, clock.now());
    expect(await step()).toBe('go');
  });
});

describe('a desk', () => {
  it('stays known for thirty days after its last success', async () => {
    const desk = { userName: 'mila', source: '192.0.2.1' };
    await makeKnown(desk);
    clock.advance(30 * 86_400_000 - 1);
    expect(await throttle.admit(desk, clock.now())).toBe('known');
    clock.advance(1);
    expect(await throttle.admit(desk, clock.now())).toBe('stranger');
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
    ['2001:DB8:0:7::9', '2001:db8:0:7::/64'],
    ['2001:0db8:0000:0007::9', '2001:db8:0:7::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['test', 'test'],
  ])('at %s is counted at %s', (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});
