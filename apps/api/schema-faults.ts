import type { z } from 'zod';
import { Refusal, type Fault } from '#kernel/errors.js';
import { fieldOf, ruleOf } from '#kernel/schema-rule.js';

/** More faults than this help nobody. */
const MOST_FAULTS = 50;

/**
 * Reads a value by its schema. Throws REQUEST_INVALID with field and rule of every issue, made from the schema alone: what
 * came in is never quoted.
 */
export function readBy<T>(schema: z.ZodType<T>, value: unknown, within = ''): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, MOST_FAULTS).map((issue): Fault => {
    const detail = ruleOf(issue);
    return { code: 'REQUEST_INVALID', field: fieldOf([...(within ? [within] : []), ...issue.path]), ...(detail !== undefined && { detail }) };
  });
  throw new Refusal(faults as [Fault, ...Fault[]]);
}
