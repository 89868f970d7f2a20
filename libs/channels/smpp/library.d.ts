/** The little of npm `smpp` 0.6 (MIT, ships no types) that the simulated operator and the benchmark use. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  /** A PDU with its mandatory and optional parameters as fields; unknown optional parameters under their decimal tag. */
  export interface Pdu {
    readonly command: string;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly [field: string]: unknown;
    response(options?: Record<string, unknown>): Pdu;
    isResponse(): boolean;
    toBuffer(): Buffer;
  }

  export interface Session extends EventEmitter {
    readonly socket: Socket;
    readonly closed: boolean;
    /** Writes a PDU; the callback gets the answer. False when the socket is closed. */
    send(pdu: Pdu, answered?: (answer: Pdu) => void): boolean;
    bind_transceiver(fields: Record<string, unknown>, answered: (answer: Pdu) => void): void;
    destroy(): void;
  }

  interface Library {
    readonly PDU: new (command: string | Buffer, options?: Record<string, unknown>) => Pdu;
    connect(options: { readonly host: string; readonly port: number }): Session;
    createServer(listener: (session: Session) => void): NetServer;
  }

  const smpp: Library;
  export default smpp;
}
