import type { Channel, Connection, Destination, Exhibit, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { endpointOf } from '#dispatch/outgoing.js';
import { Refusal } from '#kernel/errors.js';
import type { AlertId } from '#kernel/ids.js';
import { outcomeOf } from './answer.js';
import { airportDisplaySettings, nameOf, type AirportDisplaySettings } from './config.js';
import { CONTENT_TYPE, encode, picturesOf, preview } from './encode.js';
import { PreparedNotices, readSeal, type Prepared, type Seal } from './prepared-notices.js';

/** Signed CAP with pictures to the display systems of airports. Its connections share what they draw and sign. */
export function createAirportDisplay(prepared = new PreparedNotices()): Channel<AirportDisplaySettings> {
  return {
    kind: 'airport-display',
    settings: airportDisplaySettings,
    // The address has the identifier in it: the same message again is the same resource.
    resend: () => 'safe',
    // CAP `expires` ends a message by itself.
    lapses: true,
    connectsTo: ({ url }) => [endpointOf(url)],
    parts: () => 1,
    preview,
    exhibits: (notice, settings) => [
      ...picturesOf(notice, settings).map((kind): Exhibit => ({
        name: `${nameOf(kind)}.jpg`, mediaType: 'image/jpeg', language: kind.language, make: async (message) => (await prepared.pictures(message, { pictures: [kind] }))[0]!.bytes,
      })),
      {
        name: 'cap.xml', mediaType: 'application/cap+xml', lacks: 'signature',
        make: async (message) => Buffer.from(encode(message.notice, settings.sender, await prepared.pictures(message, settings), message.photo)),
      },
    ],
    receiptSecrets: ({ secret }) => [secret],
    open: (destination, line) => new AirportConnection(destination, line, prepared),
  };
}

export const airportDisplay: Channel<AirportDisplaySettings> = createAirportDisplay();

/** Ended alerts that are remembered, so that a publication still being drawn does not outlive its ending. */
const MOST_ENDED = 1_000;

/** HTTPS as every partner has it, with the pictures drawn before anything is sent. */
class AirportConnection implements Connection {
  private readonly https: HttpsConnection;
  private readonly seal: Seal;
  private readonly ended = new Set<AlertId>();
  private readonly ready = new WeakMap<Message, Prepared>();

  /** Throws a refusal when a secret is missing or no key: a fault of the configuration, not of the partner. */
  constructor(private readonly destination: Destination<AirportDisplaySettings>, line: Line, private readonly prepared: PreparedNotices) {
    const { url, signingKey, signingCertificate } = destination.settings;
    this.seal = readSeal(line.secret(signingKey), line.secret(signingCertificate));
    const root = new URL(url).pathname.replace(/\/$/, '');
    this.https = new HttpsConnection(destination, line, {
      pack: (message) => ({
        method: 'PUT',
        path: `${root}/${encodeURIComponent(message.notice.identifier)}`,
        headers: { 'Content-Type': CONTENT_TYPE, Accept: 'application/json' },
        body: this.readyOf(message).body,
      }),
      judge: (answer, message) => outcomeOf(answer, message.notice.identifier, this.readyOf(message).pictures, line.clock.now()),
    });
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal);
  }

  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    this.ended.add(message.notice.alertId);
    const [oldest] = this.ended;
    if (this.ended.size > MOST_ENDED && oldest !== undefined) this.ended.delete(oldest);
    return this.send(message, signal);
  }

  probe(signal: AbortSignal): Promise<ProbeResult> {
    return this.https.probe(signal);
  }

  close(): Promise<void> {
    return this.https.close();
  }

  private async send(message: Message, signal: AbortSignal): Promise<Outcome> {
    if (message.notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    try {
      const ready = await unlessAborted(this.prepared.prepare(message, this.destination.settings, this.seal), signal);
      if (!ready) return { kind: 'deferred', reason: 'aborted' };
      // Drawing takes time, in which an ending, which draws nothing, may have gone past.
      if (picturesOf(message.notice, this.destination.settings).length > 0 && this.ended.has(message.notice.alertId)) return { kind: 'deferred', reason: 'overtaken' };
      this.ready.set(message, ready);
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', reason: error.code.toLowerCase() };
      throw error;
    }
    return this.https.publish(message, signal);
  }

  private readyOf(message: Message): Prepared {
    const ready = this.ready.get(message);
    if (!ready) throw new TypeError('a message is drawn before it is sent');
    return ready;
  }
}

/** The value, or nothing when the signal aborts first. The work goes on: another airport may wait for it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
