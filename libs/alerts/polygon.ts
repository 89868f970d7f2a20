import type { Position } from './content.js';

/** Corners of a polygon in order, open: the last is not the first again. */
export type Ring = readonly Position[];

/**
 * Steps per degree to which corners are rounded before anything is decided: a millionth of a degree, about 11 cm. On
 * this grid every test below is exact, so an answer never depends on rounding.
 */
const GRID = 1_000_000;

/** Degrees as a whole number of grid steps. */
export const snap = (degrees: number): number => Math.round(degrees * GRID);

/** The ring as everything downstream wants it: open, on the 6-decimal grid, no corner twice in a row. */
export function cleanRing(ring: Ring): Position[] {
  const clean: Position[] = [];
  for (const [x, y] of ring) {
    const corner: Position = [snap(x) / GRID, snap(y) / GRID];
    const last = clean.at(-1);
    if (!last || last[0] !== corner[0] || last[1] !== corner[1]) clean.push(corner);
  }
  const first = clean[0];
  const last = clean.at(-1);
  if (clean.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]) clean.pop();
  return clean;
}

/** Up to here integers and their products are exact in floating point. */
const EXACT = Number.MAX_SAFE_INTEGER;

/** Which side of the line a→b the point c lies on: 1 left, -1 right, 0 exactly on it. Integer input, exact answer. */
export function side(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number {
  const left = (bx - ax) * (cy - ay);
  const right = (by - ay) * (cx - ax);
  const size = (left < 0 ? -left : left) + (right < 0 ? -right : right);
  const difference = left - right;
  // Beyond exactness only a clear difference is believed, the rest is computed in full.
  const doubt = size < EXACT ? 0 : size * 1e-12;
  if (difference > doubt) return 1;
  if (difference < -doubt) return -1;
  if (doubt === 0) return 0;
  const exact = BigInt(bx - ax) * BigInt(cy - ay) - BigInt(by - ay) * BigInt(cx - ax);
  return exact > 0n ? 1 : exact < 0n ? -1 : 0;
}

const within = (a: number, b: number, c: number): boolean => (a <= c && c <= b) || (b <= c && c <= a);

/** Tells whether two closed segments share a point. */
function segmentsMeet(ax: number, ay: number, bx: number, by: number, cx: number, cy: number, dx: number, dy: number): boolean {
  const c = side(ax, ay, bx, by, cx, cy);
  const d = side(ax, ay, bx, by, dx, dy);
  const a = side(cx, cy, dx, dy, ax, ay);
  const b = side(cx, cy, dx, dy, bx, by);
  if (c * d < 0 && a * b < 0) return true;
  return (c === 0 && within(ax, bx, cx) && within(ay, by, cy))
    || (d === 0 && within(ax, bx, dx) && within(ay, by, dy))
    || (a === 0 && within(cx, dx, ax) && within(cy, dy, ay))
    || (b === 0 && within(cx, dx, bx) && within(cy, dy, by));
}

/** The edges of a ring as columns of grid numbers: their ends and the boxes around them. */
class Edges {
  readonly count: number;
  readonly ends: Float64Array;
  readonly west: Float64Array;
  readonly east: Float64Array;
  readonly south: Float64Array;
  readonly north: Float64Array;
  /** Edge numbers sorted by their western end. */
  readonly order: Uint32Array;

  constructor(ring: Ring) {
    const n = ring.length;
    this.count = n;
    this.ends = new Float64Array(n * 4);
    [this.west, this.east, this.south, this.north] = [new Float64Array(n), new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    ring.forEach(([x, y], i) => {
      const [u, v] = ring[(i + 1) % n] as Position;
      const [ax, ay, bx, by] = [snap(x), snap(y), snap(u), snap(v)];
      this.ends.set([ax, ay, bx, by], i * 4);
      this.west[i] = Math.min(ax, bx);
      this.east[i] = Math.max(ax, bx);
      this.south[i] = Math.min(ay, by);
      this.north[i] = Math.max(ay, by);
    });
    const west = this.west;
    this.order = Uint32Array.from(ring.keys()).sort((i, j) => at(west, i) - at(west, j));
  }
}

/** A column's number in row i, which the caller knows to be there. */
const at = (column: Float64Array, i: number): number => column[i] as number;

/** Tells whether edge i of `a` meets edge j of `b`. */
function edgesMeet(a: Edges, i: number, b: Edges, j: number): boolean {
  const [p, q, e, f] = [i * 4, j * 4, a.ends, b.ends];
  return segmentsMeet(at(e, p), at(e, p + 1), at(e, p + 2), at(e, p + 3), at(f, q), at(f, q + 1), at(f, q + 2), at(f, q + 3));
}

/** Tells whether the second of two edges that follow one another runs back over the first (a spike). */
function turnsBack({ ends }: Edges, first: number, second: number): boolean {
  const [ax, ay, bx, by] = [at(ends, first * 4), at(ends, first * 4 + 1), at(ends, first * 4 + 2), at(ends, first * 4 + 3)];
  const [cx, cy] = [at(ends, second * 4 + 2), at(ends, second * 4 + 3)];
  return side(ax, ay, bx, by, cx, cy) === 0 && (bx - ax) * (cx - bx) + (by - ay) * (cy - by) < 0;
}

/**
 * Tells whether the edge of a clean ring crosses, touches or runs over itself: proper crossings, a corner on another
 * edge, a corner visited twice and spikes all count (a ring is simple in OGC 06-103r4 section 6.1.11, or it is not).
 * Sorts the edges from west to east and compares only those that overlap: a few ms for thousands of corners.
 */
export function crossesItself(ring: Ring): boolean {
  const n = ring.length;
  if (n < 3) return false;
  const edges = new Edges(ring);
  const { order, west, east, south, north } = edges;
  for (let p = 0; p < n; p++) {
    const i = order[p] as number;
    const [until, low, high] = [at(east, i), at(south, i), at(north, i)];
    for (let q = p + 1; q < n; q++) {
      const j = order[q] as number;
      if (at(west, j) > until) break;
      if (at(south, j) > high || at(north, j) < low) continue;
      if ((i + 1) % n === j) { if (turnsBack(edges, i, j)) return true; }
      else if ((j + 1) % n === i) { if (turnsBack(edges, j, i)) return true; }
      else if (edgesMeet(edges, i, edges, j)) return true;
    }
  }
  return false;
}

/** Tells whether any edge of one ring meets any edge of the other; touching counts. */
export function edgesCross(one: Ring, other: Ring): boolean {
  const [a, b] = [new Edges(one), new Edges(other)];
  let open: number[] = [];
  let next = 0;
  for (const i of a.order) {
    while (next < b.count && at(b.west, b.order[next] as number) <= at(a.east, i)) open.push(b.order[next++] as number);
    // Edges of `a` come by their western end: what ends west of this one can meet none that follows.
    open = open.filter((j) => at(b.east, j) >= at(a.west, i));
    for (const j of open) {
      if (at(b.south, j) <= at(a.north, i) && at(b.north, j) >= at(a.south, i) && edgesMeet(a, i, b, j)) return true;
    }
  }
  return false;
}

/** Tells whether the point lies in the ring or on its edge. */
export function ringHolds(ring: Ring, [x, y]: Position): boolean {
  const [px, py] = [snap(x), snap(y)];
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = (ring[j] as Position).map(snap) as Position;
    const [bx, by] = (ring[i] as Position).map(snap) as Position;
    const s = side(ax, ay, bx, by, px, py);
    if (s === 0 && within(ax, bx, px) && within(ay, by, py)) return true;
    if (ay > py !== by > py && (by > ay ? s > 0 : s < 0)) inside = !inside;
  }
  return inside;
}

/** Tells whether all corners of a clean ring lie on one line. */
export function hasNoSurface(ring: Ring): boolean {
  const grid = ring.map(([x, y]) => [snap(x), snap(y)] as const);
  const [a, b] = grid;
  return !a || !b || grid.every((c) => side(a[0], a[1], b[0], b[1], c[0], c[1]) === 0);
}

const EARTH_RADIUS_KM = 6371.0088;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance in kilometres on a sphere of the mean radius of the earth (haversine). */
export function distanceKm(a: Position, b: Position): number {
  const [dx, dy] = [radians(b[0] - a[0]), radians(b[1] - a[1])];
  const h = Math.sin(dy / 2) ** 2 + Math.cos(radians(a[1])) * Math.cos(radians(b[1])) * Math.sin(dx / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}
