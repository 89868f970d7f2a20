import type { Socket } from 'node:net';
import { HEADER, writeHeader } from './pdu.js';

/** What stands in a PDU after its header. */
export interface Body {
  /** Octets. */
  readonly size: number;
  /** Writes just so many octets. */
  write(into: Buffer, at: number): void;
}

const BATCH = 65_536;

/**
 * Writes PDUs to a socket, all that come in one turn of the event loop together: a system call for each would cost more than
 * all else that is done for a message.
 */
export class FrameWriter {
  private batch = Buffer.allocUnsafeSlow(BATCH);
  /** What was handed to the socket already, and what was written. */
  private from = 0;
  private to = 0;
  private due = false;

  constructor(private readonly socket: Socket) {}

  put(command: number, status: number, sequence: number, body: Body): void {
    const length = HEADER + body.size;
    if (this.batch.length - this.to < length) {
      this.flush();
      if (this.to > 0 || this.batch.length < length) this.batch = Buffer.allocUnsafeSlow(Math.max(BATCH, length));
      this.from = this.to = 0;
    }
    writeHeader(this.batch, this.to, length, command, status, sequence);
    body.write(this.batch, this.to + HEADER);
    this.to += length;
    if (this.due) return;
    this.due = true;
    process.nextTick(() => this.flush());
  }

  /** Hands over everything now. */
  flush(): void {
    this.due = false;
    if (this.from === this.to) return;
    if (!this.socket.destroyed) this.socket.write(this.batch.subarray(this.from, this.to));
    // The system has copied it all: the same memory serves again. Otherwise the socket still reads from it.
    this.from = this.to = this.socket.writableLength === 0 ? 0 : this.to;
  }
}

/** A body of octets. */
export function bodyOf(bytes: Uint8Array): Body {
  return { size: bytes.length, write: (into, at) => into.set(bytes, at) };
}
