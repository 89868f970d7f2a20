import type { z } from 'zod';
import type { Clock } from '#kernel/clock.js';
import type { DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Fault } from '#kernel/errors.js';
import type { Log } from '#kernel/log.js';
import type { Mode, Notice, SentNotice } from '#alerts/notice.js';
import type { Language } from '#alerts/content.js';
import type { AiringManner } from './airing.js';
import type { Audience } from './audience.js';
import type { AskErasure } from './erasure.js';
import type { Headway } from './headway.js';

/**
 * What came back from one attempt. A partner's trouble is a value; only a bug throws.
 * - `accepted`: the partner took responsibility in its own protocol. Not yet delivered.
 * - `refused`: the partner said no for good; repeating cannot help.
 * - `deferred`: nothing was taken; try again, not before `retryAfterMs` when given.
 * - `uncertain`: bytes left and no valid answer came back; the partner may have acted.
 */
export type Outcome =
  | {
      readonly kind: 'accepted';
      /** The partner's own message identifiers, by which later receipts are matched. */
      readonly references: readonly string[];
      /** How many `confirmed` receipts will follow; 0 when the protocol has none. */
      readonly expectedReceipts: number;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'deferred'; readonly reason: string; readonly retryAfterMs?: number }
  | {
      readonly kind: 'uncertain';
      readonly reason: string;
      /** Identifiers of what is known to have been taken all the same, and how many receipts would confirm the whole. */
      readonly references?: readonly string[];
      readonly expectedReceipts?: number;
    };

/** A way to reach one kind of destination: one folder under `libs/channels/` and one line in its catalogue. */
export interface Channel<Settings = unknown> {
  /** Name used in the configuration and in the audit, e.g. `cap-push`. */
  readonly kind: string;
  /** Schema of a destination's `settings`. */
  readonly settings: z.ZodType<Settings>;
  /** `safe`: repeating under the same key has one effect. `ask`: after `uncertain` a person decides. */
  resend(settings: Settings): 'safe' | 'ask';
  /** Whether a message ends by itself at `expires`; if not, expiry sends a withdrawal. */
  readonly lapses: boolean;
  /** In how many independent parts a notice goes to this destination (1 unless the audience is a long list). */
  parts(settings: Settings): number;
  /**
   * The longest that one attempt may take, in milliseconds, where a part is a long list and not one message. Left out it is
   * the dispatcher's own limit.
   */
  attemptMs?(settings: Settings): number;
  /** Exactly what would be sent, with its length in the channel's encoding, and every fault in it. Pure. */
  preview(notice: Notice, settings: Settings): readonly Preview[];
  /**
   * Names of the secrets under which a partner signs the receipts that it posts to the API: all that are valid now, two
   * while one is replaced. Left out where receipts come another way.
   */
  receiptSecrets?(settings: Settings): readonly string[];
  /**
   * Where the rulebook of airings holds: whether the system triggers each slot (by publishing again under the slot's own key)
   * or the partner airs by itself and reports. Left out where nothing is aired.
   */
  airing?(settings: Settings): AiringManner | undefined;
  /** Opens (lazily) the warm connection to one destination. Must not throw because the partner is away. */
  open(destination: Destination<Settings>, line: Line): Connection;
}

/** One destination of the configuration. */
export interface Destination<Settings = unknown> {
  readonly id: DestinationId;
  readonly name: string;
  readonly channel: string;
  readonly mode: Mode;
  readonly settings: Settings;
  /** Whether this house plays the partner itself, for drills. */
  readonly simulated?: boolean;
  /** Other ways to the same partner, in the order in which they are tried when `channel` and `settings` do not get through. */
  readonly fallbacks?: readonly RouteSettings[];
}

/** One way to a partner: a channel and that channel's settings. */
export interface RouteSettings {
  readonly channel: string;
  readonly settings: unknown;
}

/** A destination once for each of its routes, as that route's channel is to see it; the first is its own channel and settings. */
export function routesOf({ fallbacks = [], ...first }: Destination): readonly [Destination, ...Destination[]] {
  return [first, ...fallbacks.map(({ channel, settings }): Destination => ({ ...first, channel, settings }))];
}

/** What a route is called where a destination's id stands alone for its first: `mts`, `mts#2`, `mts#3`. */
export function routeName(destination: DestinationId, route: number): string {
  return route === 0 ? destination : `${destination}#${route + 1}`;
}

/** What would leave the house for one language or page. */
export interface Preview {
  readonly language: Language;
  /** `GSM-7`, `UCS-2`, `UTF-8`. */
  readonly encoding: string;
  readonly text: string;
  /** Length in `unit`s: septets, 16-bit units, octets. */
  readonly length: number;
  readonly limit: number;
  readonly unit: 'septets' | 'code-units' | 'octets' | 'characters';
  /** SMS parts, pages; 1 where the notion does not exist. */
  readonly segments: number;
  readonly faults: readonly Fault[];
}

/** What a connection gets from the house. */
export interface Line {
  readonly clock: Clock;
  readonly log: Log;
  /** A secret by its name in the configuration; throws a refusal when it does not exist. */
  secret(name: string): string;
  /** Every value of a secret that is valid now, newest first, where it may be replaced while the connection is open. */
  secrets?(name: string): readonly string[];
  /** Those who asked to be told, for channels that reach them one by one. */
  readonly audience: Audience;
  /** Where channels that reach people one by one write down how far they are. Left out where nothing outlives the process. */
  readonly headway?: Headway;
  /** Hands over a receipt that arrived by itself. Resolves once it is stored; only then acknowledge it to the partner. */
  receive(receipt: Receipt): Promise<void>;
}

/** One message to one destination. The key is the same for every repetition of it. */
export interface Message {
  readonly key: string;
  readonly deliveryId: DeliveryId;
  /** 0-based index below `parts(settings)`. */
  readonly part: number;
  readonly notice: SentNotice;
  readonly photo?: Photo;
}

export interface Photo {
  readonly sha256: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * A warm connection. Every call ends when its signal aborts: before bytes left with `deferred` (reason `aborted`), after
 * that with `uncertain` (reason `aborted`). No call throws because of what a partner does.
 */
export interface Connection {
  publish(message: Message, signal: AbortSignal): Promise<Outcome>;
  /** Recalls or follows up on what was published. The notice is the ending: `found` or `withdrawn`. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome>;
  /** Asks the partner to erase what it has of an ended alert. Left out where it cannot be called about that: it reads its open requests itself. */
  readonly askErasure?: AskErasure;
  /** Asks the partner whether it is well without publishing anything. */
  probe(signal: AbortSignal): Promise<ProbeResult>;
  close(): Promise<void>;
}

export type ProbeResult = { readonly well: true } | { readonly well: false; readonly reason: string };

/** The steps a message can be seen to take after it was accepted. */
export type Stage = 'confirmed' | 'failed';

/** A partner's word about an earlier message, already authenticated by the channel that read it. */
export interface Receipt {
  readonly destination: DestinationId;
  /** Distinguishes receipts of one destination: the same receipt again has the same key. */
  readonly receiptKey: string;
  /** Either the partner's message identifier from `references`, or our own delivery key. */
  readonly about: { readonly reference: string } | { readonly key: string };
  readonly stage: Stage;
  /** The partner's own word: `DELIVRD`, `aired`, `displayed`, `delivered`. At most 40 characters of [A-Za-z0-9_. -]. */
  readonly word: string;
  /** When the partner says it happened, if it says so. */
  readonly at?: Date;
}
