import snmp, { type Session, type Varbind } from 'net-snmp';
import { addressWordOf, type AddressWord, type Outgoing } from '#dispatch/outgoing.js';
import type { NtcipSignSettings } from './config.js';

/** What came back from one request. A value that the sign does not have is `undefined`. */
export type Reply =
  | { readonly kind: 'values'; readonly values: readonly (number | Buffer | undefined)[] }
  /** The sign said no: `status` of RFC 3416 section 3. */
  | { readonly kind: 'error'; readonly status: number }
  | { readonly kind: 'silent'; readonly reason: 'aborted' | 'timeout' | 'closed' | 'answer_invalid' | 'name_unresolved' | AddressWord };

/** A value to be set: an integer or an octet string. */
export type Setting = readonly [oid: string, value: number | Uint8Array];

type Access = Pick<NtcipSignSettings, 'host' | 'port' | 'access' | 'timeoutMs' | 'tries'>;

/**
 * Requests to one SNMP agent. Each request is tried so many times; nothing is tried again once its signal aborted, so that
 * no old order can follow an ending. The host is looked up for each request, and its session goes to an address that was judged.
 * Every promise resolves.
 */
export class SnmpWire {
  private readonly begin: (address: string) => Session;
  /** By address: one that the host no longer has may still await an answer. */
  private readonly sessions = new Map<string, Session>();
  private closed = false;

  /** Throws a refusal when a secret is missing. */
  constructor(private readonly settings: Access, private readonly outgoing: Outgoing, secret: (name: string) => string) {
    const { port, access, timeoutMs } = settings;
    const options = { port, timeout: timeoutMs, retries: 0, transport: 'udp4' } as const;
    if (access.version === 'v3') {
      const [authKey, privKey] = [secret(access.authPassword), secret(access.privPassword)];
      const user = { name: access.user, level: snmp.SecurityLevel.authPriv, authProtocol: snmp.AuthProtocols[access.authProtocol], authKey, privProtocol: snmp.PrivProtocols.aes, privKey };
      this.begin = (address) => snmp.createV3Session(address, user, options);
    } else {
      const community = secret(access.community);
      this.begin = (address) => snmp.createSession(address, community, { ...options, version: access.version === 'v1' ? snmp.Version1 : snmp.Version2c });
    }
  }

  get(oids: readonly string[], signal: AbortSignal): Promise<Reply> {
    return this.persist(signal, (session, answered) => session.get(oids, answered));
  }

  /** Sets all or none (RFC 3416 section 4.2.5). */
  set(settings: readonly Setting[], signal: AbortSignal): Promise<Reply> {
    const varbinds = settings.map(([oid, value]): Varbind =>
      typeof value === 'number' ? { oid, type: snmp.ObjectType.Integer, value } : { oid, type: snmp.ObjectType.OctetString, value: Buffer.from(value) });
    return this.persist(signal, (session, answered) => session.set(varbinds, answered));
  }

  /** Ends every request. */
  close(): void {
    this.closed = true;
    for (const session of this.sessions.values()) session.close();
    this.sessions.clear();
  }

  private async persist(signal: AbortSignal, ask: (session: Session, answered: (error: Error | null, varbinds?: readonly Varbind[]) => void) => void): Promise<Reply> {
    let reply: Reply = { kind: 'silent', reason: 'timeout' };
    for (let turn = 0; turn < this.settings.tries; turn += 1) {
      if (signal.aborted) return { kind: 'silent', reason: 'aborted' };
      if (this.closed) return { kind: 'silent', reason: 'closed' };
      const session = await this.session(signal);
      if ('kind' in session) return session;
      reply = await new Promise<Reply>((resolve) => {
        const abort = () => resolve({ kind: 'silent', reason: 'aborted' });
        signal.addEventListener('abort', abort, { once: true });
        ask(session, (error, varbinds) => {
          signal.removeEventListener('abort', abort);
          resolve(this.closed ? { kind: 'silent', reason: 'closed' } : replyOf(error, varbinds));
        });
      });
      if (reply.kind !== 'silent' || reply.reason !== 'timeout') return reply;
    }
    return reply;
  }

  private async session(signal: AbortSignal): Promise<Session | Extract<Reply, { kind: 'silent' }>> {
    let addresses: readonly string[];
    try {
      addresses = await this.outgoing.addressesOf(this.settings, signal);
    } catch (error) {
      return { kind: 'silent', reason: signal.aborted ? 'aborted' : addressWordOf(error) ?? 'name_unresolved' };
    }
    if (this.closed) return { kind: 'silent', reason: 'closed' };
    const address = addresses.find((known) => this.sessions.has(known)) ?? addresses[0]!;
    const session = this.sessions.get(address) ?? this.open(address);
    this.sessions.set(address, session);
    return session;
  }

  private open(address: string): Session {
    const session = this.begin(address);
    // Anyone can send us rubbish: it answers nothing, and the request it may have been meant for times out.
    session.on('error', () => undefined);
    return session;
  }
}

function replyOf(error: Error | null, varbinds: readonly Varbind[] = []): Reply {
  if (error instanceof snmp.RequestFailedError) return { kind: 'error', status: error.status };
  if (error instanceof snmp.RequestTimedOutError) return { kind: 'silent', reason: 'timeout' };
  // Its message may quote what came; the word is enough.
  if (error) return { kind: 'silent', reason: 'answer_invalid' };
  return { kind: 'values', values: varbinds.map((varbind) => (typeof varbind.value === 'number' || Buffer.isBuffer(varbind.value) ? varbind.value : undefined)) };
}

/** Errors of RFC 3416 section 3 that may pass; with the others the request itself is at fault. */
const PASSING: Readonly<Record<number, string>> = { 5: 'gen_err', 13: 'resource_unavailable', 14: 'commit_failed', 15: 'undo_failed', 12: 'inconsistent_value' };
const LASTING: Readonly<Record<number, string>> = { 1: 'too_big', 2: 'no_such_name', 3: 'bad_value', 4: 'read_only', 6: 'no_access', 7: 'wrong_type', 8: 'wrong_length', 9: 'wrong_encoding', 10: 'wrong_value', 16: 'authorization_error', 17: 'not_writable' };

/** A word for an error, and whether the same request can succeed later. */
export function explainStatus(status: number): { readonly reason: string; readonly passes: boolean } {
  const lasting = LASTING[status];
  return lasting === undefined ? { reason: `snmp_${PASSING[status] ?? 'error'}`, passes: true } : { reason: `snmp_${lasting}`, passes: false };
}
