import { z } from 'zod';
import type { Fault } from '#kernel/errors.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import { checkContent, checkParts, contentFaults, parseContent } from './checks.js';
import { draftContentSchema, type Content, type DraftContent, type PhotoRef } from './content.js';
import type { Mode } from './notice.js';

/** Fields in which half of what is typed has no type of its own yet: `44.8,` is no position. */
export const UNFINISHED_FIELDS = ['child.birthDate', 'child.heightCm', 'lastSeen.at', 'lastSeen.position', 'area', 'validHours'] as const;

/** What an officer writes into a draft: content as far as it goes, and what stands in fields that cannot be read yet. */
export const writingSchema = z.strictObject({
  content: draftContentSchema,
  unfinished: z.partialRecord(z.enum(UNFINISHED_FIELDS), z.string().max(20_000)).default({}),
});
export interface Writing {
  readonly content: DraftContent;
  readonly unfinished: Readonly<Partial<Record<(typeof UNFINISHED_FIELDS)[number], string>>>;
}

/**
 * Content that is being written, before it becomes an alert's proposal: of an alert that is not there yet, or over the
 * proposal of one. It has the alert's id, so there is one draft an alert at most. It is kept as it is typed and has no
 * facts; whoever wrote any of it is a writer of the revision that it becomes.
 */
export interface Draft extends Writing {
  readonly id: AlertId;
  readonly mode: Mode;
  /** Counts saves; a save is made on the version that was read, or not at all. */
  readonly version: number;
  /** The version of the alert that it was begun over; null when it is to become a new one. */
  readonly over: number | null;
  readonly writers: readonly OfficerId[];
  readonly begunBy: OfficerId;
  readonly begunAt: Date;
  readonly savedBy: OfficerId;
  readonly savedAt: Date;
  readonly photo?: PhotoRef;
}

/** Most octets of a draft, as JSON; what an alert may hold fits several times. */
export const MOST_DRAFT_OCTETS = 1024 * 1024;

/**
 * Everything that still stands between a draft and its submission, as far as it can be seen without composing it: what is
 * missing, malformed or not true. Empty when `contentOf` takes it.
 */
export function draftFaults({ content, unfinished, photo }: Pick<Draft, 'content' | 'unfinished' | 'photo'>, now: Date): Fault[] {
  const open = Object.entries(unfinished).filter(([, text]) => text.trim() !== '').map(([field]): Fault => ({ code: 'CONTENT_INVALID', field, detail: 'What stands there cannot be read yet.' }));
  const written = withPhoto(content, photo);
  const formal = contentFaults(written).filter((fault) => !open.some(({ field }) => fault.field === field || fault.field.startsWith(`${field}.`)));
  if (open.length > 0 || formal.length > 0) return [...open, ...formal, ...checkParts(written, now)];
  return checkContent(parseContent(written), now);
}

/** The content that a draft has become. Throws what `parseContent` throws; unfinished fields are not looked at. */
export function contentOf({ content, photo }: Pick<Draft, 'content' | 'photo'>): Content {
  return parseContent(withPhoto(content, photo));
}

/** The content of a proposal as a draft begins with it. */
export function writingOf({ photo: _apart, ...content }: Content): Writing {
  return { content, unfinished: {} };
}

function withPhoto(content: DraftContent, photo: PhotoRef | undefined): DraftContent & { photo?: PhotoRef } {
  const { child, lastSeen, assessment, ...rest } = (prune(content) ?? {}) as DraftContent;
  // Groups that every alert has, so that each thing that is missing in them is named, and not the group.
  const written = { ...rest, child: { name: {}, ...child }, lastSeen: { place: {}, ...lastSeen }, assessment: assessment ?? {} };
  return photo ? { ...written, photo } : written;
}

/** Without texts in which nothing stands and without groups in which nothing is left: emptied again is not given. */
function prune(value: unknown): unknown {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).map(([name, part]) => [name, prune(part)] as const).filter(([, part]) => part !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
