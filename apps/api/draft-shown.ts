import { z } from 'zod';
import type { Fault } from '#kernel/errors.js';
import type { OfficerId } from '#kernel/ids.js';
import type { Alert } from '#alerts/alert.js';
import { draftContentSchema, photoRefSchema } from '#alerts/content.js';
import { UNFINISHED_FIELDS, type Draft } from '#alerts/draft.js';
import type { Presence, SentBack } from '#storage/draft-desk.js';

const instant = z.iso.datetime();
const colleague = z.object({ id: z.string(), name: z.string() });
const present = colleague.extend({ at: instant });
const sentBack = z.object({ by: colleague, at: instant, reason: z.string() });
const over = z.object({ version: z.int(), revision: z.int(), kind: z.enum(['alert', 'update']), status: z.enum(['draft', 'in_review', 'returned']) });

/** How a draft stands, without what is in it: cheap to ask for again and again. */
export const draftStandSchema = z.object({
  id: z.string(), mode: z.enum(['drill', 'live']), version: z.int(), savedBy: colleague, savedAt: instant,
  /** Other officers who have it open now. */
  others: z.array(present),
}).meta({ id: 'DraftStand' });
export type DraftStand = z.infer<typeof draftStandSchema>;

/** A draft as its authors see it. */
export const draftSchema = draftStandSchema.extend({
  begunBy: colleague, begunAt: instant, writers: z.array(colleague),
  content: draftContentSchema,
  unfinished: z.partialRecord(z.enum(UNFINISHED_FIELDS), z.string()),
  photo: photoRefSchema.nullable(),
  /** The revision that it replaces; null when it becomes a new alert. `version` is the alert's now. */
  over: over.nullable(),
  /** The alert went on since the draft began: handing in says which version it replaces. */
  overStale: z.boolean(),
  /** Why the revision came back, if it did. */
  sentBack: sentBack.nullable(),
  /** Everything that still stands between the draft and its submission. */
  faults: z.array(z.object({ code: z.string(), field: z.string(), detail: z.string().optional() })),
}).meta({ id: 'Draft' });
export type ShownDraft = z.infer<typeof draftSchema>;

/** The authors' desk: drafts that are open, and revisions that wait for one. */
export const draftListSchema = z.object({
  drafts: z.array(draftStandSchema.extend({
    caseNumber: z.string(), name: z.object({ latin: z.string(), cyrillic: z.string() }), writers: z.array(colleague), over: z.boolean(), sentBack: sentBack.nullable(),
  })),
  waiting: z.array(z.object({
    id: z.string(), version: z.int(), caseNumber: z.string(), revision: z.int(), kind: z.enum(['alert', 'update']), status: z.enum(['draft', 'returned']), sentBack: sentBack.nullable(),
  })),
}).meta({ id: 'DraftList' });
export type DraftList = z.infer<typeof draftListSchema>;

/** What is shown around a draft. */
export interface Surroundings {
  readonly reader: OfficerId;
  readonly names: ReadonlyMap<OfficerId, string>;
  readonly present: readonly Presence[];
}

/** Shows how a draft stands. */
export function showStand({ id, mode, version, savedBy, savedAt }: Draft, { reader, names, present: all }: Surroundings): DraftStand {
  return {
    id, mode, version, savedBy: named(names, savedBy), savedAt: savedAt.toISOString(),
    others: all.filter((one) => one.id !== reader).map(({ id: officer, name, at }) => ({ id: officer, name, at: at.toISOString() })),
  };
}

/** Shows a draft whole. */
export function showDraft(draft: Draft, around: Surroundings & { readonly alert: Alert | undefined; readonly sentBack: SentBack | undefined; readonly faults: readonly Fault[] }): ShownDraft {
  const { alert, faults } = around;
  const proposal = alert?.proposal;
  return {
    ...showStand(draft, around),
    begunBy: named(around.names, draft.begunBy), begunAt: draft.begunAt.toISOString(), writers: draft.writers.map((id) => named(around.names, id)),
    content: draft.content, unfinished: draft.unfinished, photo: draft.photo ?? null,
    over: alert && proposal ? { version: alert.version, revision: proposal.revision, kind: proposal.kind, status: proposal.status } : null,
    overStale: alert !== undefined && alert.version !== draft.over,
    sentBack: showSentBack(around.sentBack),
    faults: faults.map(({ code, field, detail }) => ({ code, field, ...(detail !== undefined && { detail }) })),
  };
}

/** Shows why a revision came back. */
export function showSentBack(given: SentBack | undefined): z.infer<typeof sentBack> | null {
  return given ? { by: given.by, at: given.at.toISOString(), reason: given.reason } : null;
}

/** An officer by name. */
export function named(names: ReadonlyMap<OfficerId, string>, id: OfficerId): z.infer<typeof colleague> {
  return { id, name: names.get(id) ?? id };
}
