import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { end, identify, pause, type ProcessId } from './embedded/process.js';
import { Refusal } from './refusal.js';
import type { ReadyMessage } from './lifeline.js';

/** A program of ours to run as a child process. */
export interface ProgramOptions {
  /** As an operator calls it. */
  readonly name: string;
  /** Its compiled entry. */
  readonly entry: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Hears what an operator should know. */
  log(line: string): void;
  /** Hears of every new process, also of those started again. */
  onProcess(): void;
}

const READY_WITHIN_MS = 60_000;
/** A program that ran this long had recovered from what ended it before. */
const STEADY_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const LARGEST_LOG_BYTES = 20 * 1024 * 1024;
const GRACE_MS = 10_000;

/** One program, started again with growing pauses whenever it ends by itself. */
export class Program {
  private identity: ProcessId | undefined;
  private stopping = false;
  private failures = 0;

  constructor(private readonly options: ProgramOptions) {}

  /** The live process, if there is one now. */
  get process(): ProcessId | undefined {
    return this.identity;
  }

  /** Launch it and wait until it serves; what it passes on to those after it comes back. Throws if it ends or dawdles. */
  async start(): Promise<Readonly<Record<string, string>>> {
    const { name, logFile } = this.options;
    const began = performance.now();
    const child = this.launch();
    const ready = await new Promise<ReadyMessage | Error>((resolve) => {
      const timer = setTimeout(() => { resolve(new Error(`${name} was not ready within ${String(READY_WITHIN_MS / 1000)} s`)); }, READY_WITHIN_MS);
      child.once('error', resolve);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        resolve(new Error(`${name} ended while starting (${String(code ?? signal)})`));
      });
      child.on('message', (message: unknown) => {
        if (!isReady(message)) return;
        clearTimeout(timer);
        resolve(message);
      });
    });
    if (ready instanceof Error) {
      await this.end();
      throw new Refusal(`${ready.message}.\n${lastWords(logFile)}Its log: ${logFile}`);
    }
    const ended = (code: number | null, signal: string | null): void => void this.revive(began, String(code ?? signal));
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
    else child.once('exit', ended);
    return ready.settings ?? {};
  }

  /** Ask it to stop, wait, and at last kill it. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.end();
  }

  private async end(): Promise<void> {
    const { identity } = this;
    if (identity !== undefined) await end(identity, [['SIGTERM', GRACE_MS], ['SIGKILL', 2_000]]);
    this.identity = undefined;
  }

  private launch(): ChildProcess {
    const { entry, environment, logFile, onProcess } = this.options;
    if (existsSync(logFile) && statSync(logFile).size > LARGEST_LOG_BYTES) truncateSync(logFile);
    const log = openSync(logFile, 'a', 0o600);
    // A group of its own: Ctrl-C is for the parent, which stops its programs in order.
    const child = fork(entry, { env: environment, execArgv: ['--enable-source-maps'], detached: true, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.identity = child.pid === undefined ? undefined : identify(child.pid);
    onProcess();
    return child;
  }

  private async revive(began: number, how: string): Promise<void> {
    if (this.stopping) return;
    const { name, log, logFile } = this.options;
    this.identity = undefined;
    this.failures = performance.now() - began > STEADY_MS ? 1 : this.failures + 1;
    const wait = Math.min(500 * 2 ** (this.failures - 1), LONGEST_WAIT_MS);
    log(`${name} stopped unexpectedly (${how}); starting it again in ${String(wait / 1000)} s. Its log: ${logFile}`);
    await pause(wait);
    if (this.stopping) return;
    try {
      await this.start();
      log(`${name} is back.`);
    } catch {
      await this.revive(performance.now(), 'failed to start');
    }
  }
}

function isReady(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}

function lastWords(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).map((line) => `  ${line}\n`).join('');
  } catch {
    return '';
  }
}
