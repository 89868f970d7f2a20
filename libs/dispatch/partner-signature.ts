import { fail, Refusal } from '#kernel/errors.js';
import { signWebhook, verifyWebhook, type IncomingWebhook, type WebhookHeaders } from './webhook-signature.js';

/** A request that a partner makes of the house. */
export interface PartnerRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query exactly as sent (RFC 9112 section 3.2.1): `/v1/partners/rts-1/erasures`. */
  readonly target: string;
  /** The octets sent; none when left out. */
  readonly body?: Uint8Array | string;
}

/**
 * Signs a request as Standard Webhooks 1.0 sign a webhook, for a content that names the request too: HMAC-SHA256 over
 * `id.timestamp.METHOD target\nbody`. So a signature is good for one address, and never for a webhook, which is JSON. Throws
 * a refusal CONFIGURATION_INVALID when the secret has another form than `whsec_…`. `timestamp` is in seconds.
 */
export function signRequest(secret: string, id: string, timestamp: number, request: PartnerRequest): WebhookHeaders {
  return signWebhook(secret, id, timestamp, contentOf(request));
}

/** Checks a request of a partner. Throws REQUEST_FORGED, without saying what was wrong, as `verifyWebhook` does. */
export function verifyRequest(request: PartnerRequest, judged: Omit<IncomingWebhook, 'body'>): void {
  try {
    verifyWebhook({ ...judged, body: contentOf(request) });
  } catch (error) {
    if (error instanceof Refusal && error.code === 'RECEIPT_FORGED') throw fail('REQUEST_FORGED');
    throw error;
  }
}

function contentOf({ method, target, body = '' }: PartnerRequest): Buffer {
  return Buffer.concat([Buffer.from(`${method} ${target}\n`), Buffer.from(body)]);
}
