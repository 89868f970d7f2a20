import { generateSecret, generateSync, generateURI, verifySync } from 'otplib';
import { fail } from '#kernel/errors.js';

/*
 * One-time codes by time: RFC 6238 with SHA-1, six digits and steps of 30 seconds, what every authenticator app speaks.
 * otplib takes the instant as an argument and tells which step a code belongs to, so that a code can be used up.
 */
/** Length of a step in seconds. */
export const STEP_SECONDS = 30;

/** A new secret: 160 random bits (RFC 4226, section 4) in base32. */
export function newTotpSecret(): string {
  return generateSecret({ length: 20 });
}

/** The code of the step that `instant` lies in. What an authenticator app shows; for drills and tests. */
export function totpAt(secret: string, instant: Date): string {
  return generateSync({ secret, epoch: seconds(instant), period: STEP_SECONDS });
}

/** The address an authenticator app reads from a QR code. */
export function otpauthUri(secret: string, userName: string, issuer = 'Find Me'): string {
  return generateURI({ secret, issuer, label: userName, period: STEP_SECONDS });
}

/**
 * Checks a code against the present step and one step to either side (RFC 6238, section 5.2), and returns its step. The
 * caller stores the step by compare-and-set, which is what makes the code good for once across processes.
 * Throws CODE_WRONG, or CODE_REPLAYED when the step is not after `lastStep`, the step of the last code that was taken.
 */
export function verifyTotp(attempt: { readonly secret: string; readonly code: string; readonly now: Date; readonly lastStep: number }): { readonly step: number } {
  const { secret, code, now, lastStep } = attempt;
  const token = code.replaceAll(' ', '');
  if (!/^[0-9]{6}$/.test(token)) throw fail('CODE_WRONG', 'code');
  const result = verifySync({ secret, token, epoch: seconds(now), period: STEP_SECONDS, epochTolerance: STEP_SECONDS });
  if (!result.valid || !('timeStep' in result)) throw fail('CODE_WRONG', 'code');
  if (result.timeStep <= lastStep) throw fail('CODE_REPLAYED', 'code');
  return { step: result.timeStep };
}

const seconds = (instant: Date): number => Math.floor(instant.getTime() / 1000);
