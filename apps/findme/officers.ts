import { randomBytes } from 'node:crypto';
import { SYSTEM } from '#audit/fact.js';
import { Accounts } from '#identity/accounts.js';
import type { Role } from '#identity/officer.js';
import { Passwords } from '#identity/password.js';
import { newTotpSecret } from '#identity/totp.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import type { MasterKey } from '#kernel/master-key.js';
import { masterKeysIn } from '#config/secrets.js';
import { openDatabase } from '#storage/database.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from '#storage/officer-store.js';
import { Refusal } from './refusal.js';
import { keepSecret } from './state.js';
import type { DrillAccount } from './welcome.js';

/** The officers of drills. Nobody of them exists. */
const DRILL_OFFICERS: readonly { readonly user: string; readonly displayName: string; readonly roles: readonly Role[]; readonly destinations?: readonly string[] }[] = [
  { user: 'autor', displayName: 'Ana Izmišljena', roles: ['author'] },
  { user: 'autor2', displayName: 'Aleksa Izmišljeni', roles: ['author'] },
  { user: 'odobrava', displayName: 'Olga Izmišljena', roles: ['approver'] },
  { user: 'dezurni', displayName: 'Damir Izmišljeni', roles: ['author', 'approver'] },
  { user: 'uprava', displayName: 'Uroš Izmišljeni', roles: ['administrator'] },
  { user: 'uprava2', displayName: 'Una Izmišljena', roles: ['administrator'] },
  { user: 'revizor', displayName: 'Rada Izmišljena', roles: ['auditor'] },
  { user: 'tehnika-rts', displayName: 'Tihomir Izmišljeni, tehnika RTS', roles: ['partner'], destinations: ['rts-1', 'rts-2'] },
];

/** Their user names. */
export const DRILL_USERS: readonly string[] = DRILL_OFFICERS.map(({ user }) => user);

export interface Seeding {
  /** The database as a login that may do what the owner may. */
  readonly ownerUrl: string;
  /** Folder of the secrets: passwords and second factors are kept there, so that every start tells the same. */
  readonly folder: string;
  /** What the partner's account answers for, where that is not what the example configuration has. */
  readonly partnerOf?: readonly string[];
  /** How passwords are hashed; at full cost when left out. */
  readonly passwords?: Passwords;
}

/**
 * Makes the officers of drills that are missing, each with its fact, and tells who they all are. Throws a refusal when the
 * database has one of them with another second factor: it was made with the secrets of another folder.
 */
export async function seedDrillOfficers({ ownerUrl, folder, partnerOf, passwords = new Passwords() }: Seeding): Promise<DrillAccount[]> {
  await keepSecret(folder, 'master-key', () => randomBytes(32).toString('hex'));
  const source = await openDatabase({ url: ownerUrl, name: 'findme-officers', poolSize: 2 });
  try {
    const masterKey = await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
    const officers = new PgOfficerStore(source);
    const accounts = new Accounts({
      officers, sessions: new PgSessionStore(source), throttle: new PgThrottleStore(source), passwords, masterKey, clock: systemClock, ids: randomIds,
    });
    const drill: DrillAccount[] = [];
    for (const { user, displayName, roles, destinations } of DRILL_OFFICERS) {
      const password = await keepSecret(folder, `officer-${user}-password`, newPassword);
      const totpSecret = await keepSecret(folder, `officer-${user}-totp`, newTotpSecret);
      const known = await officers.findByUserName(user);
      if (!known) await accounts.add({ userName: user, displayName, roles, password, totpSecret, ...(destinations && { destinations: partnerOf ?? destinations }) }, SYSTEM);
      else if (known.sealedTotp === null || !opensTo(masterKey, known.sealedTotp, `officer:${known.id}/totp`, totpSecret)) {
        throw new Refusal(`The database has the officer ${user} of another clone. Use its secrets (FINDME_SECRETS) or another database.`);
      }
      drill.push({ role: roles.join(', '), user, password, totpSecret });
    }
    return drill;
  } finally {
    await source.destroy();
  }
}

/** Four groups of four letters and digits, without those that look alike: 78 bits, and easy to type. */
export function newPassword(): string {
  const letters = 'abcdefghkmnpqrstuvwxyz23456789';
  const picked = Array.from(randomBytes(64)).filter((byte) => byte < 240).slice(0, 16).map((byte) => letters[byte % 30]);
  return [0, 4, 8, 12].map((at) => picked.slice(at, at + 4).join('')).join('-');
}

function opensTo(masterKey: MasterKey, sealed: Uint8Array, purpose: string, secret: string): boolean {
  try {
    return masterKey.open(sealed, purpose).toString('utf8') === secret;
  } catch {
    return false;
  }
}
