import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { routesOf, type Destination } from '#dispatch/channel.js';
import { verifyRequest } from '#dispatch/partner-signature.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { DoorRequest } from './door.js';

/** The headers by which a partner says who it is, for the document. */
export const SIGNED = {
  'webhook-id': 'Standard Webhooks 1.0. Required.',
  'webhook-timestamp': 'Seconds since the epoch. Required.',
  'webhook-signature': 'v1, and base64 of HMAC-SHA256 over id.timestamp.METHOD target, a line feed, and the body. Required.',
} as const;

/** A destination that signs, and its secrets: two while one is being replaced. */
export interface SigningPartner {
  readonly destination: Destination;
  readonly secrets: readonly string[];
}

/** Tells whether a destination can speak for itself at the API. */
export function signs(destination: Destination): boolean {
  return secretsOf(destination).length > 0;
}

/** Whether a receipt of its ending can prove that nothing of an alert is left there, over each of its routes. */
export function provesErasure(destination: Destination): boolean {
  return routesOf(destination).every(({ channel, settings }) => (channelByKind(channel).erasedWords?.(settings) ?? []).length > 0);
}

/** Names of the secrets of all its routes, each once. */
export function secretsOf(destination: Destination): readonly string[] {
  return [...new Set(routesOf(destination).flatMap(({ channel, settings }) => channelByKind(channel).receiptSecrets?.(settings) ?? []))];
}

/** The destination of an address. Throws ROUTE_MISSING, so that whether there is none or it reports another way is told to nobody. */
export function partnerAt(house: House, id: string): SigningPartner {
  const destination = house.configuration.destinations.find((d) => d.id === id);
  const names = destination ? secretsOf(destination) : [];
  if (!destination || names.length === 0) throw fail('ROUTE_MISSING');
  return { destination, secrets: names.flatMap((name) => house.book.valid(destination.id, name)) };
}

/** Who makes a request: the destination of its address, which has signed it. Throws ROUTE_MISSING, REQUEST_FORGED. */
export function signedIn(house: House, id: string, { method, url, headers, rawBody }: DoorRequest): Destination {
  const { destination, secrets } = partnerAt(house, id);
  try {
    verifyRequest({ method, target: url, ...(rawBody && { body: rawBody }) }, { secrets, headers, now: house.clock.now() });
  } catch (error) {
    if (error instanceof Refusal) house.log.event('receipt.refused', { channel: destination.channel, destination: destination.id, cause: error.code }, 'warn');
    throw error;
  }
  return destination;
}
