import { FixedClock } from '#kernel/clock.js';
import { OwnAirings } from './own-airings.js';

const MINUTE = 60_000;
const start = '2026-11-24T18:00:00.000Z';
const far = new Date('2026-11-26T18:00:00Z');

function broadcaster() {
  const clock = new FixedClock(start);
  const told: string[] = [];
  let looks = 0;
  const airings = new OwnAirings({ now: () => { looks += 1; return clock.now(); } }, (key, at) => told.push(`${key} ${at.toISOString().slice(11, 16)}`), 1);
  /** Lets time pass and the broadcaster look at its clock once more at least; or stand still where nothing is on air. */
  const after = async (minutes: number): Promise<string[]> => {
    clock.advance(minutes * MINUTE);
    const before = looks;
    for (let turn = 0; looks < before + 2 && turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    return told.splice(0);
  };
  return { airings, after };
}

describe('a broadcaster that airs by itself', () => {
  it('airs at every time of the rulebook, those that it slept through too, until the notice expires', async () => {
    const { airings, after } = broadcaster();
    airings.begin('k1', 'a', [], new Date('2026-11-24T20:10:00Z'));
    expect(await after(29)).toEqual([]);
    expect(await after(1)).toEqual(['k1 18:30']);
    expect(await after(65)).toEqual(['k1 19:00', 'k1 19:30']);
    expect(await after(60)).toEqual(['k1 20:00']);
    expect(await after(60)).toEqual([]);
    airings.close();
  });

  it('airs an update in the place of what it updates, at the times of the first airing', async () => {
    const { airings, after } = broadcaster();
    airings.begin('k1', 'a', [], far);
    await after(10);
    airings.begin('k2', 'b', ['a'], far);
    // Names the last message alone.
    airings.begin('k3', 'c', ['b'], far);
    expect(await after(21)).toEqual(['k3 18:30']);
    airings.end(['c']);
    expect(await after(90)).toEqual([]);
  });

  it('goes on with one alert when another ends', async () => {
    const { airings, after } = broadcaster();
    airings.begin('k1', 'a', [], far);
    airings.begin('k2', 'b', [], far);
    airings.end(['a', 'unknown']);
    expect(await after(30)).toEqual(['k2 18:30']);
    airings.close();
  });
});
