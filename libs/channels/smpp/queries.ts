import type { Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { Receipt } from '#dispatch/channel.js';
import type { QueryAnswer } from './operator.js';
import { receiptOf } from './receipt.js';
import { pieceReference } from './submission.js';

/** What was taken and is waited for. */
export interface Awaited {
  /** Identifiers of last segments: their receipts are those of whole messages. */
  readonly finals: readonly string[];
  /** Identifiers of segments of messages of which nobody knows whether they are whole. */
  readonly partials: readonly string[];
  readonly expires: Date;
  /** Asked about soon, not only after the validity has ended. */
  readonly uncertain: boolean;
}

export interface QueriesInput {
  readonly destination: DestinationId;
  readonly clock: Clock;
  readonly log: Log;
  readonly perSecond: number;
  /** Before the first question, in seconds. */
  readonly afterSeconds: number;
  query(id: string, signal: AbortSignal): Promise<QueryAnswer>;
  receive(receipt: Receipt): Promise<void>;
}

/** Identifiers remembered; the oldest notices are let go first. */
const MOST = 100_000;
/** Pauses after each round of questions, in milliseconds; then nobody is asked any more. */
const PAUSES_MS = [5 * 60_000, 15 * 60_000];
/** How long to look away at most, in milliseconds: the clock may be set. */
const LOOK_MS = 500;

/** Identifiers that are asked about at the same time: each is a whole message's, or not. */
interface Batch {
  readonly ids: Map<string, boolean>;
  readonly expires: number;
  dueAt: number;
  /** Rounds of questions since the validity ended. */
  round: number;
  asked: number;
  told: number;
  lost: number;
}

/**
 * Asks the operator what became of messages whose receipts do not come (`query_sm`, SMPP 3.4, section 4.8): of an uncertain
 * submission soon, of everything else after its validity has ended; one after another, so many a second. A final answer becomes
 * a receipt like any other. What the operator does not know any more is nobody's to know, and nothing is made of it.
 */
export class Queries {
  private readonly batches = new Set<Batch>();
  /** What a batch's questions have left open so far. */
  private readonly nextRound = new Map<Batch, Map<string, boolean>>();
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** The operator has no such command: it is not asked again over this connection. */
  private deaf = false;
  private asking = false;

  constructor(private readonly input: QueriesInput) {}

  expect({ finals, partials, expires, uncertain }: Awaited): void {
    if (this.deaf || this.closing.signal.aborted || finals.length + partials.length === 0) return;
    const ids = new Map([...finals.map((id) => [id, true] as const), ...partials.map((id) => [id, false] as const)]);
    const afterMs = this.input.afterSeconds * 1_000;
    const end = expires.getTime();
    this.batches.add({ ids, expires: end, dueAt: uncertain ? Math.min(this.input.clock.now().getTime(), end) + afterMs : end + afterMs, round: 0, asked: 0, told: 0, lost: 0 });
    let open = 0;
    for (const batch of this.batches) open += batch.ids.size;
    for (const batch of this.batches) {
      if (open <= MOST || this.batches.size === 1) break;
      open -= batch.ids.size;
      this.batches.delete(batch);
    }
    this.look();
  }

  /** The operator has reported by itself. */
  heard(id: string): void {
    for (const batch of this.batches) {
      this.nextRound.get(batch)?.delete(id);
      if (batch.ids.delete(id) && batch.ids.size === 0) this.end(batch);
    }
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
    this.batches.clear();
  }

  private look(): void {
    clearTimeout(this.timer);
    if (this.batches.size === 0 || this.asking || this.closing.signal.aborted) return;
    const now = this.input.clock.now().getTime();
    const nextAt = Math.min(...[...this.batches].map((batch) => batch.dueAt));
    const waitMs = nextAt <= now ? 1_000 / this.input.perSecond : Math.min(LOOK_MS, nextAt - now);
    this.timer = setTimeout(() => {
      this.asking = true;
      this.work()
        .catch((error: unknown) => this.input.log.event('app.failed', { cause: causeOf(error) }, 'error'))
        .finally(() => {
          this.asking = false;
          this.look();
        });
    }, waitMs).unref();
  }

  /** One question about one message of what is due. */
  private async work(): Promise<void> {
    const now = this.input.clock.now().getTime();
    for (const batch of this.batches) {
      if (batch.dueAt > now) continue;
      const [next] = batch.ids;
      if (next) await this.ask(batch, ...next);
      return;
    }
  }

  private async ask(batch: Batch, id: string, isWhole: boolean): Promise<void> {
    const { destination, query } = this.input;
    const answer = await query(id, this.closing.signal);
    if (this.closing.signal.aborted || !batch.ids.delete(id)) return;
    batch.asked += 1;
    if (answer.kind === 'no_such_command') {
      this.deaf = true;
      batch.lost += 1;
      for (const each of [...this.batches]) this.end(each, 'no_such_command');
      return;
    }
    if (answer.kind === 'state') {
      const receipt = receiptOf(id, answer.word, destination);
      // A segment that arrived says nothing of the rest of its message; one that never will says all.
      if (receipt && (isWhole || receipt.stage === 'failed') && (await this.handedOver(isWhole ? receipt : { ...receipt, about: { reference: pieceReference(id) } }))) batch.told += 1;
      else if (!receipt || isWhole) this.later(batch, id, isWhole);
    } else if (answer.kind === 'unknown_message') batch.lost += 1;
    else this.later(batch, id, isWhole);
    if (batch.ids.size === 0) this.end(batch);
  }

  private later(batch: Batch, id: string, isWhole: boolean): void {
    const next = this.nextRound.get(batch) ?? new Map<string, boolean>();
    this.nextRound.set(batch, next.set(id, isWhole));
  }

  private async handedOver(receipt: Receipt): Promise<boolean> {
    try {
      await this.input.receive(receipt);
      return true;
    } catch (error) {
      this.input.log.event('receipt.refused', { channel: 'smpp', destination: this.input.destination, cause: causeOf(error) }, 'warn');
      return false;
    }
  }

  /** A round is over: what is still open is asked about again, not for ever. */
  private end(batch: Batch, why?: string): void {
    this.batches.delete(batch);
    const left = this.nextRound.get(batch);
    const open = left?.size ? left : undefined;
    this.nextRound.delete(batch);
    const now = this.input.clock.now().getTime();
    // Before the validity has ended everything may still come.
    const isOver = batch.dueAt >= batch.expires;
    const pauseMs = isOver ? PAUSES_MS[batch.round] : batch.expires + this.input.afterSeconds * 1_000 - now;
    if (open && why === undefined && pauseMs !== undefined) {
      this.batches.add({ ...batch, ids: open, dueAt: now + Math.max(0, pauseMs), round: batch.round + (isOver ? 1 : 0) });
      return;
    }
    if (batch.asked === 0) return;
    const unknown = batch.lost + (open?.size ?? 0) + batch.ids.size;
    this.input.log.event('receipt.asked', { channel: 'smpp', destination: this.input.destination, asked: batch.asked, told: batch.told, unknown, ...(why !== undefined && { cause: why }) });
  }
}
