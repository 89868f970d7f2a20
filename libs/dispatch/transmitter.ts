import type { Content } from './approved-content.js';
import type { Message, Outcome } from './channel.js';
import { isEnding, type ClaimedDelivery } from './delivery.js';
import { Gate } from './gate.js';
import type { Partners } from './partners.js';

export interface TransmitterInput {
  readonly partners: Partners;
  /** The longest one attempt may take where its channel says nothing of it, in milliseconds. */
  readonly attemptMs: number;
  /** Told of what a channel threw. */
  readonly failed: (error: unknown) => void;
}

/** Gives messages to partners, each over its route, through that route's breaker, within its time. */
export class Transmitter {
  private readonly gates = new Map<string, Gate>();

  constructor(private readonly input: TransmitterInput) {}

  /** Where parts of a long audience wait for each other. Endings do not wait for what they end, nor for another alert. */
  gateOf({ destination, route, kind }: ClaimedDelivery): Gate | undefined {
    const way = this.input.partners.get(destination)?.routes[route];
    const limit = way?.channel.partsAtOnce?.(way.destination.settings);
    if (limit === undefined) return undefined;
    const name = `${destination}/${route}/${isEnding(kind) ? 'ending' : 'notice'}/${limit}`;
    const gate = this.gates.get(name) ?? new Gate(limit);
    this.gates.set(name, gate);
    return gate;
  }

  /** Sends once. Never rejects; when time runs out it aborts the attempt. */
  async send(delivery: ClaimedDelivery, content: Content, abort: AbortController): Promise<Outcome> {
    const { partners, attemptMs, failed } = this.input;
    const route = partners.get(delivery.destination)?.routes[delivery.route];
    // Two administrators took it out: a person tells the partner, or has it sent once it is in force again.
    if (!route && partners.isDisabled(delivery.destination)) return { kind: 'refused', reason: 'destination_disabled' };
    if (!route) return { kind: 'deferred', reason: 'destination_not_configured' };
    const { connection, breaker, channel, destination } = route;
    const limitMs = channel.attemptMs?.(destination.settings) ?? attemptMs;
    const message: Message = { key: delivery.key, deliveryId: delivery.id, part: delivery.part, ...content };
    // One signal for both reasons to end: composed ones (AbortSignal.any) cost a tenth of a fan-out's time.
    const { signal } = abort;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = !signal.aborted;
      abort.abort();
    }, limitMs);
    try {
      return await breaker.send(async () => {
        const outcome = await (isEnding(delivery.kind) ? connection.withdraw(message, signal) : connection.publish(message, signal));
        // A channel cannot know why its signal aborted; a partner that lets time run out is in trouble.
        return isLate && 'reason' in outcome && outcome.reason === 'aborted' ? { ...outcome, reason: 'timeout' } : outcome;
      });
    } catch (error) {
      // A bug in the channel. Bytes may have left.
      failed(error);
      return { kind: 'uncertain', reason: 'channel_failed' };
    } finally {
      clearTimeout(timer);
    }
  }
}
