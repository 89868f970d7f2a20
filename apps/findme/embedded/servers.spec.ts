import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { projectRoot } from '#config/project-root.js';
import { stateFolder } from '../state.js';
import { end, identify, isAlive, pause, signal, type ProcessId } from './process.js';
import { readPidFile } from './postgres.js';

/** What the owner of the servers tells: see testing/owner.ts. */
interface Owned {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly keeperPid: number;
}

const OWNER = join(projectRoot, 'dist/apps/findme/embedded/testing/owner.js');

/** Wait until it holds, for at most ten seconds. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('waited ten seconds in vain');
    await pause(10);
  }
}

describe('embedded servers', () => {
  let stateDir: string;
  const owners: ChildProcess[] = [];

  async function own(durable: boolean): Promise<{ owner: ChildProcess; owned: Owned; keeper: ProcessId; postgres: ProcessId }> {
    const owner = fork(OWNER, [stateDir, durable ? 'durable' : 'throwaway'], { execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    owners.push(owner);
    const [owned] = (await once(owner, 'message')) as [Owned];
    return { owner, owned, keeper: identify(owned.keeperPid) as ProcessId, postgres: await postgresOf(owned) };
  }

  async function postgresOf({ databaseUrl }: Owned): Promise<ProcessId> {
    const [row] = await query(databaseUrl, 'SHOW data_directory');
    const pid = readPidFile(row?.['data_directory'] ?? '')?.pid ?? 0;
    return identify(pid) as ProcessId;
  }

  async function query(url: string, sql: string): Promise<Record<string, string>[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, string>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  beforeAll(async () => {
    // Below the clone's own state, which the servers' user can reach also when we are root.
    stateDir = await mkdtemp(join(process.getuid?.() === 0 ? await stateFolder(undefined) : tmpdir(), 'spec-'));
  });

  afterAll(async () => {
    for (const owner of owners) if (owner.connected) owner.send('stop');
    await Promise.all(owners.filter((owner) => owner.exitCode === null && owner.signalCode === null).map((owner) => once(owner, 'exit')));
    await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('loses no row when its owner is killed, and ends with it', async () => {
    const first = await own(true);
    await query(first.owned.databaseUrl, 'CREATE TABLE kept (word text)');
    await query(first.owned.databaseUrl, "INSERT INTO kept VALUES ('whole')");
    first.owner.kill('SIGKILL');
    await until(() => !isAlive(first.keeper) && !isAlive(first.postgres));

    const second = await own(true);
    expect(second.owned.databaseUrl).toBe(first.owned.databaseUrl);
    expect(await query(second.owned.databaseUrl, 'SELECT word FROM kept')).toEqual([{ word: 'whole' }]);
    second.owner.send('stop');
    await once(second.owner, 'exit');
    expect(isAlive(second.postgres)).toBe(false);
  });

  it('stops what a killed keeper and owner left behind, and starts on the same data', async () => {
    const first = await own(true);
    // Stopped first, so that it cannot put another keeper in the place of the killed one.
    signal(identify(first.owner.pid ?? 0) as ProcessId, 'SIGSTOP');
    await end(first.keeper, [['SIGKILL', 5_000]]);
    first.owner.kill('SIGKILL');
    await once(first.owner, 'exit');
    expect(isAlive(first.postgres)).toBe(true);

    const second = await own(true);
    expect(isAlive(first.postgres)).toBe(false);
    expect(await query(second.owned.databaseUrl, 'SELECT word FROM kept')).toEqual([{ word: 'whole' }]);
  });

  describe('while their owner lives', () => {
    let live: Awaited<ReturnType<typeof own>>;

    beforeAll(async () => {
      live = await own(false);
    });

    it('writes no statement and no value into its log', async () => {
      const { owner, owned } = live;
      await query(owned.databaseUrl, 'CREATE TABLE names (name text PRIMARY KEY)');
      await query(owned.databaseUrl, "INSERT INTO names VALUES ('Canary')");
      await expect(query(owned.databaseUrl, "INSERT INTO names VALUES ('Canary')")).rejects.toThrow('duplicate key');
      const log = await readFile(join(stateDir, 'throwaway', await throwawayOf(owner), 'servers.log'), 'utf8');
      expect(log).toContain('duplicate key');
      expect(log).not.toContain('Canary');
    });

    it('starts a server again that ends by itself', async () => {
      const { owned, postgres } = live;
      await end(postgres, [['SIGQUIT', 5_000]]);
      await until(() => query(owned.databaseUrl, 'SELECT FROM names').then(() => true, () => false));
      expect((await postgresOf(owned)).pid).not.toBe(postgres.pid);
    });

    it('puts a new keeper in the place of a killed one', async () => {
      const { owner, owned, keeper } = live;
      const replaced = once(owner, 'message') as Promise<[Owned]>;
      signal(keeper, 'SIGKILL');
      const [again] = await replaced;
      expect(again.keeperPid).not.toBe(keeper.pid);
      expect(again.databaseUrl).toBe(owned.databaseUrl);
      expect(await query(again.databaseUrl, 'SELECT * FROM names')).toEqual([{ name: 'Canary' }]);
      live = { ...live, keeper: identify(again.keeperPid) as ProcessId };
    });

    it('leaves nothing of a throwaway cluster once its owner is killed', async () => {
      const { owner, keeper } = live;
      const mine = await throwawayOf(owner);
      owner.kill('SIGKILL');
      await until(() => !isAlive(keeper));
      expect(await readdir(join(stateDir, 'throwaway'))).not.toContain(mine);
    });
  });

  async function throwawayOf(owner: ChildProcess): Promise<string> {
    const name = (await readdir(join(stateDir, 'throwaway'))).find((entry) => entry.startsWith(`${String(owner.pid)}_`));
    if (name === undefined) throw new Error('there is no throwaway cluster of this owner');
    return name;
  }
});
