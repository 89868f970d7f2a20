import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { outcomeOf } from './answer.js';
import { capPushSettings, type CapPushSettings } from './config.js';
import { preview } from './encode.js';
import { readSeal, SignedNotices, type Seal } from './signed-notices.js';
import { Wire } from './wire.js';

const KIND = 'cap-push';

/** Signed CAP 1.2, pushed over HTTPS and acknowledged in CAP. Its connections share what they sign. */
export function createCapPush(signed = new SignedNotices()): Channel<CapPushSettings> {
  return {
    kind: KIND,
    settings: capPushSettings,
    // The partner tells repetitions by `Idempotency-Key` and by the CAP identifier, which never changes.
    resend: () => 'safe',
    // CAP `expires` ends a message by itself.
    lapses: true,
    parts: () => 1,
    preview,
    receiptSecrets: ({ secret }) => [secret],
    open: (destination, line) => new CapPushConnection(destination, line, signed),
  };
}

export const capPush: Channel<CapPushSettings> = createCapPush();

class CapPushConnection implements Connection {
  private readonly wire: Wire;
  private readonly seal: Seal;

  /** Throws a refusal when a secret is missing or no key: a fault of the configuration, not of the partner. */
  constructor(private readonly destination: Destination<CapPushSettings>, private readonly line: Line, private readonly signed: SignedNotices) {
    const { url, ca, clientKey, clientCertificate, signingKey, signingCertificate, timeoutMs } = destination.settings;
    this.seal = readSeal(line.secret(signingKey), line.secret(signingCertificate));
    this.wire = new Wire({
      url,
      timeoutMs,
      ...(ca !== undefined && { ca: line.secret(ca) }),
      ...(clientKey !== undefined && { clientKey: line.secret(clientKey) }),
      ...(clientCertificate !== undefined && { clientCertificate: line.secret(clientCertificate) }),
      onState: (state) => line.log.event('connection.changed', { channel: KIND, destination: destination.id, state }),
    });
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  /** CAP `Cancel` is a message like any other; it takes a connection of its own when an earlier call still hangs. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
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

  private async send({ key, notice, photo }: Message, signal: AbortSignal): Promise<Outcome> {
    // A drill on air as if it were real is the one mistake that no later message repairs.
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    const { sender } = this.destination.settings;
    const bytes = this.signed.bytesOf(notice, sender, this.seal, photo);
    const exchange = await this.wire.post(bytes, { 'Content-Type': 'application/cap+xml', Accept: 'application/cap+xml', 'Idempotency-Key': key }, signal);
    if (exchange.kind === 'answer') return outcomeOf(exchange.answer, sender, notice.identifier, this.line.clock.now());
    return { kind: exchange.left ? 'uncertain' : 'deferred', reason: exchange.reason };
  }
}
