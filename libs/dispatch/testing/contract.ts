import { contractChecks } from './contract-checks.js';
import type { Channel, Destination, Message, Outcome, Receipt } from '../channel.js';
import type { Audience } from '../audience.js';
import type { FakePartner } from './fake-partner.js';

/** What a channel brings so that the contract can be checked on it. */
export interface ContractHarness<Settings> {
  readonly channel: Channel<Settings>;
  /**
   * Starts a partner without faults and says how it is reached. Where receipts do not come over the connection itself but
   * through the house's own door, the harness opens that door and hands authenticated receipts to `receive`.
   */
  start(house: { receive(receipt: Receipt): Promise<void> }): Promise<Stage<Settings>>;
  /** Sends a receipt that is forged, and resolves with whether it was visibly rejected. Leave out where none can be forged. */
  forgeReceipt?(forgery: Forgery<Settings>): Promise<boolean>;
  /** More settings that the schema must refuse, beyond values that are no settings at all. */
  readonly wrongSettings?: readonly unknown[];
  /** A text with a letter that the channel's encoding does not have. Leave out where it has them all. */
  readonly notEncodable?: string;
  /** How many ledger entries without `duplicate` one message leaves; 1 unless the protocol splits it. */
  readonly entriesPerMessage?: number;
  /** False where the partner's protocol does not carry the CAP identifier or its equivalent; true when left out. */
  readonly carriesIdentifier?: boolean;
  /** The simulated partner's time runs so fast that what it airs is over before a slow line could tell of it. */
  readonly hurries?: boolean;
  /** The partner can break off its answers and trickle them (faults `truncate` and `trickleMs`); datagrams can only be broken off. */
  readonly breaksOff?: boolean | 'datagrams';
}

/** A running partner and how to reach it. */
export interface Stage<Settings> {
  readonly partner: FakePartner;
  readonly destination: Destination<Settings>;
  /** The secrets of the configuration by name; every value handed out is looked for in logs and reasons. */
  secret(name: string): string;
  /** Those whom the partner can reach, for channels that serve people who asked to be told; nobody when left out. */
  readonly audience?: Audience;
  /** Starts the partner again on the same port after the contract closed it. Leave out where that cannot be done. */
  restart?(): Promise<FakePartner>;
  /** Ends what `start` began beyond the partner and the connection, which the contract closes itself. */
  stop(): Promise<void>;
}

/** What a forger may know: an accepted message and its partner's references. */
export interface Forgery<Settings> {
  readonly stage: Stage<Settings>;
  readonly message: Message;
  readonly outcome: Extract<Outcome, { kind: 'accepted' }>;
}

/** Registers the tests that every channel must pass: call it at the top of the channel's spec. */
export function channelContract<Settings>(harness: ContractHarness<Settings>): void {
  describe(`${harness.channel.kind} keeps the channel contract`, () => {
    for (const check of contractChecks(harness)) it(check.sentence, check.run, 20_000);
  });
}
