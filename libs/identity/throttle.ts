import { isIP } from 'node:net';
import { fail } from '#kernel/errors.js';
import type { Lane } from './password.js';
import type { SessionId } from './session.js';

/*
 * Sign-in is spaced out after failures, and no stranger can lock a duty desk out:
 * 1. Failures are counted for a user name together with the address they came from. Nothing is counted for a user name
 *    alone, so whatever is tried elsewhere changes nothing here. Three are free, then the wait doubles from one second.
 * 2. A source has a budget of failures over all user names, against spraying. A desk (user name and source) that signed
 *    in within 30 days does not need it and is not counted in it, so a stranger who shares the address cannot use it up.
 * 3. A desk that signed in before waits 30 seconds at most; a stranger up to 15 minutes.
 * 4. One thing is counted for an account alone: wrong one-time codes after the *right password*. Only who has the password
 *    can raise it; it holds back strangers, not known desks, since someone is guessing codes with a stolen password.
 * What is left: who sits behind the very address of a desk can make that one user name wait there, 30 seconds at a time.
 */
const FREE = 3;
const FIRST_WAIT_MS = 1_000;
const STRANGER_WAIT_MS = 15 * 60_000;
const KNOWN_WAIT_MS = 30_000;
const FORGET_MS = 3_600_000;
const KNOWN_MS = 30 * 86_400_000;
/** Failures a source may make at once, and the time in which it gets one back. */
export const SOURCE_BUDGET = 20;
const SOURCE_REFILL_MS = 30_000;
const CODE_FIRST_WAIT_MS = 30_000;
const CODE_WAIT_MS = 3_600_000;
const STEP_UP_LIMIT = 10;
/** Passkey challenges a source may ask for at once before it has signed in, and the time in which it gets one back. */
const CEREMONY_BUDGET = 60;
const CEREMONY_REFILL_MS = 1_000;

/** What is remembered under one key. */
export interface Counter {
  /** Attempts not yet known to be good: an attempt counts when it begins, and is taken back when it succeeds. */
  readonly failures: number;
  /** When the last of them began; where failures drain away, the instant they were last brought up to date. */
  readonly at: Date;
  /** Until when the desk counts as known, from its last success. */
  readonly knownUntil: Date | null;
}

/** Where counters are kept. They are no facts: they may be lost, and old ones may be deleted after 31 days. */
export interface ThrottleStore {
  /**
   * Reads the counters of the keys (undefined where there is none), lets `step` decide, and stores what it returns, in the
   * order of the keys: all in one transaction with the keys locked, so that parallel attempts are counted one by one.
   * `step` is pure and may be called again.
   */
  change<T>(keys: readonly string[], step: (counters: readonly (Counter | undefined)[]) => { readonly result: T; readonly counters: readonly Counter[] }): Promise<T>;
}

export type Admission = { readonly admitted: true; readonly lane: Lane } | { readonly admitted: false; readonly waitMs: number };

const fresh = (now: Date): Counter => ({ failures: 0, at: now, knownUntil: null });

/** How long the next attempt waits after `failures` in a row. */
export function spacing(failures: number, firstMs: number, mostMs: number): number {
  return failures < FREE ? 0 : Math.min(firstMs * 2 ** Math.min(failures - FREE, 30), mostMs);
}

/** Decides about a sign-in and counts it as a failure until it is shown to be good. Pure. */
export function admitSignIn(
  counters: { readonly desk: Counter | undefined; readonly source: Counter | undefined; readonly codes: Counter | undefined },
  now: Date,
): { readonly admission: Admission; readonly desk: Counter; readonly source: Counter; readonly codes: Counter } {
  const desk = aged(counters.desk, now);
  const source = drained(counters.source, now);
  const codes = aged(counters.codes, now);
  const known = desk.knownUntil !== null && now < desk.knownUntil;
  const waits = [remaining(desk, spacing(desk.failures, FIRST_WAIT_MS, known ? KNOWN_WAIT_MS : STRANGER_WAIT_MS), now)];
  if (!known) {
    waits.push(remaining(codes, spacing(codes.failures, CODE_FIRST_WAIT_MS, CODE_WAIT_MS), now));
    waits.push(Math.ceil((source.failures - (SOURCE_BUDGET - 1)) * SOURCE_REFILL_MS));
  }
  const waitMs = Math.max(...waits);
  // An attempt that is turned away counts for nothing: asking again and again does not make the wait longer.
  if (waitMs > 0) return { admission: { admitted: false, waitMs }, desk, source, codes };
  return {
    admission: { admitted: true, lane: known ? 'known' : 'stranger' },
    desk: { ...desk, failures: desk.failures + 1, at: now },
    source: known ? source : { ...source, failures: source.failures + 1 },
    codes,
  };
}

/** Counts spaced attempts of its callers over a store. `digest` hides user names and addresses: typed names may be anything. */
export class Throttle {
  private readonly store: ThrottleStore;
  private readonly digest: (text: string) => string;

  constructor(store: ThrottleStore, digest: (text: string) => string) {
    this.store = store;
    this.digest = digest;
  }

  /** Lets a sign-in begin, and tells in which lane. Throws SIGN_IN_THROTTLED with the wait in whole seconds. */
  async admit(desk: Desk, now: Date): Promise<Lane> {
    const admission = await this.store.change(this.keys(desk), ([d, s, c]) => {
      const { admission: result, ...next } = admitSignIn({ desk: d, source: s, codes: c }, now);
      return { result, counters: [next.desk, next.source, next.codes] };
    });
    if (!admission.admitted) throw throttled(admission.waitMs);
    return admission.lane;
  }

  /** The sign-in was good: the desk is known from now on, and its failures are forgotten. */
  async succeed(desk: Desk, lane: Lane, now: Date): Promise<void> {
    await this.store.change(this.keys(desk), ([, s]) => {
      const source = drained(s, now);
      const refund = lane === 'stranger' ? 1 : 0;
      return {
        result: undefined,
        counters: [{ failures: 0, at: now, knownUntil: new Date(now.getTime() + KNOWN_MS) }, { ...source, failures: Math.max(0, source.failures - refund) }, fresh(now)],
      };
    });
  }

  /** The password was right and the code was not. */
  async missCode(desk: Desk, now: Date): Promise<void> {
    const codes = this.keys(desk)[2] as string;
    await this.store.change([codes], ([c]) => ({ result: undefined, counters: [{ ...aged(c, now), failures: aged(c, now).failures + 1, at: now }] }));
  }

  /** Lets a step-up of a session begin. `over` means that it had its ten wrong codes and is to be ended. Throws SIGN_IN_THROTTLED. */
  async admitStepUp(session: SessionId, now: Date): Promise<'go' | 'over'> {
    const waitMs = await this.store.change([this.stepUpKey(session)], ([c]) => {
      const counter = c ?? fresh(now);
      if (counter.failures >= STEP_UP_LIMIT) return { result: -1, counters: [counter] };
      const wait = remaining(counter, spacing(counter.failures, FIRST_WAIT_MS, KNOWN_WAIT_MS), now);
      return { result: wait, counters: [wait > 0 ? counter : { ...counter, failures: counter.failures + 1, at: now }] };
    });
    if (waitMs > 0) throw throttled(waitMs);
    return waitMs < 0 ? 'over' : 'go';
  }

  /**
   * Lets a source have a challenge before anybody signed in: each is a row. Who shares the address of a desk can make passkeys
   * wait there by a second or so, and never the password with its code. Throws SIGN_IN_THROTTLED.
   */
  async admitCeremony(source: string, now: Date): Promise<void> {
    const waitMs = await this.store.change([this.digest(`ceremonies ${sourceOf(source)}`)], ([c]) => {
      const counter = drained(c, now, CEREMONY_REFILL_MS);
      const wait = Math.ceil((counter.failures - (CEREMONY_BUDGET - 1)) * CEREMONY_REFILL_MS);
      return { result: wait, counters: [wait > 0 ? counter : { ...counter, failures: counter.failures + 1 }] };
    });
    if (waitMs > 0) throw throttled(waitMs);
  }

  /** The step-up was good. */
  async succeedStepUp(session: SessionId, now: Date): Promise<void> {
    await this.store.change([this.stepUpKey(session)], () => ({ result: undefined, counters: [fresh(now)] }));
  }

  private keys({ userName, source }: Desk): readonly string[] {
    return [`desk ${userName} ${sourceOf(source)}`, `source ${sourceOf(source)}`, `codes ${userName}`].map((text) => this.digest(text));
  }

  private stepUpKey(session: SessionId): string {
    return this.digest(`step-up ${session}`);
  }
}

/** A user name at an address. */
export interface Desk {
  readonly userName: string;
  readonly source: string;
}

/**
 * The part of an address that counts as one source: an IPv4 address, the /64 network of an IPv6 address (one household or
 * office has at least that many addresses to itself), or the text itself if it is no address.
 */
export function sourceOf(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined || isIP(plain) !== 6) return mapped ?? plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const octetPairs = tail === undefined ? front : [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back];
  return `${octetPairs.slice(0, 4).map((part) => part.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}

/** Never more than the whole wait, should the clock have been set back. */
const remaining = (counter: Counter, waitMs: number, now: Date): number => Math.min(waitMs, Math.max(0, counter.at.getTime() + waitMs - now.getTime()));

/** Failures are forgotten an hour after the last; that a desk is known is not. */
function aged(counter: Counter | undefined, now: Date): Counter {
  if (!counter) return fresh(now);
  return now.getTime() - counter.at.getTime() >= FORGET_MS ? { ...counter, failures: 0 } : counter;
}

/** A budget refills evenly. */
function drained(counter: Counter | undefined, now: Date, refillMs = SOURCE_REFILL_MS): Counter {
  if (!counter) return fresh(now);
  const refilled = Math.max(0, now.getTime() - counter.at.getTime()) / refillMs;
  return { ...counter, failures: Math.max(0, counter.failures - refilled), at: now };
}

const throttled = (waitMs: number) => fail('SIGN_IN_THROTTLED', '', `Try again in ${Math.ceil(waitMs / 1000)} s.`);
