import type { z } from 'zod';
import type { Clock } from '#kernel/clock.js';
import type { AlertId, DeliveryId, DestinationId } from '#kernel/ids.js';
import type { Fault } from '#kernel/errors.js';
import type { Log } from '#kernel/log.js';
import type { Mode, Notice, SentNotice } from '#alerts/notice.js';
import type { Language } from '#alerts/content.js';
import type { AiringManner } from './airing.js';
import type { Audience } from './audience.js';
import type { AskErasure } from './erasure.js';
import type { Headway } from './headway.js';
import type { Endpoint, Outgoing } from './outgoing.js';

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
  /** Files and folders of the host that settings name, which need not be right: looked at before anything is read. Left out where there are none. */
  filesOf?(settings: unknown): readonly string[];
  /** Every host and port that a connection of these settings is made to; where others name them too, those that are known beforehand. */
  connectsTo(settings: Settings): readonly Endpoint[];
  /** In how many independent parts a notice goes to this destination (1 unless the audience is a long list). */
  parts(settings: Settings): number;
  /**
   * How many parts of one destination are sent at once by a dispatcher, where each holds many people in memory; the others wait
   * their turn, and their time does not run meanwhile. Left out where a part is cheap to hold.
   */
  partsAtOnce?(settings: Settings): number;
  /**
   * The longest that one attempt may take, in milliseconds, where a part is a long list and not one message. Left out it is
   * the dispatcher's own limit.
   */
  attemptMs?(settings: Settings): number;
  /** Exactly what would be sent, with its length in the channel's encoding, and every fault in it. Pure. */
  preview(notice: Notice, settings: Settings): readonly Preview[];
  /**
   * The pictures, sounds and documents that leave beside the text or instead of it, made by the code that sends them. Pure:
   * nothing is made until it is asked for. Left out where the texts of `preview` are all there is.
   */
  exhibits?(notice: Notice, settings: Settings): readonly Exhibit[];
  /** What a partner of this channel may pull instead of waiting for what is pushed. Left out where nobody polls. */
  readonly snapshots?: readonly Snapshot<Settings>[];
  /**
   * Whom it reaches one by one, so that an approver knows how many before anything is sent. Left out where nobody can count
   * them: an operator's own list, whoever passes a screen.
   */
  reaches?(settings: Settings): Reached | undefined;
  /**
   * Names of the secrets under which a partner signs the receipts that it posts to the API: all that are valid now, two
   * while one is replaced. Left out where receipts come another way.
   */
  receiptSecrets?(settings: Settings): readonly string[];
  /**
   * Names of the secrets that a connection tells to whoever answers at the address, or from which they could be guessed: passwords,
   * communities. Left out where secrets only sign, or name us in TLS.
   */
  toldSecrets?(settings: Settings): readonly string[];
  /**
   * Where the rulebook of airings holds: whether the system triggers each slot (by publishing again under the slot's own key)
   * or the partner airs by itself and reports. Left out where nothing is aired.
   */
  airing?(settings: Settings): AiringManner | undefined;
  /**
   * First words of an ending's receipts that prove that nothing of the alert is left at the destination: such a receipt confirms the
   * erasure. Left out where a withdrawal shows no such thing, as where people have read the message or a system keeps its copy.
   */
  erasedWords?(settings: Settings): readonly string[];
  /**
   * Whether a connection test, a notice of fixed words marked as such, may go to this destination: `unseen` where the protocol
   * itself tells the partner not to show it, `seen` where somebody may. Left out where none can be carried, and a probe has to do.
   */
  tests?(settings: Settings): 'unseen' | 'seen' | undefined;
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

/** What a further route calls a message or a receipt, where two systems of a partner may both number theirs from 1. */
export function routeReference(route: number, identifier: string): string {
  return route === 0 ? identifier : `#${route + 1} ${identifier}`;
}

/** The identifier without the mark of a further route. */
export function ownName(identifier: string): string {
  return identifier.replace(/^#\d+ /, '');
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
  /** The text as it is cut into SMS parts and pages. Left out where it goes in one piece. */
  readonly pieces?: readonly Piece[];
  /** The sign that shows the pieces. Left out where no sign does. */
  readonly face?: Face;
  /** What is sent as such beside the text, by the name that its protocol has for it: `Subject`, `message identifier`. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** One SMS part, one page of a cell broadcast or of a sign. */
export interface Piece {
  /** Rows of a sign are separated by `\n`. */
  readonly text: string;
  /** The octets that carry it, in hexadecimal; left out where it has none of its own. */
  readonly octets?: string;
}

/** A sign of letters. */
export interface Face {
  /** What the signs are called that show the same. */
  readonly signs: readonly string[];
  readonly rows: number;
  readonly columns: number;
  /** Whether rows stand in the middle, and pages too; else from the left and the top. */
  readonly centred: boolean;
  /** Seconds that a page stays, where the house decides it. */
  readonly pageSeconds?: number;
}

/** What leaves as it is: a card, a poster, a spoken notice, a document. */
export interface Exhibit {
  /** Names it among those of its destination: letters, digits, dots and hyphens. */
  readonly name: string;
  readonly mediaType: string;
  /** Left out where it speaks all languages at once. */
  readonly language?: Language;
  /** What the sending adds: the signature, or the link by which each subscriber leaves. */
  readonly lacks?: 'signature' | 'personal-link';
  /** Makes it as the channel would. Refuses with the fault for which the channel would not send, or with PREVIEW_MISSING. */
  make(message: Pick<Message, 'notice' | 'photo'>): Promise<Uint8Array>;
}

/** A document with all alerts that run in a destination's mode and nothing else: one that has ended is no longer in it. */
export interface Snapshot<Settings = unknown> {
  /** Names it at the API, among those of its channel: letters, digits, dots and hyphens. */
  readonly name: string;
  readonly mediaType: string;
  /** Where readers distrust an old document: how old, in milliseconds, its time may be although nothing has changed. */
  readonly renewMs?: number;
  /** Pure. `at`: since when it is so, a date-time with an offset and no fraction. */
  render(running: readonly SentNotice[], settings: Settings, mode: Mode, at: string): Buffer;
}

/** `members`: those of a kind who asked to be told; `people`: so many who are written down in the settings. */
export type Reached = { readonly members: string } | { readonly people: number };

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
  /** The ways out: whatever connects to an address of the settings asks it. */
  readonly outgoing: Outgoing;
  /** Where channels that reach people one by one write down how far they are. Left out where nothing outlives the process. */
  readonly headway?: Headway;
  /**
   * What a connection is to ask about that has just been opened: what left over its route before, and of which no receipt has come.
   * Left out where nothing outlives the process.
   */
  unheard?(): Promise<readonly Unheard[]>;
  /** Hands over a receipt that arrived by itself. Resolves once it is stored; only then acknowledge it to the partner. */
  receive(receipt: Receipt): Promise<void>;
}

/** A delivery that its partner took, all of it or in part, and of which receipts have not come. */
export interface Unheard {
  readonly alertId: AlertId;
  readonly part: number;
  readonly isEnding: boolean;
  readonly expires: Date;
  /** No attempt was accepted: nobody knows whether the partner has all of it. */
  readonly uncertain: boolean;
  /** Those of its `references` of which no receipt has come. */
  readonly references: readonly string[];
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
