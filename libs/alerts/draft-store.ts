import type { AlertId, OfficerId } from '#kernel/ids.js';
import type { Alert } from './alert.js';
import type { PhotoRef } from './content.js';
import type { Draft, Writing } from './draft.js';
import type { Mode } from './notice.js';

/** One save: the draft as it was read, and as it is to be. */
export interface Saving {
  readonly draft: Draft;
  readonly writing: Writing;
  readonly photo: PhotoRef | undefined;
  /** The octets of `photo`, where it is a new one. */
  readonly photoBytes?: Uint8Array;
  readonly by: OfficerId;
  readonly at: Date;
}

/** A draft becoming a proposal. */
export interface HandIn {
  readonly draft: Draft;
  /** The alert that is there already, as it was read. */
  readonly before: Alert | undefined;
  /** With the proposal that the draft becomes; `submitted` when it goes into review at once. */
  readonly saved: Alert;
  readonly submitted: Alert | undefined;
  readonly by: OfficerId;
  readonly at: Date;
}

/**
 * Where drafts are kept: sealed from the first octet under the key that is, or will be, the case's. Saves write no facts;
 * begin, hand-in and leave write theirs in the same transaction.
 */
export interface DraftStore {
  /** Throws `ROLE_MISSING`, and over an alert `ALERT_STALE`, `TRANSITION_NOT_ALLOWED`, or `DRAFT_STALE` when it has a draft already. */
  begin(draft: Draft): Promise<void>;
  /** Throws `DRAFT_MISSING`. */
  load(mode: Mode, id: AlertId): Promise<Draft>;
  /** Throws `DRAFT_MISSING`, `DRAFT_STALE`. */
  save(saving: Saving): Promise<void>;
  /** The octets of a draft's photo, or undefined. */
  photo(draft: Draft): Promise<Uint8Array | undefined>;
  /** Makes the draft the alert's proposal, with all its writers, and leaves nothing of it. Throws `DRAFT_STALE`, `ALERT_STALE`. */
  handIn(handIn: HandIn): Promise<void>;
  /** Erases a draft, its key included. By `NOBODY` only when it was left alone for a day. Throws `DRAFT_MISSING`, `DRAFT_STALE`. */
  drop(draft: Pick<Draft, 'mode' | 'id' | 'version'>, by: OfficerId, at: Date): Promise<void>;
  /** Drafts that nobody saved since. */
  abandoned(savedBefore: Date): Promise<Pick<Draft, 'mode' | 'id' | 'version'>[]>;
}
