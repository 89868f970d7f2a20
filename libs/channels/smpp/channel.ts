import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { monotonicMs } from '#kernel/clock.js';
import { causeOf } from '#kernel/log.js';
import { districtsNearest } from '#alerts/nearness.js';
import type { Channel, Connection, Destination, Line, Message, Outcome, ProbeResult, Receipt } from '#dispatch/channel.js';
import { callRoll, type Called, type Fate as MemberFate, type Rest } from '#dispatch/roll.js';
import { filesIn, expectsReceipts, partsOf, reaches, settingsSchema, type SmppSettings, type Subscribers, targetsOf } from './config.js';
import { encodeNotice, previewSms, type SmsMessage } from './encode.js';
import { isNumber, SMS } from './numbers.js';
import { Operator } from './operator.js';
import { Queries } from './queries.js';
import { atOnce, outcomeOf, readReferences, referencesOf, series, submitAll, type Fate, type Manner, type Tally } from './submission.js';

/** The time for a list or a part of the file, in milliseconds; a part of the subscribers has its own. */
const ATTEMPT_MS = 15_000;

/** SMS through a mobile operator (SMPP 3.4), to the operator's own list of subscribers or to opted-in numbers. */
export const smpp: Channel<SmppSettings> = {
  kind: 'smpp',
  settings: settingsSchema,
  resend: (settings) => (settings.deduplicates ? 'safe' : 'ask'),
  lapses: true,
  filesOf: (settings) => filesIn(settings),
  connectsTo: ({ host, port }) => [{ host, port }],
  parts: partsOf,
  attemptMs: ({ audience }) => (audience.kind === 'subscribers' ? audience.partMs : ATTEMPT_MS),
  preview: previewSms,
  toldSecrets: ({ password }) => [password],
  // To one list, which in drill is of telephones that know of it; never to people who asked to be told.
  tests: ({ audience }) => (audience.kind === 'distribution-list' ? 'seen' : undefined),
  reaches,
  open: (destination, line) => new SmppConnection(destination, line),
};

/** The wait before the store is asked again what waits to be heard of, in milliseconds. */
const TAKE_OVER_AGAIN_MS = 30_000;
/** Message identifiers remembered for `cancel_sm`; the oldest notices are forgotten first. */
const MOST_CANCELLABLE = 100_000;
/** Parts whose rest is remembered; for others a repetition goes on at the last mark. */
const MOST_RESTS = 256;

class SmppConnection implements Connection {
  private readonly operator: Operator;
  private readonly queries: Queries | undefined;
  /** What was taken, by alert and part. */
  private readonly taken = new Map<string, string[]>();
  private remembered = 0;
  private readonly closing = new AbortController();
  /** What earlier attempts left undone, by key. */
  private readonly rests = new Map<string, { readonly rest: Rest; readonly ids: readonly string[] }>();

  /** Receipts that earlier attempts left to come, by key. */
  private readonly expected = new Map<string, number>();

  constructor(
    private readonly destination: Destination<SmppSettings>,
    private readonly line: Line,
  ) {
    const receive = async (receipt: Receipt): Promise<void> => {
      await line.receive(receipt);
      if ('reference' in receipt.about) this.queries?.heard(receipt.about.reference);
    };
    this.operator = new Operator(destination, { ...line, receive });
    const { clock, log } = line;
    const { query } = destination.settings;
    if (query && expectsReceipts(destination.settings)) {
      this.queries = new Queries({ destination: destination.id, clock, log, ...query, query: (id, signal) => this.operator.query(id, signal), receive: (receipt) => line.receive(receipt) });
    }
    setMaxListeners(0, this.closing.signal);
    void this.takeOver();
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
    this.queries?.close();
    return this.operator.close();
  }

  private async send(message: Message, signal: AbortSignal, urgent: boolean): Promise<Outcome> {
    const { settings, mode } = this.destination;
    if (signal.aborted) return { kind: 'deferred', reason: 'aborted' };
    // Drill and live are different places: the last door before the phones looks once more.
    if (message.notice.mode !== mode) return { kind: 'refused', reason: 'mode of another place' };
    const [fault] = previewSms(message.notice, settings).flatMap((preview) => preview.faults);
    if (fault !== undefined) return { kind: 'refused', reason: fault.code };
    const messages = encodeNotice(message.notice, message.key, settings);
    if (settings.audience.kind === 'subscribers') return this.tellSubscribers(message, messages, settings.audience, { settings, signal, urgent });
    const targets = targetsOf(settings, message.part);
    if (targets.length === 0) return { kind: 'refused', reason: 'no such part' };
    const tally = await submitAll(this.operator, messages, targets, { settings, signal, urgent });
    const outcome = this.counted(message.key, outcomeOf(tally, expectsReceipts(settings)), tally.count.taken);
    this.await(message, tally, outcome);
    if (!urgent) this.remember(memoryOf(message), tally.ids);
    if (outcome.kind === 'accepted') await this.reportFailures(message.key, tally);
    return outcome;
  }

  /** Everyone of a part who asked for SMS, in their own language; behind the last one where an earlier attempt stopped. */
  private async tellSubscribers({ key, deliveryId, part, notice }: Message, messages: readonly SmsMessage[], { shards, order }: Subscribers, how: Manner): Promise<Outcome> {
    const { id, mode } = this.destination;
    const { audience, headway, log } = this.line;
    // Every message in the window listens to the one signal.
    setMaxListeners(0, how.signal);
    const own = series(this.operator, how);
    const started = monotonicMs();
    const unreadable: string[] = [];
    const before = this.rests.get(key);
    const called = await callRoll({
      audience, headway, log, delivery: deliveryId, atOnce: atOnce(how.settings), selection: { kind: SMS, mode, shard: part, shards, area: notice.area, ...(order === 'nearest' && { nearest: districtsNearest(notice) }) },
      stopped: () => own.stopped() !== undefined || how.signal.aborted,
      tell: async ({ id: member, contact, language }) => {
        const message = messages.find((m) => m.language === language);
        if (!message || !isNumber(contact)) {
          unreadable.push(member);
          return 'spared';
        }
        return FATES[await own.submit(message, { number: contact }, `${language}.${nameOf(key, member)}`)];
      },
    }, before?.rest);
    const { tally } = own;
    const ids = [...(before?.ids ?? []), ...referencesOf(tally)];
    this.keep(key, called.rest && { rest: called.rest, ids });
    if (unreadable.length > 0) await audience.drop(unreadable, 'unreadable');
    log.event('audience.told', {
      channel: 'smpp', destination: id, part, queued: called.taken, gone: unreadable.length, refused: tally.count.refused, left: called.rest?.members.length ?? 0, unsure: called.unsure,
      ms: Math.round(monotonicMs() - started),
    });
    if (!how.urgent) this.remember(`${notice.alertId}/${part}`, tally.ids);
    const outcome = outcomeOfPart(tally, called, how.signal.aborted ? 'aborted' : (own.stopped() ?? 'store_busy'), ids, before?.rest);
    this.await({ notice }, tally, outcome);
    if (outcome.kind === 'accepted') await this.reportFailures(key, tally);
    return outcome;
  }

  /** What left before this connection was opened, by a process that is no more perhaps, is asked about and recalled as its own. */
  private async takeOver(): Promise<void> {
    const { line, closing, destination } = this;
    if (!line.unheard) return;
    try {
      const unheard = await line.unheard();
      if (closing.signal.aborted) return;
      for (const { alertId, part, isEnding, expires, uncertain, references } of unheard) {
        const { finals, partials } = readReferences(references);
        this.queries?.expect({ finals, partials, expires, uncertain });
        if (!isEnding) this.remember(`${alertId}/${part}`, [...finals, ...partials]);
      }
    } catch (error) {
      line.log.event('store.failed', { operation: `unheard ${destination.id}`, cause: causeOf(error) }, 'error');
      const timer = setTimeout(() => {
        closing.signal.removeEventListener('abort', stop);
        void this.takeOver();
      }, TAKE_OVER_AGAIN_MS).unref();
      const stop = (): void => clearTimeout(timer);
      closing.signal.addEventListener('abort', stop, { once: true });
    }
  }

  /** What was taken is asked about when its receipts do not come. */
  private await({ notice }: Pick<Message, 'notice'>, { finals, partials }: Tally, { kind }: Outcome): void {
    this.queries?.expect({ finals, partials, expires: new Date(notice.expires), uncertain: kind === 'uncertain' });
  }

  /** Whoever is sent to again may be heard of twice: the receipts of earlier attempts are expected beside those of this one. */
  private counted(key: string, outcome: Outcome, taken: number): Outcome {
    if (!('references' in outcome) || !outcome.references) return outcome;
    // An operator that de-duplicates reports what it had already once.
    const earlier = this.destination.settings.deduplicates ? 0 : (this.expected.get(key) ?? 0);
    this.expected.delete(key);
    if (outcome.kind === 'uncertain') this.expected.set(key, earlier + taken);
    for (const oldest of this.expected.keys()) {
      if (this.expected.size <= MOST_RESTS) break;
      this.expected.delete(oldest);
    }
    return { ...outcome, expectedReceipts: earlier + (outcome.expectedReceipts ?? 0) };
  }

  private keep(key: string, undone: { readonly rest: Rest; readonly ids: readonly string[] } | undefined): void {
    this.rests.delete(key);
    if (undone) this.rests.set(key, undone);
    for (const [oldest] of this.rests) {
      if (this.rests.size <= MOST_RESTS) break;
      this.rests.delete(oldest);
    }
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

/** What a fate means for one subscriber. Who was given up after several tries is told again with the rest. */
const FATES: Readonly<Record<Fate, MemberFate>> = { taken: 'taken', refused: 'spared', spent: 'left', unsent: 'left', unknown: 'unsure' };

/** Names a subscriber in a receipt's key, and stands for them nowhere else. */
const nameOf = (key: string, member: string): string => createHash('sha256').update(`${key} ${member}`).digest('hex').slice(0, 16);

/** Accepted when everyone of the part is settled, also when there is nobody. A repetition goes to the others alone. */
function outcomeOfPart(tally: Tally, { taken, rest, unsure }: Called, why: string, ids: readonly string[], before: Rest | undefined): Outcome {
  const all = taken + (before?.taken ?? 0);
  if (!rest) {
    if (all === 0 && tally.count.refused > 0) return { kind: 'refused', reason: tally.words.refused ?? 'refused' };
    return { kind: 'accepted', references: ids, expectedReceipts: all };
  }
  if (taken === 0 && unsure === 0) {
    const reason = tally.words.unsent ?? tally.words.spent ?? why;
    return { kind: 'deferred', reason, ...(tally.retryAfterMs !== undefined && { retryAfterMs: tally.retryAfterMs }) };
  }
  const word = tally.words.unknown ?? why;
  const reason = word === 'aborted' ? word : `${word}: ${taken} taken, ${unsure} unknown, ${rest.members.length} left`;
  // Those who are left are heard of only after they were told.
  return ids.length === 0 ? { kind: 'uncertain', reason } : { kind: 'uncertain', reason, references: ids, expectedReceipts: all + Math.max(1, rest.members.length) };
}

function memoryOf({ notice, part }: Message): string {
  return `${notice.alertId}/${part}`;
}
