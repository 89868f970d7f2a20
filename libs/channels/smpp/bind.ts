import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { monotonicMs } from '#kernel/clock.js';
import { answerOf, COMMAND, encodeBind, encodeFrame, type Frame, FrameReader, isAnswer, MalformedPdu } from './pdu.js';
import { ESME_RINVCMDID, ESME_ROK, statusName } from './status.js';

/** What came of one request: its answer, or why there is none. All but the answer mean that bytes left. */
export type Reply = { readonly answer: Frame } | { readonly lost: 'aborted' | 'timeout' | 'closed' | 'rubbish' };

/** How one bind is made, and whom it tells what. */
export interface BindOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly systemId: string;
  readonly systemType: string;
  readonly window: number;
  readonly timeoutMs: number;
  readonly enquireMs: number;
  password(): string;
  /** The operator took the bind. */
  onBound(bind: Bind): void;
  /** A place in the window became free. */
  onRoom(): void;
  /** The bind takes no more requests; called once. `why` names no secret and no number. */
  onEnd(bind: Bind, why: string): void;
  /** The connection is gone, after the last answer that was still due. */
  onClose(): void;
  /** A `deliver_sm` came in: resolves with the status to answer, and only then is it answered. */
  onDeliver(body: Buffer): Promise<number>;
}

interface Pending {
  readonly command: number;
  settle(reply: Reply): void;
}

/** Receipts that wait to be stored before a bind stops reading, so that a flood of them cannot fill the memory. */
const MOST_UNSTORED = 1_000;
/** Patience with the goodbye: nothing depends on it. */
const UNBIND_MS = 500;

/** One transceiver bind over one connection: from connecting to the end, never reused. */
export class Bind {
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private readonly pending = new Map<number, Pending>();
  private readonly start: NodeJS.Timeout;
  private enquiry: NodeJS.Timeout | undefined;
  private sequence = 0;
  private reserved = 0;
  private unstored = 0;
  private heardAt = 0;
  private why: string | undefined;
  private bound = false;

  constructor(private readonly options: BindOptions) {
    const { host, port } = options;
    this.socket = options.tls ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) }) : connectTcp({ host, port });
    this.socket.setNoDelay(true);
    this.start = setTimeout(() => this.end('timeout'), options.timeoutMs);
    this.socket.once(options.tls ? 'secureConnect' : 'connect', () => void this.introduce());
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.end(error.code ?? 'connection failed'));
    this.socket.on('close', () => {
      this.end('closed');
      options.onClose();
    });
  }

  /** Whether requests may be given to it. */
  get open(): boolean {
    return this.bound && this.why === undefined;
  }

  /** Free places in the window. */
  get room(): number {
    return this.open ? this.options.window - this.pending.size - this.reserved : 0;
  }

  /** Keeps a place in the window for a request to come: `spend` it on that request, or `release` it to others. */
  reserve(): void {
    this.reserved += 1;
  }

  spend(): void {
    this.reserved -= 1;
  }

  release(): void {
    this.reserved -= 1;
    this.options.onRoom();
  }

  /**
   * Writes one request and waits for its answer. An aborted signal ends the wait, not the place in the window: the
   * operator still has the message. An answer that does not come in time retires the bind.
   */
  request(command: number, body: Buffer, signal?: AbortSignal): Promise<Reply> {
    return new Promise((resolve) => {
      if (this.why !== undefined) return resolve({ lost: 'closed' });
      do this.sequence = this.sequence >= 0x7fffffff ? 1 : this.sequence + 1;
      while (this.pending.has(this.sequence));
      const sequence = this.sequence;
      const abort = (): void => resolve({ lost: 'aborted' });
      const timer = setTimeout(() => {
        this.answer(sequence, { lost: 'timeout' });
        this.retire('timeout');
      }, this.options.timeoutMs);
      this.pending.set(sequence, {
        command,
        settle: (reply) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          resolve(reply);
        },
      });
      signal?.addEventListener('abort', abort, { once: true });
      this.socket.write(encodeFrame(command, ESME_ROK, sequence, body));
    });
  }

  /** Takes no more requests, waits for the answers still due, then closes. */
  retire(why: string): void {
    if (this.why !== undefined) return;
    this.finish(why);
    if (this.pending.size === 0) this.socket.destroy();
  }

  /** Says goodbye and closes; requests without an answer end as `closed`. */
  async close(): Promise<void> {
    if (this.open) {
      const farewell = this.request(COMMAND.unbind, Buffer.alloc(0));
      this.finish('closed');
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.min(UNBIND_MS, this.options.timeoutMs));
      });
      await Promise.race([farewell, patience]);
      clearTimeout(timer);
    }
    this.end('closed');
  }

  /** The partner's bytes made no sense: closes at once. */
  distrust(): void {
    this.end('rubbish');
  }

  private async introduce(): Promise<void> {
    let body: Buffer;
    try {
      body = encodeBind(this.options.systemId, this.options.password(), this.options.systemType);
    } catch {
      return this.end('no password');
    }
    const reply = await this.request(COMMAND.bindTransceiver, body);
    if (this.why !== undefined) return;
    if (!('answer' in reply)) return this.end(reply.lost);
    if (reply.answer.status !== ESME_ROK) return this.end(`bind refused: ${statusName(reply.answer.status)}`);
    clearTimeout(this.start);
    this.bound = true;
    this.enquiry = setInterval(() => this.enquire(), this.options.enquireMs);
    this.options.onBound(this);
  }

  /** Asks a silent partner whether it is still there (`enquire_link`). */
  private enquire(): void {
    if (!this.open || monotonicMs() - this.heardAt < this.options.enquireMs / 2) return;
    void this.request(COMMAND.enquireLink, Buffer.alloc(0)).then((reply) => {
      if ('lost' in reply) this.end(reply.lost);
    });
  }

  private read(chunk: Buffer): void {
    this.heardAt = monotonicMs();
    try {
      for (const frame of this.reader.push(chunk)) {
        if (this.socket.destroyed) return;
        if (isAnswer(frame.command)) this.readAnswer(frame);
        else this.readRequest(frame);
      }
    } catch (error) {
      if (!(error instanceof MalformedPdu)) throw error;
      this.end('rubbish');
    }
  }

  private readAnswer(frame: Frame): void {
    const asked = this.pending.get(frame.sequence);
    if (asked === undefined) {
      // A late answer to a request given up. A generic_nack to nothing says that the two of us are out of step.
      if (frame.command === COMMAND.genericNack) throw new MalformedPdu('generic_nack');
      return;
    }
    if (frame.command !== answerOf(asked.command) && frame.command !== COMMAND.genericNack) throw new MalformedPdu('answer to another command');
    if (frame.command === COMMAND.genericNack && frame.status === ESME_ROK) throw new MalformedPdu('generic_nack without a status');
    this.answer(frame.sequence, { answer: frame });
  }

  private readRequest(frame: Frame): void {
    const respond = (status: number, body?: Buffer): void => {
      if (!this.socket.destroyed) this.socket.write(encodeFrame(answerOf(frame.command), status, frame.sequence, body));
    };
    switch (frame.command) {
      case COMMAND.deliverSm:
        this.unstored += 1;
        if (this.unstored >= MOST_UNSTORED) this.socket.pause();
        void this.options.onDeliver(frame.body).then(
          (status) => {
            this.unstored -= 1;
            if (this.unstored < MOST_UNSTORED) this.socket.resume();
            // The message_id of deliver_sm_resp is unused and set to NULL (SMPP 3.4, section 4.6.2).
            respond(status, Buffer.from([0]));
          },
          () => this.end('rubbish'),
        );
        return;
      case COMMAND.enquireLink:
        return respond(ESME_ROK);
      case COMMAND.unbind:
        respond(ESME_ROK);
        return this.retire('unbound by the operator');
      case COMMAND.alertNotification:
      case COMMAND.outbind:
        return;
      default:
        this.socket.write(encodeFrame(COMMAND.genericNack, ESME_RINVCMDID, frame.sequence));
    }
  }

  private answer(sequence: number, reply: Reply): void {
    const asked = this.pending.get(sequence);
    if (asked === undefined) return;
    this.pending.delete(sequence);
    asked.settle(reply);
    if (this.why !== undefined && this.pending.size === 0) this.socket.destroy();
    else this.options.onRoom();
  }

  /** Tells once that this bind takes no more requests. */
  private finish(why: string): void {
    if (this.why !== undefined) return;
    this.why = why;
    clearTimeout(this.start);
    clearInterval(this.enquiry);
    this.options.onEnd(this, why);
  }

  private end(why: string): void {
    this.finish(why);
    this.socket.destroy();
    const lost = why === 'rubbish' ? 'rubbish' : 'closed';
    for (const [sequence, asked] of this.pending) {
      this.pending.delete(sequence);
      asked.settle({ lost });
    }
  }
}
