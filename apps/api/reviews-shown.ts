import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';

const personSchema = z.object({ id: z.string(), displayName: z.string() });
const kindSchema = z.enum(['alert', 'update']);

/** The queue of an approver. */
export const reviewsSchema = z.object({
  items: z.array(z.object({
    id: z.string(), version: z.int(), caseNumber: z.string(), revision: z.int(), kind: kindSchema, submittedBy: personSchema, waitingSince: z.iso.datetime(), isOwn: z.boolean(),
  })),
}).meta({ id: 'Reviews' });
export type ShownReviews = z.input<typeof reviewsSchema>;

/** What an approver needs beside the content and its previews. */
export const reviewSchema = z.object({
  id: z.string(), mode: z.enum(['drill', 'live']), version: z.int(), revision: z.int(), kind: kindSchema, status: z.enum(['draft', 'in_review', 'returned']),
  contentHash: z.string().nullable(), caseNumber: z.string(), validHours: z.int(), area: z.record(z.enum(LANGUAGES), z.string()),
  writers: z.array(personSchema), submittedBy: personSchema.nullable(), waitingSince: z.iso.datetime().nullable(),
  /** Null when this officer may approve; else the refusal that an approval would get. */
  refusal: z.enum(['ROLE_MISSING', 'APPROVER_IS_WRITER', 'TRANSITION_NOT_ALLOWED']).nullable(),
  reach: z.object({
    destinations: z.int(), channels: z.array(z.object({
      channel: z.string(),
      /** Null where nobody can count whom it reaches. */
      destinations: z.array(z.object({ id: z.string(), name: z.string(), people: z.int().nullable() })),
    })),
  }),
  /** Why it was last given back to its writers; null where it never was. */
  sentBack: z.object({ by: personSchema, at: z.iso.datetime(), reason: z.string() }).nullable(),
  /** What has changed since the revision was last given back, and since what the public has. */
  comparisons: z.array(z.object({
    since: z.enum(['returned', 'published']), changes: z.array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
  })),
}).meta({ id: 'Review' });
export type ShownReview = z.input<typeof reviewSchema>;
