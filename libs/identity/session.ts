import { createHash, randomBytes } from 'node:crypto';
import type { Branded, OfficerId } from '#kernel/ids.js';
import type { Device } from './device.js';

export type SessionId = Branded<'session'>;

/** Half an hour without a request ends a session. */
export const IDLE_MS = 30 * 60_000;
/** Twelve hours, one shift, end it in any case. */
export const ABSOLUTE_MS = 12 * 3_600_000;
/** Being seen is written down at most once a minute: precise enough for `IDLE_MS`, and no write for every request. */
export const SEEN_MS = 60_000;

/** How an officer signed in. */
export type SignInMethod = 'password+totp' | 'passkey';
/** Why a session was ended on purpose: by its officer here, from another session, after too many wrong proofs, or by administrators. */
export type EndCause = 'signed_out' | 'ended_elsewhere' | 'too_many_tries' | 'disabled' | 'reset';

export interface Session {
  /** Names the session in the audit; opens nothing. */
  readonly id: SessionId;
  readonly officerId: OfficerId;
  /** SHA-256 of the token, in hexadecimal. The token itself is kept by the browser alone. */
  readonly tokenHash: string;
  readonly openedAt: Date;
  readonly seenAt: Date;
  readonly endedAt: Date | null;
  readonly endedCause: EndCause | null;
  readonly method: SignInMethod;
  /** Null where it is of no known family. */
  readonly device: Device | null;
}

/** `open`, or why it is not: `ended` on purpose, `idle` too long, `expired` after a shift. */
export type SessionState = 'open' | 'ended' | 'idle' | 'expired';

/** The state of a session at an instant. A session is over at the very millisecond it was good until. */
export function sessionState(session: Session, now: Date): SessionState {
  if (session.endedAt !== null) return 'ended';
  if (now.getTime() >= session.openedAt.getTime() + ABSOLUTE_MS) return 'expired';
  if (now.getTime() >= session.seenAt.getTime() + IDLE_MS) return 'idle';
  return 'open';
}

/** When a session ends: without another request, and in any case. */
export function sessionEnds(session: Session): { readonly idleAt: Date; readonly absoluteAt: Date } {
  return { idleAt: new Date(session.seenAt.getTime() + IDLE_MS), absoluteAt: new Date(session.openedAt.getTime() + ABSOLUTE_MS) };
}

/** When a session ends if nothing more is asked in it. */
export function sessionEnd(session: Session): Date {
  return new Date(Math.min(session.openedAt.getTime() + ABSOLUTE_MS, session.seenAt.getTime() + IDLE_MS));
}

/** Makes a session and its token: 256 random bits in base64url (43 characters), handed out once. */
export function newSession(
  id: SessionId, officerId: OfficerId, now: Date, method: SignInMethod = 'password+totp', device: Device | null = null,
): { readonly token: string; readonly session: Session } {
  const token = randomBytes(32).toString('base64url');
  return { token, session: { id, officerId, tokenHash: hashToken(token), openedAt: now, seenAt: now, endedAt: null, endedCause: null, method, device } };
}

/** What a token is stored and found by. The token is random, so a plain hash cannot be guessed backwards. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
