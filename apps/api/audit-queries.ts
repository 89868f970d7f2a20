import { z } from 'zod';
import { FACT_BODIES, type FactType } from '#audit/fact.js';
import type { Selection } from '#audit/selection.js';
import type { FactFilter } from '#storage/audit-search.js';

/** The queries of the auditor's routes, and what they say to the stores. */

export const instant = z.iso.datetime({ offset: true });
export const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const limit = z.coerce.number().int().min(1).max(1_000).default(100);
export const cursor = z.string().max(200).optional();
export const mode = z.enum(['drill', 'live']);
/** A destination or a channel of the configuration, or one that was there once. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/);
export const destination = name;
export const FACT_TYPES = Object.keys(FACT_BODIES) as [FactType, ...FactType[]];
export const OUTCOMES = ['accepted', 'refused', 'deferred', 'uncertain', 'aired', 'late', 'missed', 'stopped'] as const;

const filters = {
  alert: uuid.optional(),
  type: z.enum(FACT_TYPES).optional(),
  /** `system`, `officer:<id>` or `destination:<id>`. */
  actor: z.string().regex(/^(system|(officer|destination):[A-Za-z0-9_.-]{1,80})$/).optional(),
  officer: uuid.optional(),
  destination: name.optional(),
  channel: name.optional(),
  outcome: z.enum(OUTCOMES).optional(),
  mode: mode.optional(),
  from: instant.optional(),
  to: instant.optional(),
};

export const factQuery = z.strictObject({
  ...filters,
  /** `next` of the page before. */
  after: z.coerce.number().int().min(0).optional(),
  order: z.enum(['oldest', 'newest']).default('oldest'),
  limit,
});
export const exportQuery = z.strictObject(filters);
type Asked = z.infer<typeof exportQuery>;

/** What a query asks of the facts; `officer` is another way to name an actor. */
export function filterOf({ alert, type, actor, officer, destination: partner, channel, outcome, mode: world, from, to }: Asked): FactFilter {
  const by = officer === undefined ? actor : `officer:${officer}`;
  return {
    ...(alert && { alert }), ...(type && { type }), ...(by && { actor: by }), ...(partner && { destination: partner }), ...(channel && { channel }), ...(outcome && { outcome }),
    ...(world && { mode: world }), ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }),
  };
}

/** What was asked for, as the export and the fact about it say it; undefined where it was everything. */
export function selectionOf(filter: FactFilter): Selection | undefined {
  const asked = Object.entries(filter).map(([field, value]: [string, unknown]) => [field, value instanceof Date ? value.toISOString() : String(value)]);
  return asked.length === 0 ? undefined : Object.fromEntries(asked) as Selection;
}
