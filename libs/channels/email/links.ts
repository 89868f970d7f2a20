import { createHmac } from 'node:crypto';
import { open, seal, SealBroken } from '#kernel/sealing.js';
import type { Mode } from '#alerts/notice.js';

/** Kind under which the audience keeps those who get e-mail. */
export const EMAIL = 'email';
/** Kind of those who asked and have yet to confirm: apart, so that asking again changes nothing for who is subscribed. */
export const EMAIL_WISH = 'email-wish';

/** Where people confirm and leave; drill and live are different places. */
export const CONFIRM_PATH: Readonly<Record<Mode, string>> = { live: '/potvrda/e-posta', drill: '/vezba/potvrda/e-posta' };
export const LEAVE_PATH: Readonly<Record<Mode, string>> = { live: '/odjava/e-posta', drill: '/vezba/odjava/e-posta' };

/** What makes an address theirs: servers that tell letters' cases apart are not seen any more. */
export const identityOf = (address: string): string => address.toLowerCase();

const keyOf = (secret: string) => createHmac('sha256', secret).update('findme leave links v1').digest();
const purposeOf = (mode: Mode) => `leave:${mode}`;

/**
 * The address by which a subscriber leaves. It holds the mail address sealed: nothing needs to be kept for it, it works in
 * every mail that was ever sent to them, and nobody else can read it or make one.
 */
export function leaveLink(origin: string, mode: Mode, address: string, secret: string): string {
  return `${origin}${LEAVE_PATH[mode]}?t=${seal(keyOf(secret), Buffer.from(address, 'utf8'), purposeOf(mode)).toString('base64url')}`;
}

/** The mail address in the token of a link, or nothing when we did not make it for this mode. */
export function readLeaveToken(token: string, mode: Mode, secret: string): string | undefined {
  try {
    return open(keyOf(secret), Buffer.from(token, 'base64url'), purposeOf(mode)).toString('utf8');
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}
