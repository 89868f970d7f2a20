import { startServers } from '../servers.js';

/*
 * An owner of embedded servers that a test can kill: node owner.js STATE_FOLDER durable|throwaway|redis, the last
 * without a database. Tells over its channel what it started, and again whenever something was started anew.
 */

const [, , stateDir = '', kind] = process.argv;
const tell = (): void => {
  process.send?.({ databaseUrl: servers.databaseUrl, redisUrl: servers.redisUrl, keeperPid: servers.keeperPid });
};
const servers = await startServers({
  stateDir,
  durable: kind === 'durable',
  postgres: kind === 'redis' ? 'none' : 'embedded',
  redis: 'embedded',
  log: (line) => { if (/under a new keeper/.test(line)) tell(); },
});
process.on('message', () => void servers.stop().then(() => process.exit(0)));
tell();
