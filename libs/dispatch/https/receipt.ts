import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Receipt } from '../channel.js';
import { verifyWebhook, type IncomingWebhook } from '../webhook-signature.js';

/** What a partner posts once it has shown, aired or stopped something. */
export const receiptBody = z.strictObject({
  /** Our `Idempotency-Key` of the message. */
  key: z.string().min(1).max(200),
  stage: z.enum(['confirmed', 'failed']),
  /** `aired`, `stopped`, `displayed A1-042`, or the partner's own word. */
  word: z.string().regex(/^[A-Za-z0-9_. -]{1,40}$/),
  at: z.iso.datetime({ offset: true }).optional(),
});
export type ReceiptBody = z.infer<typeof receiptBody>;

/** One receipt, or a list of them in one webhook. */
export const receiptBodies = z.union([receiptBody, z.array(receiptBody).min(1).max(1_000)]);

/**
 * Reads what a partner posted as a Standard Webhook. Throws RECEIPT_FORGED when it is not signed by the destination it
 * speaks for, REQUEST_INVALID when it is signed but says something else than receipts. Those of a list are told apart by
 * their place in it, so that its repetition is the same list.
 */
export function readReceipts(destination: DestinationId, webhook: IncomingWebhook): readonly Receipt[] {
  const { id } = verifyWebhook(webhook);
  const parsed = receiptBodies.safeParse(parseJson(webhook.body));
  if (!parsed.success) throw fail('REQUEST_INVALID', parsed.error.issues[0]?.path.join('.') ?? '');
  const many = Array.isArray(parsed.data);
  return [parsed.data].flat().map(({ key, stage, word, at }, place) => ({
    destination, receiptKey: many ? `${id}/${place}` : id, about: { key }, stage, word, ...(at !== undefined && { at: new Date(at) }),
  }));
}

function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
