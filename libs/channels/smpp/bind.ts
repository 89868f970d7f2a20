import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { monotonicMs } from '#kernel/clock.js';
import type { Outgoing } from '#dispatch/outgoing.js';
import { type Body, bodyOf, FrameWriter } from './frame-writer.js';
import { answerOf, COMMAND, encodeBind, type Frame, FrameReader, isAnswer, MalformedPdu } from './pdu.js';
import { ESME_RINVCMDID, ESME_ROK, statusName } from './status.js';

/** What came of one request: its answer, or why there is none. All but the answer mean that bytes left. */
export type Reply = { readonly answer: Frame } | { readonly lost: 'aborted' | 'timeout' | 'closed' | 'rubbish' };

/** A request, and who wants to know what came of it. */
export interface Request extends Body {
  readonly command: number;
  /** Told once. May throw `MalformedPdu` when the answer makes no sense: then the bind is closed. */
  settle(reply: Reply): void;
}

/** How one bind is made, and whom it tells what. */
export interface BindOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly outgoing: Outgoing;
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
  readonly request: Request;
  /** When it left, on the clock that never jumps. */
  readonly at: number;
}

const NOTHING = bodyOf(new Uint8Array());
/** The message_id of deliver_sm_resp is unused and set to NULL (SMPP 3.4, section 4.6.2). */
const NO_IDENTIFIER = bodyOf(Buffer.from([0]));

/** Receipts that wait to be stored before a bind stops reading, so that a flood of them cannot fill the memory. */
const MOST_UNSTORED = 1_000;
/** Patience with the goodbye: nothing depends on it. */
const UNBIND_MS = 500;

/** One transceiver bind over one connection: from connecting to the end, never reused. */
export class Bind {
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private readonly writer: FrameWriter;
  /** By sequence number, the oldest first. */
  private readonly pending = new Map<number, Pending>();
  private watch: NodeJS.Timeout | undefined;
  private reading = false;
  private readonly start: NodeJS.Timeout;
  private enquiry: NodeJS.Timeout | undefined;
  private sequence = 0;
  private unstored = 0;
  private heardAt = 0;
  private why: string | undefined;
  private bound = false;

  constructor(private readonly options: BindOptions) {
    const { host, port, outgoing } = options;
    const toward = outgoing.toward({ host, port });
    this.socket = options.tls ? connectTls({ ...toward, ...(isIP(host) === 0 && { servername: host }) }) : connectTcp(toward);
    this.socket.setNoDelay(true);
    this.writer = new FrameWriter(this.socket);
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
    return this.open ? this.options.window - this.pending.size : 0;
  }

  /** Writes one request. An answer that does not come in time retires the bind. */
  send(request: Request): void {
    if (this.why !== undefined) return request.settle({ lost: 'closed' });
    do this.sequence = this.sequence >= 0x7fffffff ? 1 : this.sequence + 1;
    while (this.pending.has(this.sequence));
    this.pending.set(this.sequence, { request, at: monotonicMs() });
    this.watch ??= setTimeout(() => this.expire(), this.options.timeoutMs);
    this.writer.put(request.command, ESME_ROK, this.sequence, request);
  }

  /** The same for one of our own about the bind itself. */
  private request(command: number, body: Uint8Array): Promise<Reply> {
    return new Promise((resolve) => this.send({ command, ...bodyOf(body), settle: resolve }));
  }

  /** Takes no more requests, waits for the answers still due, then closes. */
  retire(why: string): void {
    if (this.why !== undefined) return;
    this.finish(why);
    if (this.pending.size === 0) this.drop();
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
    this.reading = true;
    try {
      for (const frame of this.reader.push(chunk)) {
        if (this.socket.destroyed) return;
        if (isAnswer(frame.command)) this.readAnswer(frame);
        else this.readRequest(frame);
      }
    } catch (error) {
      if (!(error instanceof MalformedPdu)) throw error;
      this.end('rubbish');
    } finally {
      this.reading = false;
      // Once for all answers of a chunk: what follows them leaves together.
      this.options.onRoom();
      this.writer.flush();
    }
  }

  private readAnswer(frame: Frame): void {
    const asked = this.pending.get(frame.sequence);
    if (asked === undefined) {
      // A late answer to a request given up. A generic_nack to nothing says that the two of us are out of step.
      if (frame.command === COMMAND.genericNack) throw new MalformedPdu('generic_nack');
      return;
    }
    if (frame.command !== answerOf(asked.request.command) && frame.command !== COMMAND.genericNack) throw new MalformedPdu('answer to another command');
    if (frame.command === COMMAND.genericNack && frame.status === ESME_ROK) throw new MalformedPdu('generic_nack without a status');
    this.answer(frame.sequence, { answer: frame });
  }

  private readRequest(frame: Frame): void {
    const respond = (status: number, body = NOTHING): void => {
      if (!this.socket.destroyed) this.writer.put(answerOf(frame.command), status, frame.sequence, body);
    };
    switch (frame.command) {
      case COMMAND.deliverSm:
        this.unstored += 1;
        if (this.unstored >= MOST_UNSTORED) this.socket.pause();
        void this.options.onDeliver(frame.body).then(
          (status) => {
            this.unstored -= 1;
            if (this.unstored < MOST_UNSTORED) this.socket.resume();
            respond(status, NO_IDENTIFIER);
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
        this.writer.put(COMMAND.genericNack, ESME_RINVCMDID, frame.sequence, NOTHING);
    }
  }

  private answer(sequence: number, reply: Reply): void {
    const asked = this.pending.get(sequence);
    if (asked === undefined) return;
    this.pending.delete(sequence);
    asked.request.settle(reply);
    if (this.why !== undefined && this.pending.size === 0) this.drop();
    else if (!this.reading) this.options.onRoom();
  }

  /** One timer for the oldest request watches over all: they leave in their order. */
  private expire(): void {
    this.watch = undefined;
    const now = monotonicMs();
    let late = false;
    for (const [sequence, { at }] of this.pending) {
      const left = at + this.options.timeoutMs - now;
      if (left > 0) {
        this.watch = setTimeout(() => this.expire(), Math.ceil(left));
        break;
      }
      late = true;
      this.answer(sequence, { lost: 'timeout' });
    }
    if (late) this.retire('timeout');
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
    this.drop();
    const lost = why === 'rubbish' ? 'rubbish' : 'closed';
    for (const [sequence, { request }] of this.pending) {
      this.pending.delete(sequence);
      request.settle({ lost });
    }
  }

  private drop(): void {
    clearTimeout(this.watch);
    this.writer.flush();
    this.socket.destroy();
  }
}
