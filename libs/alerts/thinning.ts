import type { Position } from './content.js';
import { side, snap, type Ring } from './polygon.js';

/** Tells whether p lies in the closed triangle a, b, c. */
function triangleHolds(a: Position, b: Position, c: Position, p: Position): boolean {
  const one = side(a[0], a[1], b[0], b[1], p[0], p[1]);
  const two = side(b[0], b[1], c[0], c[1], p[0], p[1]);
  const three = side(c[0], c[1], a[0], a[1], p[0], p[1]);
  return (one >= 0 && two >= 0 && three >= 0) || (one <= 0 && two <= 0 && three <= 0);
}

/**
 * The ring with at most `maxPoints` corners (at least 3): again and again the corner whose triangle with its neighbours
 * has the smallest surface goes (Visvalingam and Whyatt 1993), unless that triangle holds another corner, for then the
 * new edge could cross the rest. A clean ring that does not cross itself stays so: every such ring has an ear to cut.
 */
export function thinRing(ring: Ring, maxPoints: number): Position[] {
  const limit = Math.max(3, maxPoints);
  if (ring.length <= limit) return [...ring];
  const corners = ring.map(([x, y]): Position => [snap(x), snap(y)]);
  const n = corners.length;
  const before = Int32Array.from({ length: n }, (_, i) => (i + n - 1) % n);
  const after = Int32Array.from({ length: n }, (_, i) => (i + 1) % n);
  const gone = new Uint8Array(n);
  const grid = new CornerGrid(corners);
  const surface = (i: number): number => {
    const [a, b, c] = [corners[before[i] as number], corners[i], corners[after[i] as number]] as [Position, Position, Position];
    return Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  };
  const removable = (i: number): boolean => {
    const [h, j] = [before[i] as number, after[i] as number];
    const [a, b, c] = [corners[h], corners[i], corners[j]] as [Position, Position, Position];
    if (side(a[0], a[1], b[0], b[1], c[0], c[1]) === 0) return true;
    return !grid.some(a, b, c, (k) => k !== h && k !== i && k !== j && gone[k] === 0 && triangleHolds(a, b, c, corners[k] as Position));
  };

  const heap = new SurfaceHeap();
  for (let i = 0; i < n; i++) heap.push(surface(i), i);
  let blocked: number[] = [];
  let left = n;
  while (left > limit) {
    const top = heap.pop();
    if (!top) {
      if (blocked.length === 0) break;
      for (const i of blocked) if (gone[i] === 0) heap.push(surface(i), i);
      blocked = [];
      continue;
    }
    const [size, i] = top;
    // An entry made before a neighbour went is stale; a fresh one is in the heap too.
    if (gone[i] === 1 || size !== surface(i)) continue;
    if (!removable(i)) { blocked.push(i); continue; }
    const [h, j] = [before[i] as number, after[i] as number];
    gone[i] = 1;
    after[h] = j;
    before[j] = h;
    left--;
    heap.push(surface(h), h);
    heap.push(surface(j), j);
  }
  return ring.filter((_, i) => gone[i] === 0).map((p): Position => [...p]);
}

/** Corners sorted into square cells, so that a triangle asks only those near it. */
class CornerGrid {
  private readonly cells = new Map<number, number[]>();
  private readonly size: number;
  private readonly columns: number;
  private readonly west: number;
  private readonly south: number;

  constructor(corners: readonly Position[]) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of corners) [west, south, east, north] = [Math.min(west, x), Math.min(south, y), Math.max(east, x), Math.max(north, y)];
    this.west = west;
    this.south = south;
    this.size = Math.max(1, Math.max(east - west, north - south) / Math.ceil(Math.sqrt(corners.length)));
    this.columns = Math.floor((east - west) / this.size) + 1;
    corners.forEach(([x, y], i) => {
      const key = this.key(this.column(x), this.row(y));
      const cell = this.cells.get(key);
      if (cell) cell.push(i);
      else this.cells.set(key, [i]);
    });
  }

  private column(x: number): number { return Math.floor((x - this.west) / this.size); }
  private row(y: number): number { return Math.floor((y - this.south) / this.size); }
  private key(column: number, row: number): number { return row * this.columns + column; }

  /** Tells whether `test` holds for a corner in a cell that the box of the triangle covers. */
  some(a: Position, b: Position, c: Position, test: (i: number) => boolean): boolean {
    const [fromColumn, toColumn] = [this.column(Math.min(a[0], b[0], c[0])), this.column(Math.max(a[0], b[0], c[0]))];
    const [fromRow, toRow] = [this.row(Math.min(a[1], b[1], c[1])), this.row(Math.max(a[1], b[1], c[1]))];
    for (let row = fromRow; row <= toRow; row++) {
      for (let column = fromColumn; column <= toColumn; column++) {
        if (this.cells.get(this.key(column, row))?.some(test)) return true;
      }
    }
    return false;
  }
}

/** Smallest surface first. */
class SurfaceHeap {
  private readonly items: [number, number][] = [];

  push(surface: number, corner: number): void {
    const items = this.items;
    let i = items.length;
    items.push([surface, corner]);
    while (i > 0) {
      const up = (i - 1) >> 1;
      if ((items[up] as [number, number])[0] <= surface) break;
      items[i] = items[up] as [number, number];
      i = up;
    }
    items[i] = [surface, corner];
  }

  pop(): [number, number] | undefined {
    const items = this.items;
    const top = items[0];
    const last = items.pop();
    if (!top || !last || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      const [left, right] = [items[child] as [number, number], items[child + 1]];
      if (right && right[0] < left[0]) child++;
      const down = items[child] as [number, number];
      if (down[0] >= last[0]) break;
      items[i] = down;
      i = child;
    }
    items[i] = last;
    return top;
  }
}
