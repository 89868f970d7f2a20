import { monotonicMs } from '#kernel/clock.js';
import { causeOf } from '#kernel/log.js';
import type { Destination, Line } from '#dispatch/channel.js';
import { Bind, type Reply, type Request } from './bind.js';
import type { SmppSettings } from './config.js';
import { bodyOf } from './frame-writer.js';
import { COMMAND, decodeDeliver, decodeQueried, encodeCancel, encodeQuery, MalformedPdu } from './pdu.js';
import { readReceipt, STATES } from './receipt.js';
import { ESME_RINVCMDID, ESME_RINVMSGID, ESME_ROK, ESME_RQUERYFAIL, ESME_RX_R_APPN, ESME_RX_T_APPN, statusName } from './status.js';
import { Throttle } from './throttle.js';

/** Somebody who has requests for the operator, and is asked for them whenever there is room. */
export interface Sender {
  /** Whether its requests count for the rate. */
  readonly paced: boolean;
  /** Whether it has one now. */
  readonly waiting: boolean;
  /** The next one. Called only while `waiting`. */
  next(): Request;
  /** Nobody is there to take what waits now. */
  dismiss(why: string): void;
}

/**
 * What the operator says of a message: its state in the words of receipts; that it knows no such message (any more); that it
 * cannot be asked at all; or nothing that counts, for now.
 */
export type QueryAnswer = { readonly kind: 'state'; readonly word: string } | { readonly kind: 'unknown_message' | 'no_such_command' | 'later' };

interface Enlisted {
  readonly sender: Sender;
  /** From when on it has been waiting, at the earliest. */
  since: number;
  timer: NodeJS.Timeout | undefined;
}

interface Slot {
  bind: Bind | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Attempts in a row that did not end in a bind. */
  failures: number;
  refused: boolean;
  boundAt?: number;
}

const FIRST_RETRY_MS = 50;
/** An operator that refuses our name is asked again in its own time: hammering locks accounts. */
const REFUSED_RETRY_MS = 1_000;
/** A bind that lived so long was a good one; one that ended sooner counts as another failure. */
const SETTLED_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;
/** Attempts of every bind after which those who wait are told that nobody is there. */
const HOPELESS = 3;

/** One operator as seen through all binds to it: keeps them warm, shares them out, and reads what comes back. */
export class Operator {
  readonly throttle: Throttle;
  /** When it last took a message, on the clock that never jumps. */
  takenAt = 0;
  private readonly slots: Slot[];
  /** Those who outrank the rest, and the rest; within each everybody in turn. */
  private readonly senders: readonly [Enlisted[], Enlisted[]] = [[], []];
  private readonly binds = new Set<Bind>();
  private pacing: NodeJS.Timeout | undefined;
  private serving = false;
  /** Since when no bind is open; undefined while one is. */
  private awaySince: number | undefined = monotonicMs();
  private closed = false;
  private away = 'not yet connected';
  private told = '';

  constructor(
    private readonly destination: Destination<SmppSettings>,
    private readonly line: Line,
  ) {
    this.throttle = new Throttle(destination.settings.ratePerSecond);
    this.slots = Array.from({ length: destination.settings.binds }, () => ({ bind: undefined, timer: undefined, failures: 0, refused: false }));
    for (const slot of this.slots) this.connect(slot);
  }

  /** Serves a sender from now on, urgent ones before all others, until it leaves. */
  enlist(sender: Sender, urgent: boolean): void {
    if (this.closed) return sender.dismiss('closed');
    const enlisted: Enlisted = { sender, since: monotonicMs(), timer: undefined };
    this.senders[urgent ? 0 : 1].push(enlisted);
    if (this.awaySince !== undefined) this.limitWait(enlisted);
    this.serve();
  }

  leave(sender: Sender): void {
    for (const queue of this.senders) {
      const at = queue.findIndex((enlisted) => enlisted.sender === sender);
      if (at >= 0) clearTimeout(queue.splice(at, 1)[0]?.timer);
    }
  }

  /** The operator took a message. */
  took(): void {
    this.takenAt = monotonicMs();
    this.throttle.recover();
  }

  /**
   * Tries to recall a message that is still under way (`cancel_sm`), and resolves with whether any answer came. That the
   * message was too far gone is an answer too.
   */
  async cancel(messageId: string, signal: AbortSignal): Promise<boolean> {
    return 'answer' in (await this.ask(COMMAND.cancelSm, encodeCancel(messageId, this.destination.settings.source), signal));
  }

  /** Asks what became of a message (`query_sm`). Whatever is to be sent goes before it or in turn with it. */
  async query(messageId: string, signal: AbortSignal): Promise<QueryAnswer> {
    const reply = await this.ask(COMMAND.querySm, encodeQuery(messageId, this.destination.settings.source), signal, false);
    if (!('answer' in reply)) return { kind: 'later' };
    const { status, body } = reply.answer;
    if (status === ESME_RINVCMDID) return { kind: 'no_such_command' };
    if (status === ESME_RINVMSGID || status === ESME_RQUERYFAIL) return { kind: 'unknown_message' };
    if (status !== ESME_ROK) return { kind: 'later' };
    try {
      return { kind: 'state', word: STATES[decodeQueried(body, messageId)] ?? 'UNKNOWN' };
    } catch (error) {
      if (error instanceof MalformedPdu) return { kind: 'later' };
      throw error;
    }
  }

  /** Asks over a bind whether the operator is there (`enquire_link`); resolves with the trouble, or undefined. */
  async trouble(signal: AbortSignal): Promise<string | undefined> {
    const reply = await this.ask(COMMAND.enquireLink, Buffer.alloc(0), signal);
    if ('none' in reply) return reply.none;
    if ('lost' in reply) return reply.lost;
    return reply.answer.status === ESME_ROK ? undefined : statusName(reply.answer.status);
  }

  /** Ends every wait with `closed`, says goodbye on every bind, and leaves nothing open. */
  async close(): Promise<void> {
    this.closed = true;
    for (const slot of this.slots) clearTimeout(slot.timer);
    clearTimeout(this.pacing);
    this.dismiss('closed');
    for (const queue of this.senders) for (const { timer } of queue) clearTimeout(timer);
    await Promise.all([...this.binds].map((bind) => bind.close()));
  }

  /** One request outside of the rate, before all others unless told otherwise, as soon as there is a place in a window; `none` when there is none. */
  private ask(command: number, body: Uint8Array, signal: AbortSignal, urgent = true): Promise<Reply | { readonly none: string }> {
    if (signal.aborted) return Promise.resolve({ none: 'aborted' });
    return new Promise((resolve) => {
      let left = false;
      const end = (reply: Reply | { readonly none: string }): void => {
        signal.removeEventListener('abort', abort);
        this.leave(sender);
        resolve(reply);
      };
      const abort = (): void => end(left ? { lost: 'aborted' } : { none: 'aborted' });
      const sender: Sender = {
        paced: false,
        get waiting() {
          return !left;
        },
        next: () => {
          left = true;
          return { command, ...bodyOf(body), settle: end };
        },
        dismiss: (none) => {
          if (!left) end({ none });
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.enlist(sender, urgent);
    });
  }

  /** Hands out free places in the windows, as far as the rate allows. */
  serve(): void {
    if (this.serving) return;
    this.serving = true;
    try {
      while (this.serveOne());
    } finally {
      this.serving = false;
    }
  }

  private serveOne(): boolean {
    let paceMs: number | undefined;
    for (const queue of this.senders) {
      for (let turn = 0; turn < queue.length; turn += 1) {
        const enlisted = queue[turn]!;
        const { sender } = enlisted;
        if (!sender.waiting) continue;
        const bind = this.emptiest();
        if (bind === undefined) {
          this.nudge();
          return false;
        }
        paceMs ??= this.throttle.waitMs();
        if (sender.paced && paceMs > 0) continue;
        if (queue.length > 1) queue.push(...queue.splice(turn, 1));
        if (sender.paced) this.throttle.spend();
        bind.send(sender.next());
        return true;
      }
    }
    if (paceMs !== undefined && paceMs > 0) this.pacing ??= setTimeout(() => {
      this.pacing = undefined;
      this.serve();
    }, Math.max(1, Math.ceil(paceMs)));
    return false;
  }

  /** A full window ends by itself, with answers or their timeouts; only an operator that is away needs a limit. */
  private limitWait(enlisted: Enlisted): void {
    clearTimeout(enlisted.timer);
    const { timeoutMs } = this.destination.settings;
    const since = Math.max(enlisted.since, this.awaySince ?? Infinity);
    enlisted.timer = setTimeout(() => {
      enlisted.sender.dismiss(`unreachable: ${this.away}`);
      enlisted.since = monotonicMs();
      if (this.awaySince !== undefined && this.senders.some((queue) => queue.includes(enlisted))) this.limitWait(enlisted);
    }, Math.max(1, since + timeoutMs - monotonicMs()));
  }

  private dismiss(why: string): void {
    for (const queue of this.senders) for (const { sender } of [...queue]) sender.dismiss(why);
  }

  private emptiest(): Bind | undefined {
    let best: Bind | undefined;
    for (const bind of this.binds) if (bind.room > (best?.room ?? 0)) best = bind;
    return best;
  }

  private anyOpen(): boolean {
    for (const bind of this.binds) if (bind.open) return true;
    return false;
  }

  private connect(slot: Slot): void {
    const { settings } = this.destination;
    slot.timer = undefined;
    const bind: Bind = new Bind({
      host: settings.host,
      port: settings.port,
      tls: settings.tls,
      outgoing: this.line.outgoing,
      systemId: settings.systemId,
      systemType: settings.systemType ?? '',
      window: settings.window,
      timeoutMs: settings.timeoutMs,
      enquireMs: settings.enquireLinkSeconds * 1_000,
      password: () => this.line.secret(settings.password),
      onBound: () => {
        slot.boundAt = monotonicMs();
        slot.refused = false;
        this.awaySince = undefined;
        for (const queue of this.senders) for (const { timer } of queue) clearTimeout(timer);
        this.tell('bound');
        this.serve();
      },
      onRoom: () => this.serve(),
      onEnd: (_, why) => this.lose(slot, why),
      onClose: () => void this.binds.delete(bind),
      onDeliver: (body) => this.receive(body),
    });
    slot.bind = bind;
    this.binds.add(bind);
  }

  private lose(slot: Slot, why: string): void {
    slot.bind = undefined;
    this.away = why;
    if (this.closed) return;
    if (slot.boundAt !== undefined && monotonicMs() - slot.boundAt > SETTLED_MS) slot.failures = 0;
    delete slot.boundAt;
    if (!this.anyOpen()) {
      this.tell(`away: ${why}`);
      if (this.awaySince === undefined) {
        this.awaySince = monotonicMs();
        for (const queue of this.senders) for (const enlisted of queue) this.limitWait(enlisted);
      }
    }
    slot.refused = why.startsWith('bind refused');
    const first = slot.refused ? REFUSED_RETRY_MS : FIRST_RETRY_MS;
    // Each bind a little later than the one before, so that they do not all knock at once.
    const spread = 1 + this.slots.indexOf(slot) / 8;
    slot.timer = setTimeout(() => this.connect(slot), Math.min(first * 2 ** slot.failures, LONGEST_RETRY_MS) * spread);
    slot.failures += 1;
    if (this.slots.every((s) => s.bind === undefined && (s.refused || s.failures >= HOPELESS))) this.dismiss(`unreachable: ${why}`);
  }

  /** Somebody waits: a bind that was to be tried much later is tried soon, unless the operator refused it. */
  private nudge(): void {
    if (this.anyOpen()) return;
    if (this.slots.every((s) => s.refused && s.bind === undefined)) return queueMicrotask(() => this.dismiss(`unreachable: ${this.away}`));
    for (const slot of this.slots) {
      if (slot.bind !== undefined || slot.refused || slot.failures < HOPELESS) continue;
      clearTimeout(slot.timer);
      slot.failures = 0;
      slot.timer = setTimeout(() => this.connect(slot), FIRST_RETRY_MS);
    }
  }

  /** Stores a receipt and only then answers it; what is no receipt is refused, for nobody here would read it. */
  private async receive(body: Buffer): Promise<number> {
    const reading = readReceipt(decodeDeliver(body), this.destination.id);
    if (reading.kind === 'other') return ESME_RX_R_APPN;
    if (reading.kind === 'interim') return ESME_ROK;
    try {
      await this.line.receive(reading.receipt);
      return ESME_ROK;
    } catch (error) {
      this.line.log.event('receipt.refused', { channel: 'smpp', destination: this.destination.id, cause: causeOf(error) }, 'warn');
      return ESME_RX_T_APPN;
    }
  }

  private tell(state: string): void {
    if (state === this.told) return;
    this.told = state;
    this.line.log.event('connection.changed', { channel: 'smpp', destination: this.destination.id, state }, state === 'bound' ? 'info' : 'warn');
  }
}
