import type { Fact } from '#audit/fact.js';
import type { OfficerId } from '#kernel/ids.js';
import type { Officer, Role } from './officer.js';
import type { PasskeyId } from './passkey.js';
import type { EndCause, Session, SessionId } from './session.js';

/* What storage implements. Every call is one transaction, and the fact it is given is written in that transaction. */

/** An officer with what proves who they are. */
export interface Account extends Officer {
  /** PHC string of scrypt; null, as the second factor is, until the officer has enrolled. */
  readonly passwordHash: string | null;
  /** TOTP secret, sealed under the master key for `officer:<id>/totp`. */
  readonly sealedTotp: Uint8Array | null;
  /** Step of the last one-time code that was taken; 0 before the first. It only ever grows. */
  readonly lastStep: number;
}

export interface OfficerStore {
  /** Adds an officer; false, and nothing written, when the user name is taken. */
  add(account: Account, fact: Fact): Promise<boolean>;
  findByUserName(userName: string): Promise<Account | undefined>;
  findById(id: OfficerId): Promise<Account | undefined>;
  /** All officers, by user name. */
  list(): Promise<readonly Officer[]>;
  /** Those of them who have no factors yet. */
  notEnrolled(): Promise<readonly OfficerId[]>;
  /**
   * Changes roles and whether the officer is enabled, and ends all open sessions of an officer who is disabled, at `at`.
   * Locks the officer's row, as `SessionStore.open` does. False, and nothing written, when there is none.
   */
  change(id: OfficerId, change: { readonly roles: readonly Role[]; readonly enabled: boolean }, at: Date, fact: Fact): Promise<boolean>;
  /** Replaces both factors, deletes passkeys and an enrolment under way, and ends all open sessions. False, and nothing written, when there is no such officer. */
  reset(id: OfficerId, to: Pick<Account, 'passwordHash' | 'sealedTotp'>, at: Date, fact: Fact): Promise<boolean>;
  /** Replaces a password hash if it is still `from`. */
  rehash(id: OfficerId, from: string, to: string): Promise<void>;
}

export interface SessionStore {
  /**
   * Uses up a one-time code and opens a session, together or not at all: raises `lastStep` of the session's officer to
   * `step` if the officer is enabled and `lastStep` is less, then stores session and fact. The raise is a compare-and-set
   * (`UPDATE … WHERE enabled AND last_step < step`), so a code is good for once across all processes.
   */
  open(session: Session, step: number, fact: Fact): Promise<'opened' | 'replayed' | 'disabled'>;
  /** Opens a session with a passkey: raises its counter by compare-and-set if the officer is enabled, together with session and fact. */
  openByPasskey(session: Session, used: { readonly passkey: PasskeyId; readonly counter: number }, fact: Fact): Promise<'opened' | 'replayed' | 'disabled'>;
  /** Those of an officer that were not ended, newest first. */
  openOf(officerId: OfficerId): Promise<readonly Session[]>;
  /** The session of a token hash with its officer as they are now, whatever state it is in. */
  find(tokenHash: string): Promise<{ readonly session: Session; readonly officer: Officer } | undefined>;
  /** Moves `seenAt` forward, never back. */
  touch(id: SessionId, seenAt: Date): Promise<void>;
  /** Ends an open session; false, and no fact, when it was ended already. */
  end(id: SessionId, at: Date, cause: EndCause, fact: Fact): Promise<boolean>;
  /** Ends all sessions of an officer that were not ended; the fact is made of how many there were. */
  endAll(officerId: OfficerId, at: Date, cause: EndCause, fact: (sessions: number) => Fact): Promise<number>;
  /** Uses up a one-time code as `open` does, without a session; false when its step is not after the last or the officer is disabled. */
  useStep(officerId: OfficerId, step: number): Promise<boolean>;
  /** Writes a fact about an attempt that failed. */
  note(fact: Fact): Promise<void>;
}
