import type { ShownDraft } from '#apps/api/draft-shown.js';

export type Content = ShownDraft['content'];
export type Unfinished = ShownDraft['unfinished'];
export type Fault = ShownDraft['faults'][number];
export type UnfinishedField = keyof Unfinished;
type Area = NonNullable<Content['area']>;

/** What stands in the form: the content as far as it goes, and what cannot be read yet as it was typed. */
export interface Writing {
  readonly content: Content;
  readonly unfinished: Unfinished;
}

export const EMPTY: Writing = { content: {}, unfinished: {} };

/** The value at a path such as `child.name.latin`; undefined where nothing is. */
export function valueAt(content: Content, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (isGroup(value) ? value[step] : undefined), content);
}

/** The text at a path; empty where there is none. */
export function textAt(content: Content, path: string): string {
  const value = valueAt(content, path);
  return typeof value === 'string' ? value : '';
}

/** The content with a value put at a path, or taken from it. Groups in which nothing is left go too. */
export function put(content: Content, path: string, value: unknown): Content {
  return putIn(content, path.split('.'), value === '' ? undefined : value) ?? {};
}

function putIn(group: unknown, [step, ...rest]: readonly string[], value: unknown): Record<string, unknown> | undefined {
  const next: Record<string, unknown> = { ...(isGroup(group) ? group : {}) };
  const inner = rest.length > 0 ? putIn(next[step!], rest, value) : value;
  if (inner === undefined) delete next[step!];
  else next[step!] = inner;
  return Object.keys(next).length > 0 ? next : undefined;
}

/** Every leaf of what is written by its path. An area and a position are one thing each. */
export function leavesOf({ content, unfinished }: Writing): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, path: string): void => {
    if (path !== 'area' && isGroup(value)) for (const [step, inner] of Object.entries(value)) walk(inner, path === '' ? step : `${path}.${step}`);
    else if (value !== undefined) leaves.set(path, value);
  };
  walk(content, '');
  for (const [field, text] of Object.entries(unfinished)) leaves.set(`${TYPED}${field}`, text);
  return leaves;
}

/** Marks the leaves of what cannot be read yet. */
const TYPED = 'typed:';

/** What two wrote into the same field since they last agreed. */
export interface Clash {
  readonly path: string;
  readonly mine: unknown;
  readonly theirs: unknown;
}

export interface Merged {
  /** Both, with mine where both wrote. */
  readonly writing: Writing;
  readonly clashes: readonly Clash[];
  /** Fields that only the other wrote. */
  readonly taken: readonly string[];
}

/** Puts together what I and another wrote since `base`. */
export function merge(base: Writing, mine: Writing, theirs: Writing): Merged {
  const [was, my, their] = [leavesOf(base), leavesOf(mine), leavesOf(theirs)];
  const clashes: Clash[] = [];
  const taken: string[] = [];
  let writing = mine;
  for (const path of new Set([...was.keys(), ...my.keys(), ...their.keys()])) {
    const [before, m, t] = [was.get(path), my.get(path), their.get(path)].map((value) => JSON.stringify(value));
    if (t === before || t === m) continue;
    if (m === before) {
      taken.push(fieldOf(path));
      writing = choose(writing, path, their.get(path));
    } else clashes.push({ path, mine: my.get(path), theirs: their.get(path) });
  }
  return { writing, clashes, taken };
}

/** The writing with one leaf as given. */
export function choose(writing: Writing, path: string, value: unknown): Writing {
  if (!path.startsWith(TYPED)) return { ...writing, content: put(writing.content, path, value) };
  const { [fieldOf(path) as UnfinishedField]: _former, ...rest } = writing.unfinished;
  return { ...writing, unfinished: typeof value === 'string' ? { ...rest, [fieldOf(path)]: value } : rest };
}

/** The field that a leaf belongs to. */
export const fieldOf = (path: string): string => (path.startsWith(TYPED) ? path.slice(TYPED.length) : path);

/** Whether two writings are the same. */
export const same = (a: Writing, b: Writing): boolean => canonical(a) === canonical(b);

const canonical = (writing: Writing): string => JSON.stringify([...leavesOf(writing)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, value]) => [path, path === 'area' ? areaKey(value as Area) : value]));
const areaKey = (area: Area): unknown => [area.kind, area.kind === 'districts' ? area.codes : area.kind === 'polygons' ? area.polygons : null];

/** Id of the element in which a field of the content is written. */
export const elementOf = (path: string): string => `author-${path.replace(/\[.*$/, '').replaceAll('.', '-')}`;

const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
