import { connect, type Socket } from 'node:net';
import { addressWordOf, type Outgoing } from '../outgoing.js';

/** Where a playout takes commands, and the patience for one of them in milliseconds. */
export interface ControlAddress {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Why a command has no answer, or was not carried out. `left`: whether it may have had an effect when the trouble came. */
export class PlayoutTrouble extends Error {
  constructor(readonly reason: string, readonly left: boolean) {
    super(reason);
  }
}
/** An answer that is none of the protocol's, or to another request. */
export class StrangeAnswer extends Error {}

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * A connection over which a playout is commanded in text: one command at a time, each with its answer. It is short and one
 * conversation's own, so none waits for another's answer. Small and of our own, because whether a command had left when
 * trouble came decides between *deferred* and *uncertain*, and the libraries do not tell.
 */
export class ControlLine {
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

  /** Throws a `PlayoutTrouble` when the playout cannot be reached. */
  static async open({ host, port, timeoutMs }: ControlAddress, outgoing: Outgoing, signal: AbortSignal): Promise<ControlLine> {
    if (signal.aborted) throw new PlayoutTrouble(reasonOf(signal), false);
    const socket = connect(outgoing.toward({ host, port }));
    const reason = await new Promise<string | undefined>((resolve) => {
      const settle = (why?: string): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        resolve(why);
      };
      const aborted = (): void => settle(reasonOf(signal));
      const timer = setTimeout(() => settle('timeout'), timeoutMs);
      signal.addEventListener('abort', aborted);
      socket.once('connect', () => settle()).once('error', (error) => settle(addressWordOf(error) ?? 'connect_refused'));
    });
    if (reason !== undefined) {
      socket.on('error', () => undefined).destroy();
      throw new PlayoutTrouble(reason, false);
    }
    return new ControlLine(socket, timeoutMs, signal);
  }

  /**
   * Sends a command, which ends its own line, and resolves with what `read` makes of all that came since: undefined while the
   * answer is not all there. Throws a `PlayoutTrouble`, and whatever `read` throws.
   */
  async ask<T>(command: string, read: (received: string) => T | undefined): Promise<T> {
    if (this.trouble !== undefined) throw new PlayoutTrouble(this.trouble, false);
    this.received = '';
    this.socket.write(command);
    const timer = setTimeout(() => this.end('timeout'), this.timeoutMs);
    try {
      for (;;) {
        const answer = read(this.received);
        if (answer !== undefined) return answer;
        if (this.trouble !== undefined) throw new PlayoutTrouble(this.trouble, true);
        await new Promise<void>((resolve) => (this.heard = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says good-bye where the protocol has a word for it, and ends the connection. */
  close(farewell = ''): void {
    this.signal.removeEventListener('abort', this.aborted);
    if (this.trouble !== undefined || farewell === '') return void this.socket.destroy();
    this.socket.end(farewell);
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
export const reasonOf = (signal: AbortSignal): string => (typeof signal.reason === 'string' ? signal.reason : 'aborted');
