import type { AlertId, DeliveryId, DestinationId, OfficerId } from '#kernel/ids.js';
import type { Outcome, Receipt } from './channel.js';
import type { ClaimedDelivery, Move, Settlement } from './delivery.js';
import type { EarlierDelivery, OutboxRow, PlannedDelivery } from './plan.js';

/** An attempt that ended, and what follows from it. */
export interface AttemptRecord {
  readonly delivery: ClaimedDelivery;
  readonly startedAt: Date;
  /** Whole call, in milliseconds. */
  readonly ms: number;
  readonly outcome: Outcome;
  readonly settlement: Settlement;
}

/** A delivery that was put back without an attempt, because a breaker is open. */
export interface Postponed {
  readonly delivery: ClaimedDelivery;
  readonly until: Date;
  readonly reason: string;
  readonly move?: Move;
}

/** A claim: what was taken for sending, and what turned out to be no longer due and died. */
export interface Claim {
  readonly taken: readonly ClaimedDelivery[];
  readonly died: readonly ClaimedDelivery[];
}

/** Who takes deliveries for sending, and for how long in milliseconds. */
export interface Taker {
  readonly by: string;
  readonly leaseMs: number;
  readonly now: Date;
}

/** What a plan made. */
export interface Planned {
  readonly row: OutboxRow;
  /** To be claimed and sent at once. */
  readonly queued: readonly DeliveryId[];
  /** To be sent at once, and held by the taker already. */
  readonly taken: readonly ClaimedDelivery[];
  /** To be woken one by one. */
  readonly spread: readonly DeliveryId[];
}

/** Where deliveries are kept. Every call is one transaction and writes its facts with it. */
export interface DeliveryStore {
  /**
   * Takes the next outbox row nobody is planning (endings first, then the oldest), hands it to `plan`, stores the deliveries
   * and cancels what older revisions still had pending. Undefined when there is no row. With a taker, deliveries that are due
   * are stored as taken (`sending`), which spares a claim on the way to the first octet; otherwise they are `queued`.
   */
  planNext(plan: (row: OutboxRow, earlier: readonly EarlierDelivery[]) => PlannedDelivery[], taker?: Taker): Promise<Planned | undefined>;
  /** Takes deliveries that are `queued` or `waiting`; reads the alert again first. */
  claim(ids: readonly DeliveryId[], by: string, leaseMs: number, now: Date): Promise<Claim>;
  /** Ids of deliveries that should have been taken by now: queued, or waiting past `dueBefore`. */
  due(dueBefore: Date, limit: number): Promise<DeliveryId[]>;
  /** Makes everything that waits for one destination due now, and returns it. */
  hasten(destination: DestinationId, now: Date): Promise<DeliveryId[]>;
  /** Prolongs leases, and tells which of them are still held: the others were cancelled, or given to another sender. */
  renew(deliveries: readonly ClaimedDelivery[], leaseMs: number): Promise<DeliveryId[]>;
  /** Takes over deliveries whose sender has let its lease lapse, for settling as uncertain. */
  takeLapsed(by: string, leaseMs: number): Promise<ClaimedDelivery[]>;
  /**
   * Appends attempts as they ended and applies what follows, unless the sender was fenced or the delivery cancelled. A
   * publish that began after its alert had ended is handed to a person, and the ending is sent to its partner again.
   * Recording the same attempt again changes nothing.
   */
  record(attempts: readonly AttemptRecord[]): Promise<void>;
  postpone(postponed: readonly Postponed[]): Promise<void>;
  /** Appends receipts as they came, then applies them. The same receipt again changes nothing. */
  receive(receipts: readonly Receipt[]): Promise<void>;
  /** The newest revision of an alert that is in the outbox. */
  newestRevision(alertId: AlertId): Promise<number>;
  /** A process that begins knows nothing of its partners' trouble: what one before it left as open is closed, until it finds otherwise. */
  closeBreakers(at: Date): Promise<void>;
  breakerChanged(destination: DestinationId, route: number, state: 'closed' | 'open' | 'half-open', at: Date): Promise<void>;
  /** A person's word on a dead letter. Throws `DELIVERY_MISSING`, `DELIVERY_NOT_DEAD`. Returns the alert it belongs to. */
  settleDeadLetter(id: DeliveryId, verdict: 'retry' | 'close', by: OfficerId, reason: string, at: Date): Promise<void>;
}
