/** What a simulated partner wrote down of every message it took. The oracle of every fault test. */
export interface LedgerEntry {
  /** Our idempotency key, as it arrived in the partner's protocol. */
  readonly key: string;
  /** CAP identifier or its equivalent, where the protocol carries one. */
  readonly identifier?: string;
  /** `test`: a connection test, which is shown to nobody. */
  readonly action: 'publish' | 'withdraw' | 'test';
  /** SHA-256 of the bytes taken. */
  readonly sha256: string;
  /** True when the key had been taken before, so that this one had no further effect. */
  readonly duplicate: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Trouble that can be set on a simulated partner; absent fields mean well-behaved. */
export interface Faults {
  /** Milliseconds before every answer. */
  readonly latencyMs?: number;
  /** Takes the bytes, never answers and writes nothing down. */
  readonly hang?: boolean;
  /** Answers with a passing error (HTTP 500, ESME_RSYSERR, 451) and writes nothing down. */
  readonly error?: boolean;
  /** Answers with a lasting error (HTTP 422, ESME_RINVDSTADR, 550) and writes nothing down. */
  readonly refuse?: boolean;
  /** Answers "slow down" in its protocol (429 with Retry-After, ESME_RTHROTTLED, 421). */
  readonly throttle?: boolean;
  /** Closes the connection without an answer, writes nothing down. */
  readonly reset?: boolean;
  /** Writes the message down and then closes the connection instead of answering. */
  readonly loseAcknowledgement?: boolean;
  /** Writes the message down and answers with bytes that are no valid answer of the protocol. */
  readonly rubbish?: boolean;
  /** Writes the message down, sends half of the answer and closes the connection, if there is one. */
  readonly truncate?: boolean;
  /** Writes the message down and sends the answer octet by octet, one each so many milliseconds. Datagrams do not trickle. */
  readonly trickleMs?: number;
  /** Sends every receipt twice. */
  readonly duplicateReceipts?: boolean;
  /** Sends no receipts. */
  readonly noReceipts?: boolean;
  /** Confirms no erasure. */
  readonly noErasure?: boolean;
}

/** A simulated partner: a real server of its protocol on loopback with a ledger and settable faults. */
export interface FakePartner {
  readonly port: number;
  readonly ledger: readonly LedgerEntry[];
  setFaults(faults: Faults): void;
  /** Resolves with the ledger once `predicate` holds; rejects after `timeoutMs`. */
  waitFor(predicate: (ledger: readonly LedgerEntry[]) => boolean, timeoutMs?: number): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}
