import { z } from 'zod';
import { httpsFields, NAMES_ITSELF_WHOLE, namesItselfWhole } from '#dispatch/https/settings.js';

/** Settings of a partner that takes notices as Standard Webhooks. */
export const webhookSettings = z.strictObject({
  ...httpsFields,
  /**
   * What counts as having taken a webhook. `id`: a success whose body names the webhook's id. `status`: any success, which is
   * all that Standard Webhooks ask for; for receivers that cannot say more.
   */
  acknowledges: z.enum(['id', 'status']).default('id'),
  /** Whether the partner reports by a receipt once it has done with the notice what it does. */
  reports: z.boolean().default(true),
  /** Characters of the headline, and of each text. */
  headlineLimit: z.int().min(20).max(1_000).default(160),
  textLimit: z.int().min(100).max(20_000).default(4_000),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

export type WebhookSettings = z.infer<typeof webhookSettings>;
/** What may be written before defaults are filled in. */
export type WebhookSettingsInput = z.input<typeof webhookSettings>;
