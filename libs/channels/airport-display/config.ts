import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import { httpsFields, namesItselfWhole, NAMES_ITSELF_WHOLE, secretName } from '#dispatch/https/settings.js';

const picture = z.strictObject({ format: z.enum(['landscape', 'portrait']), language: z.enum(LANGUAGES) });
export type PictureKind = z.infer<typeof picture>;

/** Settings of an airport's display system, which takes signed CAP with pictures over HTTPS. */
export const airportDisplaySettings = z.strictObject({
  ...httpsFields,
  /** CAP `sender` of everything this house sends in this mode. */
  sender: z.string().min(1).max(200).regex(/^[^\s,<&]+$/, 'no spaces, commas, < or &'),
  /** Secrets: PEM of the RSA key that signs the messages, and of its certificate or chain. */
  signingKey: secretName,
  signingCertificate: secretName,
  /** The pictures that the airport shows in turn; travellers read more than one language. */
  pictures: z.array(picture).min(1).max(2 * LANGUAGES.length)
    .refine((all) => new Set(all.map(nameOf)).size === all.length, 'each picture once')
    .default([{ format: 'landscape', language: 'sr-Latn' }, { format: 'portrait', language: 'sr-Latn' }, { format: 'landscape', language: 'en' }, { format: 'portrait', language: 'en' }]),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

export type AirportDisplaySettings = z.infer<typeof airportDisplaySettings>;
/** What may be written before defaults are filled in. */
export type AirportDisplaySettingsInput = z.input<typeof airportDisplaySettings>;

/** The name of a picture in messages and acknowledgements: `landscape-sr-Latn`. */
export function nameOf({ format, language }: PictureKind): string {
  return `${format}-${language}`;
}
