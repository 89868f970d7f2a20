import { SERBIA } from '#config/areas/serbia.js';
import type { Fault } from '#kernel/errors.js';
import type { Area, Position, Wording } from './content.js';
import { cleanRing, crossesItself, distanceKm, edgesCross, hasNoSurface, ringHolds } from './polygon.js';
import { thinRing } from './thinning.js';

export { distanceKm };

/** One district of the area register. */
export interface District {
  /** ISO 3166-2:RS, `RS-00` (Belgrade) to `RS-24`. */
  readonly code: string;
  readonly name: Readonly<Wording>;
  /** Inhabitants by the census of 2022, rounded to thousands. */
  readonly population: number;
  /** Open ring, WGS 84. */
  readonly polygon: readonly Position[];
}

/** The districts of the area register (config/areas/README.md), in the order of their codes. */
export const DISTRICTS: readonly District[] = SERBIA.districts;

const byCode = new Map(DISTRICTS.map((d) => [d.code, d]));
/** The country with a margin of 5 km, for borders are drawn more coarsely than officers draw. */
const limits = SERBIA.limits;

/** The district of a code, if the register has it. */
export function districtOf(code: string): District | undefined {
  return byCode.get(code);
}

/**
 * All faults of an area, each with its field (`area.polygons[0]`, `area.codes[2]`): AREA_UNKNOWN_DISTRICT,
 * AREA_TOO_SMALL, AREA_SELF_CROSSING, AREA_OUTSIDE_SERBIA. A polygon may be given open or closed (first corner again at
 * the end), and a corner twice in a row does no harm; touching itself, a spike and a figure of eight are crossings.
 * Drawn polygons may reach 5 km beyond the border. Corners are compared on a grid of 0.000001 degrees.
 */
export function checkArea(area: Area): Fault[] {
  if (area.kind === 'country') return [];
  if (area.kind === 'districts') {
    return area.codes.flatMap((code, i) => (byCode.has(code) ? [] : [{ code: 'AREA_UNKNOWN_DISTRICT' as const, field: `area.codes[${i}]` }]));
  }
  return area.polygons.flatMap((polygon, i): Fault[] => {
    const field = `area.polygons[${i}]`;
    const ring = cleanRing(polygon);
    if (ring.length < 3 || hasNoSurface(ring)) return [{ code: 'AREA_TOO_SMALL', field }];
    const outside = !ringHolds(limits, ring[0] as Position) || edgesCross(ring, limits);
    return [
      ...(crossesItself(ring) ? [{ code: 'AREA_SELF_CROSSING' as const, field }] : []),
      ...(outside ? [{ code: 'AREA_OUTSIDE_SERBIA' as const, field, detail: 'Drawn polygons may reach 5 km beyond the border.' }] : []),
    ];
  });
}

export interface SimplifiedArea {
  readonly area: Area;
  /** Number of corners before and after, over all polygons; absent when nothing was left out. */
  readonly simplified: { readonly from: number; readonly to: number } | undefined;
}

/**
 * The area with at most `maxPoints` corners in each polygon, for formats and receivers that choke on more. Takes an area
 * that `checkArea` finds no fault in; the result does not cross itself either. Districts and the country come simplified
 * from the register. The officer is shown the result: it is what goes out.
 */
export function simplifyArea(area: Area, maxPoints = 100): SimplifiedArea {
  if (area.kind !== 'polygons') return { area, simplified: undefined };
  const rings = area.polygons.map(cleanRing);
  if (rings.every((ring) => ring.length <= maxPoints)) return { area, simplified: undefined };
  const thinned = rings.map((ring) => thinRing(ring, maxPoints));
  const count = (list: readonly Position[][]): number => list.reduce((n, ring) => n + ring.length, 0);
  return { area: { kind: 'polygons', polygons: thinned }, simplified: { from: count(rings), to: count(thinned) } };
}

/**
 * The polygons that stand for an area, as open rings without repeated corners and with at most 6 decimals: the country's
 * outline, one ring a district (a code named twice counts once), or what was drawn. Throws on a district that
 * `checkArea` would have refused.
 */
export function areaPolygons(area: Area): Position[][] {
  if (area.kind === 'country') return [SERBIA.country.map((p): Position => [...p])];
  if (area.kind === 'polygons') return area.polygons.map(cleanRing);
  return [...new Set(area.codes)].map((code) => {
    const district = byCode.get(code);
    if (!district) throw new RangeError('district not in the register: the area was not checked');
    return district.polygon.map((p): Position => [...p]);
  });
}

/**
 * One area that holds all of these, at least one: the country where one is the country, districts together, polygons together.
 * Districts and polygons become the districts that they cover or touch. Areas that are the same stay as they are.
 */
export function joinAreas(areas: readonly Area[]): Area {
  const [first, ...others] = distinct(areas, (area) => [area.kind, area.kind === 'districts' ? area.codes : area.kind === 'polygons' ? area.polygons : []]);
  if (!first) throw new RangeError('no area to join');
  if (others.length === 0) return first;
  if (areas.some((area) => area.kind === 'country')) return { kind: 'country' };
  if (areas.every((area) => area.kind === 'polygons')) return { kind: 'polygons', polygons: distinct(areas.flatMap((area) => area.polygons), (ring) => ring) };
  return { kind: 'districts', codes: [...new Set(areas.flatMap((area) => districtsIn(area).map(({ code }) => code)))].sort() };
}

/** One of each that say the same, in the order in which they first came. What each says is in lists, which have one spelling: browsers read this file too. */
function distinct<T>(all: readonly T[], said: (one: T) => readonly unknown[]): T[] {
  return [...new Map(all.map((one) => [JSON.stringify(said(one)), one])).values()];
}

/** The districts that an area covers or touches, in the order of their codes. */
export function districtsIn(area: Area): readonly District[] {
  if (area.kind === 'country') return DISTRICTS;
  if (area.kind === 'districts') return DISTRICTS.filter((d) => area.codes.includes(d.code));
  const rings = area.polygons.map(cleanRing);
  return DISTRICTS.filter((d) => rings.some((ring) => ringHolds(d.polygon, ring[0] as Position) || ringHolds(ring, d.polygon[0] as Position) || edgesCross(ring, d.polygon)));
}
