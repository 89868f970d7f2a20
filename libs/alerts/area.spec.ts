import fc from 'fast-check';
import { SERBIA } from '#config/areas/serbia.js';
import { areaPolygons, checkArea, distanceKm, districtOf, DISTRICTS, districtsIn, joinAreas, simplifyArea } from './area.js';
import { areaSchema, type Area, type Position } from './content.js';
import { cleanRing, crossesItself, edgesCross, ringHolds } from './polygon.js';
import { thinRing } from './thinning.js';

const drawn = (...polygons: Position[][]): Area => ({ kind: 'polygons', polygons });
const codesOf = (area: Area): string[] => checkArea(area).map((f) => f.code);
const BEOGRAD: Position = [20.46, 44.82];

/** A ring around a centre with one corner for each radius, so it never crosses itself. */
const star = (radii: readonly number[], [x, y]: Position = BEOGRAD): Position[] =>
  radii.map((r, i) => [x + r * Math.cos((2 * Math.PI * i) / radii.length), y + r * Math.sin((2 * Math.PI * i) / radii.length)]);

/** Every pair of edges compared: slow and plain, to judge the sweep by. Integer coordinates of at most 3 digits. */
function crossesSlowly(ring: readonly Position[]): boolean {
  const cross = (a: Position, b: Position, c: Position): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const on = (a: Position, b: Position, c: Position): boolean => cross(a, b, c) === 0
    && Math.min(a[0], b[0]) <= c[0] && c[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= c[1] && c[1] <= Math.max(a[1], b[1]);
  const n = ring.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const [a, b, c, d] = [ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n]] as [Position, Position, Position, Position];
      if ((i + 1) % n === j) { if (on(a, b, d) || on(c, d, a)) return true; continue; }
      if ((j + 1) % n === i) continue;
      if (on(a, b, c) || on(a, b, d) || on(c, d, a) || on(c, d, b)) return true;
      if (cross(a, b, c) * cross(a, b, d) < 0 && cross(c, d, a) * cross(c, d, b) < 0) return true;
    }
  }
  return false;
}

describe('the area register', () => {
  it('holds Belgrade and 24 districts by ISO code, in order, named in three ways', () => {
    expect(DISTRICTS.map((d) => d.code)).toEqual(Array.from({ length: 25 }, (_, i) => `RS-${String(i).padStart(2, '0')}`));
    expect(districtOf('RS-19')?.name).toEqual({ 'sr-Latn': 'Rasinski okrug', 'sr-Cyrl': 'Расински округ', en: 'Rasina District' });
    expect(new Set(DISTRICTS.map((d) => d.name.en)).size).toBe(25);
    for (const d of DISTRICTS) expect(d.name['sr-Cyrl']).toMatch(/^[\u0400-\u04ff ]+$/);
    expect(DISTRICTS.reduce((n, d) => n + d.population, 0)).toBe(6_647_000);
  });

  it('puts each chief town into its own district and no other', () => {
    const towns: Record<string, Position> = {
      'RS-00': [20.46, 44.81], 'RS-01': [19.67, 46.1], 'RS-02': [20.39, 45.38], 'RS-03': [20.46, 45.83], 'RS-04': [20.65, 44.87],
      'RS-05': [19.11, 45.77], 'RS-06': [19.84, 45.25], 'RS-07': [19.61, 44.98], 'RS-08': [19.69, 44.75], 'RS-09': [19.89, 44.27],
      'RS-10': [20.93, 44.66], 'RS-11': [21.18, 44.62], 'RS-12': [20.91, 44.01], 'RS-13': [21.26, 43.98], 'RS-14': [22.1, 44.07],
      'RS-15': [22.28, 43.9], 'RS-16': [19.85, 43.86], 'RS-17': [20.35, 43.89], 'RS-18': [20.69, 43.72], 'RS-19': [21.33, 43.58],
      'RS-20': [21.9, 43.32], 'RS-21': [21.59, 43.23], 'RS-22': [22.59, 43.15], 'RS-23': [21.95, 43.0], 'RS-24': [21.9, 42.55],
    };
    for (const [code, town] of Object.entries(towns)) {
      expect([code, DISTRICTS.filter((d) => ringHolds(d.polygon, town)).map((d) => d.code)]).toEqual([code, [code]]);
      expect(ringHolds(SERBIA.country, town)).toBe(true);
    }
  });

  it('has rings that a CAP reader can take: simple, open, of sane size, inside the limits', () => {
    for (const ring of [SERBIA.country, SERBIA.limits, ...DISTRICTS.map((d) => d.polygon)]) {
      expect(crossesItself(ring)).toBe(false);
      expect(cleanRing(ring)).toEqual(ring);
      expect(ring.length).toBeLessThanOrEqual(300);
    }
    for (const ring of [SERBIA.country, ...DISTRICTS.map((d) => d.polygon)]) expect(edgesCross(ring, SERBIA.limits)).toBe(false);
  });
});

describe('checkArea', () => {
  const square: Position[] = [[20.3, 44.7], [20.6, 44.7], [20.6, 44.9], [20.3, 44.9]];

  it('takes the country, known districts and a plain polygon, open or closed, in either direction', () => {
    expect(checkArea({ kind: 'country' })).toEqual([]);
    expect(checkArea({ kind: 'districts', codes: ['RS-00', 'RS-24'] })).toEqual([]);
    expect(checkArea(drawn(square))).toEqual([]);
    expect(checkArea(drawn([...square, square[0] as Position]))).toEqual([]);
    expect(checkArea(drawn([...square].reverse()))).toEqual([]);
    expect(checkArea(drawn([square[0] as Position, ...square]))).toEqual([]);
    expect(checkArea(drawn([[20.3, 44.7], [20.45, 44.7], [20.6, 44.7], [20.6, 44.9], [20.3, 44.9]]))).toEqual([]);
  });

  it('names the district that is not in the register', () => {
    expect(checkArea({ kind: 'districts', codes: ['RS-06', 'RS-99', 'RS-25'] })).toEqual([
      { code: 'AREA_UNKNOWN_DISTRICT', field: 'area.codes[1]' }, { code: 'AREA_UNKNOWN_DISTRICT', field: 'area.codes[2]' }]);
  });

  it.each<[string, Position[]]>([
    ['a bow tie', [[20.3, 44.7], [20.6, 44.9], [20.6, 44.7], [20.3, 44.9]]],
    ['a corner on another edge', [[20.3, 44.7], [20.6, 44.7], [20.6, 44.9], [20.45, 44.7], [20.3, 44.9]]],
    ['a corner visited twice', [[20.3, 44.7], [20.45, 44.8], [20.6, 44.7], [20.6, 44.9], [20.45, 44.8], [20.3, 44.9]]],
    ['a spike', [[20.3, 44.7], [20.6, 44.7], [20.8, 44.7], [20.6, 44.7], [20.6, 44.9], [20.3, 44.9]]],
    ['a spike inward', [[20.3, 44.7], [20.6, 44.7], [20.6, 44.8], [20.4, 44.8], [20.6, 44.8], [20.6, 44.9], [20.3, 44.9]]],
    ['two edges on one another', [[20.3, 44.7], [20.6, 44.7], [20.6, 44.9], [20.5, 44.9], [20.5, 44.7], [20.4, 44.7], [20.4, 44.9], [20.3, 44.9]]],
  ])('refuses %s', (_name, ring) => {
    expect(checkArea(drawn(square, ring))).toEqual([{ code: 'AREA_SELF_CROSSING', field: 'area.polygons[1]' }]);
  });

  it('refuses what has no surface', () => {
    expect(codesOf(drawn([[20.3, 44.7], [20.3, 44.7], [20.6, 44.7]]))).toEqual(['AREA_TOO_SMALL']);
    expect(codesOf(drawn([[20.3, 44.7], [20.4, 44.8], [20.5, 44.9], [20.3, 44.7]]))).toEqual(['AREA_TOO_SMALL']);
    expect(codesOf(drawn([[20.3, 44.7], [20.3000001, 44.7], [20.3, 44.7000001]]))).toEqual(['AREA_TOO_SMALL']);
  });

  it('refuses what lies outside, reaches outside or swallows the country, and bears a coarse border', () => {
    expect(codesOf(drawn([[15.9, 45.7], [16.1, 45.7], [16.1, 45.9]]))).toEqual(['AREA_OUTSIDE_SERBIA']);
    expect(codesOf(drawn([[20.4, 44.7], [25.9, 44.4], [20.6, 45]]))).toEqual(['AREA_OUTSIDE_SERBIA']);
    expect(codesOf(drawn([[10, 40], [30, 40], [30, 50], [10, 50]]))).toEqual(['AREA_OUTSIDE_SERBIA']);
    // Swapped latitude and longitude, the classic.
    expect(codesOf(drawn(square.map(([x, y]): Position => [y, x])))).toEqual(['AREA_OUTSIDE_SERBIA']);
    expect(codesOf(drawn(SERBIA.country.map((p): Position => [...p])))).toEqual([]);
  });

  it('reports every polygon and every fault at once', () => {
    expect(checkArea(drawn([[0, 0], [1, 1], [1, 0], [0, 1]], square, [[20, 44], [20, 44], [20, 44]]))).toMatchObject([
      { code: 'AREA_SELF_CROSSING', field: 'area.polygons[0]' }, { code: 'AREA_OUTSIDE_SERBIA', field: 'area.polygons[0]' },
      { code: 'AREA_TOO_SMALL', field: 'area.polygons[2]' }]);
  });

  it('agrees with a plain comparison of all pairs on random rings', () => {
    const ring = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { minLength: 3, maxLength: 9 });
    fc.assert(fc.property(ring, (points) => {
      const clean = cleanRing(points);
      fc.pre(clean.length >= 3);
      expect(crossesItself(clean)).toBe(crossesSlowly(clean));
    }), { numRuns: 2000 });
  });

  it('finds a crossing however the ring is turned and wherever it begins', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.05, max: 0.3, noNaN: true }), { minLength: 5, maxLength: 40, size: 'max' }), fc.nat(), (radii, start) => {
      const ring = cleanRing(star(radii));
      const turned = [...ring.slice(start % ring.length), ...ring.slice(0, start % ring.length)];
      expect(crossesItself(turned)).toBe(false);
      const [a, b, c, ...rest] = turned as [Position, Position, Position, ...Position[]];
      // Walking the second corner after the third either knots the ring or, on a rare shape, does not: ask the slow judge.
      expect(crossesItself([a, c, b, ...rest])).toBe(crossesSlowly([a, c, b, ...rest].map(([x, y]): Position => [Math.round(x * 1e6), Math.round(y * 1e6)])));
    }), { numRuns: 300 });
  });

  it('takes the largest polygon the schema lets in', () => {
    const big = star(Array.from({ length: 20_000 }, (_, i) => 0.2 + 0.02 * Math.sin(i * 1.7)));
    expect(areaSchema.safeParse(drawn(big)).success).toBe(true);
    expect(checkArea(drawn(big))).toEqual([]);
    const { area, simplified } = simplifyArea(drawn(big));
    expect(simplified).toEqual({ from: 20_000, to: 100 });
    expect(checkArea(area)).toEqual([]);
  });
});

describe('simplifyArea', () => {
  it('leaves a small area, districts and the country as they are', () => {
    const small = drawn(star([0.1, 0.2, 0.1, 0.2, 0.1]));
    for (const area of [small, { kind: 'country' }, { kind: 'districts', codes: ['RS-01'] }] satisfies Area[]) {
      expect(simplifyArea(area)).toEqual({ area, simplified: undefined });
    }
  });

  it('counts over all polygons and thins only the big ones', () => {
    const [big, small] = [star(Array.from({ length: 300 }, (_, i) => 0.2 + 0.05 * Math.sin(i))), star([0.1, 0.1, 0.1], [20.3, 44.3])];
    const { area, simplified } = simplifyArea(drawn(big, small), 50);
    expect(simplified).toEqual({ from: 303, to: 53 });
    expect(areaPolygons(area)[1]).toEqual(cleanRing(small));
  });

  it('never makes a ring cross itself, uses only corners that were there, keeps order', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.01, max: 0.4, noNaN: true }), { minLength: 8, maxLength: 150, size: 'max' }), fc.integer({ min: 3, max: 20 }), (radii, max) => {
      const ring = cleanRing(star(radii));
      fc.pre(ring.length > max && !crossesItself(ring));
      const thin = thinRing(ring, max);
      expect(thin.length).toBe(max);
      expect(crossesItself(thin)).toBe(false);
      const places = thin.map((p) => ring.findIndex((q) => q[0] === p[0] && q[1] === p[1]));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places).not.toContain(-1);
    }), { numRuns: 300 });
  });

  it('holds on a spiral, where most triangles are in the way of another arm', () => {
    const arm = (r: number): Position[] => Array.from({ length: 200 }, (_, i) => [20.5 + (i / 200 * 0.3 + r) * Math.cos(i / 10), 44 + (i / 200 * 0.3 + r) * Math.sin(i / 10)]);
    const ring = cleanRing([...arm(0.02), ...arm(0.04).reverse()]);
    expect(crossesItself(ring)).toBe(false);
    for (const max of [120, 30, 8, 3]) {
      const thin = thinRing(ring, max);
      expect([thin.length, crossesItself(thin)]).toEqual([max, false]);
    }
  });
});

describe('areaPolygons', () => {
  it('gives rings that stand for each kind of area', () => {
    expect(areaPolygons({ kind: 'country' })).toEqual([SERBIA.country]);
    expect(areaPolygons({ kind: 'districts', codes: ['RS-06', 'RS-06', 'RS-07'] })).toEqual([districtOf('RS-06')?.polygon, districtOf('RS-07')?.polygon]);
    expect(areaPolygons(drawn([[20, 44], [20, 44], [20.12345678, 44], [20, 44.1], [20, 44]]))).toEqual([[[20, 44], [20.123457, 44], [20, 44.1]]]);
    expect(() => areaPolygons({ kind: 'districts', codes: ['RS-99'] })).toThrow(RangeError);
  });

  it('finds the districts that a drawn area touches', () => {
    expect(districtsIn(drawn(star([0.02, 0.02, 0.02, 0.02]))).map((d) => d.code)).toEqual(['RS-00']);
    expect(districtsIn(drawn([[19.8, 45.2], [20.5, 44.8], [20.5, 44.82], [19.82, 45.22]])).map((d) => d.code)).toEqual(['RS-00', 'RS-06', 'RS-07']);
    expect(districtsIn(drawn(SERBIA.limits.map((p): Position => [...p])))).toHaveLength(25);
  });
});

describe('areas together', () => {
  const square = (west: number, south: number): Position[] => [[west, south], [west + 0.05, south], [west + 0.05, south + 0.05], [west, south + 0.05]];

  it('are the country where one is the country, districts once each, and every polygon once', () => {
    expect(joinAreas([{ kind: 'districts', codes: ['RS-20'] }, { kind: 'country' }])).toEqual({ kind: 'country' });
    expect(joinAreas([{ kind: 'districts', codes: ['RS-20', 'RS-06'] }, { kind: 'districts', codes: ['RS-01', 'RS-06'] }])).toEqual({ kind: 'districts', codes: ['RS-01', 'RS-06', 'RS-20'] });
    expect(joinAreas([drawn(square(20, 44)), drawn(square(21, 44), square(20, 44))])).toEqual(drawn(square(20, 44), square(21, 44)));
  });

  it('are the districts that they touch where one is drawn and another is not', () => {
    const joined = joinAreas([drawn(square(20.4, 44.8)), { kind: 'districts', codes: ['RS-20'] }]);
    expect(joined).toEqual({ kind: 'districts', codes: [...districtsIn(drawn(square(20.4, 44.8))).map((d) => d.code), 'RS-20'] });
    expect(checkArea(joined)).toEqual([]);
  });

  it('stay as they are where they are the same', () => {
    for (const area of [{ kind: 'districts', codes: ['RS-20', 'RS-06'] }, drawn(square(20, 44)), { kind: 'country' }] as Area[]) expect(joinAreas([area, structuredClone(area)])).toEqual(area);
  });
});

describe('distanceKm', () => {
  it('measures Beograd to Niš as about 200 km, and nothing to itself', () => {
    expect(distanceKm([20.4573, 44.8178], [21.8958, 43.3209])).toBeCloseTo(202.3, 0);
    expect(distanceKm(BEOGRAD, BEOGRAD)).toBe(0);
    expect(distanceKm([20, 44], [20, 45])).toBeCloseTo(111.195, 2);
  });
});
