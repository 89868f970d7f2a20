import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stateFolder } from '#apps/findme/state.js';
import { projectRoot } from '#config/project-root.js';

const OWNER = join(projectRoot, 'dist/apps/findme/embedded/testing/owner.js');

/** A Redis-compatible server of one spec's own. */
export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one; its keeper ends it with the owner's process. */
export async function startRedis(): Promise<TestRedis> {
  const owner = fork(OWNER, [await stateFolder(process.env['FINDME_STATE']), 'redis'], { execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [{ redisUrl }] = (await once(owner, 'message')) as [{ redisUrl: string }];
  return {
    url: redisUrl,
    stop: async () => {
      if (owner.exitCode !== null || owner.signalCode !== null) return;
      owner.send('stop');
      await once(owner, 'exit');
    },
  };
}
