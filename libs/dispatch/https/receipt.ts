import { z } from 'zod';
import { fail } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Receipt } from '../channel.js';
import type { PartnerReport } from '../partner-report.js';
import { verifyWebhook, type IncomingWebhook } from '../webhook-signature.js';

/** Our `Idempotency-Key` of the message. */
const key = z.string().min(1).max(200);
const at = z.iso.datetime({ offset: true }).optional();
const count = z.int().min(0).max(1_000_000_000_000);

/** What a partner posts once it has shown, aired or stopped something. */
export const receiptBody = z.strictObject({
  key,
  stage: z.enum(['confirmed', 'failed']),
  /** `aired`, `stopped`, `displayed A1-042`, or the partner's own word. */
  word: z.string().regex(/^[A-Za-z0-9_. -]{1,40}$/),
  at,
});
export type ReceiptBody = z.infer<typeof receiptBody>;

/** The rungs of the ladder by their own names. `aired` and `displayed` confirm; the others are reports and move nothing. */
const ladderBodies = [
  /** A person or a system of the partner has seen the message. */
  z.strictObject({ key, stage: z.literal('acknowledged'), at }),
  /** How much of the message's audience has it by now. */
  z.strictObject({ key, stage: z.literal('progress'), percent: z.number().min(0).max(100).optional(), done: count.optional(), total: count.optional(), at })
    .refine(({ percent, done, total }) => (percent !== undefined || done !== undefined) && (total === undefined || (done !== undefined && done <= total)), { path: ['percent'], error: 'percent, or done of total' }),
  /** On air, for so many seconds. */
  z.strictObject({ key, stage: z.literal('aired'), seconds: z.number().min(0).max(86_400).optional(), at }),
  /** On display, at a sign, stop or screen of the partner's own name. */
  z.strictObject({ key, stage: z.literal('displayed'), place: z.string().regex(/^[A-Za-z0-9_.-]{1,30}$/).optional(), at }),
  /** All data of the alert is erased; taken once the alert has ended. */
  z.strictObject({ key, stage: z.literal('erased'), at }),
] as const;

const body = z.discriminatedUnion('stage', [receiptBody, ...ladderBodies]);
type Body = z.infer<typeof body>;

/** One receipt or report, or a list of them in one webhook. */
export const receiptBodies = z.union([body, z.array(body).min(1).max(1_000)]);

/** What a webhook of a partner held: receipts, which move deliveries, and reports, which say more about them. */
export interface Reported {
  readonly receipts: readonly Receipt[];
  readonly reports: readonly PartnerReport[];
}

/**
 * Reads what a partner posted as a Standard Webhook. Throws RECEIPT_FORGED when it is not signed by the destination it
 * speaks for, REQUEST_INVALID when it is signed but says something else than receipts. Those of a list are told apart by
 * their place in it, so that its repetition is the same list.
 */
export function readReported(destination: DestinationId, webhook: IncomingWebhook): Reported {
  const { id } = verifyWebhook(webhook);
  const parsed = receiptBodies.safeParse(parseJson(webhook.body));
  if (!parsed.success) throw fail('REQUEST_INVALID', parsed.error.issues[0]?.path.join('.') ?? '');
  const many = Array.isArray(parsed.data);
  const receipts: Receipt[] = [];
  const reports: PartnerReport[] = [];
  for (const [place, item] of [parsed.data].flat().entries()) {
    const word = wordOf(item);
    const name = many ? `${id}/${place}` : id;
    const when = item.at !== undefined && { at: new Date(item.at) };
    if (word !== undefined) receipts.push({ destination, receiptKey: name, about: { key: item.key }, stage: item.stage === 'failed' ? 'failed' : 'confirmed', word, ...when });
    else if (item.stage === 'progress') reports.push({ destination, reportKey: name, key: item.key, stage: item.stage, progress: progressOf(item), ...when });
    else if (item.stage === 'acknowledged' || item.stage === 'erased') reports.push({ destination, reportKey: name, key: item.key, stage: item.stage, ...when });
  }
  return { receipts, reports };
}

/** As `readReported`, the receipts alone. */
export function readReceipts(destination: DestinationId, webhook: IncomingWebhook): readonly Receipt[] {
  return readReported(destination, webhook).receipts;
}

/** The word of a receipt; nothing for a report that is none. */
function wordOf(item: Body): string | undefined {
  switch (item.stage) {
    case 'confirmed':
    case 'failed':
      return item.word;
    case 'aired':
      return item.seconds === undefined ? 'aired' : `aired ${Math.round(item.seconds)}`;
    case 'displayed':
      return item.place === undefined ? 'displayed' : `displayed ${item.place}`;
    default:
      return undefined;
  }
}

function progressOf({ percent, done, total }: Extract<Body, { stage: 'progress' }>): NonNullable<PartnerReport['progress']> {
  return { ...(percent !== undefined && { percent }), ...(done !== undefined && { done }), ...(total !== undefined && { total }) };
}

function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
