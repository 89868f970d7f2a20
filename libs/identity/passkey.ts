import { createHash, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import {
  generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse,
  type AuthenticationResponseJSON, type PublicKeyCredentialCreationOptionsJSON, type PublicKeyCredentialRequestOptionsJSON, type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { decodeAttestationObject, isoBase64URL } from '@simplewebauthn/server/helpers';
import type { Fact } from '#audit/fact.js';
import { canonicalJson } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import type { Branded, OfficerId } from '#kernel/ids.js';
import type { Officer } from './officer.js';
import type { SessionId } from './session.js';

/*
 * Passkeys: Web Authentication Level 3 (W3C). A passkey with user verification (PIN, finger or face) is two factors: the
 * device that has it, and who may use it. So the user is verified in every ceremony, and no attestation is asked for.
 */
export type PasskeyId = Branded<'passkey'>;
export type { AuthenticationResponseJSON, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON };

/** A challenge waits this long for its answer. */
export const CHALLENGE_MS = 5 * 60_000;
export const MOST_PASSKEYS = 10;

/** Where passkeys are good: the host and origin under which browsers reach the system. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
  readonly name: string;
}

/** The relying party of an address; none where the host is a bare IP address, which can have no passkeys (section 5.1.2). */
export function relyingParty(publicUrl: string, name = 'Pronađi me'): RelyingParty | undefined {
  const { hostname, origin } = new URL(publicUrl);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin, name } : undefined;
}

export interface Passkey {
  readonly id: PasskeyId;
  readonly officerId: OfficerId;
  /** base64url. */
  readonly credentialId: string;
  /** COSE key. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** What a challenge was made for; its answer is good for exactly that. */
export interface Ceremony {
  readonly kind: 'register' | 'sign_in' | 'step_up';
  readonly session: SessionId | null;
  /** Canonical JSON of what is proved for; null but for a step-up. */
  readonly purpose: string | null;
}

/** What storage implements. Every call is one transaction with its fact. */
export interface PasskeyStore {
  /** Keeps a challenge by its hash, in place of those of the same session and kind. */
  issue(hash: string, ceremony: Ceremony, expiresAt: Date): Promise<void>;
  /** Takes a challenge away and returns what it was for: once, whatever comes of it. */
  take(hash: string, now: Date): Promise<Ceremony | undefined>;
  /** Deletes challenges that ended before `before`. */
  forgetChallenges(before: Date): Promise<void>;
  /** False, and nothing written, when that credential is known. */
  add(passkey: Passkey, fact: Fact): Promise<boolean>;
  /** False, and nothing written, when the officer has no such passkey. */
  remove(id: PasskeyId, officer: OfficerId, fact: Fact): Promise<boolean>;
  ofOfficer(officer: OfficerId): Promise<readonly Passkey[]>;
  findByCredential(credentialId: string): Promise<{ readonly passkey: Passkey; readonly officer: Officer } | undefined>;
  /** Raises the counter by compare-and-set; false when it is not behind `counter` (both 0 apart) or the passkey is gone. */
  raise(id: PasskeyId, counter: number, at: Date): Promise<boolean>;
}

/** Why an answer was not taken; for the audit, never for who gave it. */
export type PasskeyFault = 'passkey_unknown' | 'passkey_refused' | 'counter_back';
export type Verified = { readonly passkey: Passkey; readonly officer: Officer; readonly counter: number };

/** The ceremonies of one relying party over a store of challenges and passkeys. */
export class PasskeyCeremonies {
  constructor(readonly store: PasskeyStore, private readonly party: RelyingParty | undefined) {}

  /** What the browser needs to make a passkey. Throws PASSKEY_UNAVAILABLE, PASSKEYS_TOO_MANY. */
  async offerRegistration(officer: Officer, session: SessionId, now: Date): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { id, name } = this.available();
    const known = await this.store.ofOfficer(officer.id);
    if (known.length >= MOST_PASSKEYS) throw fail('PASSKEYS_TOO_MANY');
    const challenge = await this.issue({ kind: 'register', session, purpose: null }, now);
    return generateRegistrationOptions({
      rpID: id, rpName: name, challenge, userName: officer.userName, userDisplayName: officer.displayName, userID: new Uint8Array(Buffer.from(officer.id, 'utf8')),
      timeout: CHALLENGE_MS, attestationType: 'none', authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports: [...transports] })),
    });
  }

  /** Reads what the browser made. Throws PASSKEY_REFUSED. */
  async readRegistration(response: RegistrationResponseJSON, session: SessionId, now: Date): Promise<Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports'>> {
    const { id, origin } = this.available();
    const expectedChallenge = await this.taken(response.response.clientDataJSON, { kind: 'register', session, purpose: null }, now);
    if (expectedChallenge === undefined || !isPlain(response)) throw fail('PASSKEY_REFUSED');
    const made = await verifyRegistrationResponse({ response, expectedChallenge, expectedOrigin: origin, expectedRPID: id, requireUserVerification: true })
      // The library's words quote what came in.
      .catch(() => undefined);
    if (!made?.verified) throw fail('PASSKEY_REFUSED');
    const { credential } = made.registrationInfo;
    return { credentialId: credential.id, publicKey: credential.publicKey, counter: credential.counter, transports: (response.response.transports ?? []).slice(0, 8) };
  }

  /** What the browser needs to prove a passkey: for signing in whichever of ours it has, else one of the officer's. Throws PASSKEY_UNAVAILABLE, PASSKEY_MISSING. */
  async offerProof(ceremony: Ceremony, officer: OfficerId | undefined, now: Date): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { id } = this.available();
    const known = officer === undefined ? [] : await this.store.ofOfficer(officer);
    if (officer !== undefined && known.length === 0) throw fail('PASSKEY_MISSING');
    return generateAuthenticationOptions({
      rpID: id, challenge: await this.issue(ceremony, now), timeout: CHALLENGE_MS, userVerification: 'required',
      allowCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports: [...transports] })),
    });
  }

  /** Checks a proof against the ceremony it is for, and uses its challenge up. The caller raises the counter. Throws PASSKEY_UNAVAILABLE. */
  async verify(response: AuthenticationResponseJSON, ceremony: Ceremony, now: Date): Promise<Verified | PasskeyFault> {
    const { id, origin } = this.available();
    const expectedChallenge = await this.taken(response.response.clientDataJSON, ceremony, now);
    if (expectedChallenge === undefined) return 'passkey_refused';
    const found = await this.store.findByCredential(response.id);
    if (!found) return 'passkey_unknown';
    const { passkey } = found;
    const credential = { id: passkey.credentialId, publicKey: new Uint8Array(passkey.publicKey), counter: 0 };
    const proved = await verifyAuthenticationResponse({ response, expectedChallenge, expectedOrigin: origin, expectedRPID: id, credential, requireUserVerification: true })
      .catch(() => undefined);
    if (!proved?.verified) return 'passkey_refused';
    const counter = proved.authenticationInfo.newCounter;
    // Section 6.1.1: a counter that does not grow may mean that there are two of an authenticator.
    if ((counter > 0 || passkey.counter > 0) && counter <= passkey.counter) return 'counter_back';
    return { ...found, counter };
  }

  private available(): RelyingParty {
    if (!this.party) throw fail('PASSKEY_UNAVAILABLE');
    return this.party;
  }

  private async issue(ceremony: Ceremony, now: Date): Promise<Uint8Array<ArrayBuffer>> {
    const challenge = new Uint8Array(randomBytes(32));
    await this.store.issue(hashOf(isoBase64URL.fromBuffer(challenge)), ceremony, new Date(now.getTime() + CHALLENGE_MS));
    return challenge;
  }

  /** The challenge of an answer if it was ours, not used, not over, and made for just this ceremony. */
  private async taken(clientDataJSON: string, { kind, session, purpose }: Ceremony, now: Date): Promise<string | undefined> {
    const { challenge, crossOrigin } = clientDataOf(clientDataJSON);
    if (challenge === undefined) return undefined;
    const made = await this.store.take(hashOf(challenge), now);
    const fits = made !== undefined && made.kind === kind && made.session === session && made.purpose === purpose;
    // Nobody frames our pages, so an answer from within a frame is none of ours.
    return fits && crossOrigin !== true ? challenge : undefined;
  }
}

/** The text under which a step-up's purpose is kept. */
export function purposeText(purpose: object): string {
  return canonicalJson(purpose);
}

const hashOf = (challenge: string): string => createHash('sha256').update(challenge, 'utf8').digest('hex');

function clientDataOf(text: string): { readonly challenge?: string; readonly crossOrigin?: unknown } {
  try {
    const data: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const { challenge, crossOrigin } = (data ?? {}) as { challenge?: unknown; crossOrigin?: unknown };
    return { ...(typeof challenge === 'string' && { challenge }), crossOrigin };
  } catch {
    return {};
  }
}

/**
 * Tells whether a registration comes without certificates. None are asked for, and what somebody sends all the same is not
 * followed to the addresses that certificates name.
 */
function isPlain({ response }: RegistrationResponseJSON): boolean {
  try {
    const attestation = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject));
    return attestation.get('fmt') === 'none' || (attestation.get('fmt') === 'packed' && attestation.get('attStmt').get('x5c') === undefined);
  } catch {
    return false;
  }
}
