import { areaPolygons, DISTRICTS, distanceKm } from './area.js';
import type { Position } from './content.js';
import type { Notice } from './notice.js';
import { ringHolds, type Ring } from './polygon.js';

/**
 * The codes of all districts, the nearest to the disappearance first: the one that holds the place, then by the distance of
 * their centroids. The place is where the child was last seen, else the middle of the area; where an area is the whole country
 * there is no such place, and no order. Endings carry no place: theirs is the area's. Depends on nothing but the notice, so that
 * whoever takes over has the same order.
 */
export function districtsNearest({ content, area }: Pick<Notice, 'content' | 'area'>): readonly string[] {
  const seenAt = content?.lastSeen.position;
  if (!seenAt && area.kind === 'country') return [];
  const middle = seenAt ?? centroidOf(areaPolygons(area));
  const away = new Map(DISTRICTS.map(({ code, polygon }) => [code, ringHolds(polygon, middle) ? 0 : distanceKm(middle, centroidOf([polygon]))]));
  return DISTRICTS.map(({ code }) => code).sort((a, b) => away.get(a)! - away.get(b)! || (a < b ? -1 : 1));
}

/**
 * The centre of gravity of several rings together, on the plane of degrees: what is wanted is an order of districts, and over a
 * country of 500 km the plane changes none that matters.
 */
export function centroidOf(rings: readonly Ring[]): Position {
  let [surface, x, y] = [0, 0, 0];
  for (const ring of rings) {
    let [twice, sumX, sumY] = [0, 0, 0];
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[ax, ay], [bx, by]] = [ring[j]!, ring[i]!];
      const cross = ax * by - bx * ay;
      twice += cross;
      sumX += (ax + bx) * cross;
      sumY += (ay + by) * cross;
    }
    // Rings may run either way.
    const sign = Math.sign(twice);
    surface += sign * twice * 3;
    x += sign * sumX;
    y += sign * sumY;
  }
  return [x / surface, y / surface];
}
