import type { Clock } from '#kernel/clock.js';
import { monotonicMs } from '#kernel/clock.js';
import type { Branded, DeliveryId, DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import { sha256Hex } from '#kernel/canonical.js';
import type { Mode } from '#alerts/notice.js';
import { testNotice } from '#alerts/test-notice.js';
import type { Channel, Destination, Outcome } from './channel.js';
import type { Partners, Route } from './partners.js';

export type TestId = Branded<'test'>;

/** `notice`: the fixed words of a test go out; `probe`: the partner is only asked whether it is well. */
export type TestMeans = 'notice' | 'probe';

/**
 * What a test of this destination is. In drill whatever its channel can carry as a test; where alerts are live only what the
 * public cannot see; else a probe.
 */
export function testMeansOf({ mode, settings }: Destination, { tests }: Channel): TestMeans {
  const seen = tests?.(settings);
  return seen === 'unseen' || (seen === 'seen' && mode === 'drill') ? 'notice' : 'probe';
}

/** The idempotency key of a test. */
export function testKey(id: TestId): string {
  return sha256Hex(`test/${id}`).slice(0, 32);
}

/** A test that somebody asked for. It holds no word of what is sent. */
export interface ConnectionTest {
  readonly id: TestId;
  readonly destination: DestinationId;
  readonly mode: Mode;
  readonly means: TestMeans;
  readonly key: string;
}

/** What came of a test. */
export interface TestResult {
  readonly outcome: Outcome | { readonly kind: 'well' } | { readonly kind: 'unwell'; readonly reason: string };
  readonly channel: string;
  readonly startedAt: Date;
  readonly ms: number;
  /** Of the notice; null for a probe. */
  readonly contentHash: string | null;
}

/** Where tests are kept. Every call is one transaction and writes its facts with it. */
export interface TestStore {
  /** Takes the oldest that waits; nobody else gets it. Lets lapse what nobody took in time, and calls uncertain what a sender left behind. */
  take(now: Date): Promise<ConnectionTest | undefined>;
  settle(test: ConnectionTest, result: TestResult): Promise<void>;
}

export interface TesterInput {
  readonly store: TestStore;
  readonly partners: Pick<Partners, 'get'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly publicUrl: string;
  /** For one test, in milliseconds. */
  readonly attemptMs?: number;
}

/**
 * Carries out tests, one attempt each, over the destination's first route and by the code that carries alerts. Neither waits for
 * a breaker nor moves it: a technician wants to know what is, and must not be able to close a way for alerts by trying it.
 */
export class Tester {
  private readonly works = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly input: TesterInput) {}

  /** Begins whatever waits. May run at any time and in several dispatchers at once. */
  async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const test = await this.input.store.take(this.input.clock.now());
      if (!test) return;
      const work: Promise<void> = this.carry(test)
        .catch((error: unknown) => this.input.log.event('store.failed', { operation: 'test', cause: causeOf(error) }, 'error'))
        .finally(() => this.works.delete(work));
      this.works.add(work);
    }
  }

  /** Resolves when nothing that was begun is still under way. */
  async settled(): Promise<void> {
    await Promise.all(this.works);
  }

  /** Takes no more and ends those under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.settled();
  }

  private async carry(test: ConnectionTest): Promise<void> {
    const { store, partners, clock, log, attemptMs = 15_000 } = this.input;
    const route = partners.get(test.destination)?.routes[0];
    const startedAt = clock.now();
    const started = monotonicMs();
    const about = { channel: route?.destination.channel ?? '', destination: test.destination };
    // What the destination is may have changed since it was asked.
    const isItself = route && route.destination.mode === test.mode && (test.means === 'probe' || testMeansOf(route.destination, route.channel) === 'notice');
    const notice = test.means === 'notice' ? testNotice({ ...test, publicUrl: this.input.publicUrl }, startedAt) : undefined;
    let outcome: TestResult['outcome'];
    try {
      const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(attemptMs)]);
      if (!isItself) outcome = { kind: 'refused', reason: 'destination_changed' };
      else if (notice) outcome = await route.connection.publish({ key: test.key, deliveryId: test.id as string as DeliveryId, part: 0, notice }, signal);
      else outcome = await probed(route, signal);
    } catch (error) {
      log.event('app.failed', { cause: causeOf(error) }, 'error');
      outcome = { kind: 'uncertain', reason: 'channel_failed' };
    }
    const ms = monotonicMs() - started;
    await store.settle(test, { outcome, startedAt, ms, channel: about.channel, contentHash: notice?.contentHash ?? null });
    log.event('test.made', { ...about, testId: test.id, outcome: outcome.kind, ms: Math.round(ms) });
  }
}

async function probed({ connection }: Route, signal: AbortSignal): Promise<TestResult['outcome']> {
  const result = await connection.probe(signal);
  return result.well ? { kind: 'well' } : { kind: 'unwell', reason: result.reason };
}
