import { monotonicMs } from '#kernel/clock.js';
import { causeOf } from '#kernel/log.js';
import type { Destination, Line } from '#dispatch/channel.js';
import { Bind } from './bind.js';
import type { SmppSettings } from './config.js';
import { COMMAND, decodeDeliver, decodeTaken, encodeCancel, MalformedPdu, type Taken } from './pdu.js';
import { readReceipt } from './receipt.js';
import { ESME_ROK, ESME_RX_R_APPN, ESME_RX_T_APPN, statusName } from './status.js';
import { Throttle } from './throttle.js';

/** What came of one submission: the operator's status, no bytes sent, or bytes sent without a valid answer. */
export type Submitted =
  | { readonly kind: 'answered'; readonly status: number; readonly taken?: Taken }
  | { readonly kind: 'unsent'; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

interface Slot {
  bind: Bind | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Attempts in a row that did not end in a bind. */
  failures: number;
  refused: boolean;
  boundAt?: number;
}

type Seat = { readonly bind: Bind } | { readonly none: string };

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
  private readonly waiting = [new Set<(seat: Seat) => void>(), new Set<(seat: Seat) => void>()] as const;
  private readonly binds = new Set<Bind>();
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

  /** Sends one `submit_sm` or `submit_multi` when window and rate allow. Urgent ones go before all that wait. */
  async submit(command: number, body: Buffer, signal: AbortSignal, urgent: boolean): Promise<Submitted> {
    for (;;) {
      const seat = await this.seat(signal, urgent);
      if ('none' in seat) return { kind: 'unsent', why: seat.none };
      const { bind } = seat;
      const go = await this.throttle.pass(signal, urgent);
      // The bind may have ended while the message waited for its turn.
      if (!go || !bind.open) bind.release();
      if (!go) return { kind: 'unsent', why: signal.aborted ? 'aborted' : 'closed' };
      if (!bind.open) continue;
      bind.spend();
      const reply = await bind.request(command, body, signal);
      if ('lost' in reply) return { kind: 'lost', why: reply.lost };
      if (reply.answer.status !== ESME_ROK) return { kind: 'answered', status: reply.answer.status };
      try {
        const taken = decodeTaken(reply.answer.command, reply.answer.body);
        this.takenAt = monotonicMs();
        this.throttle.recover();
        return { kind: 'answered', status: ESME_ROK, taken };
      } catch (error) {
        if (!(error instanceof MalformedPdu)) throw error;
        bind.distrust();
        return { kind: 'lost', why: 'rubbish' };
      }
    }
  }

  /**
   * Tries to recall a message that is still under way (`cancel_sm`), and resolves with whether any answer came. That the
   * message was too far gone is an answer too.
   */
  async cancel(messageId: string, signal: AbortSignal): Promise<boolean> {
    const seat = await this.seat(signal, true);
    if ('none' in seat) return false;
    seat.bind.spend();
    return 'answer' in (await seat.bind.request(COMMAND.cancelSm, encodeCancel(messageId, this.destination.settings.source), signal));
  }

  /** Asks over a bind whether the operator is there (`enquire_link`); resolves with the trouble, or undefined. */
  async trouble(signal: AbortSignal): Promise<string | undefined> {
    const seat = await this.seat(signal, true);
    if ('none' in seat) return seat.none;
    seat.bind.spend();
    const reply = await seat.bind.request(COMMAND.enquireLink, Buffer.alloc(0), signal);
    if ('lost' in reply) return reply.lost;
    return reply.answer.status === ESME_ROK ? undefined : statusName(reply.answer.status);
  }

  /** Ends every wait with `closed`, says goodbye on every bind, and leaves nothing open. */
  async close(): Promise<void> {
    this.closed = true;
    for (const slot of this.slots) clearTimeout(slot.timer);
    this.throttle.close();
    this.dismiss('closed');
    await Promise.all([...this.binds].map((bind) => bind.close()));
  }

  /** A place in the window of the emptiest bind, kept until released. */
  private seat(signal: AbortSignal, urgent: boolean): Promise<Seat> {
    if (signal.aborted) return Promise.resolve({ none: 'aborted' });
    if (this.closed) return Promise.resolve({ none: 'closed' });
    const free = this.waiting[0].size + (urgent ? 0 : this.waiting[1].size) === 0 ? this.emptiest() : undefined;
    if (free !== undefined) {
      free.reserve();
      return Promise.resolve({ bind: free });
    }
    const queue = this.waiting[urgent ? 0 : 1];
    this.nudge();
    return new Promise((resolve) => {
      // A full window ends by itself, with answers or their timeouts; only an operator that is away needs a limit.
      const timer = setInterval(() => {
        if (!this.anyOpen()) end({ none: `unreachable: ${this.away}` });
      }, this.destination.settings.timeoutMs);
      const abort = (): void => end({ none: 'aborted' });
      const end = (seat: Seat): void => {
        clearInterval(timer);
        signal.removeEventListener('abort', abort);
        queue.delete(end);
        resolve(seat);
      };
      signal.addEventListener('abort', abort, { once: true });
      queue.add(end);
    });
  }

  private serve(): void {
    for (const queue of this.waiting) {
      for (const end of queue) {
        const bind = this.emptiest();
        if (bind === undefined) return;
        bind.reserve();
        end({ bind });
      }
    }
  }

  private dismiss(none: string): void {
    for (const queue of this.waiting) for (const end of queue) end({ none });
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
      systemId: settings.systemId,
      systemType: settings.systemType ?? '',
      window: settings.window,
      timeoutMs: settings.timeoutMs,
      enquireMs: settings.enquireLinkSeconds * 1_000,
      password: () => this.line.secret(settings.password),
      onBound: () => {
        slot.boundAt = monotonicMs();
        slot.refused = false;
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
    if (!this.anyOpen()) this.tell(`away: ${why}`);
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
