import { z } from 'zod';
import type { Channel, Destination, Line, Outcome } from '#dispatch/channel.js';
import type { ErasureRequest } from '#dispatch/erasure.js';
import { ANSWER_INVALID, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { endpointOf } from '#dispatch/outgoing.js';
import type { Parcel } from '#dispatch/https/wire.js';
import { signWebhook } from '#dispatch/webhook-signature.js';
import { webhookSettings, type WebhookSettings } from './config.js';
import { encode, encodeErasure, exhibits, preview } from './encode.js';

/** Notices as Standard Webhooks: JSON with the words and the address of the CAP file, signed. */
export const webhook: Channel<WebhookSettings> = {
  kind: 'webhook',
  settings: webhookSettings,
  // A repetition has the same `webhook-id`, which receivers must tell.
  resend: () => 'safe',
  // `expires` ends a notice by itself, but what a receiver stored stays until it hears of the end.
  lapses: false,
  connectsTo: ({ url }) => [endpointOf(url)],
  parts: () => 1,
  preview,
  exhibits,
  // A type of its own, which whoever does not know it cannot take for an alert.
  tests: () => 'unseen',
  receiptSecrets: ({ secret }) => [secret],
  open: (destination, line) => new WebhookConnection(destination, line),
};

class WebhookConnection extends HttpsConnection {
  constructor(private readonly partner: Destination<WebhookSettings>, private readonly house: Line) {
    const sign = signing(partner, house);
    super(partner, house, {
      pack: ({ key, notice }) => sign(key, encode(notice)),
      judge: (answer, { key }) => outcomeOf(answer, key, partner.settings, house.clock.now()),
    });
  }

  /** Each call is a webhook of its own, so that a receiver that drops repetitions hears of it again. */
  readonly askErasure = async (request: ErasureRequest, signal: AbortSignal): Promise<Outcome> => {
    const id = `erasure-${request.id}-${request.chased + 1}`;
    const exchange = await this.request(signing(this.partner, this.house)(id, encodeErasure(request)), signal);
    if (exchange.kind === 'answer') return outcomeOf(exchange.answer, id, { ...this.partner.settings, reports: false }, this.house.clock.now());
    return { kind: exchange.left ? 'uncertain' : 'deferred', reason: exchange.reason };
  };
}

/** Signed anew for each attempt: receivers refuse a timestamp that is old, and a secret may have been replaced; the id stays. */
function signing({ settings }: Destination<WebhookSettings>, line: Line): (id: string, body: Buffer) => Parcel {
  // Also read now, so that a missing one is a fault at start and not in the hour of an alert.
  const first = line.secret(settings.secret);
  const valid = () => line.secrets?.(settings.secret) ?? first;
  return (id, body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json', ...signWebhook(valid(), id, line.clock.now().getTime() / 1000, body) }, body });
}

const takenSchema = z.object({ id: z.string() });

/** What an answer to the webhook `id` means. */
function outcomeOf(answer: Answer, id: string, { acknowledges, reports }: WebhookSettings, now: Date): Outcome {
  const accepted: Outcome = { kind: 'accepted', references: [id], expectedReceipts: reports ? 1 : 0 };
  if (acknowledges === 'status' && answer.status >= 200 && answer.status < 300) return accepted;
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  return takenIn(answer.body) === id ? accepted : ANSWER_INVALID;
}

function takenIn(body: Buffer | undefined): string | undefined {
  try {
    return takenSchema.safeParse(JSON.parse(body?.toString('utf8') ?? '')).data?.id;
  } catch {
    return undefined;
  }
}
