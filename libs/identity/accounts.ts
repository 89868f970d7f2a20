import { makeFact, officerActor, SYSTEM, type Actor, type FactBody } from '#audit/fact.js';
import type { Clock } from '#kernel/clock.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { FactId, Ids, OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import type { Device } from './device.js';
import { readOfficer, readRoles, readUserName, type Officer, type OfficerInput, type Role } from './officer.js';
import { purposeText, type AuthenticationResponseJSON, type Ceremony, type PasskeyCeremonies, type PasskeyFault, type PublicKeyCredentialRequestOptionsJSON } from './passkey.js';
import { checkPassword, type Passwords } from './password.js';
import { hashToken, newSession, SEEN_MS, sessionEnd, sessionState, type Session, type SessionId, type SignInMethod } from './session.js';
import type { Account, OfficerStore, SessionStore } from './store.js';
import { Throttle, type Desk, type ThrottleStore } from './throttle.js';
import { totpPurpose } from './enrolment.js';
import { newTotpSecret, otpauthUri, verifyTotp } from './totp.js';

export interface AccountsParts {
  readonly officers: OfficerStore;
  readonly sessions: SessionStore;
  readonly throttle: ThrottleStore;
  /** Left out where nobody signs in, or none are to be taken. */
  readonly passkeys?: PasskeyCeremonies;
  readonly passwords: Passwords;
  /** Seals the second factors and keys the digests of addresses. */
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What is known of a try to sign in before anything is proved. */
export interface Caller {
  /** Address the request came from, as the edge trusts it. */
  readonly source: string;
  /** What the browser says that it is; left out or null where that is of no known family. */
  readonly device?: Device | null;
}

export interface Credentials extends Caller {
  readonly userName: string;
  readonly password: string;
  /** The six digits of the authenticator app. */
  readonly code: string;
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
  | { readonly for: 'passkeys' }
  | { readonly for: 'approve'; readonly alert: string; readonly contentHash: string }
  | { readonly for: 'secret'; readonly destination: string; readonly secret: string }
  | { readonly for: 'change'; readonly change: string };

/** What an officer gives to prove anew who they are. */
export interface Proof {
  /** The six digits of the authenticator app. */
  readonly code?: string | undefined;
  /** A passkey's answer to a challenge of `offerStepUp` for the same purpose; looked at first. */
  readonly passkey?: AuthenticationResponseJSON | undefined;
}

export type StepUpMethod = 'totp' | 'passkey';

/** Proof of a second factor given just now, for one decision. */
export interface StepUp {
  readonly method: StepUpMethod;
  readonly at: Date;
}

type FailedSignIn = FactBody<'officer.sign_in_failed'>['cause'];

const SIGN_IN: Ceremony = { kind: 'sign_in', session: null, purpose: null };

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
    const { officers, sessions, passwords, clock } = this.parts;
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
    const { token, session, fact } = this.opening(account.id, 'password+totp', now, given);
    const opened = await sessions.open(session, step, fact);
    if (opened !== 'opened') throw await this.refuse(opened === 'replayed' ? 'code_replayed' : 'disabled', account.id, desk);

    await this.throttle.succeed(desk, lane, now);
    if (rehash) await officers.rehash(account.id, account.passwordHash, await passwords.hash(given.password));
    return { token, officer: officerOf(account), session, expiresAt: sessionEnd(session) };
  }

  /** What a browser needs to sign in with a passkey. Throws PASSKEY_UNAVAILABLE, SIGN_IN_THROTTLED. */
  async offerPasskeySignIn(source: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const now = this.parts.clock.now();
    await this.throttle.admitCeremony(source, now);
    return this.ceremonies.offerProof(SIGN_IN, undefined, now);
  }

  /**
   * Opens a session with a passkey alone: with the user verified it is two factors. Throws SIGN_IN_THROTTLED, and
   * PASSKEY_REFUSED for whatever does not fit. Spaced and written down as `signIn` is.
   */
  async signInWithPasskey(response: AuthenticationResponseJSON, { source, device = null }: Caller): Promise<SignedIn & { readonly token: string }> {
    const { sessions, clock } = this.parts;
    const now = clock.now();
    const known = await this.ceremonies.store.findByCredential(response.id);
    const desk: Desk = { userName: known?.officer.userName ?? '?', source };
    const lane = await this.throttle.admit(desk, now);
    const proved = await this.ceremonies.verify(response, SIGN_IN, now);
    if (typeof proved === 'string') throw await this.refuse(proved, known?.officer.id ?? null, desk, 'PASSKEY_REFUSED');
    const { officer, passkey, counter } = proved;
    const { token, session, fact } = this.opening(officer.id, 'passkey', now, { device }, passkey.id);
    const opened = await sessions.openByPasskey(session, { passkey: passkey.id, counter }, fact);
    if (opened !== 'opened') throw await this.refuse(opened === 'replayed' ? 'counter_back' : 'disabled', officer.id, desk, 'PASSKEY_REFUSED');
    await this.throttle.succeed(desk, lane, now);
    return { token, officer, session, expiresAt: sessionEnd(session) };
  }

  /**
   * The officer of a token, as they are now. Throws SESSION_MISSING, with a word why as its detail: `idle`, `expired`,
   * `signed_out`, `ended_elsewhere`, `too_many_tries`, `disabled`, `reset`. What nobody asked for (`passive`: a screen that looks
   * by itself) does not keep a session open.
   */
  async authenticate(token: string, { passive = false }: { readonly passive?: boolean } = {}): Promise<SignedIn> {
    const now = this.parts.clock.now();
    const found = await this.parts.sessions.find(hashToken(token));
    if (!found) throw fail('SESSION_MISSING');
    let { session } = found;
    const state = sessionState(session, now);
    if (state !== 'open') throw fail('SESSION_MISSING', '', state === 'ended' ? session.endedCause ?? state : state);
    if (!found.officer.enabled) throw fail('SESSION_MISSING', '', 'disabled');
    if (!passive && now.getTime() - session.seenAt.getTime() >= SEEN_MS) {
      session = { ...session, seenAt: now };
      await this.parts.sessions.touch(session.id, now);
    }
    return { officer: found.officer, session, expiresAt: sessionEnd(session) };
  }

  /** What a browser needs to prove a passkey of the officer for one purpose in this session. Throws PASSKEY_UNAVAILABLE, PASSKEY_MISSING. */
  async offerStepUp({ officer, session }: Pick<SignedIn, 'officer' | 'session'>, purpose: StepUpPurpose): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.ceremonies.offerProof({ kind: 'step_up', session: session.id, purpose: purposeText(purpose) }, officer.id, this.parts.clock.now());
  }

  /**
   * Takes a fresh proof for one purpose and uses it up: a passkey's answer to a challenge that was made for just this purpose in
   * this session, or a one-time code. Throws STEP_UP_MISSING when there is none, PASSKEY_REFUSED, CODE_WRONG, CODE_REPLAYED,
   * SIGN_IN_THROTTLED, and SESSION_MISSING after ten wrong ones, which end the session: whoever holds it is not its officer.
   */
  async stepUp({ officer, session }: Pick<SignedIn, 'officer' | 'session'>, { code, passkey }: Proof, purpose: StepUpPurpose): Promise<StepUp> {
    if (!passkey && !code) throw fail('STEP_UP_MISSING', 'code');
    const { officers, sessions, clock } = this.parts;
    const now = clock.now();
    if ((await this.throttle.admitStepUp(session.id, now)) === 'over') {
      await sessions.end(session.id, now, 'too_many_tries', this.fact('officer.signed_out', SYSTEM, { session: session.id }, now));
      throw fail('SESSION_MISSING', '', 'too_many_tries');
    }
    const account = await officers.findById(officer.id);
    if (!account?.enabled) throw fail('SESSION_MISSING', '', 'disabled');
    const cause = passkey ? await this.provePasskey(passkey, { officer, session }, purpose, now) : await this.useCode(account, code ?? '', now);
    if (cause) {
      await sessions.note(this.fact('officer.step_up_failed', officerActor(officer.id), { session: session.id, cause }, now));
      throw cause === 'code_replayed' ? fail('CODE_REPLAYED', 'code') : cause === 'code_wrong' ? fail('CODE_WRONG', 'code') : fail('PASSKEY_REFUSED');
    }
    await this.throttle.succeedStepUp(session.id, now);
    return { method: passkey ? 'passkey' : 'totp', at: now };
  }

  /** The time by which sessions are judged. */
  now(): Date {
    return this.parts.clock.now();
  }

  /** Open sessions of the officer that are not over, newest first. */
  async sessionsOf(officer: OfficerId): Promise<readonly Session[]> {
    const now = this.parts.clock.now();
    return (await this.parts.sessions.openOf(officer)).filter((session) => sessionState(session, now) === 'open');
  }

  /** Ends one of the officer's own sessions; does nothing when they have no such one. */
  async endSession(officer: OfficerId, id: SessionId): Promise<void> {
    const now = this.parts.clock.now();
    if (!(await this.parts.sessions.openOf(officer)).some((session) => session.id === id)) return;
    await this.parts.sessions.end(id, now, 'ended_elsewhere', this.fact('officer.signed_out', officerActor(officer), { session: id }, now));
  }

  /** Ends the session of a token; does nothing when there is none. */
  async signOut(token: string): Promise<void> {
    const now = this.parts.clock.now();
    const found = await this.parts.sessions.find(hashToken(token));
    if (!found) return;
    const { id, officerId } = found.session;
    await this.parts.sessions.end(id, now, 'signed_out', this.fact('officer.signed_out', officerActor(officerId), { session: id }, now));
  }

  /** Ends every session of an officer, and returns how many there were. */
  async endAll(officer: OfficerId, by: Actor): Promise<number> {
    const now = this.parts.clock.now();
    return this.parts.sessions.endAll(officer, now, 'ended_elsewhere', (sessions) => this.fact('officer.sessions_ended', by, { officer, sessions }, now));
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
      sealedTotp: masterKey.seal(Buffer.from(totpSecret, 'utf8'), totpPurpose(officer.id)),
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

  /**
   * Gives an officer a new password and second factor, and ends everything they had open: the owner's way where no two
   * administrators are left to reset it. Returns the secret, shown this once. Throws OFFICER_INVALID, PASSWORD_WEAK.
   */
  async reset(officer: Pick<Officer, 'id' | 'userName'>, password: string, by: Actor): Promise<{ readonly totpSecret: string; readonly otpauthUri: string }> {
    const { officers, passwords, masterKey, clock } = this.parts;
    checkPassword(password, officer.userName);
    const totpSecret = newTotpSecret();
    const to = { passwordHash: await passwords.hash(password), sealedTotp: masterKey.seal(Buffer.from(totpSecret, 'utf8'), totpPurpose(officer.id)) };
    const now = clock.now();
    if (!(await officers.reset(officer.id, to, now, this.fact('officer.sign_in_reset', by, { officer: officer.id }, now)))) throw fail('OFFICER_INVALID', 'id');
    return { totpSecret, otpauthUri: otpauthUri(totpSecret, officer.userName) };
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

  private get ceremonies(): PasskeyCeremonies {
    const { passkeys } = this.parts;
    if (!passkeys) throw fail('PASSKEY_UNAVAILABLE');
    return passkeys;
  }

  private opening(officer: OfficerId, method: SignInMethod, now: Date, { device = null }: Pick<Caller, 'device'>, passkey?: string) {
    const { token, session } = newSession(this.parts.ids.next<SessionId>(), officer, now, method, device);
    return { token, session, fact: this.fact('officer.signed_in', officerActor(officer), { session: session.id, method, ...(passkey !== undefined && { passkey }) }, now) };
  }

  /** What is wrong with a passkey's proof, if anything; it is used up in any case. */
  private async provePasskey(response: AuthenticationResponseJSON, { officer, session }: Pick<SignedIn, 'officer' | 'session'>, purpose: StepUpPurpose, now: Date): Promise<PasskeyFault | undefined> {
    const proved = await this.ceremonies.verify(response, { kind: 'step_up', session: session.id, purpose: purposeText(purpose) }, now);
    if (typeof proved === 'string') return proved;
    if (proved.officer.id !== officer.id) return 'passkey_unknown';
    return (await this.ceremonies.store.raise(proved.passkey.id, proved.counter, now)) ? undefined : 'counter_back';
  }

  /** What is wrong with a one-time code, if anything; it is used up when nothing is. */
  private async useCode(account: Account, code: string, now: Date): Promise<'code_wrong' | 'code_replayed' | undefined> {
    const step = this.stepOf(account, code, now);
    if (step instanceof Refusal) return step.code === 'CODE_REPLAYED' ? 'code_replayed' : 'code_wrong';
    return (await this.parts.sessions.useStep(account.id, step)) ? undefined : 'code_replayed';
  }

  private stepOf(account: Account, code: string, now: Date): number | Refusal {
    if (account.sealedTotp === null) return fail('CODE_WRONG', 'code');
    const secret = this.parts.masterKey.open(account.sealedTotp, totpPurpose(account.id)).toString('utf8');
    try {
      return verifyTotp({ secret, code, now, lastStep: account.lastStep }).step;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  private async refuse(cause: FailedSignIn, officer: OfficerId | null, desk: Desk, word: 'CREDENTIALS_WRONG' | 'PASSKEY_REFUSED' = 'CREDENTIALS_WRONG'): Promise<Refusal> {
    const body = { officer, cause, source: this.digest(`source ${desk.source}`) };
    await this.parts.sessions.note(this.fact('officer.sign_in_failed', SYSTEM, body, this.parts.clock.now()));
    return cause === 'code_replayed' ? fail('CODE_REPLAYED', 'code') : fail(word);
  }

  private digest(text: string): string {
    return this.parts.masterKey.digest(text);
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
