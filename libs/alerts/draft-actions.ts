import { fail, refuseAny, Refusal, type Fault } from '#kernel/errors.js';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import { createAlert, decide, NOBODY, type Alert } from './alert.js';
import type { AlertActionsInput, Target } from './alert-actions.js';
import { contentOf, draftFaults, MOST_DRAFT_OCTETS, writingOf, type Draft, type Writing } from './draft.js';
import type { DraftStore } from './draft-store.js';
import type { Mode } from './notice.js';
import { cleanPhoto } from './photo.js';

export interface DraftActionsInput extends Pick<AlertActionsInput, 'store' | 'composer' | 'channelFaults' | 'clock' | 'log'> {
  readonly drafts: DraftStore;
}

/** How long a draft is kept that nobody goes on with, in milliseconds. */
const ABANDONED_MS = 72 * 3_600_000;

/** What authors do with drafts. A target's version is the draft's; another one now means `DRAFT_STALE`. */
export class DraftActions {
  constructor(private readonly input: DraftActionsInput) {}

  /** Begins a new alert with what is written so far. The id is given, so that the same draft is never begun twice. */
  async begin(mode: Mode, id: AlertId, writing: Writing, by: OfficerId): Promise<Draft> {
    const draft = { ...this.first(mode, id, sized(writing), by), over: null, writers: [by] };
    await this.input.drafts.begin(draft);
    return draft;
  }

  /**
   * Begins a draft over an alert's proposal that is a draft or returned, or finds the one that there is: two people who open
   * the same alert write on the same draft. Opening it makes nobody a writer. Throws `TRANSITION_NOT_ALLOWED`.
   */
  async open(mode: Mode, id: AlertId, by: OfficerId): Promise<Draft> {
    const { drafts, store } = this.input;
    const alert = await store.load(mode, id);
    const { proposal } = alert;
    if (!proposal || !isWritable(alert)) throw fail('TRANSITION_NOT_ALLOWED', '', 'A draft is begun over a revision that is being written.');
    const { photo } = proposal.content;
    const draft = { ...this.first(mode, id, writingOf(proposal.content), by), over: alert.version, writers: [], ...(photo && { photo }) };
    try {
      await drafts.begin(draft);
      return draft;
    } catch (error) {
      if ((error as { code?: string }).code !== 'DRAFT_STALE') throw error;
      return drafts.load(mode, id);
    }
  }

  /** Saves what is written. Keeps the photo. */
  save(target: Target, writing: Writing, by: OfficerId): Promise<Draft> {
    return this.change(target, (draft) => ({ writing: sized(writing), photo: draft.photo }), by);
  }

  /** Cleans a photo and keeps it with the draft, in the place of another. Refuses what is no picture. */
  async attachPhoto(target: Target, bytes: Uint8Array, by: OfficerId): Promise<Draft> {
    await this.read(target);
    const { ref, bytes: photoBytes } = await cleanPhoto(bytes);
    return this.change(target, (draft) => ({ writing: draft, photo: ref, photoBytes }), by);
  }

  /** Takes the photo out of the draft. */
  removePhoto(target: Target, by: OfficerId): Promise<Draft> {
    return this.change(target, (draft) => ({ writing: draft, photo: undefined }), by);
  }

  /** Erases a draft that is not wanted. */
  async discard({ mode, id, version }: Target, by: OfficerId): Promise<void> {
    const { drafts, clock, log } = this.input;
    await this.telling({ mode, id }, () => drafts.drop({ mode, id, version }, by, clock.now()));
    log.event('draft.left', { alertId: id, how: 'discarded' });
  }

  /** Everything that stands between a draft and its submission: what is written, then the alert under it, then each channel. */
  faults(draft: Draft, alert: Alert | undefined): readonly Fault[] {
    const { composer, channelFaults, clock } = this.input;
    const faults = draftFaults(draft, clock.now());
    if (faults.length > 0) return faults;
    if (alert && !isWritable(alert)) return [{ code: 'TRANSITION_NOT_ALLOWED', field: '', detail: 'The revision is not being written any more.' }];
    const saved = this.saved(draft, alert, draft.savedBy);
    return channelFaults(composer.proposal(saved, saved.proposal!));
  }

  /** The alert as it would be with the draft as its proposal. Throws every fault of the content at once. */
  saved(draft: Draft, alert: Alert | undefined, by: OfficerId): Alert {
    const now = this.input.clock.now();
    refuseAny(draftFaults(draft, now));
    const content = contentOf(draft);
    return alert ? decide(alert, { do: 'edit', content, writers: draft.writers }, by, now) : createAlert(draft.id, draft.mode, content, by, now, draft.writers);
  }

  /** The alert under a draft, if there is one yet. */
  async alertUnder({ mode, id, over }: Draft): Promise<Alert | undefined> {
    return over === null ? undefined : this.input.store.load(mode, id);
  }

  /**
   * Makes the draft the alert's proposal and, if asked, submits it for review, in one transaction. Its writers are all who
   * wrote any of it. `over`: the version of the alert that it replaces, where the alert went on since the draft began.
   */
  async handIn(target: Target, { submit, over }: { readonly submit: boolean; readonly over?: number | undefined }, by: OfficerId): Promise<Alert> {
    const { drafts, composer, channelFaults, clock, log } = this.input;
    const at = clock.now();
    const draft = await this.read(target);
    const before = await this.alertUnder(draft);
    if (before && before.version !== (over ?? draft.over)) throw fail('ALERT_STALE', 'over', `Now ${before.version}.`);
    const saved = this.saved(draft, before, by);
    let submitted: Alert | undefined;
    if (submit) {
      const notice = composer.proposal(saved, saved.proposal!);
      refuseAny(channelFaults(notice));
      submitted = decide(saved, { do: 'submit', notice }, by, at);
    }
    await this.telling(draft, () => drafts.handIn({ draft, before, saved, submitted, by, at }));
    const { revision } = saved.proposal!;
    log.event('draft.left', { alertId: draft.id, how: 'handed_in' });
    log.event('alert.decided', { alertId: draft.id, action: before ? 'edit' : 'create', revision });
    if (submitted) log.event('alert.decided', { alertId: draft.id, action: 'submit', revision });
    return submitted ?? saved;
  }

  private first(mode: Mode, id: AlertId, { content, unfinished }: Writing, by: OfficerId): Omit<Draft, 'over' | 'writers'> {
    const now = this.input.clock.now();
    return { id, mode, version: 1, begunBy: by, begunAt: now, savedBy: by, savedAt: now, content, unfinished };
  }

  private async read({ mode, id, version }: Target): Promise<Draft> {
    const draft = await this.input.drafts.load(mode, id);
    if (draft.version !== version) throw stale(draft);
    return draft;
  }

  private async change(target: Target, what: (draft: Draft) => { writing: Writing; photo: Draft['photo']; photoBytes?: Uint8Array }, by: OfficerId): Promise<Draft> {
    const { drafts, clock } = this.input;
    const draft = await this.read(target);
    const at = clock.now();
    const { writing: { content, unfinished }, photo, photoBytes } = what(draft);
    const writing = { content, unfinished };
    await this.telling(draft, () => drafts.save({ draft, writing, photo, ...(photoBytes && { photoBytes }), by, at }));
    const { photo: _former, ...kept } = draft;
    return {
      ...kept, ...writing, ...(photo && { photo }), version: draft.version + 1, savedBy: by, savedAt: at,
      writers: draft.writers.includes(by) ? draft.writers : [...draft.writers, by],
    };
  }

  /** Whoever comes too late is told how far the draft has come meanwhile. */
  private async telling<T>({ mode, id }: Pick<Draft, 'mode' | 'id'>, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refusal && error.code === 'DRAFT_STALE') throw stale(await this.input.drafts.load(mode, id));
      throw error;
    }
  }
}

/** Whether the alert has a revision that is being written. */
function isWritable({ proposal }: Alert): boolean {
  return proposal !== undefined && proposal.status !== 'in_review';
}

/** Erases drafts that nobody went on with. May be called at any time and by several at once. */
export async function eraseAbandoned({ drafts, clock, log }: Pick<DraftActionsInput, 'drafts' | 'clock' | 'log'>): Promise<void> {
  const now = clock.now();
  for (const draft of await drafts.abandoned(new Date(now.getTime() - ABANDONED_MS))) {
    try {
      await drafts.drop(draft, NOBODY, now);
      log.event('draft.left', { alertId: draft.id, how: 'erased' });
    } catch (error) {
      // Somebody goes on with it after all, or another dispatcher was quicker.
      if (!['DRAFT_STALE', 'DRAFT_MISSING'].includes((error as { code?: string }).code ?? '')) throw error;
    }
  }
}

/** Names the officer by id and no other data: who it is stands in the draft's own answer. */
function stale({ version, savedBy, savedAt }: Draft): Refusal {
  return fail('DRAFT_STALE', 'version', `Now ${version}, saved by officer ${savedBy} at ${savedAt.toISOString()}.`);
}

function sized(writing: Writing): Writing {
  if (Buffer.byteLength(JSON.stringify(writing)) > MOST_DRAFT_OCTETS) throw fail('CONTENT_INVALID', 'content', `At most ${MOST_DRAFT_OCTETS} octets.`);
  return writing;
}
