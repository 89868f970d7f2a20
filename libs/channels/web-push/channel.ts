import { monotonicMs } from '#kernel/clock.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { webPushSettings, type WebPushSettings } from './config.js';
import { endpointOf } from '#dispatch/outgoing.js';
import { encodePayloads, previewPush, topicOf, ttlOf } from './encode.js';
import { PAYLOAD_LIMIT } from './encryption.js';
import { KeyStock } from './key-stock.js';
import { HELD_MEMBERS, PAGES_AT_ONCE, Part, type PartHouse, type Rest, type Tally } from './part.js';
import { PushService } from './push-service.js';
import { Stop } from './stop.js';
import { Vapid } from './vapid.js';

/** Parts under way at once; more where the window is so wide that these would not fill it twice. */
const PARTS_AT_ONCE = 4;

/** Kind under which the audience keeps its subscribers. */
export const WEB_PUSH = 'web-push';

/** What earlier attempts left undone is remembered for so many messages, of so many members each; else a repetition goes to all. */
const RESTS = 256;
const REST_MEMBERS = 20_000;

/** Web push to everyone who asked for it on the subscription page (RFC 8030, 8291, 8292). */
export const webPush: Channel<WebPushSettings> = {
  kind: WEB_PUSH,
  settings: webPushSettings,
  // Topic at the push service and tag at the browser: the same message again takes its own place.
  resend: () => 'safe',
  // What was shown stays until something replaces it.
  lapses: false,
  connectsTo: ({ services }) => services.flatMap(({ probe }) => (probe === undefined ? [] : [{ ...endpointOf(probe), publicOnly: true }])),
  parts: ({ shards }) => shards,
  // Subscriptions, keys and bodies of a country's browsers are not in memory all at once; the window is what limits the pace.
  partsAtOnce: ({ window }) => Math.max(PARTS_AT_ONCE, Math.ceil((2 * window) / HELD_MEMBERS)),
  attemptMs: ({ partMs }) => partMs,
  preview: (notice) => previewPush(notice),
  reaches: () => ({ members: WEB_PUSH }),
  open: (destination, line) => new WebPush(destination, line),
};

/** Connections to all push services of the subscribers. */
export class WebPush implements Connection {
  private readonly services = new Map<string, PushService>();
  private readonly rests = new Map<string, Rest>();
  private readonly stops = new Set<Stop>();
  private readonly stock: KeyStock;
  private readonly house: PartHouse;
  private closed = false;

  constructor(private readonly destination: Destination<WebPushSettings>, private readonly line: Line) {
    const { mode, simulated = false, settings: { vapid, prepared, services, shards, window } } = destination;
    this.stock = new KeyStock(prepared, line.audience, { kind: WEB_PUSH, mode });
    this.house = {
      audience: line.audience, clock: line.clock, vapid: new Vapid(line.secret(vapid.key), vapid.subject), stock: this.stock, services, simulated,
      // So that the parts under way fill the window twice, between pages too.
      lanes: Math.ceil((2 * window) / (Math.min(shards, PARTS_AT_ONCE) * PAGES_AT_ONCE)),
      serviceOf: (origin) => this.serviceOf(origin), holds: new Map(),
    };
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.tell(message, signal);
  }

  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.tell(message, signal);
  }

  /** Well when any push service is: the others' subscribers wait, and nobody else waits for them. */
  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const origins = this.destination.settings.services.flatMap(({ probe }) => probe ?? []);
    const results = await Promise.all(origins.map((origin) => this.serviceOf(origin).probe(signal)));
    return results.find(({ well }) => well) ?? results[0] ?? { well: false, reason: 'nothing_to_probe' };
  }

  /** Derives the keys of the next messages now, as happens by itself while nothing is sent. */
  prepare(): Promise<void> {
    return this.stock.fill();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stock.close();
    for (const stop of this.stops) stop.now('closed');
    for (const service of this.services.values()) service.close();
  }

  private async tell(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { notice, key, part } = message;
    // A drill on a telephone as if it were real is the one mistake that no later message repairs.
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    if (this.closed) return { kind: 'deferred', reason: 'closed' };
    const payloads = encodePayloads(notice, key);
    for (const payload of payloads.values()) if (payload.length > PAYLOAD_LIMIT) return { kind: 'refused', reason: 'text_too_long' };

    const { shards } = this.destination.settings;
    const stop = new Stop(signal);
    this.stops.add(stop);
    const started = monotonicMs();
    try {
      const post = { payloads, topic: topicOf(notice), ttl: ttlOf(notice, this.line.clock.now()) };
      const run = new Part(this.house, { kind: WEB_PUSH, mode: notice.mode, shard: part, shards, area: notice.area }, post, stop);
      const rest = this.rests.get(key);
      const tally = await this.stock.during(() => run.run(rest));
      const { queued, gone, refused, unsure, left } = tally;
      this.line.log.event('audience.told', {
        channel: WEB_PUSH, destination: this.destination.id, part, queued, gone, refused, left: left.length, unsure, ms: Math.round(monotonicMs() - started),
      });
      this.remember(key, tally);
      return outcomeOf(tally, rest !== undefined);
    } finally {
      this.stops.delete(stop);
      stop.end();
    }
  }

  private remember(key: string, { left, pages }: Tally): void {
    this.rests.delete(key);
    if ((left.length === 0 && !pages) || left.length > REST_MEMBERS) return;
    this.rests.set(key, { members: left, ...(pages && { pages }) });
    for (const [oldest] of this.rests) {
      if (this.rests.size <= RESTS) break;
      this.rests.delete(oldest);
    }
  }

  private serviceOf(origin: string): PushService {
    const { settings: { ca, window, connections, timeoutMs }, id } = this.destination;
    let service = this.services.get(origin);
    if (!service) {
      service = new PushService({
        origin, window, connections, timeoutMs, outgoing: this.line.outgoing, ...(ca !== undefined && { ca: this.line.secret(ca) }),
        onState: (state) => this.line.log.event('connection.changed', { channel: WEB_PUSH, destination: id, state }),
      });
      this.services.set(origin, service);
    }
    return service;
  }
}

/**
 * What an attempt at a part came to. Accepted when everyone of the shard was queued or is no more; also when there is
 * nobody. A repetition goes to those alone who were left, so part of a success is `uncertain`: the partner has it in part.
 */
export function outcomeOf({ queued, gone, refused, unsure, left, pages, why, refusal, retryAfterMs }: Tally, resumed = false): Outcome {
  const undone = left.length > 0 || pages !== undefined;
  if (!undone) {
    if (refused > 0 && queued + gone === 0 && !resumed) return { kind: 'refused', reason: refusal ?? 'refused' };
    return { kind: 'accepted', references: [], expectedReceipts: 0 };
  }
  const reason = why ?? 'aborted';
  if (queued === 0 && unsure === 0) return { kind: 'deferred', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { kind: 'uncertain', reason: reason === 'aborted' || queued === 0 ? reason : 'partly_sent' };
}
