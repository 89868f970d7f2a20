import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import SMTPConnection, { type SMTPConnectionAuth, type SMTPConnectionOptions, type SMTPConnectionSendInfo, type SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import { addressWordOf, type Outgoing } from '#dispatch/outgoing.js';

/** What nodemailer calls a server that does not answer at an address: another of the same host may. */
const UNREACHED: ReadonlySet<string> = new Set(['ESOCKET', 'ECONNECTION', 'ETIMEDOUT']);

/** Why a message did not get its answer. */
export interface SmtpTrouble {
  /** Whether a byte of the message itself had left: from then on the server may have taken it. */
  readonly bytesLeft: boolean;
  /** `aborted` by the signal, `closed` by us; otherwise what nodemailer calls it (`ECONNECTION`, `EENVELOPE`, ...). */
  readonly code: string;
  /** The server's reply, where there was one. */
  readonly reply?: SmtpReply;
  /** The replies to the recipients that were turned away. */
  readonly rejected: readonly Rejection[];
}

export interface Rejection {
  readonly recipient: string;
  readonly reply?: SmtpReply;
}

/** A reply as numbers only: its text may quote anything. */
export interface SmtpReply {
  readonly code: number;
  /** Enhanced status such as `5.1.1` (RFC 3463). */
  readonly status?: string;
}

export type SmtpAnswer = { readonly sent: SMTPConnectionSendInfo; readonly rejected: readonly Rejection[] } | { readonly trouble: SmtpTrouble };

/** Reads a reply's three digits and enhanced status; nothing when it is no SMTP reply (RFC 5321, section 4.2). */
export function readReply(text: unknown): SmtpReply | undefined {
  const [, code, status] = (typeof text === 'string' && /^([2-5][0-9]{2})(?:$|[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?)/.exec(text)) || [];
  return code === undefined ? undefined : { code: Number(code), ...(status && { status }) };
}

/** The shape of nodemailer's errors; read with care, since anything may be thrown. */
interface SmtpError {
  readonly code?: unknown;
  readonly response?: unknown;
  readonly rejectedErrors?: unknown;
  readonly recipient?: unknown;
}

function rejections(errors: unknown): Rejection[] {
  if (!Array.isArray(errors)) return [];
  return (errors as SmtpError[]).map((e) => {
    const reply = readReply(e.response);
    return { recipient: String(e.recipient), ...(reply && { reply }) };
  });
}

function troubleOf(error: unknown, bytesLeft: boolean): SmtpTrouble {
  const { code, response, rejectedErrors } = (typeof error === 'object' && error !== null ? error : {}) as SmtpError;
  const reply = readReply(response);
  return { bytesLeft, code: typeof code === 'string' ? code : 'unknown', ...(reply && { reply }), rejected: rejections(rejectedErrors) };
}

/**
 * Warm SMTP connections to one server. nodemailer's own pool queues a message behind others and reports neither how far a
 * message got nor ends it when asked, and a withdrawal may wait for nobody: so every message takes an idle connection or
 * opens a new one, and a connection carries one message at a time.
 */
export class SmtpPool {
  private readonly idle: SMTPConnection[] = [];
  private readonly closing = new AbortController();

  /** `keep` is the number of idle connections that stay open. */
  constructor(
    private readonly options: SMTPConnectionOptions & { readonly host: string; readonly port: number },
    private readonly outgoing: Outgoing,
    private readonly auth: SMTPConnectionAuth | undefined,
    private readonly keep = 2,
  ) {
    // Every call under way listens.
    setMaxListeners(0, this.closing.signal);
  }

  /** Sends the bytes of one message. Never rejects; ends when the signal aborts or the pool closes. */
  async send(envelope: SMTPEnvelope, bytes: Uint8Array, signal: AbortSignal): Promise<SmtpAnswer> {
    for (;;) {
      const warm = this.idle.pop();
      const connection = warm ?? (await this.connect(signal));
      if (!(connection instanceof SMTPConnection)) return { trouble: connection };
      const answer = await this.transmit(connection, envelope, bytes, signal);
      // The server may have hung up on an idle connection at any time. Not a byte of the message left: take another one.
      const stale = warm && 'trouble' in answer && !answer.trouble.bytesLeft && !answer.trouble.reply && answer.trouble.code.startsWith('E');
      if (!stale) return answer;
    }
  }

  /** Connects, greets, signs in and resets: everything short of a message. Nothing when well, otherwise the trouble. */
  async check(signal: AbortSignal): Promise<SmtpTrouble | undefined> {
    for (;;) {
      const warm = this.idle.pop();
      const connection = warm ?? (await this.connect(signal));
      if (!(connection instanceof SMTPConnection)) return connection;
      const trouble = await this.call<undefined>(connection, signal, (done) => connection.reset((e) => done(e, undefined)), () => false);
      if (!trouble || !('trouble' in trouble)) {
        this.release(connection);
        return undefined;
      }
      if (!warm || trouble.trouble.code === 'aborted' || trouble.trouble.code === 'closed') return trouble.trouble;
    }
  }

  /** Ends every connection; calls under way end with what they had reached. */
  close(): void {
    this.closing.abort();
    for (const connection of this.idle.splice(0)) connection.close();
  }

  /** Over the first address of the server that answers; each was judged, and is where the connection goes. */
  private async connect(signal: AbortSignal): Promise<SMTPConnection | SmtpTrouble> {
    let addresses: readonly [string, ...string[]];
    try {
      addresses = await this.outgoing.addressesOf(this.options, AbortSignal.any([signal, this.closing.signal]));
    } catch (error) {
      return { bytesLeft: false, code: signal.aborted ? 'aborted' : this.closing.signal.aborted ? 'closed' : addressWordOf(error) ?? 'EDNS', rejected: [] };
    }
    for (const [n, address] of addresses.entries()) {
      const reached = await this.greet(address, signal);
      const elsewhere = !(reached instanceof SMTPConnection) && !reached.reply && UNREACHED.has(reached.code);
      if (!elsewhere || n === addresses.length - 1) return reached;
    }
    throw new Error('a host has an address');
  }

  private async greet(host: string, signal: AbortSignal): Promise<SMTPConnection | SmtpTrouble> {
    const connection = new SMTPConnection({ ...this.options, host });
    const forget = () => {
      const at = this.idle.indexOf(connection);
      if (at >= 0) this.idle.splice(at, 1);
    };
    connection.on('error', forget).on('end', forget);
    const opened = await this.call<undefined>(connection, signal, (done) => {
      connection.connect((error) => {
        if (error || !this.auth) return done(error, undefined);
        connection.login(this.auth, (refused) => done(refused, undefined));
      });
    }, () => false);
    return opened && 'trouble' in opened ? opened.trouble : connection;
  }

  private async transmit(connection: SMTPConnection, envelope: SMTPEnvelope, bytes: Uint8Array, signal: AbortSignal): Promise<SmtpAnswer> {
    // nodemailer reads the message only once the server has answered DATA, so having been read means bytes left.
    const body = Readable.from([bytes]);
    const result = await this.call<SMTPConnectionSendInfo>(
      connection,
      signal,
      (done) => connection.send({ ...envelope, size: bytes.length }, body, (error, info) => done(error, info)),
      () => body.readableDidRead,
    );
    if (result === undefined) return { trouble: { bytesLeft: true, code: 'EPROTOCOL', rejected: [] } };
    if ('trouble' in result) return result;
    if (readReply(result.response)?.code === undefined) {
      connection.close();
      return { trouble: { bytesLeft: true, code: 'EPROTOCOL', rejected: [] } };
    }
    this.release(connection);
    return { sent: result, rejected: rejections(result.rejectedErrors) };
  }

  /** One call on a connection that ends with its callback, with the signal, or with the pool. A failed connection is closed. */
  private call<T>(
    connection: SMTPConnection,
    signal: AbortSignal,
    act: (done: (error?: Error | null, value?: T) => void) => void,
    bytesLeft: () => boolean,
  ): Promise<T | undefined | { trouble: SmtpTrouble }> {
    return new Promise((resolve) => {
      const settle = (value: T | undefined | { trouble: SmtpTrouble }) => {
        signal.removeEventListener('abort', abort);
        this.closing.signal.removeEventListener('abort', abort);
        connection.off('error', done).off('end', ended);
        resolve(value);
      };
      const done = (error?: Error | null, value?: T) => {
        if (!error) return settle(value);
        settle({ trouble: troubleOf(error, bytesLeft()) });
        connection.close();
      };
      // nodemailer tells neither a RSET nor a greeting under way that the server hung up: its events do.
      const ended = () => done(Object.assign(new Error('ended'), { code: 'ECONNECTION' }));
      const abort = () => {
        const trouble: SmtpTrouble = { bytesLeft: bytesLeft(), code: signal.aborted ? 'aborted' : 'closed', rejected: [] };
        settle({ trouble });
        connection.close();
      };
      if (signal.aborted || this.closing.signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.closing.signal.addEventListener('abort', abort, { once: true });
      connection.on('error', done).on('end', ended);
      act(done);
    });
  }

  private release(connection: SMTPConnection): void {
    if (this.closing.signal.aborted || connection.destroyed || this.idle.length >= this.keep) connection.close();
    else this.idle.push(connection);
  }
}
