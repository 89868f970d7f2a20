import { startServers } from './embedded/servers.js';
import { claimState, releaseState, runningSystem, stateFolder } from './state.js';

/**
 * Work on this clone's database as a login that may do what its owner may: that of DATABASE_URL, the running system's, or
 * an embedded one started for as long as the work takes.
 */
export async function onDatabase<T>(environment: NodeJS.ProcessEnv, work: (adminUrl: string) => Promise<T>): Promise<T> {
  const stateDir = await stateFolder(environment['FINDME_STATE']);
  const known = environment['DATABASE_URL'] ?? (await runningSystem(stateDir))?.adminUrl;
  if (known !== undefined) return work(known);
  await claimState(stateDir);
  try {
    const servers = await startServers({ stateDir, durable: true, postgres: 'embedded', redis: 'none', log: (line) => void process.stderr.write(`${line}\n`) });
    try {
      return await work(servers.databaseUrl ?? '');
    } finally {
      await servers.stop();
    }
  } finally {
    await releaseState(stateDir);
  }
}
