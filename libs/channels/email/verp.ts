import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256Hex } from '#kernel/canonical.js';
import type { DestinationId } from '#kernel/ids.js';

/**
 * Return addresses that say which message a notification speaks of and prove that we gave them out (variable envelope
 * return path): `dsn+<token>.<mac>@<domain>`. Lower-case hexadecimal, since gateways may change the case of a local part;
 * 4 + 40 + 1 + 16 octets stay below the 64 of RFC 5321, section 4.5.3.1.1.
 */
const MAC_DIGITS = 16;
const FORM = new RegExp(`^dsn\\+([a-z0-9-]{1,40})\\.([0-9a-f]{${MAC_DIGITS}})@(.+)$`);

const macOf = (secret: string, destination: DestinationId, token: string) =>
  createHmac('sha256', secret).update(`${destination}\n${token}`).digest('hex').slice(0, MAC_DIGITS);

/** The key where an address can carry it as it is, otherwise a digest of it. */
export const tokenOf = (key: string): string => (/^[a-z0-9-]{1,40}$/.test(key) ? key : sha256Hex(key).slice(0, 40));

/** The envelope sender under which a message leaves. */
export function returnAddress(key: string, destination: DestinationId, domain: string, secret: string): string {
  const token = tokenOf(key);
  return `dsn+${token}.${macOf(secret, destination, token)}@${domain}`;
}

/** The token of an address that we gave out for this destination, or nothing. Compares in constant time. */
export function readReturnAddress(address: string, destination: DestinationId, domain: string, secret: string): string | undefined {
  const [, token, mac, at] = FORM.exec(address.toLowerCase()) ?? [];
  if (token === undefined || mac === undefined || at !== domain.toLowerCase()) return undefined;
  return timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(secret, destination, token))) ? token : undefined;
}

/** What stands for the key in a mail to one subscriber: which of them it is, so that who is no more can be dropped. */
export const memberToken = (id: string): string => `m-${id.replace(/-/g, '')}`;

/** The subscriber whom a token stands for, or nothing. */
export function memberOf(token: string): string | undefined {
  const parts = /^m-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(token);
  return parts ? parts.slice(1).join('-') : undefined;
}
