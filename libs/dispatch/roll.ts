import { monotonicMs } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import type { DeliveryId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { Audience, Member, Selection } from './audience.js';
import type { Headway } from './headway.js';

const PAGE = 500;
const MARK_EVERY_MS = 500;

/**
 * What became of one member: `taken` by the partner; `spared`, for whom nothing is left to do (gone, refused); `left` to be
 * told later; `unsure` whether they were.
 */
export type Fate = 'taken' | 'spared' | 'left' | 'unsure';

/** What an attempt left undone. Kept in memory, so that a repetition goes to those alone. */
export interface Rest {
  readonly members: readonly Member[];
  /** Where reading goes on; nothing when everyone has been read. */
  readonly pages?: { readonly after: string | undefined };
  /** Taken by all attempts so far. */
  readonly taken: number;
}

/** What came of one attempt. */
export interface Called {
  /** Taken in this attempt. */
  readonly taken: number;
  readonly spared: number;
  /** Of those left: how many may have been told, though nothing says so. */
  readonly unsure: number;
  /** Nothing when everyone is settled. */
  readonly rest?: Rest;
}

export interface RollInput {
  readonly audience: Audience;
  readonly headway: Headway | undefined;
  readonly log: Log;
  readonly selection: Selection;
  readonly delivery: DeliveryId;
  /** Members told at once. */
  readonly atOnce: number;
  /** Tells one member. Does not reject because of a partner. */
  tell(member: Member): Promise<Fate>;
  /** Whether nobody else is to be told now. */
  stopped(): boolean;
}

/**
 * Calls the members of one part in the order of their selection, many at once, and writes down how far it is. With the rest of an
 * earlier attempt it goes to those alone; without one it goes on behind the place that was written down.
 */
export async function callRoll(input: RollInput, rest?: Rest): Promise<Called> {
  return new Roll(input, rest).run();
}

class Roll {
  private readonly queue: Member[];
  private readonly order: { readonly place: string; settled: boolean }[] = [];
  private readonly left: Member[] = [];
  private readonly counts = { taken: 0, spared: 0, left: 0, unsure: 0 };
  private before: number;
  /** Behind whom the next page begins. */
  private read: string | undefined;
  /** The last one who was called, which is where a later attempt goes on reading. */
  private called: string | undefined;
  private settledUpTo: string | undefined;
  private more: boolean;
  private isBlind = false;
  private loading: Promise<void> | undefined;
  private total: number | undefined;
  private markedAt = -Infinity;
  private marking: Promise<void> = Promise.resolve();
  /** Members of an earlier attempt are not everyone up to the last of them. */
  private readonly isWhole: boolean;

  constructor(private readonly input: RollInput, rest: Rest | undefined) {
    this.queue = [...(rest?.members ?? [])];
    this.before = rest?.taken ?? 0;
    this.isWhole = rest === undefined;
    this.more = rest === undefined || rest.pages !== undefined;
    this.read = rest?.pages?.after;
    this.called = this.read;
  }

  async run(): Promise<Called> {
    const { headway, delivery, atOnce, audience, selection } = this.input;
    if (this.isWhole && headway) {
      const last = await headway.last(delivery).catch((error: unknown) => this.unmarked(error));
      this.read = this.called = this.settledUpTo = last?.after;
      this.before = last?.taken ?? 0;
    }
    // Counting holds nobody up.
    if (headway) void audience.count(selection).then((total) => { this.total = total; }, (error: unknown) => this.unmarked(error));
    this.mark();
    const waiting = this.queue.length;
    let fromQueue = 0;
    const work = async (): Promise<void> => {
      for (let member = await this.next(); member; member = await this.next()) {
        if (fromQueue < waiting) fromQueue += 1;
        else this.called = member.place;
        const place = { place: member.place, settled: false };
        this.order.push(place);
        const fate = await this.input.tell(member);
        this.counts[fate] += 1;
        if (fate === 'left' || fate === 'unsure') this.left.push(member);
        else this.settle(place);
        if (monotonicMs() - this.markedAt >= MARK_EVERY_MS) this.mark();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    await this.loading;
    const { taken, spared, unsure } = this.counts;
    const isUnread = this.more || this.queue.length > waiting - fromQueue;
    const members = [...this.left, ...this.queue.slice(0, waiting - fromQueue)];
    const undone = members.length > 0 || isUnread;
    await this.marking;
    if (headway) await (undone ? headway.mark(delivery, this.place()) : headway.end(delivery, this.place())).catch((error: unknown) => this.unmarked(error));
    return { taken, spared, unsure, ...(undone && { rest: { members, taken: this.before + taken, ...(isUnread && { pages: { after: this.called } }) } }) };
  }

  /** The next to be called; nothing when there is nobody, or nobody is to be called any more. */
  private async next(): Promise<Member | undefined> {
    while (!this.input.stopped()) {
      if (this.more && !this.isBlind && !this.loading && this.queue.length < PAGE / 2) this.loading = this.load();
      const member = this.queue.shift();
      if (member) return member;
      if (!this.loading) return undefined;
      await this.loading;
    }
    return undefined;
  }

  private async load(): Promise<void> {
    try {
      const page = await this.input.audience.members(this.input.selection, this.read, PAGE);
      this.queue.push(...page);
      this.read = page.at(-1)?.place ?? this.read;
      this.more = page.length === PAGE;
      this.loading = undefined;
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'STORE_BUSY')) throw error;
      // Nobody reads again in this attempt; the rest says where to go on.
      this.isBlind = true;
      this.loading = undefined;
    }
  }

  private settle(place: { settled: boolean }): void {
    place.settled = true;
    let done = 0;
    while (this.order[done]?.settled) done += 1;
    if (done > 0 && this.isWhole) this.settledUpTo = this.order[done - 1]!.place;
    this.order.splice(0, done);
  }

  private place() {
    return { taken: this.before + this.counts.taken, ...(this.total !== undefined && { total: this.total }), ...(this.settledUpTo !== undefined && { after: this.settledUpTo }) };
  }

  private mark(): void {
    const { headway, delivery } = this.input;
    if (!headway) return;
    this.markedAt = monotonicMs();
    const place = this.place();
    this.marking = this.marking.then(() => headway.mark(delivery, place)).catch((error: unknown) => this.unmarked(error));
  }

  /** Telling people goes on without marks. */
  private unmarked(error: unknown): undefined {
    this.input.log.event('store.failed', { operation: 'headway', cause: causeOf(error) }, 'warn');
    return undefined;
  }
}
