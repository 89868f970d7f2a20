import { z } from 'zod';
import { httpsFields, namesItselfWhole, NAMES_ITSELF_WHOLE, secretName } from '#dispatch/https/settings.js';

/** Settings of a destination that takes signed CAP over HTTPS. */
export const capPushSettings = z.strictObject({
  ...httpsFields,
  /** CAP `sender` of everything this house sends in this mode. */
  sender: z.string().min(1).max(200).regex(/^[^\s,<&]+$/, 'no spaces, commas, < or &'),
  /** Secrets: PEM of the RSA key that signs the messages, and of its certificate or chain. */
  signingKey: secretName,
  signingCertificate: secretName,
  /** Whether the partner is a broadcaster, whose airings the rulebook counts; false for displays and others that take CAP. */
  airs: z.boolean().default(true),
  /** Characters that the partner's crawl shows. */
  headlineLimit: z.int().min(20).max(1_000).default(160),
  /** Characters of description and instruction, each, that the partner takes. */
  descriptionLimit: z.int().min(100).max(20_000).default(4_000),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

export type CapPushSettings = z.infer<typeof capPushSettings>;
/** What may be written before defaults are filled in. */
export type CapPushSettingsInput = z.input<typeof capPushSettings>;
