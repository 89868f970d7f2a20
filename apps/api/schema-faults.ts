import type { z } from 'zod';
import { Refusal, type Fault } from '#kernel/errors.js';

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

function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${String(step)}`), '');
}

function ruleOf(issue: z.core.$ZodIssue): string | undefined {
  const unit = (origin: string): string => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '');
  switch (issue.code) {
    case 'invalid_type': return `Expected: ${issue.expected}.`;
    case 'too_small': return `At least ${issue.minimum}${unit(issue.origin)}.`;
    case 'too_big': return `At most ${issue.maximum}${unit(issue.origin)}.`;
    case 'invalid_value': return `One of: ${issue.values.map(String).join(', ')}.`;
    case 'invalid_format': return `Format: ${issue.pattern === undefined || issue.format !== 'regex' ? issue.format : issue.pattern}.`;
    case 'unrecognized_keys': return 'A field that the schema does not know.';
    default: return undefined;
  }
}
