import { z } from 'zod';

/** The languages every alert speaks, as BCP 47 tags. */
export const LANGUAGES = ['sr-Latn', 'sr-Cyrl', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const line = (max: number) => z.string().trim().min(1).max(max).refine((s) => !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(s), 'no control characters');

/** A text in both scripts and English; the officer gives and confirms all three, nothing is converted silently. */
const wording = (max: number) => z.strictObject({ 'sr-Latn': line(max), 'sr-Cyrl': line(max), en: line(max) });
export type Wording = Record<Language, string>;

/** A place on the earth: longitude and latitude in degrees, WGS 84 (the order of GeoJSON, RFC 7946). */
const position = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);
export type Position = z.infer<typeof position>;

/** Where an alert goes. All of Serbia is an explicit choice; leaving the area out is refused. */
export const areaSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('country') }),
  z.strictObject({ kind: z.literal('districts'), codes: z.array(z.string().regex(/^RS-\d\d$/)).min(1).max(25) }),
  z.strictObject({ kind: z.literal('polygons'), polygons: z.array(z.array(position).min(3).max(20_000)).min(1).max(20) }),
]);
export type Area = z.infer<typeof areaSchema>;

/** Grounds on which an alert may go out (Serbian practice). */
export const CRITERIA = ['under_7', 'disability_or_therapy', 'suspected_abduction', 'danger_to_life_or_health'] as const;
export type Criterion = (typeof CRITERIA)[number];

/** The re-encoded photo a revision shows: its hash names the stored bytes. */
export const photoRefSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mediaType: z.literal('image/jpeg'),
  width: z.int().positive(),
  height: z.int().positive(),
  bytes: z.int().positive(),
});
export type PhotoRef = z.infer<typeof photoRefSchema>;

/** Everything an officer writes. Personal data: it lives sealed under the key of its case. */
export const contentSchema = z.strictObject({
  caseNumber: line(40),
  child: z.strictObject({
    /** Given and family name as the officer wrote and confirmed them in each script. */
    name: z.strictObject({ latin: line(80), cyrillic: line(80) }),
    birthDate: z.iso.date(),
    sex: z.enum(['female', 'male']),
    heightCm: z.int().min(30).max(230).optional(),
    build: wording(60).optional(),
    hair: wording(60).optional(),
    eyes: wording(40).optional(),
    clothing: wording(200).optional(),
    marks: wording(200).optional(),
    /** A disability or a necessary therapy is on record; what it is, is nobody's business and is not stored. */
    vulnerable: z.boolean().default(false),
  }),
  lastSeen: z.strictObject({
    at: z.iso.datetime({ offset: true }),
    place: wording(80),
    position: position.optional(),
  }),
  circumstances: wording(400).optional(),
  companion: wording(200).optional(),
  vehicle: z.strictObject({ make: line(40), colour: wording(30), plate: line(16) }).optional(),
  policeTelephone: z.string().regex(/^\+?[0-9]{2,15}$/).default('192'),
  assessment: z.strictObject({
    criterion: z.enum(CRITERIA),
    /** Why publication helps to find the child. Internal: never sent to a partner. */
    reason: line(1000),
    /** Who judged it: name or number of the officer of the case. Internal. */
    judgedBy: line(80),
  }),
  area: areaSchema,
  validHours: z.int().min(1).max(72),
  photo: photoRefSchema.optional(),
});
export type Content = z.infer<typeof contentSchema>;
/** What may be written before defaults are filled in. */
export type ContentInput = z.input<typeof contentSchema>;

/** Longest text that a draft keeps of one field, characters: more than any field takes, so that nothing that was pasted is lost. */
const DRAFT_TEXT = 4_000;
const draftText = z.string().max(DRAFT_TEXT);
const draftWording = z.strictObject({ 'sr-Latn': draftText, 'sr-Cyrl': draftText, en: draftText }).partial();

/**
 * Content while it is being written: any part of it may be missing, too long or not yet true, but what is there has its
 * type. The photo is no part of it; it has its own way in.
 */
export const draftContentSchema = z.strictObject({
  caseNumber: draftText,
  child: z.strictObject({
    name: z.strictObject({ latin: draftText, cyrillic: draftText }).partial(),
    birthDate: draftText, sex: z.enum(['female', 'male']), heightCm: z.number(),
    build: draftWording, hair: draftWording, eyes: draftWording, clothing: draftWording, marks: draftWording,
    vulnerable: z.boolean(),
  }).partial(),
  lastSeen: z.strictObject({ at: draftText, place: draftWording, position: z.tuple([z.number(), z.number()]) }).partial(),
  circumstances: draftWording,
  companion: draftWording,
  vehicle: z.strictObject({ make: draftText, colour: draftWording, plate: draftText }).partial(),
  policeTelephone: draftText,
  assessment: z.strictObject({ criterion: z.enum(CRITERIA), reason: draftText, judgedBy: draftText }).partial(),
  area: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('country') }),
    z.strictObject({ kind: z.literal('districts'), codes: z.array(z.string().max(10)).max(40) }),
    z.strictObject({ kind: z.literal('polygons'), polygons: z.array(z.array(z.tuple([z.number(), z.number()])).max(20_000)).max(20) }),
  ]),
  validHours: z.number(),
}).partial();
export type DraftContent = z.infer<typeof draftContentSchema>;
