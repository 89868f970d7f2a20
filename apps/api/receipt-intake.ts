import { Batcher } from '#dispatch/batcher.js';
import type { Receipt } from '#dispatch/channel.js';
import type { DeliveryStore } from '#dispatch/delivery-store.js';
import type { Reported } from '#dispatch/https/receipt.js';
import type { PartnerReport } from '#dispatch/partner-report.js';
import type { Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import type { PgErasureStore } from '#storage/erasure-store.js';
import type { PgPartnerStore } from '#storage/partner-store.js';

/** What the intake stands on. */
export interface IntakeHouse {
  readonly deliveries: Pick<DeliveryStore, 'receive'>;
  readonly partners: Pick<PgPartnerStore, 'report'>;
  readonly erasures: Pick<PgErasureStore, 'confirmByReports'>;
  readonly clock: Clock;
}

/**
 * Takes in what partners post. A whole country's screens answer within the same second: what comes while a transaction is under
 * way goes into the next one together, so that a burst holds three connections at most and officers keep the others.
 */
export class ReceiptIntake {
  private readonly receipts: Batcher<Receipt>;
  private readonly reports: Batcher<PartnerReport>;
  private readonly erased: Batcher<DestinationId>;

  constructor({ deliveries, partners, erasures, clock }: IntakeHouse) {
    this.receipts = new Batcher((receipts) => deliveries.receive(receipts));
    this.reports = new Batcher((reports) => partners.report(reports));
    this.erased = new Batcher(async (destinations) => {
      for (const destination of new Set(destinations)) await erasures.confirmByReports(destination, clock.now());
    });
  }

  /** Resolves once all of it is committed; rejects with STORE_BUSY when it is not: said again, what was kept changes nothing. */
  async take(destination: DestinationId, { receipts, reports }: Reported): Promise<void> {
    await Promise.all(receipts.map((receipt) => this.receipts.add(receipt)));
    await Promise.all(reports.map((report) => this.reports.add(report)));
    if (reports.some(({ stage }) => stage === 'erased')) await this.erased.add(destination);
  }
}
