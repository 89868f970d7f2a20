import { connect, type Socket } from 'node:net';
import type { LiquidsoapSettings } from './config.js';

/** Why a command has no answer. `left`: whether it had left when the trouble came. */
export class ServerTrouble extends Error {
  constructor(readonly reason: string, readonly left: boolean) {
    super(reason);
  }
}

const MOST_BYTES = 1024 * 1024;
const END = /(^|\n)END\r?\n$/;

/**
 * A conversation with a Liquidsoap server: one command at a time, each answered by lines and a last line `END`. A
 * conversation is short and has a connection of its own, so none waits for another's answer.
 */
export class Conversation {
  private received = '';
  private trouble: string | undefined;
  private heard: () => void = () => undefined;

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
  static async open({ host, port, timeoutMs }: LiquidsoapSettings, signal: AbortSignal): Promise<Conversation> {
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

  /** Sends a command and resolves with its answer without the `END`. Throws a `ServerTrouble`. */
  async ask(command: string): Promise<string> {
    if (this.trouble !== undefined) throw new ServerTrouble(this.trouble, false);
    this.received = '';
    this.socket.write(`${command}\n`);
    const timer = setTimeout(() => this.end('timeout'), this.timeoutMs);
    try {
      while (!END.test(this.received)) {
        if (this.trouble !== undefined) throw new ServerTrouble(this.trouble, true);
        await new Promise<void>((resolve) => (this.heard = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
    return this.received.replace(END, '').replace(/[\r\n]+$/, '');
  }

  /** Says good-bye and ends the connection. */
  close(): void {
    this.signal.removeEventListener('abort', this.aborted);
    if (this.trouble === undefined) this.socket.end('quit\n');
    // A server that does not hang up in turn is left.
    setTimeout(() => this.socket.destroy(), 200).unref();
  }

  private readonly aborted = (): void => this.end(reasonOf(this.signal));

  private end(reason: string): void {
    if (this.trouble !== undefined) return;
    this.trouble = reason;
    this.socket.destroy();
    this.heard();
  }
}

/** A signal that was aborted with a word says why; others were aborted by the house. */
const reasonOf = (signal: AbortSignal): string => (typeof signal.reason === 'string' ? signal.reason : 'aborted');
