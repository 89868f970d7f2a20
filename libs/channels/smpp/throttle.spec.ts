import { Throttle } from './throttle.js';

describe('the rate of an operator', () => {
  it('lets go together what is due before a timer could tell, and no more', () => {
    const throttle = new Throttle(1_000_000);
    let together = 0;
    let waitMs = throttle.waitMs();
    for (; waitMs === 0 && together < 1_000_000; waitMs = throttle.waitMs()) {
      throttle.spend();
      together += 1;
    }
    // Twenty milliseconds may be caught up, and one may be ahead.
    expect(together).toBeGreaterThan(1_000);
    expect(waitMs).toBeGreaterThanOrEqual(1);
  });

  it('lets one message go after another when they are far apart, in a pause none', () => {
    const slow = new Throttle(1);
    slow.spend();
    expect(slow.waitMs()).toBeGreaterThan(900);
    const paused = new Throttle(1_000_000);
    paused.slowDown();
    expect(paused.waitMs()).toBeGreaterThan(50);
    expect(paused.pausedMs()).toBeGreaterThan(50);
  });
});
