import { z } from 'zod';
import { makeFact, officerActor } from '#audit/fact.js';
import type { Clock } from '#kernel/clock.js';
import { fail } from '#kernel/errors.js';
import type { FactId, Ids, OfficerId } from '#kernel/ids.js';
import type { Accounts, Proof, SignedIn } from './accounts.js';
import type { Passkey, PasskeyCeremonies, PasskeyId, PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from './passkey.js';

const nameSchema = z.string().trim().min(1).max(80).regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/);

export interface PasskeysParts {
  readonly ceremonies: PasskeyCeremonies;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An officer's own passkeys. The one-time code stays beside them, so any of them may go. */
export class Passkeys {
  constructor(private readonly parts: PasskeysParts) {}

  /** Their passkeys, oldest first. */
  list(officer: OfficerId): Promise<readonly Passkey[]> {
    return this.parts.ceremonies.store.ofOfficer(officer);
  }

  /**
   * Begins to register one, with a fresh proof; the challenge it returns is good for this session and for five minutes. Throws
   * what `stepUp` does, PASSKEY_UNAVAILABLE, PASSKEYS_TOO_MANY.
   */
  async begin(who: SignedIn, proof: Proof): Promise<PublicKeyCredentialCreationOptionsJSON> {
    await this.parts.accounts.stepUp(who, proof, { for: 'passkeys' });
    return this.parts.ceremonies.offerRegistration(who.officer, who.session.id, this.parts.clock.now());
  }

  /** Registers what the browser made. Throws PASSKEY_REFUSED, PASSKEY_KNOWN, OFFICER_INVALID for the name. */
  async register(who: SignedIn, name: string, response: RegistrationResponseJSON): Promise<Passkey> {
    const { ceremonies, clock, ids } = this.parts;
    const read = nameSchema.safeParse(name);
    if (!read.success) throw fail('OFFICER_INVALID', 'name');
    const now = clock.now();
    const made = await ceremonies.readRegistration(response, who.session.id, now);
    const passkey: Passkey = { id: ids.next<PasskeyId>(), officerId: who.officer.id, name: read.data, createdAt: now, lastUsedAt: null, ...made };
    const fact = makeFact({ id: ids.next<FactId>(), at: now, type: 'officer.passkey_added', actor: officerActor(who.officer.id), body: { officer: who.officer.id, passkey: passkey.id } });
    if (!(await ceremonies.store.add(passkey, fact))) throw fail('PASSKEY_KNOWN');
    return passkey;
  }

  /** Removes one, with a fresh proof. Throws what `stepUp` does, PASSKEY_MISSING. */
  async remove(who: SignedIn, id: PasskeyId, proof: Proof): Promise<void> {
    const { ceremonies, accounts, clock, ids } = this.parts;
    if (!(await this.list(who.officer.id)).some((passkey) => passkey.id === id)) throw fail('PASSKEY_MISSING');
    await accounts.stepUp(who, proof, { for: 'passkeys' });
    const fact = makeFact({ id: ids.next<FactId>(), at: clock.now(), type: 'officer.passkey_removed', actor: officerActor(who.officer.id), body: { officer: who.officer.id, passkey: id } });
    if (!(await ceremonies.store.remove(id, who.officer.id, fact))) throw fail('PASSKEY_MISSING');
  }
}
