import type { AlertId, OfficerId } from '#kernel/ids.js';
import type { Action, Alert } from './alert.js';
import type { Mode, SentNotice } from './notice.js';
import type { PhotoRef } from './content.js';

/** One decided change: the alert as it was read, as it is to be, and who decided what when. */
export interface Change {
  readonly before: Alert;
  readonly after: Alert;
  readonly action: Action;
  readonly by: OfficerId;
  readonly at: Date;
}

/**
 * Where alerts are kept. Each call that changes something writes the change, its fact and, where something must go out,
 * its outbox row in one transaction, or nothing.
 */
export interface AlertStore {
  /** Throws `ROLE_MISSING`. */
  create(alert: Alert): Promise<void>;
  /** Throws `ALERT_MISSING` when there is none of that mode, `ALERT_ERASED` when its data is gone. */
  load(mode: Mode, id: AlertId): Promise<Alert>;
  /** Throws `ALERT_STALE` when the alert is no longer the version that was read, and the database's own refusals. */
  commit(change: Change): Promise<void>;
  /** Keeps a cleaned photo for a case, sealed. The same photo again changes nothing. */
  addPhoto(id: AlertId, photo: PhotoRef, bytes: Uint8Array, by: OfficerId, at: Date): Promise<void>;
  /** A photo of a case, or undefined. */
  photo(id: AlertId, sha256: string): Promise<Uint8Array | undefined>;
  /** The frozen notice of a revision that was approved or is an ending, as it is sent. */
  sentNotice(id: AlertId, revision: number): Promise<SentNotice | undefined>;
  /** Alerts that are active and past their end. */
  expired(now: Date): Promise<{ mode: Mode; id: AlertId }[]>;
  /** Ended alerts whose data has been kept since before `endedBefore`, and alerts begun before `begunBefore` that were never published. */
  erasable(endedBefore: Date, begunBefore: Date): Promise<{ mode: Mode; id: AlertId }[]>;
}
