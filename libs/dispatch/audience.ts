import { createHash } from 'node:crypto';
import type { Area, Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';

/** One who asked to be told, as a channel sees them. */
export interface Member {
  readonly id: string;
  readonly language: Language;
  /** How they are reached, in the form of their kind. A secret between them and their channel: in no log, no fact. */
  readonly contact: string;
}

/** Whom a part of a delivery is for. */
export interface Selection {
  /** The channel that they asked for: `web-push`, `sms`, `email`. */
  readonly kind: string;
  readonly mode: Mode;
  /** 0-based, below `shards`. Each member belongs to one shard, always the same for the same number of shards. */
  readonly shard: number;
  readonly shards: number;
  /** Leaves out those who asked only for districts that this area does not touch. */
  readonly area?: Area;
  readonly language?: Language;
}

/** One who asks to be told. */
export interface NewSubscriber {
  readonly kind: string;
  readonly mode: Mode;
  readonly language: Language;
  /** Codes of the area register, or null for all of Serbia. */
  readonly districts: readonly string[] | null;
  /** The part of the contact that makes it theirs (endpoint, number, address): asking again replaces what was asked before. */
  readonly identity: string;
  readonly contact: string;
  /** False until they answered (double opt-in); until then they are no member. */
  readonly confirmed: boolean;
}

export interface Subscribed {
  readonly id: string;
  /** By which they confirm and leave again: told to them once, kept nowhere. */
  readonly token: string;
}

/** Why someone is no longer reached: the partner says that the contact is no more, or it is none. */
export type DropReason = 'gone' | 'unreadable';

/** What somebody asked for who has yet to confirm it. */
export type Wish = Pick<NewSubscriber, 'mode' | 'language' | 'districts' | 'contact'>;

/**
 * Those who asked to be told, of every kind. Nothing links them to a person or an alert: they are a contact, a language
 * and districts.
 */
export interface Audience {
  /** A page in the order of ids: at most `limit` members with ids above `after`. Fewer than `limit` is the last page. */
  members(selection: Selection, after: string | undefined, limit: number): Promise<readonly Member[]>;
  /** How many members there are in a selection. */
  count(selection: Selection): Promise<number>;
  add(subscriber: NewSubscriber): Promise<Subscribed>;
  /** The one who has the token is a member from now on. False when nobody has it. */
  confirm(token: string): Promise<boolean>;
  /** What the one who has the token asked for under a kind, not before `since`; nothing when nobody has it, or too long ago. */
  find(token: string, kind: string, since: Date): Promise<Wish | undefined>;
  /** The one who has the token leaves. False when nobody has it. */
  remove(token: string): Promise<boolean>;
  /** The one who is reached in this way leaves. False when there is none. */
  leave(kind: string, mode: Mode, identity: string): Promise<boolean>;
  /** Forgets those of a kind who asked before a moment and never confirmed. */
  forget(kind: string, before: Date): Promise<void>;
  drop(ids: readonly string[], why: DropReason): Promise<void>;
}

/** The 31 bits that decide a shard, from any digest in hexadecimal. */
export function slotOf(digest: string): number {
  return Number.parseInt(digest.slice(0, 8), 16) >>> 1;
}

/** What is kept of a token: it has 256 random bits, so a plain digest cannot be guessed. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
