import { distanceKm, districtOf } from '#alerts/area.js';
import { toLatin } from '#alerts/scripts.js';
import { PLACES, PLACES_SOURCE } from './places.js';

describe('the places of Serbia', () => {
  it('have a name in both scripts that is the same name', () => {
    expect(PLACES.length).toBeGreaterThan(400);
    for (const [latin, cyrillic] of PLACES) expect(toLatin(cyrillic)).toBe(latin);
    expect(PLACES_SOURCE).toContain('GeoNames');
  });

  it('lie in their district, as nearly as its border is drawn', () => {
    for (const [latin, , x, y, code] of PLACES) {
      const { polygon } = districtOf(code)!;
      const nearest = Math.min(...polygon.map((corner) => distanceKm(corner, [x, y])));
      const inside = polygon.reduce((odd, [ax, ay], i) => {
        const [bx, by] = polygon[(i + 1) % polygon.length]!;
        return (ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !odd : odd;
      }, false);
      expect([latin, code, inside || nearest < 8]).toEqual([latin, code, true]);
    }
  });
});
