import { parseArgs } from 'node:util';
import { SYSTEM } from '#audit/fact.js';
import { masterKeysIn, secretsIn } from '#config/secrets.js';
import { Accounts } from '#identity/accounts.js';
import { ROLES, type Officer, type Role } from '#identity/officer.js';
import { Passwords } from '#identity/password.js';
import { STEP_SECONDS, totpAt } from '#identity/totp.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { openDatabase } from '#storage/database.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from '#storage/officer-store.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import { onDatabase } from './database.js';
import { DRILL_USERS, newPassword } from './officers.js';
import { Refusal } from './refusal.js';
import { secretsOf, stateFolder } from './state.js';

const USAGE = `npm run officers -- list
npm run officers -- add USER "DISPLAY NAME" ROLE[,ROLE]     roles: ${ROLES.join(', ')}
npm run officers -- add USER "DISPLAY NAME" partner DESTINATION[,DESTINATION]
npm run officers -- disable USER                            ends all their sessions
npm run officers -- enable USER
npm run officers -- reset USER                              new password and second factor; ends all their sessions
npm run officers -- code USER                               the present one-time code of a drill officer
`;

/**
 * `officers`: who may sign in, as the owner of the database sees to it; the applications cannot. A new officer's password
 * and second factor are told once, on standard output, and kept nowhere in the clear. Every change is a fact.
 */
export async function officersCommand(parameters: readonly string[], environment: NodeJS.ProcessEnv, print: (text: string) => void): Promise<number> {
  const { positionals: [verb, user, displayName, roles, destinations] } = parseArgs({ args: [...parameters], allowPositionals: true, strict: false });
  if (verb === 'code' && user) {
    const { folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
    print(drillCode(folder, user, systemClock.now()));
    return 0;
  }
  const work = verb === 'list' ? list() : verb === 'add' && user && displayName && roles ? add(user, displayName, roles, destinations)
    : verb === 'reset' && user ? reset(user) : (verb === 'disable' || verb === 'enable') && user ? enable(user, verb === 'enable') : undefined;
  if (!work) throw new Refusal(USAGE);
  const { folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
  print(await onDatabase(environment, async (url) => {
    const source = await openDatabase({ url, name: 'findme-officers', poolSize: 2 });
    try {
      const masterKey = await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
      return await work(new Accounts({
        officers: new PgOfficerStore(source), sessions: new PgSessionStore(source), throttle: new PgThrottleStore(source), passwords: new Passwords(), masterKey, clock: systemClock, ids: randomIds,
      }));
    } finally {
      await source.destroy();
    }
  }));
  return 0;
}

/** What the authenticator of a drill officer would show now. Only invented officers have a second factor that lies here. */
function drillCode(folder: string, user: string, now: Date): string {
  const secret = DRILL_USERS.includes(user) ? secretsIn(folder)(`officer-${user}-totp`) : undefined;
  if (secret === undefined) throw new Refusal(`${user} is no drill officer. Drill officers: ${DRILL_USERS.join(', ')}.`);
  return `${totpAt(secret, now)}   works once, for another ${2 * STEP_SECONDS - (Math.floor(now.getTime() / 1000) % STEP_SECONDS)} s\n`;
}

type Work = (accounts: Accounts) => Promise<string>;

function list(): Work {
  return async (accounts) => (await accounts.list()).map((o) => `${o.userName.padEnd(24)} ${o.enabled ? 'enabled ' : 'disabled'} ${o.roles.join(', ').padEnd(24)} ${o.displayName}\n`).join('');
}

function add(userName: string, displayName: string, roles: string, destinations?: string): Work {
  return async (accounts) => {
    const password = newPassword();
    const { totpSecret, otpauthUri } = await accounts.add({ userName, displayName, roles: roles.split(',') as Role[], password, ...(destinations && { destinations: destinations.split(',') }) }, SYSTEM);
    return `Added ${userName}. Told once; hand it over in person:\n  password       ${password}\n  second factor  ${totpSecret}\n  ${otpauthUri}\n`;
  };
}

function reset(userName: string): Work {
  return async (accounts) => {
    const officer = await named(accounts, userName);
    const password = newPassword();
    const { totpSecret, otpauthUri } = await accounts.reset(officer, password, SYSTEM);
    return `Reset ${userName}. Told once; hand it over in person:\n  password       ${password}\n  second factor  ${totpSecret}\n  ${otpauthUri}\n`;
  };
}

async function named(accounts: Accounts, userName: string): Promise<Officer> {
  const officer = (await accounts.list()).find((o) => o.userName === userName);
  if (!officer) throw new Refusal(`There is no officer ${userName}.`);
  return officer;
}

function enable(userName: string, enabled: boolean): Work {
  return async (accounts) => {
    const officer = await named(accounts, userName);
    await accounts.change(officer.id, { roles: officer.roles, enabled }, SYSTEM);
    return `${userName} is ${enabled ? 'enabled' : 'disabled'}.\n`;
  };
}
