import { monotonicMs, type Clock } from '#kernel/clock.js';
import { Refusal } from '#kernel/errors.js';
import { parseRetryAfter } from '#dispatch/https/answer.js';
import type { Audience, DropReason, Member, Selection } from '#dispatch/audience.js';
import type { Language } from '#alerts/content.js';
import type { ServiceRule } from './config.js';
import { deriveKeys, encrypt, type MessageKeys } from './encryption.js';
import type { KeyStock } from './key-stock.js';
import type { Headers } from './hpack.js';
import { NOTHING_TO_SEND, type Exchange, type PushService } from './push-service.js';
import type { Stop } from './stop.js';
import { isAllowedUrl, readContact, type Receiver } from './subscription.js';
import type { Vapid } from './vapid.js';

const PAGE = 500;
/** Pages of a part under way at once, so that the window stays full between them. */
export const PAGES_AT_ONCE = 2;
/** Members that a part has in memory at once. */
export const HELD_MEMBERS = PAGE * PAGES_AT_ONCE;
const TRIES = 3;
const PAUSE_MS = 100;
/** A wish to wait for longer is not waited for within a part. */
const LONGEST_PAUSE_MS = 1_500;
/** No push service silences an alert for longer, in milliseconds. */
const LONGEST_HOLD_MS = 300_000;
/** Failures in a row after which a service is left alone for the rest of the part. */
const ENOUGH = 50;

/** What goes to every member of a part. */
export interface Post {
  readonly payloads: ReadonlyMap<Language, Buffer>;
  readonly topic: string;
  readonly ttl: number;
}

/** What an attempt left undone. Kept in memory, so that a repetition goes to those alone. */
export interface Rest {
  readonly members: readonly Member[];
  /** Where pages go on; nothing when all have been read. */
  readonly pages?: { readonly after: string | undefined };
}

/** What came back from one attempt at a part. */
export interface Tally {
  queued: number;
  /** The push service says that the subscription is no more: dropped. */
  gone: number;
  /** The push service says no for good, or the address is none that messages go to. */
  refused: number;
  /** Of those left: how many may have been queued, though nothing says so. */
  unsure: number;
  readonly left: Member[];
  /** Where reading stopped, when it stopped early. */
  pages?: { readonly after: string | undefined };
  /** The latest reason for leaving someone, for refusing someone, and the shortest wait that was asked for. */
  why?: string;
  refusal?: string;
  retryAfterMs?: number;
}

/** What sending stands on, the same for all parts of a destination. */
export interface PartHouse {
  readonly audience: Audience;
  readonly clock: Clock;
  readonly vapid: Vapid;
  readonly stock: KeyStock;
  readonly services: readonly ServiceRule[];
  readonly simulated: boolean;
  /** Members of a page that are told at once. */
  readonly lanes: number;
  /** The push service of an origin; one for all parts. */
  serviceOf(origin: string): PushService;
  /** Until when a service wants to be left alone, on the clock that never jumps. */
  readonly holds: Map<string, number>;
}

/** Sends one post to the members of a selection, or to the rest of an earlier attempt. Never rejects because of a push service. */
export class Part {
  private readonly tally: Tally = { queued: 0, gone: 0, refused: 0, unsure: 0, left: [] };
  private readonly failures = new Map<string, number>();
  /** The same for all messages to a push service. */
  private readonly heads = new Map<string, Headers>();

  constructor(private readonly house: PartHouse, private readonly selection: Selection, private readonly post: Post, private readonly stop: Stop) {}

  async run(rest?: Rest): Promise<Tally> {
    const { tally, stop } = this;
    const pages: Promise<void>[] = [];
    const begin = async (members: readonly Member[]): Promise<void> => {
      pages.push(this.page(members));
      if (pages.length >= PAGES_AT_ONCE) await pages.shift();
    };
    for (let at = 0; at < (rest?.members.length ?? 0); at += PAGE) await begin(rest!.members.slice(at, at + PAGE));
    let after = rest?.pages?.after;
    for (let more = rest === undefined || rest.pages !== undefined; more;) {
      const members = stop.reason === undefined ? await this.read(after) : undefined;
      if (!members) {
        tally.pages = { after };
        break;
      }
      more = members.length === PAGE;
      after = members.at(-1)?.place;
      await begin(members);
    }
    await Promise.all(pages);
    return tally;
  }

  private async read(after: string | undefined): Promise<readonly Member[] | undefined> {
    try {
      return await this.house.audience.members(this.selection, after, PAGE);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'STORE_BUSY')) throw error;
      this.tally.why = 'store_busy';
      return undefined;
    }
  }

  private async page(members: readonly Member[]): Promise<void> {
    const gone: string[] = [];
    const unreadable: string[] = [];
    // What a member takes beyond its row is made when a lane comes to it: all of a page at once would outlive the quick collections.
    const waiting = members.values();
    const lane = async (): Promise<void> => {
      for (const member of waiting) {
        const receiver = readContact(member.contact);
        const fate = receiver ? await this.tell(member, receiver) : 'unreadable';
        if (fate) (fate === 'gone' ? gone : unreadable).push(member.id);
      }
    };
    await Promise.all(Array.from({ length: this.house.lanes }, lane));
    const { audience } = this.house;
    this.tally.gone += gone.length + unreadable.length;
    // Who is not dropped now says so again at the next message.
    await Promise.allSettled([audience.drop(gone, 'gone'), ...(unreadable.length > 0 ? [audience.drop(unreadable, 'unreadable')] : [])]);
  }

  /** Why the subscription is to be dropped, if it is. */
  private async tell(member: Member, receiver: Receiver): Promise<DropReason | undefined> {
    const { tally, house, stop } = this;
    const { origin } = receiver.endpoint;
    if (!isAllowedUrl(receiver.endpoint, house.services, house.simulated)) return this.refuse('endpoint_not_allowed');
    const service = house.serviceOf(origin);
    let unsure = false;
    for (let attempt = 1; ; attempt += 1) {
      const held = (house.holds.get(origin) ?? 0) - monotonicMs();
      if (held > LONGEST_PAUSE_MS || (held > 0 && attempt === TRIES)) return this.leave(member, unsure, 'throttled', held);
      if (held > 0) await pause(held);
      if ((this.failures.get(origin) ?? 0) >= ENOUGH) return this.leave(member, unsure, tally.why ?? 'service_down');
      const exchange = await this.send(service, origin, member, receiver);
      const verdict = exchange.kind === 'broken' ? 'again' : verdictOf(exchange.status);
      if (verdict === 'again') this.failures.set(origin, (this.failures.get(origin) ?? 0) + 1);
      else this.failures.delete(origin);
      if (verdict === 'queued') {
        tally.queued += 1;
        return undefined;
      }
      if (verdict === 'gone') return 'gone';
      if (exchange.kind === 'broken' && exchange.reason === NOTHING_TO_SEND) return 'unreadable';
      const reason = exchange.kind === 'broken' ? exchange.reason : `http_${exchange.status}`;
      if (verdict === 'refused') return this.refuse(reason);
      // Neither yes nor no: what the service did with it nobody can tell.
      unsure ||= verdict === 'unknown' || (exchange.kind === 'broken' && exchange.left);
      if (verdict === 'slow') this.hold(origin, exchange);
      if (stop.reason !== undefined) return this.leave(member, unsure, stop.reason);
      if (attempt === TRIES || verdict === 'unknown') return this.leave(member, unsure, verdict === 'slow' ? 'throttled' : reason, (house.holds.get(origin) ?? 0) - monotonicMs());
      if (verdict === 'again') await pause(PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  private send(service: PushService, origin: string, { id, language }: Member, receiver: Receiver): Promise<Exchange> {
    const { stock } = this.house;
    return service.send({
      path: `${receiver.endpoint.pathname}${receiver.endpoint.search}`,
      headers: this.headersFor(origin),
      body: () => {
        const keys = stock.take(id) ?? keysFor(receiver);
        return keys && encrypt(keys, this.post.payloads.get(language)!);
      },
    }, this.stop);
  }

  private headersFor(origin: string): Headers {
    const { house: { vapid, clock }, post: { topic, ttl } } = this;
    let headers = this.heads.get(origin);
    if (!headers) {
      // RFC 8030 sections 5.2 to 5.4. A token outlives every attempt at a part.
      headers = [
        ['authorization', vapid.header(origin, clock.now())], ['content-encoding', 'aes128gcm'], ['content-type', 'application/octet-stream'],
        ['ttl', String(ttl)], ['urgency', 'high'], ['topic', topic],
      ];
      this.heads.set(origin, headers);
    }
    return headers;
  }

  private hold(origin: string, exchange: Exchange): void {
    const wish = exchange.kind === 'answer' && exchange.retryAfter !== undefined ? parseRetryAfter(exchange.retryAfter, this.house.clock.now()) : undefined;
    const until = monotonicMs() + Math.min(wish ?? 1_000, LONGEST_HOLD_MS);
    this.house.holds.set(origin, Math.max(until, this.house.holds.get(origin) ?? 0));
  }

  private leave(member: Member, unsure: boolean, why: string, waitMs = 0): undefined {
    this.tally.left.push(member);
    this.tally.why = why;
    if (unsure) this.tally.unsure += 1;
    if (waitMs > 0) this.tally.retryAfterMs = Math.ceil(Math.min(waitMs, this.tally.retryAfterMs ?? Infinity));
    return undefined;
  }

  private refuse(reason: string): undefined {
    this.tally.refused += 1;
    this.tally.refusal = reason;
    return undefined;
  }
}

/** Nothing when the browser's key is no point of the curve: the page would not have taken it. */
function keysFor(receiver: Receiver): MessageKeys | undefined {
  try {
    return deriveKeys(receiver);
  } catch {
    return undefined;
  }
}

type Verdict = 'queued' | 'gone' | 'slow' | 'again' | 'refused' | 'unknown';

/** What a push service's answer means (RFC 8030 sections 5, 7.3 and 8.4). Only 201 and 202 say that the message is queued. */
function verdictOf(status: number): Verdict {
  if (status === 201 || status === 202) return 'queued';
  if (status === 404 || status === 410) return 'gone';
  if (status === 429) return 'slow';
  if (status === 408 || status === 425 || status >= 500) return 'again';
  return status >= 300 ? 'refused' : 'unknown';
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
