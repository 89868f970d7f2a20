import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { fail } from '#kernel/errors.js';

/** The three headers of a signed webhook, in the names of Standard Webhooks 1.0. */
export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** A webhook as it came in, and what it is judged by. */
export interface IncomingWebhook {
  /** Every secret that is valid at present: two of them while one is being replaced. */
  readonly secrets: readonly string[];
  /** Lower-case names, as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The octets as received, before any parsing. */
  readonly body: Uint8Array | string;
  readonly now: Date;
  /** How far the sender's clock may be from ours, both ways. */
  readonly toleranceSeconds?: number;
}

/** A new secret: `whsec_` and base64 of 32 random octets. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * Signs a webhook by Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`. A secret is `whsec_` and base64 of
 * 24 to 64 octets; while one is replaced there are two, and a signature under each. `timestamp` is in seconds. Throws a refusal
 * CONFIGURATION_INVALID when a secret has another form.
 */
export function signWebhook(secrets: string | readonly string[], id: string, timestamp: number, body: Uint8Array | string): WebhookHeaders {
  if (!/^[^.\s]+$/.test(id)) throw new TypeError('a webhook id has no dots and no spaces');
  const seconds = String(Math.floor(timestamp));
  const signatures = [secrets].flat().map((secret) => `v1,${digest(secret, id, seconds, body).toString('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}

/**
 * Checks a webhook against each secret in constant time and returns its id, by which a repetition is recognised, and its
 * time. Throws RECEIPT_FORGED, without saying what was wrong, when a header is missing or doubled, the time is outside the
 * tolerance or no signature fits.
 */
export function verifyWebhook({ secrets, headers, body, now, toleranceSeconds = 300 }: IncomingWebhook): { readonly id: string; readonly at: Date } {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') throw fail('RECEIPT_FORGED');
  if (!/^[^.\s]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp) || signatures.length > 4096) throw fail('RECEIPT_FORGED');
  const at = new Date(Number(timestamp) * 1000);
  if (Math.abs(now.getTime() - at.getTime()) > toleranceSeconds * 1000) throw fail('RECEIPT_FORGED');

  const given = signatures.split(' ').filter((part) => part.startsWith('v1,')).map((part) => Buffer.from(part.slice(3), 'base64'));
  // No early end: how long it takes must not tell which secret or signature came close.
  let matches = 0;
  for (const secret of secrets) {
    const expected = digest(secret, id, timestamp, body);
    for (const signature of given) if (signature.length === expected.length && timingSafeEqual(signature, expected)) matches += 1;
  }
  if (matches === 0) throw fail('RECEIPT_FORGED');
  return { id, at };
}

function digest(secret: string, id: string, timestamp: string, body: Uint8Array | string): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
}

/** A short or unreadable secret would make a key that anyone can guess, down to the empty one: refused, not tolerated. */
function keyOf(secret: string): Buffer {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = Buffer.from(base64 ?? '', 'base64');
  if (key.length < 24 || key.length > 64) throw fail('CONFIGURATION_INVALID', '', 'A webhook secret is whsec_ and base64 of 24 to 64 octets.');
  return key;
}
