import { commandOf, identify, isAlive, parentOf, type ProcessId } from './embedded/process.js';

/** How far up npm may stand: npm, its shell, ourselves; one more for a wrapper. */
const GENERATIONS = 3;
const LOOK_EVERY_MS = 300;

/**
 * The processes through which npm launched this one, npm last; none if it was not npm. They matter because npm's shell
 * dies of a SIGTERM without passing it on, and because nobody can pass on a SIGKILL: either would leave us running
 * with nobody to stop us.
 */
export function npmLaunchers(): readonly ProcessId[] {
  const launchers: ProcessId[] = [];
  let pid = process.ppid;
  for (let generation = 0; generation < GENERATIONS && pid > 1; generation += 1) {
    const launcher = identify(pid);
    if (launcher === undefined) return [];
    launchers.push(launcher);
    if (/\bnpm(-cli\.[cm]?js)?( |$)/.test(commandOf(pid))) return launchers;
    pid = parentOf(pid);
  }
  return [];
}

/** Call `gone` once, when one of these processes has ended. Does not keep this process alive. */
export function watchLaunchers(launchers: readonly ProcessId[], gone: () => void): void {
  if (launchers.length === 0) return;
  const timer = setInterval(() => {
    if (launchers.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, LOOK_EVERY_MS);
  timer.unref();
}
