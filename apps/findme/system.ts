import { once } from 'node:events';
import { join } from 'node:path';
import { catalog } from '#channels/catalog.js';
import { readConfiguration } from '#config/configuration.js';
import { projectRoot } from '#config/project-root.js';
import { masterKeysIn } from '#config/secrets.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { openDatabase } from '#storage/database.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import { APP_ROLE, migrate } from '#storage/migrate.js';
import { onDatabase } from './database.js';
import { makeDrillSecrets } from './drill-secrets.js';
import { npmLaunchers, watchLaunchers } from './launcher.js';
import { seedDrillOfficers } from './officers.js';
import { start, type StartedSystem, type StartParts } from './start.js';
import { secretsOf, stateFolder } from './state.js';
import type { DrillAccount } from './welcome.js';

/*
 * This system's parts for `start`: which programs, which schema, what to try next.
 */

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Partners first: the dispatcher connects to them. The order is also, backwards, that of the stop. */
const PROGRAMS = ['partners', 'api', 'dispatcher'].map((name) => ({ name, entry: join(projectRoot, 'dist', 'apps', name, 'main.js') }));

/** The system's parts under this environment. */
export function partsOf(environment: NodeJS.ProcessEnv, asked: AbortSignal, launchers: StartParts['launchers']): StartParts {
  return {
    environment, asked, launchers, migrate: ({ ownerUrl, appPassword, folder }) => migrateAndAdopt(ownerUrl, appPassword, folder), appRole: APP_ROLE,
    accounts: (adminUrl, { folder }) => drillAccounts(adminUrl, folder, environment),
    programs: PROGRAMS,
    next: [
      ['npm run officers -- code autor', 'shows the one-time code with which the drill officer autor signs in'],
      ['npm run drill', 'plays a whole alert: written, approved, sent to every partner, found, erased from the air'],
      ['npm run verify-audit', 'recomputes the chain of every decision and delivery'],
    ],
    log: say,
  };
}

/** Brings the database to today's schema and to the master key of the folder. */
async function migrateAndAdopt(ownerUrl: string, appPassword: string, folder: string): Promise<void> {
  await migrate({ ownerUrl, appPassword });
  const source = await openDatabase({ url: ownerUrl, name: 'findme-migrate', poolSize: 2 });
  try {
    await adoptMasterKey(source, masterKeysIn(folder), systemClock, randomIds);
  } finally {
    await source.destroy();
  }
}

/** Where every partner is simulated, the system is one for drills: its secrets and officers are made up, and told. */
async function drillAccounts(ownerUrl: string, folder: string, environment: NodeJS.ProcessEnv): Promise<readonly DrillAccount[]> {
  const configuration = readConfiguration(environment['FINDME_CONFIG'] ?? join(projectRoot, 'config', 'serbia.yaml'), catalog);
  await makeDrillSecrets(folder, configuration, systemClock.now());
  return configuration.destinations.every((d) => d.simulated) ? seedDrillOfficers({ ownerUrl, folder }) : [];
}

/** `start`: run until asked to stop. Returns 0 after a stop that was asked for. */
export async function run(environment: NodeJS.ProcessEnv): Promise<number> {
  const asked = new AbortController();
  // They may come twice: from the terminal, and passed on by npm.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => { asked.abort(); });
  const launchers = npmLaunchers();
  watchLaunchers(launchers, () => { asked.abort(); });
  let system: StartedSystem;
  try {
    system = await start(partsOf(environment, asked.signal, launchers));
  } catch (error) {
    if (!asked.signal.aborted) throw error;
    say('Stopped.');
    return 0;
  }
  process.stdout.write(`${system.welcome}\n`);
  if (!asked.signal.aborted) await once(asked.signal, 'abort');
  say('Stopping ...');
  await system.stop();
  say('Stopped.');
  return 0;
}

/** `migrate`: bring the database to today's schema and end. Uses DATABASE_URL, the running system's, or an own embedded one. */
export async function migrateOnly(environment: NodeJS.ProcessEnv): Promise<number> {
  const { appPassword, folder } = await secretsOf(await stateFolder(environment['FINDME_STATE']), environment['FINDME_SECRETS']);
  await onDatabase(environment, (ownerUrl) => migrateAndAdopt(ownerUrl, appPassword, folder));
  say('The database has today\'s schema.');
  return 0;
}
