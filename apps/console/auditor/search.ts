/** What an auditor looks for, as it stands in the address of the page: a search can be linked. A case number never does. */
export const FIELDS = ['mode', 'officer', 'destination', 'channel', 'outcome', 'type', 'alert', 'status', 'from', 'to', 'order', 'after'] as const;
export type Field = (typeof FIELDS)[number];
export type Search = Readonly<Partial<Record<Field, string>>>;

/** Reads it from the query of an address; what is not known or empty is left out. */
export function readSearch(query: string): Search {
  const given = new URLSearchParams(query);
  return Object.fromEntries(FIELDS.flatMap((field) => {
    const value = given.get(field)?.trim();
    return value ? [[field, value]] : [];
  }));
}

/** The address of a page with a search. */
export function searchPath(page: string, search: Search): string {
  const query = new URLSearchParams(FIELDS.flatMap((field): [string, string][] => (search[field] ? [[field, search[field]]] : []))).toString();
  return query === '' ? page : `${page}?${query}`;
}

/** The address at the API: local times of Belgrade become instants, and only what it knows is asked. */
export function apiPath(path: string, search: Search, fields: readonly Field[], more: Readonly<Record<string, string>> = {}): string {
  const asked = fields.flatMap((field): [string, string][] => {
    const value = search[field];
    if (value === undefined) return [];
    return [[field, field === 'from' || field === 'to' ? instantOf(value) ?? value : value]];
  });
  const query = new URLSearchParams([...asked, ...Object.entries(more)]).toString();
  return query === '' ? path : `${path}?${query}`;
}

const BELGRADE = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Belgrade', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** The instant of a local time in Belgrade such as `2026-11-24T10:42`; undefined when it is none. */
export function instantOf(local: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  // Twice: the offset at the guess may be that of the other side of a change of the clocks.
  let instant = asUtc;
  for (let n = 0; n < 2; n += 1) instant = asUtc - offsetAt(instant);
  return new Date(instant).toISOString();
}

function offsetAt(instant: number): number {
  const part = Object.fromEntries(BELGRADE.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  return Date.parse(`${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}:${part['second']}Z`) - Math.floor(instant / 1_000) * 1_000;
}

export const FACT_FIELDS = ['mode', 'officer', 'destination', 'channel', 'outcome', 'type', 'alert', 'from', 'to'] as const satisfies readonly Field[];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Whether a text is the id of an alert. */
export const isAlertId = (text: string): boolean => UUID.test(text);
