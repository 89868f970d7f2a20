import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from './embedded/process.js';
import { claimState, describeSystem, releaseState, runningSystem, secretsOf, StateTaken } from './state.js';

describe('the state of a clone', () => {
  let stateDir: string;
  const record = (): string => join(stateDir, 'running.json');

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'findme-state-'));
  });
  afterEach(() => rm(stateDir, { recursive: true, force: true }));

  it('has one holder at a time, who is known to the others', async () => {
    await claimState(stateDir);
    await expect(claimState(stateDir)).rejects.toThrow(StateTaken);
    await describeSystem(stateDir, { address: 'http://localhost:3000' });
    expect(await runningSystem(stateDir)).toMatchObject({ pid: process.pid, address: 'http://localhost:3000' });
    await releaseState(stateDir);
    expect(await runningSystem(stateDir)).toBeUndefined();
    expect(await claimState(stateDir)).toBeUndefined();
  });

  it('goes over from a dead holder, with what he left behind', async () => {
    const programs = [{ pid: 1, mark: 'none' }];
    await writeFile(record(), JSON.stringify({ pid: process.pid, mark: 'of an earlier process with this number', programs }));
    expect(await claimState(stateDir)).toMatchObject({ programs });
    expect(await runningSystem(stateDir)).toMatchObject({ pid: process.pid });
  });

  it('goes to one alone of many who find the same dead holder', async () => {
    await writeFile(record(), JSON.stringify({ pid: process.pid, mark: 'dead' }));
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimState(stateDir)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is waited for while its holder stops because its launcher is gone', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(holder, 'spawn');
    await writeFile(record(), JSON.stringify({ ...identify(holder.pid ?? 0), launchers: [{ pid: process.pid, mark: 'gone' }] }));
    const claim = claimState(stateDir);
    holder.kill('SIGKILL');
    expect(await claim).toMatchObject({ pid: holder.pid });
  });

  it('makes its secrets once, for its owner alone', async () => {
    const first = await secretsOf(stateDir);
    expect(await secretsOf(stateDir)).toEqual(first);
    const folder = join(stateDir, 'secrets');
    expect((await stat(folder)).mode & 0o077).toBe(0);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
    expect(await readFile(join(folder, 'app-password'), 'utf8')).toContain(first.appPassword);
  });
});
