import { makeFact, officerActor, SYSTEM, type Actor, type FactBody } from '#audit/fact.js';
import type { Clock } from '#kernel/clock.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { FactId, Ids, OfficerId } from '#kernel/ids.js';
import { keyedDigest, open, seal } from '#kernel/sealing.js';
import { readOfficer, readRoles, readUserName, type Officer, type OfficerInput, type Role } from './officer.js';
import { checkPassword, type Passwords } from './password.js';
import { hashToken, newSession, SEEN_MS, sessionEnd, sessionState, type Session, type SessionId } from './session.js';
import type { Account, OfficerStore, SessionStore } from './store.js';
import { Throttle, type Desk, type ThrottleStore } from './throttle.js';
import { totpPurpose } from './enrolment.js';
import { newTotpSecret, otpauthUri, verifyTotp } from './totp.js';

export interface AccountsParts {
  readonly officers: OfficerStore;
  readonly sessions: SessionStore;
  readonly throttle: ThrottleStore;
  readonly passwords: Passwords;
  /** 32 octets: seals the second factors and keys the digests of addresses. */
  readonly masterKey: Uint8Array;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Credentials {
  readonly userName: string;
  readonly password: string;
  /** The six digits of the authenticator app. */
  readonly code: string;
  /** Address the request came from, as the edge trusts it. */
  readonly source: string;
}

/** An officer in an open session. */
export interface SignedIn {
  readonly officer: Officer;
  readonly session: Session;
  /** When the session ends if nothing more is asked in it. */
  readonly expiresAt: Date;
}

/** What an officer proves anew for. */
export type StepUpPurpose =
  | { readonly for: 'approve'; readonly alert: string; readonly contentHash: string }
  | { readonly for: 'secret'; readonly destination: string; readonly secret: string }
  | { readonly for: 'change'; readonly change: string };

/** What an officer gives to prove anew who they are. */
export interface Proof {
  readonly code?: string | undefined;
}

/** Proof of a second factor given just now, for one decision. */
export interface StepUp {
  readonly method: 'totp';
  readonly at: Date;
}

type FailedSignIn = FactBody<'officer.sign_in_failed'>['cause'];

/** Officers, their two factors and their sessions. */
export class Accounts {
  private readonly parts: AccountsParts;
  private readonly throttle: Throttle;

  constructor(parts: AccountsParts) {
    this.parts = parts;
    this.throttle = new Throttle(parts.throttle, (text) => this.digest(text));
  }

  /**
   * Opens a session. Throws SIGN_IN_THROTTLED; CREDENTIALS_WRONG for whatever does not fit, without telling which, in the
   * same time; CODE_REPLAYED, to who has the password, when the code was used before. Every failure that was looked at
   * becomes a fact; those turned away unseen do not, or strangers could fill the audit.
   */
  async signIn(given: Credentials): Promise<SignedIn & { readonly token: string }> {
    const { officers, sessions, passwords, clock, ids } = this.parts;
    const now = clock.now();
    const name = readUserName(given.userName);
    const desk: Desk = { userName: name ?? '?', source: given.source };
    const lane = await this.throttle.admit(desk, now);
    const account = name === undefined ? undefined : await officers.findByUserName(name);
    const { ok, rehash } = await passwords.verify(given.password, account?.passwordHash ?? undefined, lane);
    if (!account) throw await this.refuse('name_unknown', null, desk);
    if (account.passwordHash === null) throw await this.refuse('not_enrolled', account.id, desk);
    if (!ok) throw await this.refuse('password_wrong', account.id, desk);
    if (!account.enabled) throw await this.refuse('disabled', account.id, desk);

    const step = this.stepOf(account, given.code, now);
    if (step instanceof Refusal) {
      await this.throttle.missCode(desk, now);
      throw await this.refuse(step.code === 'CODE_REPLAYED' ? 'code_replayed' : 'code_wrong', account.id, desk);
    }
    const { token, session } = newSession(ids.next<SessionId>(), account.id, now);
    const fact = this.fact('officer.signed_in', officerActor(account.id), { session: session.id, method: 'password+totp' }, now);
    const opened = await sessions.open(session, step, fact);
    if (opened !== 'opened') throw await this.refuse(opened === 'replayed' ? 'code_replayed' : 'disabled', account.id, desk);

    await this.throttle.succeed(desk, lane, now);
    if (rehash) await officers.rehash(account.id, account.passwordHash, await passwords.hash(given.password));
    return { token, officer: officerOf(account), session, expiresAt: sessionEnd(session) };
  }

  /** The officer of a token, as they are now. Throws SESSION_MISSING when the session is not open or the officer is disabled. */
  async authenticate(token: string): Promise<SignedIn> {
    const now = this.parts.clock.now();
    const found = await this.parts.sessions.find(hashToken(token));
    if (!found || !found.officer.enabled || sessionState(found.session, now) !== 'open') throw fail('SESSION_MISSING');
    let { session } = found;
    if (now.getTime() - session.seenAt.getTime() >= SEEN_MS) {
      session = { ...session, seenAt: now };
      await this.parts.sessions.touch(session.id, now);
    }
    return { officer: found.officer, session, expiresAt: sessionEnd(session) };
  }

  /**
   * Takes a fresh one-time code for one decision and uses it up. Throws STEP_UP_MISSING when there is none, CODE_WRONG,
   * CODE_REPLAYED, SIGN_IN_THROTTLED, and SESSION_MISSING after ten wrong ones, which end the session: whoever holds it is
   * not its officer.
   */
  async stepUp({ officer, session }: Pick<SignedIn, 'officer' | 'session'>, { code }: Proof, _purpose: StepUpPurpose): Promise<StepUp> {
    if (code === undefined || code === '') throw fail('STEP_UP_MISSING', 'code');
    const { officers, sessions, clock } = this.parts;
    const now = clock.now();
    if ((await this.throttle.admitStepUp(session.id, now)) === 'over') {
      await sessions.end(session.id, now, this.fact('officer.signed_out', SYSTEM, { session: session.id }, now));
      throw fail('SESSION_MISSING');
    }
    const account = await officers.findById(officer.id);
    if (!account?.enabled) throw fail('SESSION_MISSING');
    const step = this.stepOf(account, code, now);
    const refusal = step instanceof Refusal ? step : (await sessions.useStep(account.id, step)) ? undefined : fail('CODE_REPLAYED', 'code');
    if (refusal) {
      const cause = refusal.code === 'CODE_REPLAYED' ? 'code_replayed' : 'code_wrong';
      await sessions.note(this.fact('officer.step_up_failed', officerActor(officer.id), { session: session.id, cause }, now));
      throw refusal;
    }
    await this.throttle.succeedStepUp(session.id, now);
    return { method: 'totp', at: now };
  }

  /** Ends the session of a token; does nothing when there is none. */
  async signOut(token: string): Promise<void> {
    const now = this.parts.clock.now();
    const found = await this.parts.sessions.find(hashToken(token));
    if (!found) return;
    const { id, officerId } = found.session;
    await this.parts.sessions.end(id, now, this.fact('officer.signed_out', officerActor(officerId), { session: id }, now));
  }

  /** Ends every session of an officer, and returns how many there were. */
  async endAll(officer: OfficerId, by: Actor): Promise<number> {
    const now = this.parts.clock.now();
    return this.parts.sessions.endAll(officer, now, (sessions) => this.fact('officer.sessions_ended', by, { officer, sessions }, now));
  }

  /**
   * Adds an officer and returns the secret of their second factor, shown this once. A secret is given only where officers are
   * made up, for drills. Throws OFFICER_INVALID, PASSWORD_WEAK, USER_NAME_TAKEN.
   */
  async add(
    input: OfficerInput & { readonly password: string; readonly totpSecret?: string },
    by: Actor,
  ): Promise<{ readonly officer: Officer; readonly totpSecret: string; readonly otpauthUri: string }> {
    const { officers, passwords, masterKey, clock, ids } = this.parts;
    const read = readOfficer(input);
    checkPassword(input.password, read.userName);
    const officer: Officer = { id: ids.next<OfficerId>(), ...read, enabled: true };
    const totpSecret = input.totpSecret ?? newTotpSecret();
    const account: Account = {
      ...officer,
      passwordHash: await passwords.hash(input.password),
      sealedTotp: seal(masterKey, Buffer.from(totpSecret, 'utf8'), totpPurpose(officer.id)),
      lastStep: 0,
    };
    const fact = this.fact('officer.added', by, { officer: officer.id, roles: [...officer.roles], ...(officer.destinations && { destinations: [...officer.destinations] }) }, clock.now());
    if (!(await officers.add(account, fact))) throw fail('USER_NAME_TAKEN', 'userName');
    return { officer, totpSecret, otpauthUri: otpauthUri(totpSecret, officer.userName) };
  }

  /** Sets the roles of an officer and whether they are enabled; disabling ends all their sessions. Throws OFFICER_INVALID. */
  async change(officer: OfficerId, to: { readonly roles: readonly Role[]; readonly enabled: boolean }, by: Actor): Promise<void> {
    const now = this.parts.clock.now();
    const roles = readRoles(to.roles);
    const fact = this.fact('officer.changed', by, { officer, roles: [...roles], enabled: to.enabled }, now);
    if (!(await this.parts.officers.change(officer, { roles, enabled: to.enabled }, now, fact))) throw fail('OFFICER_INVALID', 'id');
  }

  /** All officers, by user name. */
  list(): Promise<readonly Officer[]> {
    return this.parts.officers.list();
  }

  /** All officers, by user name, and whether each has enrolled. */
  async roster(): Promise<readonly (Officer & { readonly enrolled: boolean })[]> {
    const { officers } = this.parts;
    const [all, waiting] = await Promise.all([officers.list(), officers.notEnrolled()]);
    return all.map((officer) => ({ ...officer, enrolled: !waiting.includes(officer.id) }));
  }

  private stepOf(account: Account, code: string, now: Date): number | Refusal {
    if (account.sealedTotp === null) return fail('CODE_WRONG', 'code');
    const secret = open(this.parts.masterKey, account.sealedTotp, totpPurpose(account.id)).toString('utf8');
    try {
      return verifyTotp({ secret, code, now, lastStep: account.lastStep }).step;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  private async refuse(cause: FailedSignIn, officer: OfficerId | null, desk: Desk): Promise<Refusal> {
    const body = { officer, cause, source: this.digest(`source ${desk.source}`) };
    await this.parts.sessions.note(this.fact('officer.sign_in_failed', SYSTEM, body, this.parts.clock.now()));
    return cause === 'code_replayed' ? fail('CODE_REPLAYED', 'code') : fail('CREDENTIALS_WRONG');
  }

  private digest(text: string): string {
    return keyedDigest(this.parts.masterKey, text);
  }

  private fact<Type extends OfficerFact>(type: Type, actor: Actor, body: FactBody<Type>, at: Date) {
    return makeFact({ id: this.parts.ids.next<FactId>(), at, type, actor, body });
  }
}

type OfficerFact = Extract<Parameters<typeof makeFact>[0]['type'], `officer.${string}`>;

/** An officer without their secrets. */
function officerOf({ id, userName, displayName, roles, enabled, destinations }: Account): Officer {
  return { id, userName, displayName, roles, enabled, ...(destinations && { destinations }) };
}
