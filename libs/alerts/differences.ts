import { canonicalJson, sha256Hex } from '#kernel/canonical.js';
import { DISTRICTS } from './area.js';
import type { Area, Content } from './content.js';

/** One field of the content that is not what it was. */
export interface Difference {
  /** JSON path: `child.clothing.en`, `area.codes`. */
  readonly field: string;
  /** What stood there; null where nothing did. */
  readonly before: string | null;
  /** What stands there now; null where nothing does. */
  readonly after: string | null;
}

/**
 * What a reviewer has not seen yet: every field in which two contents differ, in the order of the schema. A photo is named by
 * its size and hash, drawn polygons by their number, corners and hash, districts by name and code. Pure.
 */
export function differencesOf(before: Content, after: Content): readonly Difference[] {
  const [then, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...now.keys(), ...then.keys()])]
    .map((field): Difference => ({ field, before: then.get(field) ?? null, after: now.get(field) ?? null }))
    .filter((difference) => difference.before !== difference.after);
}

function leavesOf({ area, photo, lastSeen: { position, ...lastSeen }, ...content }: Content): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  collect({ ...content, lastSeen }, '', leaves);
  if (position) leaves.set('lastSeen.position', `${position[1]}, ${position[0]}`);
  for (const [field, text] of areaLeaves(area)) leaves.set(`area.${field}`, text);
  if (photo) leaves.set('photo', `${photo.width} × ${photo.height}, ${photo.sha256.slice(0, 12)}`);
  return leaves;
}

function areaLeaves(area: Area): readonly (readonly [field: string, text: string])[] {
  if (area.kind === 'country') return [['kind', area.kind]];
  if (area.kind === 'districts') return [['kind', area.kind], ['codes', area.codes.toSorted().map(named).join(', ')]];
  const corners = area.polygons.reduce((sum, polygon) => sum + polygon.length, 0);
  return [['kind', area.kind], ['polygons', `${area.polygons.length}, ${corners}, ${sha256Hex(canonicalJson(area.polygons)).slice(0, 12)}`]];
}

function collect(value: unknown, path: string, into: Map<string, string>): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) {
    into.set(path, String(value));
    return;
  }
  for (const [name, inner] of Object.entries(value)) collect(inner, path === '' ? name : `${path}.${name}`, into);
}

const named = (code: string): string => `${DISTRICTS.find((district) => district.code === code)?.name['sr-Latn'] ?? ''} (${code})`.trim();
