import type { DeliveryId } from '#kernel/ids.js';

/** How far a part of a long audience has come. */
export interface Mark {
  /** Members whom the partner took responsibility for, all attempts together. */
  readonly taken: number;
  /** Members of the part; nothing while they have not been counted. */
  readonly total?: number;
  /** Everyone up to this place is settled: a sender that takes over goes on behind. Nothing when that is not known better than before. */
  readonly after?: string;
}

/**
 * Where a part's sender writes down how far it is, so that who takes over after a crash begins where it stopped, and so that
 * people see how fast it goes. A mark may be lost: then some members are told twice, never nobody.
 */
export interface Headway {
  /** Where a part that was interrupted stands; nothing when it never began or came to its end. */
  last(id: DeliveryId): Promise<{ readonly after: string; readonly taken: number } | undefined>;
  mark(id: DeliveryId, mark: Mark): Promise<void>;
  /** The part came to its end: its place is forgotten, its last mark stays. */
  end(id: DeliveryId, mark: Mark): Promise<void>;
}
