import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Receipt } from '#dispatch/channel.js';
import { verifyWebhook, type IncomingWebhook } from '#dispatch/webhook-signature.js';

/** What a partner posts once it has aired, or stopped. */
export const receiptBody = z.strictObject({
  /** Our `Idempotency-Key` of the message. */
  key: z.string().min(1).max(200),
  stage: z.enum(['confirmed', 'failed']),
  /** `aired`, `stopped`, or the partner's own word. */
  word: z.string().regex(/^[A-Za-z0-9_. -]{1,40}$/),
  at: z.iso.datetime({ offset: true }).optional(),
});
export type ReceiptBody = z.infer<typeof receiptBody>;

/**
 * Reads a receipt that a partner posted as a Standard Webhook. Throws RECEIPT_FORGED when it is not signed by the
 * destination it speaks for, REQUEST_INVALID when it is signed but says something else than a receipt.
 */
export function readReceipt(destination: DestinationId, webhook: IncomingWebhook): Receipt {
  const { id } = verifyWebhook(webhook);
  const parsed = receiptBody.safeParse(parseJson(webhook.body));
  if (!parsed.success) throw fail('REQUEST_INVALID', parsed.error.issues[0]?.path.join('.') ?? '');
  const { key, stage, word, at } = parsed.data;
  return { destination, receiptKey: id, about: { key }, stage, word, ...(at !== undefined && { at: new Date(at) }) };
}

function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
