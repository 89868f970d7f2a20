import type { z } from 'zod';
import { Refusal, type ErrorCode, type Fault } from '#kernel/errors.js';
import { fieldOf, ruleOf } from '#kernel/schema-rule.js';
import { checkArea } from './area.js';
import { ageAt, inBelgrade } from './calendar.js';
import { contentSchema, type Content, type DraftContent } from './content.js';
import { scriptFaults } from './scripts.js';

/** Clocks of desks and servers differ a little: what lies less than this ahead is now. Milliseconds. */
const CLOCK_TOLERANCE_MS = 120_000;
/** More faults than this help nobody; hostile input could have hundreds of thousands. */
const MOST_FAULTS = 50;

/**
 * All faults of well-formed content that can be seen without asking anyone: dates, age at the disappearance, the
 * criterion, area and scripts. Empty when an officer may submit it.
 */
export function checkContent(content: Content, now: Date): Fault[] {
  return [...dateFaults(content, now), ...criterionFaults(content), ...checkArea(content.area), ...scriptFaults(content)];
}

/**
 * The same checks on content that is still being written: each is made as soon as what it looks at is there. Whatever is
 * missing or malformed is left to `contentFaults`.
 */
export function checkParts(content: DraftContent, now: Date): Fault[] {
  const { child, lastSeen, assessment, area } = contentSchema.shape;
  const birthDate = child.shape.birthDate.safeParse(content.child?.birthDate).data;
  const at = lastSeen.shape.at.safeParse(content.lastSeen?.at).data;
  const judged = assessment.safeParse(content.assessment).data;
  const where = area.safeParse(content.area).data;
  const dated = birthDate !== undefined && at !== undefined ? { child: { birthDate, vulnerable: content.child?.vulnerable ?? false }, lastSeen: { at } } : undefined;
  return [
    ...(dated ? dateFaults(dated, now) : []),
    ...(dated && judged ? criterionFaults({ ...dated, assessment: judged }) : []),
    ...(where ? checkArea(where) : []),
    ...scriptFaults(content),
  ];
}

/** What dates are judged by. */
interface Dated {
  readonly child: Pick<Content['child'], 'birthDate' | 'vulnerable'>;
  readonly lastSeen: Pick<Content['lastSeen'], 'at'>;
}

function dateFaults({ child, lastSeen }: Dated, now: Date): Fault[] {
  const faults: Fault[] = [];
  const at = new Date(lastSeen.at);
  const age = ageAt(child.birthDate, at);
  const today = inBelgrade(now);
  const bornAhead = child.birthDate > isoDate(today.year, today.month, today.day);
  if (age < 0 || bornAhead) faults.push({ code: 'BIRTH_DATE_FUTURE', field: 'child.birthDate' });
  else if (age >= 18) faults.push({ code: 'BIRTH_DATE_ADULT', field: 'child.birthDate' });
  if (at.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) faults.push({ code: 'LAST_SEEN_FUTURE', field: 'lastSeen.at' });
  return faults;
}

const isoDate = (year: number, month: number, day: number): string => `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

function criterionFaults({ child, lastSeen, assessment }: Dated & Pick<Content, 'assessment'>): Fault[] {
  const unmet = (detail: string): Fault[] => [{ code: 'CRITERION_NOT_MET', field: 'assessment.criterion', detail }];
  switch (assessment.criterion) {
    case 'under_7':
      return ageAt(child.birthDate, new Date(lastSeen.at)) < 7 ? [] : unmet('under_7: the child was 7 or older.');
    case 'disability_or_therapy':
      return child.vulnerable ? [] : unmet('disability_or_therapy: child.vulnerable is true.');
    case 'suspected_abduction':
    case 'danger_to_life_or_health':
      // A dash or a dot is no reason.
      return /\p{L}{2}/u.test(assessment.reason) ? [] : [{ code: 'CRITERION_NOT_MET', field: 'assessment.reason', detail: 'The reason is given in words.' }];
  }
}

/**
 * What came in over the door as content, with defaults filled in. Throws a Refusal that names every field and rule, and
 * never what stood there: CRITERION_MISSING for an assessment that is absent or empty, AREA_MISSING for an area that is,
 * VALIDITY_OUT_OF_RANGE, AREA_TOO_SMALL, AREA_UNKNOWN_DISTRICT, and CONTENT_INVALID for everything else.
 */
export function parseContent(input: unknown): Content {
  const parsed = contentSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Refusal(faultsOf(parsed.error, input) as [Fault, ...Fault[]]);
}

/** What `parseContent` would refuse; empty when it would not. */
export function contentFaults(input: unknown): Fault[] {
  const parsed = contentSchema.safeParse(input);
  return parsed.success ? [] : faultsOf(parsed.error, input);
}

function faultsOf({ issues }: z.ZodError, input: unknown): Fault[] {
  return issues.slice(0, MOST_FAULTS).map((issue) => faultOf(issue, input));
}

function faultOf(issue: z.core.$ZodIssue, input: unknown): Fault {
  const field = fieldOf(issue.path);
  const code = codeOf(issue, field, valueAt(input, issue.path));
  // The only rule of the schema that is ours and not Zod's.
  const detail = issue.code === 'custom' ? 'No control characters.' : ruleOf(issue);
  return detail === undefined ? { code, field } : { code, field, detail };
}

function codeOf(issue: z.core.$ZodIssue, field: string, value: unknown): ErrorCode {
  const empty = value === undefined || value === null || (typeof value === 'string' && value.trim() === '') || (Array.isArray(value) && value.length === 0);
  if (field === 'assessment' || field.startsWith('assessment.')) return empty && issue.code !== 'unrecognized_keys' ? 'CRITERION_MISSING' : 'CONTENT_INVALID';
  if (field === 'area' || field.startsWith('area.')) {
    if (empty || field === 'area.kind') return 'AREA_MISSING';
    if (/^area\.codes\[\d+\]$/.test(field)) return 'AREA_UNKNOWN_DISTRICT';
    if (/^area\.polygons\[\d+\]$/.test(field) && issue.code === 'too_small') return 'AREA_TOO_SMALL';
  }
  return field === 'validHours' ? 'VALIDITY_OUT_OF_RANGE' : 'CONTENT_INVALID';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined), input);
}
