import type { z } from 'zod';

/** A place in a document: `area.polygons[0][2]`, `lastSeen.place.sr-Latn`. Zod walks the schema, so no step is the sender's word. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${String(step)}`), '');
}

/** The broken rule in words, made from the schema alone: Zod's own messages may quote input. Undefined where there is no more to say. */
export function ruleOf(issue: z.core.$ZodIssue): string | undefined {
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
