import type { Duplex } from 'node:stream';
import { blockOf, Code, Flag, frame, FRAME_HEAD, FRAME_LIMIT, frameHead, FrameReader, MOST, number, PREFACE, readSettings, Setting, settings, Type, WINDOW } from './http2-frames.js';
import { HeaderWriter, readHead, type Headers } from './hpack.js';

/** A request, and what is to be heard of it. */
export interface Call {
  readonly path: string;
  readonly headers: Headers;
  /** Made when its turn has come; nothing when there is nothing to send after all. */
  readonly body: () => Buffer | undefined;
  readonly answered: (status: number, retryAfter: string | undefined) => void;
  /** There will be no answer. `left`: whether the server may have acted on the request. */
  readonly broken: (reason: string, left: boolean) => void;
}

/** Octets of an answer's header block, and of what the server has yet to read: one that lets more pile up reads nothing. */
const BLOCK_LIMIT = 65_536;
const BACKLOG_LIMIT = 16 * 1_048_576;
/** How long the rest of an answer is read whose status has said everything, in milliseconds. */
const DRAIN_MS = 2_000;
/** Requests under way at once, if the server allows: more do push services not. */
export const STREAMS = 100;

/** A call that waits (`id` 0), or whose stream is open. */
interface Stream {
  readonly call: Call;
  id: number;
  /** What the server takes on this stream, and what is yet to be sent. */
  window: number;
  rest: Buffer | undefined;
  answered: boolean;
  /** Octets of the answer's body. */
  size: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The client's half of an HTTP/2 connection (RFC 9113) for requests that are small and many: to one that sends an alert to all
 * of a country's browsers, a stream object of `node:http2` costs several times what goes over it. Here a request is two
 * frames, what goes out at once is written at once, and of an answer nothing but the status and Retry-After is read.
 */
export class Http2Line {
  /** Resolves once the server has said how it wants to be spoken to; rejects when the connection ends before. */
  readonly ready: Promise<void>;
  /** Called once, when the connection is gone. */
  onClose: () => void = () => undefined;
  private readonly frames = new FrameReader((type, flags, id, payload) => this.take(type, flags, id, payload));
  private readonly writer: HeaderWriter;
  private readonly waiting = new Set<Stream>();
  private readonly streams = new Map<number, Stream>();
  private readonly pings: ((alive: boolean) => void)[] = [];
  private next = 1;
  private limit = STREAMS;
  private frameLimit = FRAME_LIMIT;
  private streamWindow = WINDOW;
  private window = WINDOW;
  /** Octets of answers for which the server has not got room back. */
  private taken = 0;
  private block: { readonly id: number; readonly end: boolean; readonly parts: Buffer[]; size: number } | undefined;
  private out: Buffer[] = [];
  private leaving = false;
  private gone = false;
  private settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  /** Over a socket that is up; `authority` is the host and port asked for. */
  constructor(private readonly socket: Duplex, authority: string) {
    this.writer = new HeaderWriter(authority);
    this.ready = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.ready.catch(() => undefined);
    socket.on('data', (octets: Buffer) => this.read(octets));
    socket.on('error', () => undefined);
    socket.once('end', () => this.end('reset')).once('close', () => this.end('reset'));
    // No pushes, and no header that we would have to remember.
    this.put(PREFACE, frame(Type.SETTINGS, 0, 0, settings([Setting.HEADER_TABLE_SIZE, 0], [Setting.ENABLE_PUSH, 0])));
  }

  /** Whether it takes no more requests. */
  get closed(): boolean {
    return this.leaving || this.gone;
  }

  /** Requests under way and waiting. */
  get load(): number {
    return this.streams.size + this.waiting.size;
  }

  /** Whether a request would go out at once. */
  get hasRoom(): boolean {
    return this.load < this.limit;
  }

  /** Sends a request when its turn comes. Returns what calls it off; then it hears no more. */
  begin(call: Call): () => void {
    if (this.closed) {
      call.broken('reset', false);
      return () => undefined;
    }
    const stream: Stream = { call, id: 0, window: 0, rest: undefined, answered: false, size: 0, timer: undefined };
    this.waiting.add(stream);
    this.advance();
    return () => {
      if (!this.waiting.delete(stream) && this.streams.has(stream.id)) this.cancel(stream);
    };
  }

  /** Asks whether the server lives. */
  ping(): Promise<boolean> {
    if (this.closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.pings.push(resolve);
      this.put(frame(Type.PING, 0, 0, Buffer.alloc(8)));
    });
  }

  /** Ends the connection and all that is under way on it. */
  destroy(): void {
    this.end('closed');
  }

  private advance(): void {
    for (const stream of this.waiting) {
      if (this.streams.size >= this.limit || this.closed) break;
      this.waiting.delete(stream);
      stream.rest = stream.call.body();
      if (stream.rest) this.open(stream);
    }
    if (this.leaving && this.load === 0) this.end('reset');
  }

  private open(stream: Stream): void {
    const { path, headers } = stream.call;
    stream.id = this.next;
    stream.window = this.streamWindow;
    this.streams.set(stream.id, stream);
    this.next += 2;
    const block = this.writer.write(path, headers);
    for (let at = 0; at < block.length; at += this.frameLimit) {
      const part = block.subarray(at, at + this.frameLimit);
      this.put(frameHead(part.length, at === 0 ? Type.HEADERS : Type.CONTINUATION, at + part.length === block.length ? Flag.END_HEADERS : 0, stream.id), part);
    }
    this.feed(stream);
    if (this.next > MOST) this.leave();
  }

  /** Sends of a body what the windows let through. */
  private feed(stream: Stream): void {
    while (stream.rest) {
      const length = Math.min(stream.rest.length, stream.window, this.window, this.frameLimit);
      if (length <= 0 && stream.rest.length > 0) return;
      const part = stream.rest.subarray(0, length);
      stream.rest = length < stream.rest.length ? stream.rest.subarray(length) : undefined;
      stream.window -= length;
      this.window -= length;
      this.put(frameHead(length, Type.DATA, stream.rest ? 0 : Flag.END_STREAM, stream.id), part);
    }
  }

  private read(octets: Buffer): void {
    if (this.gone) return;
    try {
      this.frames.read(octets);
    } catch {
      // Not HTTP/2, or not as it is meant: of what follows nothing could be believed.
      this.end('protocol');
    }
  }

  private take(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.gone) return;
    if (this.settle && (type !== Type.SETTINGS || (flags & Flag.ACK) !== 0)) throw new Error('no settings first');
    if (this.block && (type !== Type.CONTINUATION || id !== this.block.id)) throw new Error('a header block with something in between');
    if ((type === Type.DATA || type === Type.HEADERS || type === Type.RST_STREAM) && (id % 2 === 0 || id >= this.next)) throw new Error('a stream that nobody opened');
    const end = (flags & Flag.END_STREAM) !== 0;
    switch (type) {
      case Type.DATA: return this.takeData(id, payload, end);
      case Type.HEADERS:
        this.block = { id, end, parts: [], size: 0 };
        return this.takeBlock(blockOf(payload, flags), (flags & Flag.END_HEADERS) !== 0);
      case Type.CONTINUATION: return this.takeBlock(payload, (flags & Flag.END_HEADERS) !== 0);
      case Type.RST_STREAM: return this.over(this.streams.get(id), payload.readUInt32BE(0) !== Code.REFUSED_STREAM);
      case Type.SETTINGS: return (flags & Flag.ACK) === 0 ? this.takeSettings(payload) : undefined;
      case Type.PUSH_PROMISE: throw new Error('pushed though asked not to');
      case Type.PING: return (flags & Flag.ACK) !== 0 ? this.pings.shift()?.(true) : this.put(frame(Type.PING, Flag.ACK, 0, payload));
      case Type.GOAWAY: return this.takeGoAway(payload.readUInt32BE(0) & MOST);
      case Type.WINDOW_UPDATE: return this.takeWindow(id, payload.readUInt32BE(0) & MOST);
      // RFC 9113 section 5.5.
      default: return undefined;
    }
  }

  private takeBlock(part: Buffer, whole: boolean): void {
    const { block } = this;
    if (!block) throw new Error('nothing to continue');
    block.parts.push(part);
    block.size += part.length + FRAME_HEAD;
    if (block.size > BLOCK_LIMIT) throw new Error('a header block over the limit');
    if (!whole) return;
    this.block = undefined;
    const stream = this.streams.get(block.id);
    if (!stream) return;
    // Blocks do not build on each other, so trailers and what was called off need not be read.
    const head = stream.answered ? undefined : readHead(block.parts.length === 1 ? part : Buffer.concat(block.parts));
    // Below 200 it is news on the way to an answer (RFC 9110 section 15.2).
    if (head && head.status >= 200) {
      stream.answered = true;
      // The status has said everything; what follows is thrown away, up to a point. A stream reset for every answer would look
      // like an attack, and servers end the connection (CVE-2023-44487).
      if (!block.end) stream.timer = setTimeout(() => this.cancel(stream), DRAIN_MS).unref();
    }
    if (block.end) this.over(stream, true);
    if (head && head.status >= 200) stream.call.answered(head.status, head.retryAfter);
  }

  private takeData(id: number, { length }: Buffer, end: boolean): void {
    this.taken += length;
    if (this.taken > WINDOW / 2) {
      this.put(frame(Type.WINDOW_UPDATE, 0, 0, number(this.taken)));
      this.taken = 0;
    }
    const stream = this.streams.get(id);
    if (!stream) return;
    if (!stream.answered) throw new Error('a body before its head');
    stream.size += length;
    if (end) this.over(stream, true);
    // More nobody wants to read: the stream's window is used up, and the server does not get another one.
    else if (stream.size >= WINDOW) this.cancel(stream);
  }

  private takeSettings(payload: Buffer): void {
    for (const [id, value] of readSettings(payload)) {
      if (id === Setting.HEADER_TABLE_SIZE) this.writer.resize(value);
      if (id === Setting.MAX_CONCURRENT_STREAMS) this.limit = Math.min(value, STREAMS);
      if (id === Setting.MAX_FRAME_SIZE) this.frameLimit = value;
      if (id === Setting.INITIAL_WINDOW_SIZE) {
        // Also for streams under way (RFC 9113 section 6.9.2).
        for (const stream of this.streams.values()) stream.window += value - this.streamWindow;
        this.streamWindow = value;
      }
    }
    if (this.frameLimit < FRAME_LIMIT || this.streamWindow > MOST) throw new Error('settings that nobody may make');
    this.put(frame(Type.SETTINGS, Flag.ACK, 0, Buffer.alloc(0)));
    this.settle?.resolve();
    this.settle = undefined;
    this.feedAll();
    this.advance();
  }

  private takeWindow(id: number, more: number): void {
    const stream = this.streams.get(id);
    if (id === 0) this.window += more;
    else if (stream) stream.window += more;
    if (more === 0 || this.window > MOST || (stream && stream.window > MOST)) throw new Error('a window that nobody may have');
    if (stream) this.feed(stream);
    else if (id === 0) this.feedAll();
  }

  private feedAll(): void {
    for (const stream of this.streams.values()) if (stream.rest) this.feed(stream);
  }

  /** The server goes: up to `last` it still answers, the rest it has not touched (RFC 9113 section 6.8). */
  private takeGoAway(last: number): void {
    this.leave();
    for (const stream of [...this.streams.values()]) if (stream.id > last) this.over(stream, false);
    this.advance();
  }

  /** No more requests here. */
  private leave(): void {
    this.leaving = true;
    for (const stream of this.waiting) {
      this.waiting.delete(stream);
      stream.call.broken('reset', false);
    }
  }

  /** The server has ended a stream: with its answer, or without any. */
  private over(stream: Stream | undefined, left: boolean, reason = 'reset'): void {
    if (!stream) return;
    // Answered before all was sent: the server wants no more of it.
    if (stream.rest) this.put(frame(Type.RST_STREAM, 0, stream.id, number(Code.NO_ERROR)));
    this.forget(stream);
    if (!stream.answered) stream.call.broken(reason, left);
    this.advance();
  }

  private cancel(stream: Stream): void {
    this.put(frame(Type.RST_STREAM, 0, stream.id, number(Code.CANCEL)));
    this.forget(stream);
    this.advance();
  }

  private forget(stream: Stream): void {
    clearTimeout(stream.timer);
    this.streams.delete(stream.id);
  }

  /** What is put in one turn of the event loop is written at once. */
  private put(...octets: Buffer[]): void {
    if (this.out.length === 0) process.nextTick(() => this.flush());
    this.out.push(...octets);
  }

  private flush(): void {
    const { out } = this;
    this.out = [];
    if (this.gone) return;
    this.socket.write(Buffer.concat(out));
    if (this.socket.writableLength > BACKLOG_LIMIT) this.end('stalled');
  }

  private end(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    this.socket.destroy();
    this.settle?.reject(new Error(reason));
    this.leave();
    for (const stream of [...this.streams.values()]) this.over(stream, true, reason);
    for (const pong of this.pings.splice(0)) pong(false);
    this.onClose();
  }
}
