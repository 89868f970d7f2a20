/** The little of npm `net-snmp` 3.29 (MIT, ships no types) that a manager of one sign uses. */
declare module 'net-snmp' {
  import type { EventEmitter } from 'node:events';

  export interface Varbind {
    readonly oid: string;
    readonly type: number;
    /** A number for integers, a Buffer for octet strings. */
    readonly value: unknown;
  }

  export interface SessionOptions {
    readonly version: number;
    readonly port: number;
    /** Milliseconds for each try. */
    readonly timeout: number;
    readonly retries: number;
    readonly transport: 'udp4' | 'udp6';
  }

  export interface User {
    readonly name: string;
    readonly level: number;
    readonly authProtocol: string;
    readonly authKey: string;
    readonly privProtocol: string;
    readonly privKey: string;
  }

  /** Emits `error` for datagrams that are no SNMP; whoever does not listen is thrown at. */
  export interface Session extends EventEmitter {
    get(oids: readonly string[], answered: (error: Error | null, varbinds?: readonly Varbind[]) => void): void;
    set(varbinds: readonly Varbind[], answered: (error: Error | null, varbinds?: readonly Varbind[]) => void): void;
    close(): void;
  }

  interface Library {
    readonly Version1: number;
    readonly Version2c: number;
    readonly ObjectType: { readonly Integer: number; readonly OctetString: number };
    readonly SecurityLevel: { readonly authPriv: number };
    readonly AuthProtocols: Readonly<Record<'sha' | 'sha256' | 'sha512', string>>;
    readonly PrivProtocols: Readonly<Record<'aes', string>>;
    /** `status` is one of `ErrorStatus`, RFC 3416 section 3. */
    readonly RequestFailedError: new () => Error & { readonly status: number };
    readonly RequestTimedOutError: new () => Error;
    createSession(target: string, community: string, options: SessionOptions): Session;
    createV3Session(target: string, user: User, options: Omit<SessionOptions, 'version'>): Session;
  }

  const snmp: Library;
  export default snmp;
}
