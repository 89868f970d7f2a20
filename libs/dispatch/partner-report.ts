import type { DestinationId } from '#kernel/ids.js';

/** How much of an audience has a message by now: a share in percent, or so many of so many. */
export interface Progress {
  readonly percent?: number;
  readonly done?: number;
  readonly total?: number;
}

/** What a partner says of a message beyond receipts, already authenticated. It moves no delivery. */
export interface PartnerReport {
  readonly destination: DestinationId;
  /** Distinguishes reports of one destination: the same report again has the same key. */
  readonly reportKey: string;
  /** Our key of the message it is about. */
  readonly key: string;
  /** `erased`: all data of the message's alert is gone, which counts once the alert has ended. */
  readonly stage: 'acknowledged' | 'progress' | 'erased';
  readonly progress?: Progress;
  /** When the partner says it happened, if it says so. */
  readonly at?: Date;
}
