import { connect, type Socket } from 'node:net';
import type { CasparcgSettings } from './config.js';

/** Why a command has no answer. `left`: whether it had left when the trouble came. */
export class ServerTrouble extends Error {
  constructor(readonly reason: string, readonly left: boolean) {
    super(reason);
  }
}
/** An answer that is none of the protocol's, or to another request. */
export class StrangeAnswer extends Error {}

export interface Answer {
  /** Three digits: 2xx done, 4xx the client's fault, 5xx the server's. */
  readonly code: number;
  readonly data: string;
}

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * A conversation by AMCP (CasparCG's control protocol, 2.1): each command carries `REQ id`, and only an answer with `RES` and
 * the same id is its answer. Small and of our own, because whether a command had left when trouble came decides between
 * *deferred* and *uncertain*, and the libraries do not tell.
 */
export class Conversation {
  private received = '';
  private trouble: string | undefined;
  private heard: () => void = () => undefined;
  private last = 0;

  private constructor(private readonly socket: Socket, private readonly timeoutMs: number, private readonly signal: AbortSignal) {
    socket.setEncoding('utf8');
    socket.setNoDelay(true);
    socket.on('data', (text: string) => {
      this.received += text;
      if (this.received.length > MOST_BYTES) this.end('answer_too_long');
      this.heard();
    });
    socket.on('error', () => this.end('connection_lost'));
    socket.on('close', () => this.end('connection_lost'));
    signal.addEventListener('abort', this.aborted);
  }

  /** Throws a `ServerTrouble` when the server cannot be reached. */
  static async open({ host, port, timeoutMs }: CasparcgSettings, signal: AbortSignal): Promise<Conversation> {
    if (signal.aborted) throw new ServerTrouble(reasonOf(signal), false);
    const socket = connect({ host, port });
    const reason = await new Promise<string | undefined>((resolve) => {
      const settle = (why?: string): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        resolve(why);
      };
      const aborted = (): void => settle(reasonOf(signal));
      const timer = setTimeout(() => settle('timeout'), timeoutMs);
      signal.addEventListener('abort', aborted);
      socket.once('connect', () => settle()).once('error', () => settle('connect_refused'));
    });
    if (reason !== undefined) {
      socket.on('error', () => undefined).destroy();
      throw new ServerTrouble(reason, false);
    }
    return new Conversation(socket, timeoutMs, signal);
  }

  /** Sends a command under an id that begins with `name` and resolves with its answer. Throws `ServerTrouble` and `StrangeAnswer`. */
  async ask(command: string, name: string): Promise<Answer> {
    if (this.trouble !== undefined) throw new ServerTrouble(this.trouble, false);
    const id = `${name}-${(this.last += 1)}`;
    this.received = '';
    this.socket.write(`REQ ${id} ${command}\r\n`);
    const timer = setTimeout(() => this.end('timeout'), this.timeoutMs);
    try {
      for (;;) {
        const answer = readAnswer(this.received, id);
        if (answer) return answer;
        if (this.trouble !== undefined) throw new ServerTrouble(this.trouble, true);
        await new Promise<void>((resolve) => (this.heard = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.signal.removeEventListener('abort', this.aborted);
    this.trouble ??= 'closed';
    this.socket.destroy();
  }

  private readonly aborted = (): void => this.end(reasonOf(this.signal));

  private end(reason: string): void {
    if (this.trouble !== undefined) return;
    this.trouble = reason;
    this.socket.destroy();
    this.heard();
  }
}

/**
 * Reads `RES id 202 PLAY OK`; 201 is followed by one piece of data (a line, or a whole XML document), 200 by lines and an
 * empty one. Undefined while it is not all there. Throws a `StrangeAnswer` for anything else.
 */
export function readAnswer(received: string, id: string): Answer | undefined {
  const end = received.indexOf('\r\n');
  if (end < 0) return undefined;
  const [, of, code] = /^RES (\S+) (\d{3}) /.exec(`${received.slice(0, end)} `) ?? [];
  if (of !== id || code === undefined) throw new StrangeAnswer();
  const rest = received.slice(end + 2);
  if (code === '201') {
    const root = /^\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z_][\w.-]*)/.exec(rest)?.[1];
    const whole = root === undefined ? /^[^<][^\n]*\r\n$/.test(rest) : new RegExp(`</${root}>\\s*\\r\\n$|<${root}\\s*/>\\s*\\r\\n$`).test(rest);
    return whole ? { code: 201, data: rest } : undefined;
  }
  if (code === '200') return /(^|\r\n)\r\n$/.test(rest) ? { code: 200, data: rest } : undefined;
  return { code: Number(code), data: '' };
}

/** A signal that was aborted with a word says why; others were aborted by the house. */
const reasonOf = (signal: AbortSignal): string => (typeof signal.reason === 'string' ? signal.reason : 'aborted');
