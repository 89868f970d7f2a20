import { appendFile } from 'node:fs/promises';
import type { House } from '#apps/composition.js';
import { Listening } from '#apps/listening.js';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import { causeOf } from '#kernel/log.js';
import { Timekeeper } from '#alerts/timekeeper.js';
import { Tester } from '#dispatch/connection-test.js';
import type { Dispatcher } from '#dispatch/dispatcher.js';
import type { Partners } from '#dispatch/partners.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { PgTestStore } from '#storage/test-store.js';
import { eraseAbandoned } from '#alerts/draft-actions.js';
import { CaseKeys } from '#storage/case-keys.js';
import { PgDraftStore } from '#storage/draft-store.js';
import { erasureChaserOf } from './erasures.js';
import { letGo } from './oblivion.js';
import { patiently } from './patience.js';
import { Rhythm } from './rhythm.js';
import type { AiringClock } from './airing-clock.js';
import type { WakeQueue } from './wake-queue.js';

const SWEEP_MS = 1_000;
const RENEW_MS = 1_000;
const AIRING_MS = 1_000;
const TIME_MS = 5_000;
const ERASURE_MS = 2_000;
const LET_GO_MS = 60_000;
const DRAFTS_MS = 60_000;
/** What happened in this time before a backup was taken is all that a restored one cannot be told from the truth by. */
const CHECKPOINT_MS = 1_000;
const HEARTBEAT_MS = 10_000;
const FORGET_MS = 60_000;
const TEST_MS = 2_000;
const PROBE_TIMEOUT_MS = 5_000;
/** What a queue that is alive is given to wake a delivery before the sweep does. */
const QUEUE_GRACE_MS = 2_000;
const STOP_GRACE_MS = 5_000;
const START_TRIES = 10;

/** Everything that keeps a dispatcher going: what wakes it, and what it does by the clock. */
export class Work {
  private readonly tester: Tester;
  private readonly listening: Listening;
  private readonly rhythms: readonly Rhythm[];

  constructor(private readonly house: House, private readonly dispatcher: Dispatcher, private readonly partners: Partners, private readonly airings: AiringClock, wakes?: WakeQueue) {
    const { log, environment, alerts, composer, clock } = house;
    const guarded = (operation: string, work: Promise<void>) => void work.catch((error: unknown) => log.event('store.failed', { operation, cause: causeOf(error) }, 'error'));
    this.tester = new Tester({ store: new PgTestStore(house.source, clock, house.ids), partners, clock, log, publicUrl: environment.FINDME_PUBLIC_URL.replace(/\/+$/, '') });
    this.listening = new Listening({
      databaseUrl: environment.DATABASE_URL, name: 'findme-relay', log,
      on: {
        /** Something was put into the outbox for an alert. */
        outbox: (alertId) => {
          guarded('drain', dispatcher.drain());
          guarded('heed', dispatcher.heed(alertId as AlertId));
          airings.heed(alertId as AlertId);
        },
        /** An officer wants a delivery tried again. */
        deliveries: (id) => guarded('deliver', dispatcher.deliver([id as DeliveryId])),
        /** A partner wants its connection tested. */
        tests: () => guarded('test', this.tester.run()),
      },
    });
    house.book.onChange(() => guarded('reconsider', dispatcher.reconsider(partners.update(house.configuration.destinations))));
    const timekeeper = new Timekeeper({ store: alerts, composer, clock, log }, environment.FINDME_ERASE_AFTER_HOURS * 3_600_000);
    const drafts = new PgDraftStore(house.source, new CaseKeys(house.masterKey), house.ids);
    const erasures = erasureChaserOf(house, partners);
    this.rhythms = [
      new Rhythm('sweep', SWEEP_MS, () => dispatcher.sweep(wakes?.alive ? QUEUE_GRACE_MS : 0), log),
      new Rhythm('airing', AIRING_MS, () => airings.advance(), log),
      new Rhythm('renew', RENEW_MS, () => dispatcher.renew(), log),
      new Rhythm('probe', environment.FINDME_PROBE_SECONDS * 1_000, () => dispatcher.probe(PROBE_TIMEOUT_MS), log),
      new Rhythm('time', TIME_MS, () => timekeeper.tick(), log),
      new Rhythm('erasure', ERASURE_MS, () => erasures.tick(), log),
      new Rhythm('test', TEST_MS, () => this.tester.run(), log),
      new Rhythm('forget', FORGET_MS, async () => void (await house.book.forget()), log),
      new Rhythm('let go', LET_GO_MS, () => letGo(house), log),
      new Rhythm('drafts', DRAFTS_MS, () => eraseAbandoned({ drafts, clock, log }), log),
      new Rhythm('checkpoint', CHECKPOINT_MS, () => this.checkpoint(), log),
      ...(wakes ? [new Rhythm('heartbeat', HEARTBEAT_MS, async () => wakes.beat(), log)] : []),
    ];
  }

  async start(): Promise<void> {
    const { deliveries, clock } = this.house;
    await patiently(START_TRIES, () => deliveries.closeBreakers(clock.now()));
    // Connections are warm and dead partners known before the first alert.
    await this.partners.probe(PROBE_TIMEOUT_MS);
    await this.listening.start();
    await this.dispatcher.sweep(0);
    for (const rhythm of this.rhythms) rhythm.start();
  }

  /** Takes no more work, lets what is under way end, records it, and signs where the audit stands. */
  async stop(): Promise<void> {
    await this.listening.stop();
    const rhythms = Promise.all(this.rhythms.map((rhythm) => rhythm.stop()));
    await Promise.all([this.dispatcher.stop(STOP_GRACE_MS), this.airings.stop(), this.tester.stop()]);
    await rhythms;
    await this.partners.close();
    await this.checkpoint();
  }

  private async checkpoint(): Promise<void> {
    const { environment, source, secret, clock, log } = this.house;
    const made = await new PgAuditStore(source).checkpoint(secret('audit-signing-key'), clock.now());
    if (!made) return;
    log.event('audit.checkpoint', { seq: String(made.seq), keyId: made.keyId });
    if (environment.FINDME_CHECKPOINTS) await appendFile(environment.FINDME_CHECKPOINTS, `${JSON.stringify(made)}\n`, { flush: true });
  }
}
