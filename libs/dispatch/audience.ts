import { createHash } from 'node:crypto';
import type { Area, Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';

/** One who asked to be told, as a channel sees them. */
export interface Member {
  readonly id: string;
  readonly language: Language;
  /** How they are reached, in the form of their kind. A secret between them and their channel: in no log, no fact. */
  readonly contact: string;
  /** Where they stand in the order of their selection: a page begins behind such a place. */
  readonly place: string;
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
  /**
   * Codes of districts, the nearest first: whoever named one of these comes in this order, the others after them. Left out, the
   * order is that of the ids.
   */
  readonly nearest?: readonly string[];
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
  /**
   * A page in the order of the selection: at most `limit` members behind the place `after`; from the beginning where `after` is a
   * place of another order. Fewer than `limit` is the last page.
   */
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

/** How near somebody is of whom nothing near is known. */
export const FARTHEST = 99;

/** How near the nearest of somebody's districts is: 1 is the nearest of all. */
export function nearness(districts: readonly string[] | null, nearest: readonly string[]): number {
  const ranks = (districts ?? []).map((code) => nearest.indexOf(code) + 1).filter((rank) => rank > 0);
  return Math.min(FARTHEST, ...ranks);
}

/** The place of a member: by nearness where that is the order, then by id. Of the same width, so that places compare as texts. */
export function placeOf(id: string, near: number | null): string {
  return near === null ? id : `${String(near).padStart(2, '0')}/${id}`;
}

const PLACE = /^(?:(\d\d)\/)?([0-9a-f-]{36})$/;

/** What a place says; nothing when it is none of this order. */
export function readPlace(place: string | undefined, isByNearness: boolean): { readonly near: number | null; readonly id: string } | undefined {
  const [, near, id] = PLACE.exec(place ?? '') ?? [];
  if (id === undefined || (near !== undefined) !== isByNearness) return undefined;
  return { near: near === undefined ? null : Number(near), id };
}
