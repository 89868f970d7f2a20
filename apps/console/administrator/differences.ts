export interface Difference {
  /** `settings.audience.name` */
  readonly path: string;
  /** Undefined where there was, or is, nothing. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Where two documents differ, leaf by leaf, in the order of their fields. */
export function differences(before: unknown, after: unknown): readonly Difference[] {
  const [was, is] = [leaves(before), leaves(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((path) => (was.get(path) === is.get(path) ? [] : [{ path, before: was.get(path), after: is.get(path) }]));
}

function leaves(value: unknown, path = '', found = new Map<string, string>()): ReadonlyMap<string, string> {
  if (typeof value === 'object' && value !== null) for (const [name, part] of Object.entries(value)) leaves(part, path === '' ? name : `${path}.${name}`, found);
  else if (value !== undefined) found.set(path, String(value));
  return found;
}
