import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import { httpsFields, namesItselfWhole, NAMES_ITSELF_WHOLE } from '#dispatch/https/settings.js';
import { canShowAnything, TOO_SMALL } from '#dispatch/sign.js';

const identifier = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,23}$/, 'at most 24 letters, digits, dots, hyphens and underscores');

/** A variable message sign and what it can show. */
const sign = z.strictObject({
  /** Our name for it, which its receipts carry. */
  id: identifier,
  /** The controller it hangs on, in the centre's own table; the id when left out. */
  controller: z.string().min(1).max(200).optional(),
  /** Index of the sign on its controller. */
  index: z.int().min(1).max(1_000).default(1),
  rows: z.int().min(1).max(20),
  columns: z.int().min(4).max(100),
  maxPages: z.int().min(1).max(10).default(3),
  charset: z.enum(['ascii', 'unicode']).default('ascii'),
  language: z.enum(LANGUAGES).default('sr-Latn'),
}).refine((s) => s.charset !== 'ascii' || s.language !== 'sr-Cyrl', { path: ['language'], error: 'a sign of ASCII letters has no Cyrillic' }).refine(canShowAnything, TOO_SMALL);

/** Settings of a traffic centre that takes DATEX II v3.5 by push over HTTPS. */
export const datex2Settings = z.strictObject({
  ...httpsFields,
  /** Who publishes: DATEX II `publicationCreator`. */
  supplier: z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/).default('RS'), identifier: z.string().min(1).max(100) }),
  /** The centre's table of sign controllers that the signs are named in. */
  controllerTable: z.strictObject({ id: z.string().min(1).max(200), version: z.string().min(1).max(20) }),
  signs: z.array(sign).min(1).max(1_000).refine((signs) => new Set(signs.map((s) => s.id)).size === signs.length, 'each sign once'),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

export type Datex2Settings = z.infer<typeof datex2Settings>;
/** What may be written before defaults are filled in. */
export type Datex2SettingsInput = z.input<typeof datex2Settings>;
export type Sign = Datex2Settings['signs'][number];
