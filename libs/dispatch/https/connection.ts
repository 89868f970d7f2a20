import { Refusal } from '#kernel/errors.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult } from '../channel.js';
import type { Answer } from './answer.js';
import type { HttpsAddress } from './settings.js';
import { Wire, type Exchange, type Parcel } from './wire.js';

/** What a channel adds to HTTPS: its words for a message, and how it reads the answer. */
export interface HttpsProtocol {
  /** The message as a request. A refusal (TEXT_TOO_LONG, TEXT_NOT_ENCODABLE) means that it cannot be said this way. */
  pack(message: Message): Parcel;
  /** What the answer to it means. `ask` sends a further request of the same attempt. */
  judge(answer: Answer, message: Message, ask: (parcel: Parcel) => Promise<Exchange>): Outcome | Promise<Outcome>;
}

/**
 * A warm connection to a partner that takes each message as one HTTPS request, an ending like any other, under
 * `Idempotency-Key`. Withdrawals do not wait for an earlier call that hangs. Throws a refusal when a secret is missing: a
 * fault of the configuration, not of the partner.
 */
export class HttpsConnection implements Connection {
  private readonly wire: Wire;

  constructor(private readonly destination: Destination<HttpsAddress>, line: Line, private readonly protocol: HttpsProtocol) {
    const { id, channel, settings: { url, ca, clientKey, clientCertificate, timeoutMs } } = destination;
    this.wire = new Wire({
      url,
      timeoutMs,
      outgoing: line.outgoing,
      ...(ca !== undefined && { ca: line.secret(ca) }),
      ...(clientKey !== undefined && { clientKey: line.secret(clientKey) }),
      ...(clientCertificate !== undefined && { clientCertificate: line.secret(clientCertificate) }),
      onState: (state) => line.log.event('connection.changed', { channel, destination: id, state }),
    });
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  /** Sends a request that is no message, over the same warm connection; the promise always resolves. */
  request(parcel: Parcel, signal: AbortSignal): Promise<Exchange> {
    return this.wire.send(parcel, signal);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const exchange = await this.wire.head(signal);
    if (exchange.kind === 'broken') return { well: false, reason: exchange.reason };
    const { status } = exchange.answer;
    return status >= 200 && status < 300 ? { well: true } : { well: false, reason: `http_${status}` };
  }

  async close(): Promise<void> {
    this.wire.close();
  }

  private async send(message: Message, signal: AbortSignal): Promise<Outcome> {
    // A drill on display as if it were real is the one mistake that no later message repairs.
    if (message.notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    const parcel = this.pack(message);
    if ('kind' in parcel) return parcel;
    const exchange = await this.wire.send({ ...parcel, headers: { ...parcel.headers, 'Idempotency-Key': message.key } }, signal);
    if (exchange.kind === 'answer') return this.protocol.judge(exchange.answer, message, (further) => this.wire.send(further, signal));
    return { kind: exchange.left ? 'uncertain' : 'deferred', reason: exchange.reason };
  }

  private pack(message: Message): Parcel | Outcome {
    try {
      return this.protocol.pack(message);
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', reason: error.code.toLowerCase() };
      throw error;
    }
  }
}
