import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#kernel/clock.js';
import type { Outcome } from '#dispatch/channel.js';
import type { SmppSettings, Target } from './config.js';
import { addressed, type Segment, type SmsMessage } from './encode.js';
import type { Operator, Submitted } from './operator.js';
import { statusKind, statusName } from './status.js';

/**
 * What happened to one message to one target:
 * - `taken`: all its segments; `refused`: none, for good; `spent`: none, after several tries; `unsent`: not tried to the
 *   end; `unknown`: bytes left without an answer, or only some of its segments were taken.
 */
type Fate = 'taken' | 'refused' | 'spent' | 'unsent' | 'unknown';

/** The fates of all messages of a submission, counted. */
export interface Tally {
  readonly count: Record<Fate, number>;
  /** Message identifiers of every segment taken. */
  readonly ids: string[];
  /** Targets that were refused or given up while others were taken: which, and the operator's word. */
  readonly failures: { readonly name: string; readonly word: string }[];
  /** The first word for each fate. */
  readonly words: Partial<Record<Fate, string>>;
  retryAfterMs?: number;
}

const PASSING_TRIES = 4;
/** The first wait after a passing error, as a share of the patience with the operator; each later one is twice as long. */
const PASSING_SHARE = 0.01;

/** Sends every message to every target, many at once, the segments of each in order; ends early when it cannot go on. */
export async function submitAll(
  operator: Operator,
  messages: readonly SmsMessage[],
  targets: readonly Target[],
  how: { readonly settings: SmppSettings; readonly signal: AbortSignal; readonly urgent: boolean },
): Promise<Tally> {
  const { settings, signal, urgent } = how;
  const tally: Tally = { count: { taken: 0, refused: 0, spent: 0, unsent: 0, unknown: 0 }, ids: [], failures: [], words: {} };
  const startedAt = monotonicMs();
  /** Whether waiting so long is still within the patience with an operator that takes nothing. */
  const patient = (waitMs: number): boolean => monotonicMs() + waitMs - Math.max(startedAt, operator.takenAt) < settings.timeoutMs;
  let stopped: string | undefined;

  const settle = (fate: Fate, word: string, name: string): void => {
    tally.count[fate] += 1;
    tally.words[fate] ??= word;
    if (fate === 'refused' || fate === 'spent') tally.failures.push({ name, word });
  };

  /** One segment until it is taken, refused, or out of reach. */
  const submitSegment = async (segment: Segment, target: Target): Promise<{ fate: Fate; word: string }> => {
    const { command, body } = addressed(segment, target);
    for (let tries = 1; ; tries += 1) {
      const submitted: Submitted = await operator.submit(command, body, signal, urgent);
      if (submitted.kind === 'unsent') {
        stopped ??= submitted.why;
        return { fate: 'unsent', word: submitted.why };
      }
      if (submitted.kind === 'lost') {
        // A closed connection is made again and the rest can go on; a silent or babbling operator is left alone.
        if (submitted.why !== 'closed' || !patient(0)) stopped ??= submitted.why;
        return { fate: 'unknown', word: submitted.why };
      }
      const status = verdict(submitted, target);
      const word = statusName(status);
      switch (statusKind(status)) {
        case 'taken':
          if (submitted.taken) tally.ids.push(submitted.taken.messageId);
          return { fate: 'taken', word };
        case 'lasting':
          return { fate: 'refused', word };
        case 'throttled':
          operator.throttle.slowDown();
          if (!patient(operator.throttle.pausedMs())) {
            stopped ??= word;
            tally.retryAfterMs = Math.max(1_000, Math.ceil(operator.throttle.pausedMs()));
            return { fate: 'unsent', word };
          }
          break;
        case 'passing': {
          const waitMs = settings.timeoutMs * PASSING_SHARE * 2 ** (tries - 1);
          if (tries >= PASSING_TRIES || !patient(waitMs)) return { fate: 'spent', word };
          await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        }
      }
    }
  };

  const submitMessage = async ({ language, segments }: SmsMessage, target: Target, index: number): Promise<void> => {
    const name = `${language}.${index}`;
    let before: Fate | undefined;
    for (const segment of segments) {
      const { fate, word } = await submitSegment(segment, target);
      if (fate !== 'taken') return settle(before === undefined ? fate : 'unknown', word, name);
      before = fate;
    }
    settle('taken', 'ESME_ROK', name);
  };

  const total = messages.length * targets.length;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < total && stopped === undefined) {
      // All targets in the first language before any in the second.
      const [message, target, index] = [messages[Math.floor(next / targets.length)], targets[next % targets.length], next % targets.length];
      next += 1;
      if (message && target) await submitMessage(message, target, index);
    }
  };
  // Twice the window: a free place always finds somebody waiting, so that an urgent submission leaves none to others.
  await Promise.all(Array.from({ length: Math.min(total, 2 * settings.binds * settings.window) }, work));
  if (next < total) {
    tally.count.unsent += total - next;
    tally.words.unsent ??= stopped;
  }
  return tally;
}

/** What the counted fates mean for the delivery. Pure. */
export function outcomeOf({ count, ids, words, retryAfterMs }: Tally, expectReceipts: boolean): Outcome {
  const total = Object.values(count).reduce((sum, n) => sum + n, 0);
  const told = (word = 'unknown'): string => (total === 1 || word === 'aborted' ? word : `${word}: ${count.taken} of ${total} taken, ${count.unknown} unknown`);
  if (count.unknown > 0) return { kind: 'uncertain', reason: told(words.unknown) };
  if (count.unsent > 0 && count.taken > 0) return { kind: 'uncertain', reason: told(words.unsent) };
  if (count.taken > 0) return { kind: 'accepted', references: ids, expectedReceipts: expectReceipts ? count.taken : 0 };
  if (count.unsent > 0 || count.spent > 0) {
    const reason = told(words.unsent ?? words.spent);
    return retryAfterMs === undefined ? { kind: 'deferred', reason } : { kind: 'deferred', reason, retryAfterMs };
  }
  return { kind: 'refused', reason: told(words.refused) };
}

/**
 * The status that counts: `submit_multi` may succeed and still name its destination among the unsuccessful (SMPP 3.4,
 * section 4.5.2). We name one destination, so any entry is about it.
 */
function verdict(submitted: Extract<Submitted, { kind: 'answered' }>, target: Target): number {
  const [unsuccessful] = submitted.taken?.unsuccessful ?? [];
  if (submitted.status !== 0 || unsuccessful === undefined || 'number' in target) return submitted.status;
  // Named as unsuccessful with a status of success: it is still not taken.
  return unsuccessful.status === 0 ? 0x33 : unsuccessful.status;
}
