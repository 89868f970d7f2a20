import CircuitBreaker from 'opossum';
import type { Outcome } from './channel.js';

export type BreakerState = 'closed' | 'open';

export interface BreakerPolicy {
  /** Milliseconds after which a call counts as hung, should its own abort fail. Always set: opossum waits for ever without. */
  readonly timeoutMs: number;
  /** Failed calls among the recent ones, in percent, at which the breaker opens. */
  readonly thresholdPercentage: number;
  /** Calls needed before the percentage counts. */
  readonly volume: number;
  /** Milliseconds that an open breaker holds real messages back at most: the last route is never blocked for good. */
  readonly patienceMs: number;
}

export const BREAKER: BreakerPolicy = { timeoutMs: 20_000, thresholdPercentage: 50, volume: 3, patienceMs: 15_000 };

/** Carries an outcome that speaks of the partner's trouble through opossum, which counts what throws. */
class Trouble extends Error {
  constructor(readonly outcome: Outcome) {
    super('partner in trouble');
  }
}

/** An attempt that we ended ourselves says nothing of the partner. */
const isSilent = (outcome: Outcome): boolean => 'reason' in outcome && outcome.reason === 'aborted';
/** "Slow down", in the protocols' words. */
const SLOW_DOWN = /^(throttled|http_429|ESME_RTHROTTLED|ESME_RMSGQFUL)\b/;
/** Whether a partner asks for patience: an answer of one that is well. */
export const asksForPatience = (outcome: Outcome): boolean => outcome.kind === 'deferred' && SLOW_DOWN.test(outcome.reason);
/** Refusals are answers of a partner that is well, too. */
const isTrouble = (outcome: Outcome): boolean =>
  !isSilent(outcome) && (outcome.kind === 'uncertain' || (outcome.kind === 'deferred' && !asksForPatience(outcome)));

/** Calls that hang are counted when they began and judged when they end: the window outlasts the longest of them twice. */
const WINDOW_IN_TIMEOUTS = 2;

/**
 * The circuit breaker of one destination. It opens on failing sends and probes, and only a probe that went well (or a real
 * message let through after `patienceMs`, one at a time) closes it: an alert is never used to try whether a partner is back.
 */
export class Breaker {
  private readonly circuit: CircuitBreaker<[() => Promise<Outcome>], Outcome>;
  private openedAt = 0;

  /** `now` is in milliseconds on a clock that never jumps. */
  constructor(name: string, private readonly now: () => number, onChange: (state: BreakerState) => void, private readonly policy: BreakerPolicy = BREAKER) {
    this.circuit = new CircuitBreaker(async (send: () => Promise<Outcome>) => {
      const outcome = await this.bounded(send);
      if (isTrouble(outcome)) throw new Trouble(outcome);
      return outcome;
    }, {
      name,
      // Ours ends the call a little earlier; opossum's is the second net.
      timeout: policy.timeoutMs + 1_000,
      rollingCountTimeout: policy.timeoutMs * WINDOW_IN_TIMEOUTS,
      errorThresholdPercentage: policy.thresholdPercentage,
      volumeThreshold: policy.volume,
      // Half-open would try the next real alert; ours is closed by probes instead.
      resetTimeout: 2 ** 31 - 1,
    });
    this.circuit.on('open', () => {
      this.openedAt = this.now();
      onChange('open');
    });
    this.circuit.on('close', () => onChange('closed'));
  }

  get state(): BreakerState {
    return this.circuit.opened ? 'open' : 'closed';
  }

  /** Whether a message may be sent now. While open, one may each `patienceMs`, and asking takes its place. */
  admits(): boolean {
    if (!this.circuit.opened) return true;
    if (this.holdMs > 0) return false;
    this.openedAt = this.now();
    return true;
  }

  /** Milliseconds until an open breaker lets a message through in any case. */
  get holdMs(): number {
    return this.circuit.opened ? Math.max(0, this.openedAt + this.policy.patienceMs - this.now()) : 0;
  }

  /** Sends through the breaker and counts the outcome. Never throws for a partner's trouble; a bug in `send` throws. */
  async send(send: () => Promise<Outcome>): Promise<Outcome> {
    if (this.circuit.opened) return this.sendPastOpen(send);
    try {
      return await this.circuit.fire(send);
    } catch (error) {
      if (error instanceof Trouble) return error.outcome;
      if ((error as { code?: string }).code === 'ETIMEDOUT') return { kind: 'uncertain', reason: 'timeout' };
      // Opened by another send between the question and the call.
      if ((error as { code?: string }).code === 'EOPENBREAKER') return this.sendPastOpen(send);
      throw error;
    }
  }

  /** What a probe found. Well closes the breaker; not well counts like a failed send. */
  async probed(well: boolean): Promise<void> {
    if (well) {
      if (this.circuit.opened) this.circuit.close();
    } else if (!this.circuit.opened) {
      await this.send(async () => ({ kind: 'deferred', reason: 'probe_failed' }));
    }
  }

  stop(): void {
    this.circuit.shutdown();
  }

  private async sendPastOpen(send: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = await this.bounded(send);
    if (isTrouble(outcome)) this.openedAt = this.now();
    else if (!isSilent(outcome) && this.circuit.opened) this.circuit.close();
    return outcome;
  }

  /** The outcome, or `uncertain` when a call does not end even though its signal has aborted. */
  private async bounded(send: () => Promise<Outcome>): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'uncertain', reason: 'timeout' }), this.policy.timeoutMs).unref();
    });
    try {
      return await Promise.race([send(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
