import { z } from 'zod';
import { httpsFields, namesItselfWhole, NAMES_ITSELF_WHOLE } from '#dispatch/https/settings.js';

/** A station whose screens show the notice. */
const station = z.strictObject({
  /** Our name for it, which its receipts carry. */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,23}$/, 'at most 24 letters, digits, dots, hyphens and underscores'),
  /** The partner's reference of the stop place (NeTEx, IFOPT). */
  stopPlace: z.string().min(1).max(200).regex(/^\S+$/, 'no spaces'),
  name: z.string().min(1).max(100),
});

/** Settings of a passenger information system that takes SIRI-SX over HTTPS. */
export const siriSxSettings = z.strictObject({
  ...httpsFields,
  /** Who publishes: SIRI `ProducerRef` and `ParticipantRef`. */
  participant: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, dots, hyphens and underscores'),
  stations: z.array(station).min(1).max(1_000).refine((stations) => new Set(stations.map((s) => s.id)).size === stations.length, 'each station once'),
  /** Characters of the summary, which screens show in one line. */
  summaryLimit: z.int().min(20).max(1_000).default(160),
  /** Characters of description and of advice, each. */
  descriptionLimit: z.int().min(100).max(20_000).default(4_000),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

export type SiriSxSettings = z.infer<typeof siriSxSettings>;
/** What may be written before defaults are filled in. */
export type SiriSxSettingsInput = z.input<typeof siriSxSettings>;
