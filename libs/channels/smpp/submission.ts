import { monotonicMs } from '#kernel/clock.js';
import type { Outcome } from '#dispatch/channel.js';
import type { Reply, Request } from './bind.js';
import type { SmppSettings, Target } from './config.js';
import { Addressed, type SmsMessage } from './encode.js';
import type { Operator, Sender } from './operator.js';
import { decodeTaken, MalformedPdu, type Taken } from './pdu.js';
import { ESME_RINVNUMDESTS, ESME_ROK, statusKind, statusName } from './status.js';

/**
 * What happened to one message to one target:
 * - `taken`: all its segments; `refused`: none, for good; `spent`: none, after several tries; `unsent`: not tried to the
 *   end; `unknown`: bytes left without an answer, or only some of its segments were taken.
 */
export type Fate = 'taken' | 'refused' | 'spent' | 'unsent' | 'unknown';

/** The fates of all messages of a submission, counted. */
export interface Tally {
  readonly count: Record<Fate, number>;
  /** Message identifiers of every segment taken. */
  readonly ids: string[];
  /** Of `ids`, those of last segments: a receipt of one is that of its whole message. */
  readonly finals: string[];
  /** Of `ids`, the latest of each message of which not all segments are known to be taken. */
  readonly partials: string[];
  /** Targets that were refused or given up while others were taken: which, and the operator's word. */
  readonly failures: { readonly name: string; readonly word: string }[];
  /** The first word for each fate. */
  readonly words: Partial<Record<Fate, string>>;
  retryAfterMs?: number;
}

const PASSING_TRIES = 4;
/** The first wait after a passing error, as a share of the patience with the operator; each later one is twice as long. */
const PASSING_SHARE = 0.01;

/** How a submission goes. */
export interface Manner {
  readonly settings: SmppSettings;
  readonly signal: AbortSignal;
  readonly urgent: boolean;
}

/** Twice the window: a free place always finds somebody waiting, so that an urgent submission leaves none to others. */
export const atOnce = ({ binds, window }: SmppSettings): number => 2 * binds * window;

/** Messages that are put in one by one, as people are found, and counted together. */
export interface Series {
  readonly tally: Tally;
  /** Sends a message to one target. `name` tells it from the others in a receipt. */
  submit(message: SmsMessage, target: Target, name: string): Promise<Fate>;
  /** Why nothing more is to be put in; nothing while it can go on. */
  stopped(): string | undefined;
}

/** Begins a series. */
export function series(operator: Operator, how: Manner): Series {
  const tally = emptyTally();
  let stopped: string | undefined;
  const submit = async (message: SmsMessage, target: Target, name: string): Promise<Fate> => {
    const one = await submitAll(operator, [message], [target], how);
    const fate = FATES.find((f) => one.count[f] > 0) ?? 'unsent';
    const word = one.words[fate] ?? 'unknown';
    tally.count[fate] += 1;
    tally.words[fate] ??= word;
    tally.ids.push(...one.ids);
    tally.finals.push(...one.finals);
    tally.partials.push(...one.partials);
    if (one.failures.length > 0) tally.failures.push({ name, word });
    if (one.retryAfterMs !== undefined) tally.retryAfterMs = one.retryAfterMs;
    // A closed connection is made again and the rest can go on.
    if (fate === 'unsent' || (fate === 'unknown' && word !== 'closed')) stopped ??= word;
    return fate;
  };
  return { tally, submit, stopped: () => stopped };
}

const FATES: readonly Fate[] = ['taken', 'refused', 'spent', 'unsent', 'unknown'];
const emptyTally = (): Tally => ({ count: { taken: 0, refused: 0, spent: 0, unsent: 0, unknown: 0 }, ids: [], finals: [], partials: [], failures: [], words: {} });

/** Sends every message to every target, many at once, the segments of each in order; ends early when it cannot go on. */
export function submitAll(operator: Operator, messages: readonly SmsMessage[], targets: readonly Target[], how: Manner): Promise<Tally> {
  return new Promise((resolve) => new Submission(operator, messages, targets, how, resolve).begin());
}

/**
 * A submission under way. There may be hundreds of thousands of messages, so nothing is made for one that is not needed: no
 * promise, no timer, no listener.
 */
class Submission implements Sender {
  readonly paced = true;
  readonly tally: Tally = emptyTally();
  private readonly startedAt = monotonicMs();
  private readonly total: number;
  /** Messages begun at once: twice the window, so that those that wait after a passing error leave it full. */
  private readonly most: number;
  private begun = 0;
  private underWay = 0;
  /** Begun, and to be sent or sent again now. */
  private ready: Sms[] = [];
  /** Waiting after a passing error. */
  private readonly resting = new Map<Sms, NodeJS.Timeout>();
  private stopped: string | undefined;
  private finished = false;

  constructor(readonly operator: Operator, readonly messages: readonly SmsMessage[], readonly targets: readonly Target[], private readonly how: Manner, private readonly done: (tally: Tally) => void) {
    this.total = messages.length * targets.length;
    this.most = atOnce(how.settings);
  }

  begin(): void {
    const { signal, urgent } = this.how;
    if (signal.aborted) this.abort();
    else {
      signal.addEventListener('abort', this.abort, { once: true });
      this.operator.enlist(this, urgent);
    }
    this.finishIfDone();
  }

  get waiting(): boolean {
    return this.ready.length > 0 || (this.stopped === undefined && this.begun < this.total && this.underWay < this.most);
  }

  next(): Request {
    const again = this.ready.shift();
    if (again) return again;
    const { begun, targets, messages } = this;
    this.begun += 1;
    this.underWay += 1;
    // All targets in the first language before any in the second.
    return new Sms(this, messages[Math.floor(begun / targets.length)]!, targets[begun % targets.length]!, begun % targets.length);
  }

  dismiss(why: string): void {
    if (!this.waiting || this.finished) return;
    this.stopped ??= why;
    for (const sms of this.ready.splice(0)) sms.end('unsent', why);
    this.finishIfDone();
  }

  /** Whether waiting so long is still within the patience with an operator that takes nothing. */
  patient(waitMs: number): boolean {
    return monotonicMs() + waitMs - Math.max(this.startedAt, this.operator.takenAt) < this.how.settings.timeoutMs;
  }

  /** Nothing new is begun. */
  stop(why: string): void {
    this.stopped ??= why;
  }

  again(sms: Sms): void {
    this.ready.push(sms);
  }

  /** How long a message waits after so many tries. */
  restMs(tries: number): number {
    return this.how.settings.timeoutMs * PASSING_SHARE * 2 ** (tries - 1);
  }

  rest(sms: Sms, ms: number): void {
    this.resting.set(sms, setTimeout(() => {
      this.resting.delete(sms);
      this.ready.push(sms);
      this.operator.serve();
    }, ms));
  }

  settled(): void {
    this.underWay -= 1;
    this.finishIfDone();
  }

  get over(): boolean {
    return this.finished;
  }

  /** What waits was not sent; what is under way the operator may have. */
  private readonly abort = (): void => {
    this.stopped ??= 'aborted';
    for (const sms of [...this.ready.splice(0), ...this.resting.keys()]) sms.end('unsent', 'aborted');
    if (this.underWay > 0) {
      this.tally.count.unknown += this.underWay;
      this.tally.words.unknown ??= 'aborted';
      this.underWay = 0;
    }
    this.finishIfDone();
  };

  private finishIfDone(): void {
    if (this.finished || this.underWay > 0 || (this.begun < this.total && this.stopped === undefined)) return;
    this.finished = true;
    this.how.signal.removeEventListener('abort', this.abort);
    for (const timer of this.resting.values()) clearTimeout(timer);
    this.operator.leave(this);
    if (this.begun < this.total) {
      this.tally.count.unsent += this.total - this.begun;
      if (this.stopped !== undefined) this.tally.words.unsent ??= this.stopped;
    }
    this.done(this.tally);
  }
}

/** One message to one target, segment after segment, each until it is taken, refused, or out of reach. */
class Sms implements Request {
  private addressed: Addressed;
  private segment = 0;
  private latest: string | undefined;
  private tries = 1;

  constructor(private readonly of: Submission, private readonly message: SmsMessage, private readonly target: Target, private readonly index: number) {
    this.addressed = new Addressed(message.segments[0]!, target);
  }

  get command(): number {
    return this.addressed.command;
  }

  get size(): number {
    return this.addressed.size;
  }

  write(into: Buffer, at: number): void {
    this.addressed.write(into, at);
  }

  settle(reply: Reply): void {
    const { of } = this;
    if (of.over) return;
    if ('lost' in reply) {
      // A closed connection is made again and the rest can go on; a silent or babbling operator is left alone.
      if (reply.lost !== 'closed' || !of.patient(0)) of.stop(reply.lost);
      return this.end('unknown', reply.lost);
    }
    const { status, command, body } = reply.answer;
    if (status !== ESME_ROK) return this.answered(status);
    let taken: Taken;
    try {
      taken = decodeTaken(command, body);
    } catch (error) {
      if (error instanceof MalformedPdu) {
        of.stop('rubbish');
        this.end('unknown', 'rubbish');
      }
      throw error;
    }
    of.operator.took();
    const verdict = verdictOf(taken);
    if (verdict !== ESME_ROK) return this.answered(verdict);
    of.tally.ids.push(taken.messageId);
    this.segment += 1;
    const next = this.message.segments[this.segment];
    if (next === undefined) {
      of.tally.finals.push(taken.messageId);
      return this.end('taken', 'ESME_ROK');
    }
    this.latest = taken.messageId;
    this.tries = 1;
    this.addressed = new Addressed(next, this.target);
    of.again(this);
  }

  /** Counts what became of it. After an earlier segment was taken, a message that goes no further is one that nobody can tell about. */
  end(fate: Fate, word: string): void {
    const { tally } = this.of;
    const whole = fate === 'taken' || this.segment === 0 ? fate : 'unknown';
    tally.count[whole] += 1;
    tally.words[whole] ??= word;
    if (whole === 'unknown' && this.latest !== undefined) tally.partials.push(this.latest);
    if (whole === 'refused' || whole === 'spent') tally.failures.push({ name: `${this.message.language}.${this.index}`, word });
    this.of.settled();
  }

  /** The operator did not take it. */
  private answered(status: number): void {
    const { of, tries } = this;
    const { throttle } = of.operator;
    const word = statusName(status);
    this.tries += 1;
    switch (statusKind(status)) {
      case 'throttled':
        throttle.slowDown();
        if (of.patient(throttle.pausedMs())) return of.again(this);
        of.stop(word);
        of.tally.retryAfterMs = Math.max(1_000, Math.ceil(throttle.pausedMs()));
        return this.end('unsent', word);
      case 'passing': {
        const waitMs = of.restMs(tries);
        if (tries >= PASSING_TRIES || !of.patient(waitMs)) return this.end('spent', word);
        return of.rest(this, waitMs);
      }
      default:
        this.end('refused', word);
    }
  }
}

/** What the counted fates mean for the delivery. Pure. */
export function outcomeOf(tally: Tally, expectReceipts: boolean): Outcome {
  const { count, words, retryAfterMs } = tally;
  const ids = referencesOf(tally);
  const total = Object.values(count).reduce((sum, n) => sum + n, 0);
  // By these what is known to be taken can still be heard of; all of it must be before the whole is confirmed.
  const known = ids.length > 0 && expectReceipts ? { references: ids, expectedReceipts: total } : {};
  const told = (word = 'unknown'): string => (total === 1 || word === 'aborted' ? word : `${word}: ${count.taken} of ${total} taken, ${count.unknown} unknown`);
  if (count.unknown > 0) return { kind: 'uncertain', reason: told(words.unknown), ...known };
  if (count.unsent > 0 && count.taken > 0) return { kind: 'uncertain', reason: told(words.unsent), ...known };
  if (count.taken > 0) return { kind: 'accepted', references: ids, expectedReceipts: expectReceipts ? count.taken : 0 };
  if (count.unsent > 0 || count.spent > 0) {
    const reason = told(words.unsent ?? words.spent);
    return retryAfterMs === undefined ? { kind: 'deferred', reason } : { kind: 'deferred', reason, retryAfterMs };
  }
  return { kind: 'refused', reason: told(words.refused) };
}

/** How the house calls a piece of a message: no operator's identifier has a space in it. */
const PIECE = 'piece ';
export const pieceReference = (id: string): string => `${PIECE}${id}`;

/** Which identifiers stand behind references of earlier submissions: those of whole messages, and those of pieces. */
export function readReferences(references: readonly string[]): Pick<Tally, 'finals' | 'partials'> {
  return {
    finals: references.filter((reference) => !reference.startsWith(PIECE)),
    partials: references.flatMap((reference) => (reference.startsWith(PIECE) ? [reference.slice(PIECE.length)] : [])),
  };
}

/** By what later receipts are matched: a piece goes by another name, so that no report of it stands for its message. */
export function referencesOf({ finals, partials }: Pick<Tally, 'finals' | 'partials'>): readonly string[] {
  return [...finals, ...partials.map(pieceReference)];
}

/**
 * The status that counts: `submit_multi` may succeed and still name its destination among the unsuccessful (SMPP 3.4,
 * section 4.5.2). We name one destination, so any entry is about it.
 */
function verdictOf({ unsuccessful: [entry] }: Taken): number {
  if (entry === undefined) return ESME_ROK;
  // Named as unsuccessful with a status of success: it is still not taken.
  return entry.status === ESME_ROK ? ESME_RINVNUMDESTS : entry.status;
}
