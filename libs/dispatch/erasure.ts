import { monotonicMs, type Clock } from '#kernel/clock.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { AlertId, Branded, DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { Outcome } from './channel.js';

export type ErasureId = Branded<'erasure'>;

/** What a partner is asked: to erase all that it has of an alert, and to say so. */
export interface ErasureRequest {
  readonly id: ErasureId;
  readonly alertId: AlertId;
  readonly mode: Mode;
  readonly destination: DestinationId;
  readonly askedAt: Date;
  /** By when it is to be erased. */
  readonly dueAt: Date;
  /** How often the partner was called about it. */
  readonly chased: number;
  /** Our keys of every message of the alert that the partner may have, by which it finds them. */
  readonly keys: readonly string[];
}

/** Which word of a receipt proves an erasure, where: of an ending over this channel to this destination. */
export interface ErasureProof {
  readonly destination: DestinationId;
  readonly channel: string;
  readonly word: string;
}

/** Whom to ask, and until when. */
export interface Asking {
  readonly now: Date;
  readonly dueAt: Date;
  readonly endedAfter: Date;
  readonly reachable: readonly DestinationId[];
  readonly proofs: readonly ErasureProof[];
}

/** Where requests are kept. Every call is one transaction and writes its facts with it. */
export interface ErasureStore {
  /**
   * Makes the requests that are missing: for every destination that may have the data of an alert that ended after `endedAfter`.
   * Those of `reachable` are called by `takeDue`. Confirms what partners have reported as erased meanwhile, and where receipts of the
   * ending over every route that had the alert are among `proofs`. Returns the new ones.
   */
  ask(asking: Asking): Promise<readonly ErasureRequest[]>;
  /** Takes requests whose partner is to be called now; nobody else gets them for `leaseMs`. */
  takeDue(now: Date, leaseMs: number): Promise<readonly ErasureRequest[]>;
  /** Writes down that a partner was called, and when it is called again unless it confirms. */
  chased(request: ErasureRequest, outcome: Outcome['kind'], at: Date, nextAt: Date): Promise<void>;
}

/** A way to call a partner about an erasure; partners without one read their open requests themselves. */
export type AskErasure = (request: ErasureRequest, signal: AbortSignal) => Promise<Outcome>;

/** What a partner gets to erase, in milliseconds: "without delay", and an officer can ask after a day. */
export const ERASE_WITHIN_MS = 24 * 3_600_000;

const MINUTE_MS = 60_000;
/** Every look sees the alerts that ended lately; now and then one sees those of long ago, for what a late answer has shown since. */
const LATELY_MS = 60 * MINUTE_MS;
const LONG_AGO_MS = 90 * 24 * 60 * MINUTE_MS;
const LOOK_BACK_EVERY_MS = 10 * MINUTE_MS;
const PAUSES_MS: readonly number[] = [1, 5, 15, 60, 4 * 60, 12 * 60].map((minutes) => minutes * MINUTE_MS);
const LONGEST_PAUSE_MS = 24 * 60 * MINUTE_MS;

/** The pause after call number `chased` (from 1), in milliseconds: longer each time, then once a day until it is confirmed. */
export function chasePauseMs(chased: number): number {
  return PAUSES_MS[chased - 1] ?? LONGEST_PAUSE_MS;
}

export interface ErasureChaserInput {
  readonly store: ErasureStore;
  /** Destinations that can be called. */
  readonly reachable: readonly DestinationId[];
  readonly proofs: readonly ErasureProof[];
  readonly askOf: (destination: DestinationId) => AskErasure | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** For one call, in milliseconds. */
  readonly callMs?: number;
}

/** Asks partners to erase what has ended, and asks again until they confirm. */
export class ErasureChaser {
  private lookedBackAt = -Infinity;

  constructor(private readonly input: ErasureChaserInput) {}

  /** Asks whom nobody has asked and calls whose time has come. May run at any time and in several dispatchers at once. */
  async tick(): Promise<void> {
    const { store, reachable, proofs, clock, log, callMs = 10_000 } = this.input;
    const now = clock.now();
    const looksBack = monotonicMs() - this.lookedBackAt >= LOOK_BACK_EVERY_MS;
    const before = (ms: number) => new Date(now.getTime() - ms);
    const asked = await store.ask({ now, dueAt: before(-ERASE_WITHIN_MS), endedAfter: before(looksBack ? LONG_AGO_MS : LATELY_MS), reachable, proofs });
    if (looksBack) this.lookedBackAt = monotonicMs();
    for (const { alertId, destination } of asked) log.event('erasure.requested', { alertId, destination });
    const due = await store.takeDue(clock.now(), 6 * callMs);
    await Promise.all(due.map((request) => this.call(request, callMs)));
  }

  private async call(request: ErasureRequest, callMs: number): Promise<void> {
    const { store, askOf, clock, log } = this.input;
    const ask = askOf(request.destination);
    // It could be called when it was asked, and the configuration has changed since: the lease lapses and comes again.
    if (!ask) return;
    let outcome: Outcome;
    try {
      outcome = await ask(request, AbortSignal.timeout(callMs));
    } catch (error) {
      // A bug in the channel; octets may have left.
      log.event('app.failed', { cause: causeOf(error) }, 'error');
      outcome = { kind: 'uncertain', reason: 'channel_failed' };
    }
    const at = clock.now();
    await store.chased(request, outcome.kind, at, new Date(at.getTime() + chasePauseMs(request.chased + 1)));
    log.event('erasure.chased', { alertId: request.alertId, destination: request.destination, chase: request.chased + 1, outcome: outcome.kind });
  }
}
