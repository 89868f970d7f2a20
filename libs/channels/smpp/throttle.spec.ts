import { Throttle } from './throttle.js';

describe('the rate of an operator', () => {
  const stage = (ratePerSecond: number) => {
    let nowMs = 10_000;
    const throttle = new Throttle(ratePerSecond, () => nowMs);
    /** How many may leave at this very moment. */
    const together = (): number => {
      let left = 0;
      for (; throttle.waitMs() === 0; left += 1) throttle.spend();
      return left;
    };
    return { throttle, together, pass: (ms: number) => void (nowMs += ms) };
  };

  it('lets go together what is due before a timer could tell, and no more', () => {
    const { throttle, together, pass } = stage(1_000_000);
    // Twenty milliseconds are caught up, and one is ahead.
    expect(together()).toBe(21_000);
    expect(throttle.waitMs()).toBeGreaterThanOrEqual(1);
    pass(5);
    expect(together()).toBe(5_000);
    // A timer that was late by a minute is no leave for a minute's messages.
    pass(60_000);
    expect(together()).toBe(21_000);
  });

  it('lets one message go after another when they are far apart', () => {
    const { throttle, together, pass } = stage(1);
    expect(together()).toBe(1);
    expect(throttle.waitMs()).toBe(980);
    pass(980);
    expect(together()).toBe(1);
    expect(throttle.waitMs()).toBe(1_000);
  });

  it('lets none go in a pause, twice as long each time the operator says "too fast", until it takes one again', () => {
    const { throttle, pass } = stage(1_000_000);
    throttle.slowDown();
    // A whole window is refused at once.
    throttle.slowDown();
    expect([throttle.waitMs(), throttle.pausedMs()]).toEqual([100, 100]);
    pass(100);
    expect([throttle.waitMs(), throttle.pausedMs()]).toEqual([0, 0]);
    throttle.slowDown();
    expect(throttle.pausedMs()).toBe(200);
    pass(200);
    throttle.recover();
    throttle.slowDown();
    expect(throttle.pausedMs()).toBe(100);
    for (let times = 0; times < 20; times += 1) {
      pass(10_000);
      throttle.slowDown();
    }
    expect(throttle.pausedMs()).toBe(5_000);
  });
});
