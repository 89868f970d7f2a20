import { useSyncExternalStore } from 'react';
import type { ShownDraft, DraftStand } from '#apps/api/draft-shown.js';
import type { Mode } from '#alerts/notice.js';
import { ask, Refused, Unreachable, type Answer } from '../api.js';
import { choose, merge, same, type Clash, type Writing } from './form.js';

/** How it stands with what is written here. */
export type Keeping = 'saved' | 'waiting' | 'saving' | 'offline' | 'signed-out' | 'clash' | 'gone' | 'refused';

export interface Kept {
  /** As the server has it. */
  readonly draft: ShownDraft;
  /** As it stands in the form. */
  readonly writing: Writing;
  readonly keeping: Keeping;
  readonly clashes: readonly Clash[];
  /** Fields that somebody else filled in while this was open, and who. */
  readonly news: { readonly by: string; readonly fields: readonly string[] } | undefined;
}

/** How long typing rests before it is saved, and how long after a failure it is tried again, in milliseconds. */
const REST_MS = 800;
const AGAIN_MS = 3_000;

/**
 * Keeps one draft: what is typed here, what the server has, and the way from one to the other. Lives outside the page, so that
 * leaving the form loses nothing that could not be sent yet.
 */
export class Keeper {
  private readonly watchers = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy: Promise<unknown> = Promise.resolve();
  private kept: Kept;
  private readonly path: string;

  constructor(mode: Mode, draft: ShownDraft, private readonly onSignedOut: () => void) {
    this.path = `/v1/${mode}/drafts/${draft.id}`;
    this.kept = { draft, writing: writingIn(draft), keeping: 'saved', clashes: [], news: undefined };
  }

  readonly snapshot = (): Kept => this.kept;
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** Whether the server does not have all of it. */
  get open(): boolean {
    return !['saved', 'gone'].includes(this.kept.keeping) || !same(this.kept.writing, writingIn(this.kept.draft));
  }

  /** Takes up what was typed; it is saved when typing rests. */
  write(change: (writing: Writing) => Writing): void {
    const writing = change(this.kept.writing);
    const { keeping } = this.kept;
    this.become({ writing, keeping: keeping === 'saved' || keeping === 'refused' ? 'waiting' : keeping });
    if (keeping !== 'clash' && keeping !== 'gone' && keeping !== 'signed-out') this.saveAfter(REST_MS);
  }

  /** Saves now what is not saved. Settles when it is, or when it cannot be at present. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    return this.queue(() => this.save());
  }

  /** Puts a picture in, or takes the photo out. Throws `Refused` or `Unreachable`. */
  photo(picture: Blob | undefined): Promise<void> {
    return this.queue(async () => {
      await this.save();
      const { body } = await this.onNewest((ifMatch) => (picture
        ? ask<ShownDraft>('PUT', `${this.path}/photo`, { picture, ifMatch, timeoutMs: 60_000 })
        : ask<ShownDraft>('DELETE', `${this.path}/photo`, { ifMatch })));
      this.become({ draft: body });
    });
  }

  /** Asks on the version that is known, and once more on the newest when somebody saved meanwhile. */
  private async onNewest<T>(change: (ifMatch: string) => Promise<T>): Promise<T> {
    try {
      return await change(String(this.kept.draft.version));
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'DRAFT_STALE')) throw error;
      await this.takeIn();
      return change(String(this.kept.draft.version));
    }
  }

  /** Says that the draft is open here; takes in what others saved meanwhile. */
  async greet(): Promise<void> {
    try {
      const { body } = await ask<DraftStand>('POST', `${this.path}/presence`);
      if (body.version > this.kept.draft.version) await this.queue(() => this.takeIn());
      else this.become({ draft: { ...this.kept.draft, others: body.others } });
    } catch (error) {
      this.fail(error, this.kept.keeping);
    }
  }

  /** Ends a clash: for each path what shall stand there. */
  settle(choices: ReadonlyMap<string, unknown>): void {
    let { writing } = this.kept;
    for (const [path, value] of choices) writing = choose(writing, path, value);
    this.become({ writing, clashes: [], keeping: 'waiting' });
    void this.flush();
  }

  /** The session is back, or the connection. */
  resume(): void {
    if (['offline', 'signed-out'].includes(this.kept.keeping)) void this.flush();
  }

  /** Nothing more is to be kept. */
  close(): void {
    clearTimeout(this.timer);
  }

  private saveAfter(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.queue(() => this.save()), ms);
  }

  /** One request at a time, so that each is made on the version that the one before left. */
  private queue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.busy.then(work, work);
    this.busy = next.catch(() => undefined);
    return next;
  }

  private async save(): Promise<void> {
    const { writing, draft, keeping } = this.kept;
    if (keeping === 'clash' || keeping === 'gone') return;
    if (same(writing, writingIn(draft))) {
      this.become({ keeping: 'saved' });
      return;
    }
    this.become({ keeping: 'saving' });
    try {
      const { body } = await ask<ShownDraft>('PUT', this.path, { body: writing, ifMatch: String(draft.version) });
      const typedOn = !same(this.kept.writing, writing);
      this.become({ draft: body, keeping: typedOn ? 'waiting' : 'saved' });
      if (typedOn) this.saveAfter(REST_MS);
    } catch (error) {
      if (error instanceof Refused && error.code === 'DRAFT_STALE') {
        await this.takeIn();
        return;
      }
      this.fail(error, 'refused');
    }
  }

  /** Reads what the server has and puts it together with what is written here. */
  private async takeIn(): Promise<void> {
    let answer: Answer<ShownDraft>;
    try {
      answer = await ask<ShownDraft>('GET', this.path);
    } catch (error) {
      this.fail(error, this.kept.keeping);
      return;
    }
    const { draft, writing: mine } = this.kept;
    const theirs = writingIn(answer.body);
    const { writing, clashes, taken } = merge(writingIn(draft), mine, theirs);
    this.become({
      draft: answer.body, writing, clashes,
      ...(taken.length > 0 && { news: { by: answer.body.savedBy.name, fields: taken } }),
      keeping: clashes.length > 0 ? 'clash' : same(writing, theirs) ? 'saved' : 'waiting',
    });
    if (this.kept.keeping === 'waiting') this.saveAfter(0);
  }

  private fail(error: unknown, otherwise: Keeping): void {
    if (error instanceof Unreachable || (error instanceof Refused && error.problem.retry === 'later')) {
      this.become({ keeping: this.open ? 'offline' : this.kept.keeping });
      if (this.kept.keeping === 'offline') this.saveAfter(AGAIN_MS);
    } else if (error instanceof Refused && error.code === 'SESSION_MISSING') {
      this.become({ keeping: this.open ? 'signed-out' : this.kept.keeping });
      this.onSignedOut();
    } else if (error instanceof Refused && ['DRAFT_MISSING', 'ALERT_ERASED'].includes(error.code)) this.become({ keeping: 'gone' });
    else this.become({ keeping: otherwise });
  }

  private become(change: Partial<Kept>): void {
    this.kept = { ...this.kept, ...change };
    for (const watcher of this.watchers) watcher();
  }
}

export const writingIn = ({ content, unfinished }: ShownDraft): Writing => ({ content, unfinished });

/** Drafts with something that the server does not have yet, by address; in memory alone. */
const keepers = new Map<string, Keeper>();

/** The keeper of a draft: the one that still has something to send, or a new one. */
export function keeperOf(mode: Mode, draft: ShownDraft, onSignedOut: () => void): Keeper {
  const key = `${mode} ${draft.id}`;
  const known = keepers.get(key);
  if (known?.open) return known;
  known?.close();
  const keeper = new Keeper(mode, draft, onSignedOut);
  keepers.set(key, keeper);
  return keeper;
}

/** Forgets a draft that was handed in or discarded. */
export function forget(mode: Mode, id: string): void {
  keepers.get(`${mode} ${id}`)?.close();
  keepers.delete(`${mode} ${id}`);
}

/** What a keeper has, drawn anew whenever it changes. */
export const useKept = (keeper: Keeper): Kept => useSyncExternalStore(keeper.watch, keeper.snapshot);

// The browser asks before it lets go of what is only here.
window.addEventListener('beforeunload', (event) => {
  if ([...keepers.values()].some((keeper) => keeper.open)) event.preventDefault();
});
