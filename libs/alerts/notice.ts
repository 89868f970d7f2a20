import type { AlertId } from '#kernel/ids.js';
import { canonicalJson, sha256Hex } from '#kernel/canonical.js';
import type { Area, Content, Language, PhotoRef } from './content.js';

/** Drill and live are different places; the mode of an alert is frozen when it is created. */
export type Mode = 'drill' | 'live';

/** What a revision does: a first alert, an update of it, or one of the two endings. */
export type NoticeKind = 'alert' | 'update' | 'found' | 'withdrawn';

/** The composed words of one language, from which every channel takes what fits it whole. */
export interface Texts {
  /** One line: who is missing, or that the search has ended. */
  readonly headline: string;
  /** All that counts in a few hundred characters, for SMS; ends with the telephone and the address. */
  readonly short: string;
  /** Everything, in sentences and lines separated by `\n`, for pages, e-mail and CAP `description`. */
  readonly full: string;
  /** What to do, for CAP `instruction`. */
  readonly instruction: string;
  /** The area in words, for CAP `areaDesc`. */
  readonly area: string;
}

/** An earlier message that this one updates or ends (CAP 1.2 section 3.2.1, `references`). */
export interface NoticeReference {
  readonly identifier: string;
  /** As sent then: `2026-11-24T18:00:00+01:00`. */
  readonly sent: string;
}

/**
 * What the approver approves: the frozen content of a revision and every composed word. Times are not part of it,
 * they are set by the approval. `salt` keeps the hash from being guessed once the data is erased.
 */
export interface Notice {
  readonly alertId: AlertId;
  readonly revision: number;
  readonly mode: Mode;
  readonly kind: NoticeKind;
  /** A connection test, whose words are fixed (`test-notice.ts`); no alert is one. */
  readonly test?: true;
  /** Stable message identifier on every channel (CAP `identifier`); never changes. */
  readonly identifier: string;
  readonly references: readonly NoticeReference[];
  readonly salt: string;
  readonly caseNumber: string;
  readonly texts: Readonly<Record<Language, Texts>>;
  readonly area: Area;
  readonly validHours: number;
  readonly policeTelephone: string;
  /** Absolute address of the public page. */
  readonly url: string;
  /** The officer's content; absent on endings, which repeat no personal data. */
  readonly content?: Content;
  readonly photo?: PhotoRef;
}

/** A notice on its way: approved, with the times that the approval froze. */
export interface SentNotice extends Notice {
  /** CAP date-time with offset and no fraction (CAP 1.2 section 3.3.2). */
  readonly sent: string;
  readonly expires: string;
  /** The hash that was approved. */
  readonly contentHash: string;
}

/** SHA-256 over the canonical JSON (RFC 8785) of a notice: what an approval is bound to. */
export function contentHashOf(notice: Notice): string {
  const { alertId, revision, mode, kind, test, identifier, references, salt, caseNumber, texts, area, validHours, policeTelephone, url, content, photo } = notice;
  const parts = { alertId, revision, mode, kind, identifier, references, salt, caseNumber, texts, area, validHours, policeTelephone, url };
  return sha256Hex(canonicalJson({ ...parts, ...(test && { test }), ...(content && { content }), ...(photo && { photo }) }));
}
