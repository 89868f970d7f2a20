import type { AlertId } from '#kernel/ids.js';
import { Refusal } from '#kernel/errors.js';
import type { SentNotice } from '#alerts/notice.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult } from '#dispatch/channel.js';
import type { NtcipSignSettings } from './config.js';
import { activationCode, blankActivation, encode, messageCrc, minutesUntil, ownedBy, rowOfCode, writeOwner, type Activation } from './encode.js';
import {
  ACTIVATION_ERRORS, CURRENT, DARK_FAULTS, dmsActivateMessage, dmsActivateMsgError, dmsControlMode, dmsMessageCRC, dmsMessageMultiString, dmsMessageOwner,
  dmsMessageRunTimePriority, dmsMessageStatus, dmsMessageTimeRemaining, dmsMsgTableSource, dmsValidateMessageError, LOCAL_MODE, MEMORY, NO_ERROR, shortErrorStatus, STATUS, type Row,
} from './objects.js';
import { explainStatus, SnmpWire, type Reply, type Setting } from './snmp.js';
import { Turns } from '#dispatch/turns.js';

type Failure = Exclude<Outcome, { kind: 'accepted' }>;

/** Ended alerts that are remembered, so that a publication still under way does not outlive its ending. */
const MOST_ENDED = 1_000;
/** Between two looks at whether the sign has come to where it was sent. */
const LOOK_PAUSE_MS = 50;
const OVERTAKEN: Failure = { kind: 'deferred', reason: 'overtaken' };

/** What is on the sign now. */
interface Shown {
  readonly row: Row | undefined;
  readonly multi: Buffer;
  readonly error: number | undefined;
  readonly minutesLeft: number | undefined;
}

/**
 * A connection to one sign. It writes a message into the one row of memory that is ours, activates it for as long as the
 * alert lasts, and believes nothing but what it then reads in the sign's current buffer. The sign has one place: a later
 * alert takes it, and an ending darkens the sign only where its own alert is what is shown.
 */
export class SignConnection implements Connection {
  private readonly wire: SnmpWire;
  private readonly row: Row;
  /** So many more after the first. */
  private readonly looks: number;
  /** Publications share the row, so one after the other; endings wait for nothing. */
  private readonly turns = new Turns();
  private readonly ended = new Set<AlertId>();
  /** Orders to darken the sign, ever begun and over. What was shown between the two may be gone again. */
  private readonly darkening = { begun: 0, over: 0 };
  private state: 'open' | 'closed' = 'closed';

  /** Throws a refusal when a secret is missing. */
  constructor(private readonly destination: Destination<NtcipSignSettings>, private readonly line: Line) {
    this.wire = new SnmpWire(destination.settings, line.outgoing, (name) => line.secret(name));
    this.row = { memory: MEMORY.changeable, number: destination.settings.slot };
    this.looks = Math.ceil(destination.settings.settleMs / LOOK_PAUSE_MS);
  }

  async publish(message: Message, signal: AbortSignal): Promise<Outcome> {
    const { notice, key } = message;
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    let multi: Buffer;
    try {
      multi = encode(notice, this.destination.settings);
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', reason: error.code.toLowerCase() };
      throw error;
    }
    const failure = await this.turns.take(signal, () => this.show(message, multi, signal));
    if (failure === undefined) return { kind: 'deferred', reason: 'aborted' };
    return failure === 'done' ? this.confirm(key, notice.identifier, 'displayed') : failure;
  }

  /** Darkens the sign if it shows this alert, proves it by reading back, and takes the words out of the sign's memory. */
  async withdraw({ notice, key }: Message, signal: AbortSignal): Promise<Outcome> {
    if (notice.mode !== this.destination.mode) return { kind: 'refused', reason: 'wrong_mode' };
    this.remember(notice.alertId);
    const [current, slot] = [dmsMessageOwner(CURRENT), dmsMessageOwner(this.row)];
    const before = await this.ask([dmsMsgTableSource, current, slot, dmsMessageStatus(this.row), dmsMessageCRC(this.row)], signal);
    if (before.kind !== 'values') return untouched(before);
    const [source, shownOwner, slotOwner, status, slotCrc] = before.values;
    const place = placeOf(source);
    // A sign need not tell the owner of what it shows: then it is that of our row, if this still holds what came from it.
    const darkens = this.mayShow(notice, place, text(shownOwner) || (place?.crc === slotCrc ? text(slotOwner) : ''));
    const failure = darkens ? await this.darken(signal) : undefined;
    if (failure) return failure;
    let again = false;
    if (status !== STATUS.notUsed && (text(slotOwner) === '' || ownedBy(text(slotOwner), notice))) {
      const left = await this.erase(writeOwner(notice.identifier, key), signal);
      if (left) return left;
      // A message that was on its way may have gone up since the first look; from a row that is empty none can any more.
      const after = await this.ask([dmsMsgTableSource, current], signal);
      if (after.kind !== 'values') return unknown(after);
      again = this.mayShow(notice, placeOf(after.values[0]), text(after.values[1]));
      const lit = again ? await this.darken(signal) : undefined;
      if (lit) return lit;
    }
    return this.confirm(key, notice.identifier, darkens || again || place?.memory === MEMORY.blank ? 'blanked' : 'replaced');
  }

  /** Reads what the sign says of itself; nothing on it changes. */
  async probe(signal: AbortSignal): Promise<ProbeResult> {
    const reply = await this.ask([dmsControlMode, shortErrorStatus], signal);
    if (reply.kind === 'silent') return { well: false, reason: reply.reason };
    if (reply.kind === 'error') return { well: false, reason: explainStatus(reply.status).reason };
    const [mode, errors] = reply.values;
    if (typeof mode !== 'number' || typeof errors !== 'number') return { well: false, reason: 'no_sign' };
    if (mode === LOCAL_MODE) return { well: false, reason: 'local_mode' };
    const [, fault] = DARK_FAULTS.find(([bit]) => errors & (1 << bit)) ?? [];
    return fault === undefined ? { well: true } : { well: false, reason: fault };
  }

  async close(): Promise<void> {
    this.wire.close();
  }

  private async show(message: Message, multi: Buffer, signal: AbortSignal): Promise<'done' | Failure> {
    const { notice, key } = message;
    const written = await this.write(multi, writeOwner(notice.identifier, key), notice.alertId, signal);
    if (written) return written;
    const { priority, sourceAddress } = this.destination.settings;
    const minutes = minutesUntil(notice.expires, this.line.clock.now());
    if (minutes < 1) return { kind: 'refused', reason: 'expired' };
    const overtaken = (): boolean => this.ended.has(notice.alertId);
    if (overtaken()) return (await this.erase(writeOwner(notice.identifier, key), signal)) ?? OVERTAKEN;
    const { over } = this.darkening;
    const crc = messageCrc(multi);
    const failure = await this.activate({ minutes, priority, row: this.row, crc, source: sourceAddress }, signal, (shown) => this.isOurs(shown.row) && shown.multi.equals(multi) && lasts(shown, minutes), 'not_shown');
    if (failure) return failure;
    // The ending that went past looks once more after it has emptied the row, and so sees what went up here.
    if (overtaken()) return OVERTAKEN;
    // The ending of the alert that was here before may have darkened this one: repeating is safe, silence is not.
    return this.darkening.begun === over ? 'done' : { kind: 'uncertain', reason: 'ending_crossed' };
  }

  /** Puts a message into our row and has the sign check it. What is shown meanwhile does not change. */
  private async write(multi: Buffer, owner: string, alertId: AlertId, signal: AbortSignal): Promise<Failure | undefined> {
    const status = dmsMessageStatus(this.row);
    const before = await this.ask([dmsControlMode, status], signal);
    if (before.kind !== 'values') return untouched(before);
    const [mode, state] = before.values;
    if (mode === LOCAL_MODE) return { kind: 'deferred', reason: 'local_mode' };
    if (typeof state !== 'number') return { kind: 'refused', reason: 'no_such_slot' };
    if (this.ended.has(alertId)) return OVERTAKEN;
    // Left over from a writer that did not come to an end: it is open already.
    const opened = state === STATUS.modifying ? undefined : (await this.order([[status, STATUS.modifyReq]], signal)) ?? (await this.arrives([STATUS.modifying], signal));
    if (opened) return opened;
    const { priority } = this.destination.settings;
    const failed = (await this.order([[dmsMessageMultiString(this.row), multi], [dmsMessageOwner(this.row), Buffer.from(owner)], [dmsMessageRunTimePriority(this.row), priority]], signal))
      ?? (await this.order([[status, STATUS.validateReq]], signal))
      ?? (await this.arrives([STATUS.valid], signal));
    if (failed) return failed.reason === 'message_invalid' ? this.explainInvalid(signal) : failed;
    const crc = await this.ask([dmsMessageCRC(this.row)], signal);
    if (crc.kind !== 'values') return unknown(crc);
    // Something else got into the row, or a beacon is set in it that we did not ask for.
    return crc.values[0] === messageCrc(multi) ? undefined : { kind: 'deferred', reason: 'crc_mismatch' };
  }

  private async explainInvalid(signal: AbortSignal): Promise<Failure> {
    const why = await this.ask([dmsValidateMessageError], signal);
    if (why.kind !== 'values') return unknown(why);
    return { kind: 'refused', reason: why.values[0] === 5 ? 'syntax_multi' : 'message_invalid' };
  }

  /** Activates and reads back until the sign shows it. Nothing when it does; the answer to the SET proves nothing either way. */
  private async activate(activation: Activation, signal: AbortSignal, proves: (shown: Shown) => boolean, doubt: string): Promise<Failure | undefined> {
    const order = await this.ask([], signal, [[dmsActivateMessage, activationCode(activation)]]);
    const first = await this.look(signal);
    if ('kind' in first) return first;
    if (order.kind === 'error' || first.error !== NO_ERROR) {
      // After a lost answer the error may still be that of an earlier order, so it says nothing of this one.
      if (order.kind === 'silent') return { kind: 'uncertain', reason: doubt };
      // Turned away before the sign itself saw it.
      if (order.kind === 'error' && first.error === NO_ERROR) return passing(order.status);
      const [word, passes] = ACTIVATION_ERRORS[first.error ?? 0] ?? ['error', true];
      return { kind: passes ? 'deferred' : 'refused', reason: `activation_${word}` };
    }
    let shown = first;
    for (let looks = 1; !proves(shown); looks += 1) {
      if (looks > this.looks || !(await pause(LOOK_PAUSE_MS, signal))) return { kind: 'uncertain', reason: signal.aborted ? 'aborted' : doubt };
      const next = await this.look(signal);
      if ('kind' in next) return next;
      shown = next;
    }
    return undefined;
  }

  private async look(signal: AbortSignal): Promise<Shown | Failure> {
    const reply = await this.ask([dmsActivateMsgError, dmsMsgTableSource, dmsMessageMultiString(CURRENT), dmsMessageTimeRemaining], signal);
    if (reply.kind !== 'values') return unknown(reply);
    const [error, source, multi, minutesLeft] = reply.values;
    return {
      error: typeof error === 'number' ? error : undefined,
      row: placeOf(source),
      multi: Buffer.isBuffer(multi) ? multi : Buffer.from('unreadable'),
      minutesLeft: typeof minutesLeft === 'number' ? minutesLeft : undefined,
    };
  }

  private async darken(signal: AbortSignal): Promise<Failure | undefined> {
    const { priority, sourceAddress } = this.destination.settings;
    this.darkening.begun += 1;
    try {
      return await this.activate(blankActivation(priority, sourceAddress), signal, ({ row, multi }) => row?.memory === MEMORY.blank && multi.length === 0, 'not_blank');
    } finally {
      this.darkening.over += 1;
    }
  }

  /** Empties our row, so that no late order can show what was in it; our key stays in it until then. */
  private async erase(owner: string, signal: AbortSignal): Promise<Failure | undefined> {
    const status = dmsMessageStatus(this.row);
    const before = await this.ask([status], signal);
    if (before.kind !== 'values') return unknown(before);
    const failed = (before.values[0] === STATUS.modifying ? undefined : await this.order([[status, STATUS.modifyReq]], signal))
      ?? (await this.order([[dmsMessageMultiString(this.row), Buffer.alloc(0)], [dmsMessageOwner(this.row), Buffer.from(owner)]], signal))
      ?? (await this.order([[status, STATUS.notUsedReq]], signal))
      ?? (await this.arrives([STATUS.notUsed], signal));
    // The sign is dark, which is what counts; but the child's words are still in it, so it is tried again.
    return failed && { kind: 'uncertain', reason: failed.reason === 'aborted' ? 'aborted' : 'not_erased' };
  }

  /** Sets; nothing when the sign agreed. */
  private async order(settings: readonly Setting[], signal: AbortSignal): Promise<Failure | undefined> {
    const reply = await this.ask([], signal, settings);
    if (reply.kind === 'error') return passing(reply.status);
    return reply.kind === 'silent' ? unknown(reply) : undefined;
  }

  /** Waits until our row is in one of these states; nothing when it is. */
  private async arrives(states: readonly number[], signal: AbortSignal): Promise<Failure | undefined> {
    for (let looks = 0; looks <= this.looks; looks += 1) {
      const reply = await this.ask([dmsMessageStatus(this.row)], signal);
      if (reply.kind !== 'values') return unknown(reply);
      const [state] = reply.values;
      if (typeof state === 'number' && states.includes(state)) return undefined;
      if (state === STATUS.error) return { kind: 'refused', reason: 'message_invalid' };
      if (!(await pause(LOOK_PAUSE_MS, signal))) return { kind: 'uncertain', reason: 'aborted' };
    }
    return { kind: 'deferred', reason: 'slot_busy' };
  }

  private async ask(oids: readonly string[], signal: AbortSignal, settings?: readonly Setting[]): Promise<Reply> {
    const reply = await (settings ? this.wire.set(settings, signal) : this.wire.get(oids, signal));
    const state = reply.kind !== 'silent' ? 'open' : reply.reason === 'timeout' ? 'closed' : this.state;
    if (state !== this.state) this.line.log.event('connection.changed', { channel: this.destination.channel, destination: this.destination.id, state });
    this.state = state;
    return reply;
  }

  /** The receipt is our own reading, and is handed over before the outcome is: it cannot be lost in between. */
  private async confirm(key: string, identifier: string, word: 'displayed' | 'blanked' | 'replaced'): Promise<Outcome> {
    await this.line.receive({ destination: this.destination.id, receiptKey: `${key}/${word}`, about: { key }, stage: 'confirmed', word, at: this.line.clock.now() });
    return { kind: 'accepted', references: [`${identifier}/${this.row.number}`], expectedReceipts: 1 };
  }

  /** Whether the sign shows this alert, as far as it tells: what it does not tell may be so. */
  private mayShow(notice: SentNotice, place: Row | undefined, owner: string): boolean {
    return place === undefined || (this.isOurs(place) && (owner === '' || ownedBy(owner, notice)));
  }

  private isOurs(row: Row | undefined): boolean {
    return row?.memory === this.row.memory && row.number === this.row.number;
  }

  private remember(alertId: AlertId): void {
    this.ended.add(alertId);
    const [oldest] = this.ended;
    if (this.ended.size > MOST_ENDED && oldest !== undefined) this.ended.delete(oldest);
  }
}

/** No answer to what only reads: nothing on the sign has changed. */
function untouched(reply: Exclude<Reply, { kind: 'values' }>): Failure {
  return reply.kind === 'error' ? passing(reply.status) : { kind: 'deferred', reason: reply.reason };
}

/** No answer after the first order. */
function unknown(reply: Exclude<Reply, { kind: 'values' }>): Failure {
  return { kind: 'uncertain', reason: reply.kind === 'error' ? explainStatus(reply.status).reason : reply.reason };
}

function passing(status: number): Failure {
  const { reason, passes } = explainStatus(status);
  return { kind: passes ? 'deferred' : 'refused', reason };
}

/** A message without end would stay when the house is gone. */
function lasts({ minutesLeft }: Shown, minutes: number): boolean {
  return minutesLeft !== undefined && minutesLeft <= minutes;
}

const placeOf = (source: number | Buffer | undefined) => (Buffer.isBuffer(source) ? rowOfCode(source) : undefined);
const text = (value: number | Buffer | undefined): string => (Buffer.isBuffer(value) ? value.toString('utf8') : '');

/** Lets time pass; false when the signal aborted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
