import { randomBytes } from 'node:crypto';
import { makeFact, officerActor, type Fact } from '#audit/fact.js';
import type { Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { FactId, Ids, OfficerId } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import type { ChangeId } from './change.js';
import type { Officer } from './officer.js';
import { checkPassword, type Passwords } from './password.js';
import { newTotpSecret, otpauthUri, verifyTotp } from './totp.js';

/*
 * How an officer who was added, or whose sign-in was reset, comes to a password and a second factor that no administrator
 * ever knows. The one-time code has two halves: the proposer's, and the confirmer's. Each administrator is told one, once,
 * and hands it to the officer; with one half alone nobody enrols in their place. It is good for 24 hours.
 */
const HALF = /^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/;

/** Both halves of a one-time code. */
export interface EnrolmentCode {
  readonly proposerHalf: string;
  readonly confirmerHalf: string;
}

/** An enrolment that waits. */
export interface Enrolment {
  readonly officer: Officer;
  readonly changeId: ChangeId;
  readonly proposerHalf: string;
  readonly expiresAt: Date;
  readonly sealedTotp: Uint8Array | null;
}

export interface EnrolmentStore {
  /** By the digest of the confirmer's half. */
  find(confirmerHalf: string): Promise<Enrolment | undefined>;
  /** Keeps the second factor that is shown, if none is kept yet. */
  offer(officer: OfficerId, sealedTotp: Uint8Array): Promise<void>;
  /** Uses it up, with its fact; halves are digests. Throws ENROLMENT_INVALID when it is used, replaced or over. */
  complete(done: { readonly officer: OfficerId; readonly proposerHalf: string; readonly confirmerHalf: string; readonly at: Date; readonly passwordHash: string; readonly sealedTotp: Uint8Array; readonly step: number }, fact: Fact): Promise<void>;
}

/** Half of a one-time code: three groups of four, without letters that look alike; 58 bits. */
export function newHalf(): string {
  const letters = 'abcdefghkmnpqrstuvwxyz23456789';
  const picked = Array.from(randomBytes(96)).filter((byte) => byte < 240).slice(0, 12).map((byte) => letters[byte % 30]);
  return [0, 4, 8].map((at) => picked.slice(at, at + 4).join('')).join('-');
}

/** What a half is stored and found by. */
export function halfDigest(masterKey: MasterKey, half: string): string {
  return masterKey.digest(`enrolment ${half}`);
}

/** Enrolling, for who has both halves. */
export class Enrolments {
  constructor(private readonly parts: { readonly store: EnrolmentStore; readonly passwords: Passwords; readonly masterKey: MasterKey; readonly clock: Clock; readonly ids: Ids }) {}

  /** Who enrols, and the second factor to put into an authenticator; the same one when asked again. Throws ENROLMENT_INVALID. */
  async begin(code: EnrolmentCode): Promise<{ readonly officer: Officer; readonly totpSecret: string; readonly otpauthUri: string; readonly expiresAt: Date }> {
    const { store, masterKey } = this.parts;
    let enrolment = await this.find(code);
    const { officer } = enrolment;
    if (enrolment.sealedTotp === null) {
      await store.offer(officer.id, masterKey.seal(Buffer.from(newTotpSecret(), 'utf8'), totpPurpose(officer.id)));
      enrolment = await this.find(code);
    }
    const totpSecret = this.secretOf(enrolment);
    return { officer, totpSecret, otpauthUri: otpauthUri(totpSecret, officer.userName), expiresAt: enrolment.expiresAt };
  }

  /**
   * Sets password and second factor, of which a present code is given; the officer can sign in from then on. Throws
   * ENROLMENT_INVALID, PASSWORD_WEAK, CODE_WRONG.
   */
  async complete(code: EnrolmentCode, given: { readonly password: string; readonly totpCode: string }): Promise<Officer> {
    const { store, passwords, masterKey, clock, ids } = this.parts;
    const enrolment = await this.find(code);
    const { officer, changeId } = enrolment;
    checkPassword(given.password, officer.userName);
    const { step } = verifyTotp({ secret: this.secretOf(enrolment), code: given.totpCode, now: clock.now(), lastStep: 0 });
    const passwordHash = await passwords.hash(given.password);
    const at = clock.now();
    const fact = makeFact({ id: ids.next<FactId>(), at, type: 'officer.enrolled', actor: officerActor(officer.id), body: { officer: officer.id, change: changeId } });
    const halves = { proposerHalf: halfDigest(masterKey, code.proposerHalf), confirmerHalf: halfDigest(masterKey, code.confirmerHalf) };
    await store.complete({ officer: officer.id, ...halves, at, passwordHash, sealedTotp: enrolment.sealedTotp!, step }, fact);
    return officer;
  }

  private async find({ proposerHalf, confirmerHalf }: EnrolmentCode): Promise<Enrolment> {
    const { store, masterKey, clock } = this.parts;
    const wellFormed = HALF.test(proposerHalf) && HALF.test(confirmerHalf);
    const found = wellFormed ? await store.find(halfDigest(masterKey, confirmerHalf)) : undefined;
    if (!found?.officer.enabled || found.proposerHalf !== halfDigest(masterKey, proposerHalf) || found.expiresAt <= clock.now()) throw fail('ENROLMENT_INVALID');
    return found;
  }

  private secretOf({ officer, sealedTotp }: Enrolment): string {
    if (sealedTotp === null) throw fail('ENROLMENT_INVALID');
    return this.parts.masterKey.open(sealedTotp, totpPurpose(officer.id)).toString('utf8');
  }
}

/** What a second factor is sealed for. */
export const totpPurpose = (id: OfficerId): string => `officer:${id}/totp`;
