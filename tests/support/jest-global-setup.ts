import { startServers, type RunningServers } from '#apps/findme/embedded/servers.js';
import { stateFolder } from '#apps/findme/state.js';
import { prepareTestDatabase } from './database.js';

declare global {
  /** Left by the setup for the teardown, which Jest runs in the same process. */
  var findmeTestServers: RunningServers | undefined;
}

/**
 * Before the first spec: a throwaway PostgreSQL and Redis, or those of DATABASE_URL and REDIS_URL. Specs find them in
 * FINDME_TEST_DATABASE_URL (a login that may do all) and FINDME_TEST_REDIS_URL. If Jest is killed, the servers' keeper
 * stops them and removes their data.
 */
export default async function setup(): Promise<void> {
  const { DATABASE_URL, REDIS_URL, FINDME_STATE, PATH } = process.env;
  const servers = await startServers({
    stateDir: await stateFolder(FINDME_STATE),
    durable: false,
    postgres: DATABASE_URL === undefined ? 'embedded' : 'none',
    redis: REDIS_URL === undefined ? 'embedded' : 'none',
    searchPath: PATH ?? '',
    log: (line) => { process.stderr.write(`${line}\n`); },
  });
  globalThis.findmeTestServers = servers;
  const databaseUrl = DATABASE_URL ?? servers.databaseUrl ?? '';
  process.env['FINDME_TEST_DATABASE_URL'] = databaseUrl;
  process.env['FINDME_TEST_REDIS_URL'] = REDIS_URL ?? servers.redisUrl ?? '';
  await prepareTestDatabase(databaseUrl);
}
