import { z } from 'zod';
import { areaSchema, LANGUAGES } from '#alerts/content.js';

const faultSchema = z.object({ code: z.string(), field: z.string(), detail: z.string().optional() });
/** What would leave the house in one language, or on one kind of sign. */
const previewSchema = z.object({
  language: z.enum(LANGUAGES), encoding: z.string(), text: z.string(), length: z.int(), limit: z.int(), unit: z.enum(['septets', 'code-units', 'octets', 'characters']), segments: z.int(),
  faults: z.array(faultSchema), pieces: z.array(z.object({ text: z.string(), octets: z.string().optional() })).optional(),
  face: z.object({ signs: z.array(z.string()), rows: z.int(), columns: z.int(), centred: z.boolean(), pageSeconds: z.number().optional() }).optional(),
  fields: z.record(z.string(), z.string()).optional(),
}).meta({ id: 'Preview' });
export type ShownPreview = z.output<typeof previewSchema>;
/** A picture, sound or document, which is made when it is asked for. */
const exhibitSchema = z.object({ name: z.string(), mediaType: z.string(), language: z.enum(LANGUAGES).optional(), lacks: z.enum(['signature', 'personal-link']).optional() });
export type ShownExhibit = z.output<typeof exhibitSchema>;

/** What would be sent, channel by channel. */
export const previewsSchema = z.object({
  revision: z.int(), kind: z.enum(['alert', 'update', 'found', 'withdrawn']), version: z.int().nullable(), contentHash: z.string().nullable(),
  /** Times are those of the approval; until there is one, those that it would have now. */
  times: z.object({ sent: z.string(), expires: z.string(), frozen: z.boolean() }),
  texts: z.record(z.enum(LANGUAGES), z.object({ headline: z.string(), short: z.string(), full: z.string(), instruction: z.string(), area: z.string() })),
  area: z.object({ shown: areaSchema, simplified: z.object({ from: z.int(), to: z.int() }).nullable() }),
  channels: z.array(z.object({
    channel: z.string(), destinations: z.array(z.object({ id: z.string(), name: z.string(), route: z.int() })), previews: z.array(previewSchema), exhibits: z.array(exhibitSchema),
  })),
}).meta({ id: 'Previews' });
export type ShownPreviews = z.output<typeof previewsSchema>;

/** What content would become that is not handed in. */
export const contentPreviewsSchema = z.object({ faults: z.array(faultSchema), previews: previewsSchema.nullable() }).meta({ id: 'ContentPreviews' });
export type ShownContentPreviews = z.output<typeof contentPreviewsSchema>;
