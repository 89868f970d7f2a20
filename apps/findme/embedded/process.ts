import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** A process told apart from a later one that got the same number. */
export interface ProcessId {
  readonly pid: number;
  /** When it began, in whatever way this system tells, letters and digits only; empty where it cannot be told. */
  readonly mark: string;
}

const LOWEST_PORT = 15_000;
/** Linux numbers outgoing connections from 32,768 up, other systems from 49,152. */
const HIGHEST_PORT = 32_000;

/** Wait a number of milliseconds. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** The identity of a live process, or undefined if there is none with this number (a zombie counts as none). */
export function identify(pid: number): ProcessId | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const stat = readProc(pid, 'stat');
  if (stat !== undefined) {
    // Fields after the command in brackets, which may itself hold spaces and brackets (proc(5)): state is 3, starttime 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { pid, mark: fields[19] ?? '' };
  }
  return { pid, mark: ask(pid, 'lstart=').replaceAll(/\W/g, '') };
}

/** Is exactly this process still there? */
export function isAlive(process: ProcessId): boolean {
  const now = identify(process.pid);
  return now !== undefined && (process.mark === '' || now.mark === '' || now.mark === process.mark);
}

/** The command line of a process as one string; empty if it cannot be read. */
export function commandOf(pid: number): string {
  return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim() ?? ask(pid, 'command=');
}

/** The number of a process's parent; 0 if it cannot be told. */
export function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  return Number(stat === undefined ? ask(pid, 'ppid=') : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Send a signal; false if the process is gone already. */
export function signal(process_: ProcessId, name: NodeJS.Signals): boolean {
  if (!isAlive(process_)) return false;
  try {
    return process.kill(process_.pid, name);
  } catch {
    return false;
  }
}

/** Send the signals one after another, each with its time in milliseconds to take effect, until the process is gone. */
export async function end(process: ProcessId, steps: readonly (readonly [NodeJS.Signals, number])[]): Promise<boolean> {
  for (const [name, patienceMs] of steps) {
    if (!signal(process, name)) return true;
    for (let waited = 0; waited < patienceMs; waited += 20) {
      await pause(20);
      if (!isAlive(process)) return true;
    }
  }
  return !isAlive(process);
}

/**
 * A free port on loopback: the wanted one if it is free or becomes so within the time given, else any. Below the range
 * from which systems number outgoing connections: one of those could take the port while its server restarts.
 */
export async function freePort(wanted?: number, patienceMs = 0): Promise<number> {
  for (let waited = 0; wanted !== undefined && waited <= patienceMs; waited += 50) {
    if (await isFree(wanted)) return wanted;
    if (waited < patienceMs) await pause(50);
  }
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error('No free port on 127.0.0.1');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => { resolve(false); });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => { resolve(true); }));
  });
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

function ask(pid: number, column: string): string {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
