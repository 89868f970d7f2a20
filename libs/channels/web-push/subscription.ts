import { createECDH } from 'node:crypto';
import { z } from 'zod';
import type { ServiceRule } from './config.js';

/** Longer than any push service's addresses, short enough for a header. */
const ENDPOINT_LIMIT = 1_500;
const octets = (length: number) => z.string().regex(/^[A-Za-z0-9_-]+={0,2}$/).refine((text) => Buffer.from(text, 'base64url').length === length, `base64url of ${length} octets`);

/** A subscription as browsers give it (Push API, `PushSubscription.toJSON()`). */
export const pushSubscription = z.strictObject({
  endpoint: z.string().max(ENDPOINT_LIMIT),
  keys: z.strictObject({
    /** The browser's public key on P-256, uncompressed (RFC 8291 section 2.1). */
    p256dh: octets(65).refine(isOnCurve, 'a point on the curve P-256'),
    /** The authentication secret (RFC 8291 section 3.2). */
    auth: octets(16),
  }),
});
export type PushSubscription = z.infer<typeof pushSubscription>;

/** A subscription as it is kept: one line, nothing but what sending needs. */
export function writeContact({ endpoint, keys }: PushSubscription): string {
  return JSON.stringify([endpoint, plain(keys.p256dh), plain(keys.auth)]);
}

const contactLine = z.tuple([z.string(), z.string(), z.string()]);

/** What is needed to reach a browser. */
export interface Receiver {
  readonly endpoint: URL;
  readonly publicKey: Buffer;
  readonly authSecret: Buffer;
}

/** Reads what `writeContact` wrote; nothing when it is something else. */
export function readContact(contact: string): Receiver | undefined {
  try {
    const [endpoint, p256dh, auth] = contactLine.parse(JSON.parse(contact));
    return { endpoint: new URL(endpoint), publicKey: Buffer.from(p256dh, 'base64url'), authSecret: Buffer.from(auth, 'base64url') };
  } catch {
    return undefined;
  }
}

/**
 * Whether a subscription's address is one that messages may go to: https on its usual port at a push service of the list,
 * named and not numbered, without user, password or fragment. Otherwise a subscription would make us call whatever its
 * sender likes. Simulated services may have any port and a number.
 */
export function isAllowedEndpoint(text: string, services: readonly ServiceRule[], simulated: boolean): boolean {
  if (text.length > ENDPOINT_LIMIT || !/^[\x21-\x7e]+$/.test(text) || text.includes('#') || text.includes('\\') || !URL.canParse(text)) return false;
  const url = new URL(text);
  // A browser writes addresses as they are; one that reads differently after parsing wants to be misread by somebody.
  return text.startsWith(`${url.origin}/`) && isAllowedUrl(url, services, simulated);
}

/** The same of an address that was taken before: the list may have changed since. */
export function isAllowedUrl({ protocol, username, password, port, hostname, hash }: URL, services: readonly ServiceRule[], simulated: boolean): boolean {
  if (protocol !== 'https:' || username !== '' || password !== '' || hash !== '') return false;
  if (!simulated && (port !== '' || /^[\d.]+$|^\[/.test(hostname))) return false;
  return services.some(({ hosts }) => hostname === hosts || hostname.endsWith(`.${hosts}`));
}

const plain = (text: string): string => text.replace(/=+$/, '');

function isOnCurve(text: string): boolean {
  try {
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(Buffer.alloc(32, 1));
    curve.computeSecret(Buffer.from(text, 'base64url'));
    return true;
  } catch {
    return false;
  }
}
