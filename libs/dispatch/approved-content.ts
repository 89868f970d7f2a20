import type { AlertId } from '#kernel/ids.js';
import { contentHashOf, type SentNotice } from '#alerts/notice.js';
import type { Message, Outcome } from './channel.js';

/** Where it is read what is to be sent. */
export interface NoticeSource {
  /** The frozen notice of an approved revision or of an ending; undefined once the case is erased. */
  notice(alertId: AlertId, revision: number): Promise<SentNotice | undefined>;
  photo(alertId: AlertId, sha256: string): Promise<Uint8Array | undefined>;
}

/** What is said to a partner, whoever it is and whatever the part. */
export type Content = Pick<Message, 'notice' | 'photo'>;

/** Nothing left, and why. */
export type Unsent = Extract<Outcome, { kind: 'refused' | 'deferred' }>;

/** What a revision says, or why it may not be sent. Hash sent = hash approved: read back and computed again, never taken on trust. */
export async function approvedContent(
  notices: NoticeSource, { alertId, revision, contentHash }: { readonly alertId: AlertId; readonly revision: number; readonly contentHash: string },
): Promise<Content | Unsent> {
  const notice = await notices.notice(alertId, revision);
  if (!notice) return { kind: 'refused', reason: 'case_erased' };
  if (notice.contentHash !== contentHash || contentHashOf(notice) !== contentHash) return { kind: 'refused', reason: 'hash_not_approved' };
  if (!notice.photo) return { notice };
  const { sha256, mediaType } = notice.photo;
  const bytes = await notices.photo(alertId, sha256);
  return bytes ? { notice, photo: { sha256, mediaType, bytes } } : { notice };
}
