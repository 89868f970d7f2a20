import type { Clock } from '#kernel/clock.js';
import { monotonicMs } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { Audience } from './audience.js';
import { Breaker, BREAKER, type BreakerPolicy, type BreakerState } from './breaker.js';
import type { Channel, Connection, Destination, ProbeResult, Receipt } from './channel.js';
import type { Reach } from './plan.js';

/** A destination with its warm connection and its breaker. */
export interface Partner {
  readonly destination: Destination;
  readonly channel: Channel;
  readonly connection: Connection;
  readonly breaker: Breaker;
}

export interface PartnersInput {
  readonly destinations: readonly Destination[];
  readonly channelOf: (kind: string) => Channel;
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: (name: string) => string;
  readonly audience: Audience;
  readonly receive: (receipt: Receipt) => Promise<void>;
  readonly onBreaker: (destination: DestinationId, state: BreakerState) => void;
  readonly breakerPolicy?: BreakerPolicy;
}

/** What a probe gets beyond its timeout to end by itself, in milliseconds. */
const PROBE_GRACE_MS = 250;
/** What an attempt gets beyond its own limit to end by itself, in milliseconds. */
const ATTEMPT_GRACE_MS = 5_000;

/** Every partner of the configuration, connected once and kept warm. */
export class Partners {
  private readonly byId: ReadonlyMap<DestinationId, Partner>;
  /** What planning has to know of them. */
  readonly reaches: readonly Reach[];

  constructor(private readonly input: PartnersInput) {
    const { destinations, channelOf, clock, log, secret, audience, receive, onBreaker, breakerPolicy = BREAKER } = input;
    this.byId = new Map(destinations.map((destination) => {
      const channel = channelOf(destination.channel);
      const connection = channel.open(destination, { clock, log, secret, audience, receive });
      const breaker = new Breaker(destination.id, monotonicMs, (state) => onBreaker(destination.id, state), policyFor(breakerPolicy, channel.attemptMs?.(destination.settings)));
      return [destination.id, { destination, channel, connection, breaker }];
    }));
    this.reaches = destinations.map((destination) => {
      const channel = channelOf(destination.channel);
      return { id: destination.id, channel: channel.kind, mode: destination.mode, parts: channel.parts(destination.settings), lapses: channel.lapses };
    });
  }

  get(id: DestinationId): Partner | undefined {
    return this.byId.get(id);
  }

  /**
   * Asks every partner whether it is well, each within `timeoutMs`, and lets the breakers know. Also what keeps idle
   * connections warm. Returns those that came back.
   */
  async probe(timeoutMs: number): Promise<DestinationId[]> {
    const back = await Promise.all([...this.byId.values()].map(async ({ destination, connection, breaker }) => {
      const wasOpen = breaker.state === 'open';
      const result = await ask(connection, timeoutMs);
      if (!result.well) this.input.log.event('probe.failed', { destination: destination.id, reason: result.reason }, 'warn');
      await breaker.probed(result.well);
      return wasOpen && result.well ? [destination.id] : [];
    }));
    return back.flat();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.byId.values()].map(async ({ connection, breaker }) => {
      breaker.stop();
      await connection.close();
    }));
  }
}

/** Where an attempt may take longer than the policy waits for a hung one, the policy waits longer. */
function policyFor(policy: BreakerPolicy, attemptMs = 0): BreakerPolicy {
  return { ...policy, timeoutMs: Math.max(policy.timeoutMs, attemptMs + ATTEMPT_GRACE_MS) };
}

/** A probe that always ends: one that ignores its signal, or throws, is as unwell as one that says so. */
async function ask(connection: Connection, timeoutMs: number): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ well: false, reason: 'timeout' }), timeoutMs + PROBE_GRACE_MS).unref();
  });
  try {
    return await Promise.race([connection.probe(signal), late]);
  } catch (error) {
    return { well: false, reason: causeOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
