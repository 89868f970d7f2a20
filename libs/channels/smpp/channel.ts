import { setMaxListeners } from 'node:events';
import { causeOf } from '#kernel/log.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import { partsOf, settingsSchema, type SmppSettings, targetsOf } from './config.js';
import { encodeNotice, previewSms } from './encode.js';
import { Operator } from './operator.js';
import { outcomeOf, submitAll, type Tally } from './submission.js';

/** SMS through a mobile operator (SMPP 3.4), to the operator's own list of subscribers or to opted-in numbers. */
export const smpp: Channel<SmppSettings> = {
  kind: 'smpp',
  settings: settingsSchema,
  resend: (settings) => (settings.deduplicates ? 'safe' : 'ask'),
  lapses: true,
  parts: partsOf,
  preview: previewSms,
  open: (destination, line) => new SmppConnection(destination, line),
};

/** Message identifiers remembered for `cancel_sm`; the oldest notices are forgotten first. */
const MOST_CANCELLABLE = 100_000;

class SmppConnection implements Connection {
  private readonly operator: Operator;
  /** What was taken over this connection, by alert and part. */
  private readonly taken = new Map<string, string[]>();
  private remembered = 0;
  private readonly closing = new AbortController();

  constructor(
    private readonly destination: Destination<SmppSettings>,
    private readonly line: Line,
  ) {
    this.operator = new Operator(destination, line);
    setMaxListeners(0, this.closing.signal);
  }

  publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    return this.send(message, signal, false);
  }

  /** Recalls what is still under way, and at once sends the ending, which waits for no recall. */
  withdraw(message: Message, signal: AbortSignal): Promise<Outcome> {
    if (!signal.aborted) void this.recall(memoryOf(message));
    return this.send(message, signal, true);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const reason = await this.operator.trouble(signal);
    return reason === undefined ? { well: true } : { well: false, reason };
  }

  close(): Promise<void> {
    this.closing.abort();
    return this.operator.close();
  }

  private async send(message: Message, signal: AbortSignal, urgent: boolean): Promise<Outcome> {
    const { settings, mode } = this.destination;
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    // Drill and live are different places: the last door before the phones looks once more.
    if (message.notice.mode !== mode) return { kind: 'refused', reason: 'mode of another place' };
    const [fault] = previewSms(message.notice, settings).flatMap((preview) => preview.faults);
    if (fault !== undefined) return { kind: 'refused', reason: fault.code };
    const targets = targetsOf(settings, message.part);
    if (targets.length === 0) return { kind: 'refused', reason: 'no such part' };
    const tally = await submitAll(this.operator, encodeNotice(message.notice, message.key, settings), targets, { settings, signal, urgent });
    const outcome = outcomeOf(tally, settings.audience.kind === 'numbers' || settings.audience.receipts === 'one');
    if (!urgent) this.remember(memoryOf(message), tally.ids);
    if (outcome.kind === 'accepted') await this.reportFailures(message.key, tally);
    return outcome;
  }

  /** Numbers that were not taken while others were: each becomes a receipt of failure, so that none is lost in a total. */
  private async reportFailures(key: string, { failures }: Tally): Promise<void> {
    for (const { name, word } of failures) {
      try {
        await this.line.receive({ destination: this.destination.id, receiptKey: `${key}:${name}`, about: { key }, stage: 'failed', word });
      } catch (error) {
        this.line.log.event('receipt.refused', { channel: 'smpp', destination: this.destination.id, cause: causeOf(error) }, 'warn');
      }
    }
  }

  /** Cancels what this connection remembers, as far as the operator still can; stops when it stops answering. */
  private async recall(memory: string): Promise<void> {
    const queue = [...(this.taken.get(memory) ?? [])].values();
    this.forget(memory);
    let answering = true;
    const work = async (): Promise<void> => {
      for (const id of queue) if (answering) answering = await this.operator.cancel(id, this.closing.signal);
    };
    // Half of the window: the other half is for the ending itself.
    const { binds, window } = this.destination.settings;
    await Promise.all(Array.from({ length: Math.max(1, Math.floor((binds * window) / 2)) }, work));
  }

  private remember(memory: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.taken.set(memory, [...(this.taken.get(memory) ?? []), ...ids]);
    this.remembered += ids.length;
    for (const oldest of this.taken.keys()) {
      if (this.remembered <= MOST_CANCELLABLE) break;
      this.forget(oldest);
    }
  }

  private forget(memory: string): void {
    this.remembered -= this.taken.get(memory)?.length ?? 0;
    this.taken.delete(memory);
  }
}

function memoryOf({ notice, part }: Message): string {
  return `${notice.alertId}/${part}`;
}
