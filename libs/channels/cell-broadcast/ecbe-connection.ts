import type { AlertId } from '#kernel/ids.js';
import { Refusal } from '#kernel/errors.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { Wire, type Exchange } from '#dispatch/https/wire.js';
import type { OsmoCbcSettings } from './config.js';
import { encodeEcbe, slotsOf, type EcbeMessage } from './encode.js';
import { Turns } from '#dispatch/turns.js';

const PATH = '/api/ecbe/v1/message';
/** Ended alerts that are remembered, so that a publication still under way does not outlive its ending. */
const MOST_ENDED = 1_000;

/** The alert ended meanwhile, and nothing of this is on air. */
const OVERTAKEN = { kind: 'deferred', reason: 'overtaken' } as const;

type Accepted = Extract<Outcome, { kind: 'accepted' }>;

/**
 * A warm connection to the ECBE interface of an Osmocom CBC. The centre has one place for each message identifier and knows
 * neither whose message is in it nor how to replace it, so the connection remembers both: an update makes room by a DELETE
 * first, and an ending never stops another alert that took the place since.
 */
export class EcbeConnection implements Connection {
  private readonly wire: Wire;
  /** Publications share the places, so one after the other; endings wait for nothing. */
  private readonly turns = new Turns();
  private readonly onAir = new Map<number, AlertId>();
  private readonly ended = new Set<AlertId>();
  /** Endings on their way to an identifier now, and how many there ever were: one may hit a message that comes in between. */
  private readonly stops = new Map<number, { underWay: number; begun: number }>();

  /** Throws a refusal when a secret is missing. */
  constructor(private readonly destination: Destination<OsmoCbcSettings>, private readonly line: Line) {
    const { id, channel, settings: { host, port, tls, ca, clientKey, clientCertificate, timeoutMs } } = destination;
    this.wire = new Wire({
      url: `${tls ? 'https' : 'http'}://${host}:${port}${PATH}`,
      timeoutMs,
      outgoing: line.outgoing,
      ...(ca !== undefined && { ca: line.secret(ca) }),
      ...(clientKey !== undefined && { clientKey: line.secret(clientKey) }),
      ...(clientCertificate !== undefined && { clientCertificate: line.secret(clientCertificate) }),
      // A 404 counts as an answer only in the centre's own words: a proxy gives one, too.
      reads: (status) => status === 404,
      onState: (state) => line.log.event('connection.changed', { channel, destination: id, state }),
    });
  }

  async publish({ notice, key }: Message, signal: AbortSignal): Promise<Outcome> {
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    const outcome = await this.turns.take(signal, async () => {
      let messages: readonly EcbeMessage[];
      try {
        messages = encodeEcbe(notice, this.destination.settings, this.line.clock.now());
      } catch (error) {
        if (error instanceof Refusal) return { kind: 'refused', reason: error.code.toLowerCase() } as const;
        throw error;
      }
      return together(await Promise.all(messages.map((message) => this.put(message, notice.alertId, notice.identifier, key, signal))));
    });
    return outcome ?? { kind: 'deferred', reason: 'aborted' };
  }

  /** Stops the broadcast in every language. What handsets show already stays there: nothing can recall it. */
  async withdraw({ notice, key }: Message, signal: AbortSignal): Promise<Outcome> {
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    this.remember(notice.alertId);
    const slots = slotsOf(notice.mode, this.destination.settings);
    return together(await Promise.all(slots.map(async ({ messageId }) => {
      const holder = this.onAir.get(messageId);
      const references = [`${notice.identifier}/${messageId}`];
      // The centre said that it took another alert's message, and it can only have one: ours is off air.
      if (holder !== undefined && holder !== notice.alertId) return { kind: 'accepted', references, expectedReceipts: 0 } as const;
      const stopped = await this.stop(messageId, key, signal);
      return stopped === 'gone' ? { kind: 'accepted', references, expectedReceipts: 0 } as const : stopped;
    })));
  }

  /** The interface has nothing to ask for: any answer but a failure says that it is there. */
  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const exchange = await this.wire.head(signal);
    if (exchange.kind === 'broken') return { well: false, reason: exchange.reason };
    const { status } = exchange.answer;
    return status < 500 && status !== 429 ? { well: true } : { well: false, reason: `http_${status}` };
  }

  async close(): Promise<void> {
    this.wire.close();
  }

  private async put(message: EcbeMessage, alertId: AlertId, identifier: string, key: string, signal: AbortSignal): Promise<Outcome> {
    if (this.ended.has(alertId)) return OVERTAKEN;
    const messageId = message.smscb_message.message_id;
    const stops = this.stopsOf(messageId);
    const { underWay, begun } = stops;
    let exchange = await this.post(message, key, signal);
    if (exchange.kind === 'answer' && exchange.answer.status === 409) {
      const removed = await this.remove(messageId, signal);
      if (removed !== 'gone') return removed;
      if (this.ended.has(alertId)) return OVERTAKEN;
      exchange = await this.post(message, key, signal);
    }
    if (exchange.kind === 'broken') return broken(exchange);
    const { status } = exchange.answer;
    // Taken by another of our processes in the meantime.
    if (status === 409) return { kind: 'deferred', reason: 'identifier_active' };
    // The centre waited for its base stations in vain: it holds the message, and nothing says that one of them sends it.
    if (status === 200) return { kind: 'uncertain', reason: 'no_cell_answered' };
    if (status !== 201) return outcomeOfStatus(exchange.answer, this.line.clock.now()) ?? { kind: 'uncertain', reason: 'answer_invalid' };
    this.onAir.set(messageId, alertId);
    if (this.ended.has(alertId)) return this.takeBack(messageId, signal);
    // The ending of the alert that was here before may have stopped this one: repeating is safe, silence is not.
    if (underWay > 0 || stops.begun !== begun) return { kind: 'uncertain', reason: 'stop_crossed' };
    return { kind: 'accepted', references: [`${identifier}/${messageId}`], expectedReceipts: 0 };
  }

  /** An ending went past while this was under way, and must not be outlived. */
  private async takeBack(messageId: number, signal: AbortSignal): Promise<Outcome> {
    const removed = await this.remove(messageId, signal);
    return removed === 'gone' ? OVERTAKEN : { ...OVERTAKEN, kind: 'uncertain' };
  }

  private async stop(messageId: number, key: string, signal: AbortSignal): Promise<'gone' | Exclude<Outcome, Accepted>> {
    const stops = this.stopsOf(messageId);
    stops.begun += 1;
    stops.underWay += 1;
    try {
      return await this.remove(messageId, signal, key);
    } finally {
      stops.underWay -= 1;
    }
  }

  private stopsOf(messageId: number): { underWay: number; begun: number } {
    const stops = this.stops.get(messageId) ?? { underWay: 0, begun: 0 };
    this.stops.set(messageId, stops);
    return stops;
  }

  private post(message: EcbeMessage, key: string, signal: AbortSignal): Promise<Exchange> {
    return this.wire.send({ method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key }, body: Buffer.from(JSON.stringify(message)) }, signal);
  }

  /**
   * Frees an identifier: `gone`, or why that is not known. An ending says its key; making room for a message is no message.
   * The centre may never answer about an identifier that it does not know: the time of the settings ends that.
   */
  private async remove(messageId: number, signal: AbortSignal, key?: string): Promise<'gone' | Exclude<Outcome, Accepted>> {
    const exchange = await this.wire.send({ method: 'DELETE', path: `${PATH}/${messageId}`, headers: { ...(key !== undefined && { 'Idempotency-Key': key }) } }, signal);
    if (exchange.kind === 'broken') return broken(exchange);
    const { answer } = exchange;
    if (answer.status === 200 || isUnknown(answer)) {
      this.onAir.delete(messageId);
      return 'gone';
    }
    const outcome = outcomeOfStatus(answer, this.line.clock.now());
    return outcome === undefined || outcome.kind === 'accepted' ? { kind: 'uncertain', reason: 'answer_invalid' } : outcome;
  }

  private remember(alertId: AlertId): void {
    this.ended.add(alertId);
    const [oldest] = this.ended;
    if (this.ended.size > MOST_ENDED && oldest !== undefined) this.ended.delete(oldest);
  }
}

/** The centre's own words for an identifier under which nothing is broadcast. */
const isUnknown = ({ status, body }: Answer): boolean => status === 404 && body?.toString('latin1').trim() === 'Unknown message ID';

const broken = ({ left, reason }: Extract<Exchange, { kind: 'broken' }>): Exclude<Outcome, Accepted> => ({ kind: left ? 'uncertain' : 'deferred', reason });

/** One outcome of several languages. Where one is taken and another is not, the partner has part of it, and all is repeated. */
function together(outcomes: readonly Outcome[]): Outcome {
  const accepted = outcomes.filter((outcome) => outcome.kind === 'accepted');
  if (accepted.length === outcomes.length) return { kind: 'accepted', references: accepted.flatMap(({ references }) => references), expectedReceipts: 0 };
  const others = outcomes.filter((outcome) => outcome.kind !== 'accepted');
  const worst = others.find(({ kind }) => kind === 'uncertain') ?? others.find(({ kind }) => kind === 'deferred') ?? others[0]!;
  return accepted.length > 0 ? { kind: 'uncertain', reason: worst.reason } : worst;
}
