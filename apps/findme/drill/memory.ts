import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { commandOf, parentOf } from '../embedded/process.js';

/** Memory and processor time of a program, over all of its processes. */
export interface Usage {
  readonly name: string;
  readonly processes: number;
  /** Octets in memory at the most: what is theirs alone, and once what they share. */
  readonly peakBytes: number;
  /** Seconds of processor time so far. */
  readonly cpuSeconds: number;
}

interface Look { processes: number; own: number; shared: number; cpuSeconds: number }

const LOOK_EVERY_MS = 500;
/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * Watches the memory of everything that this process started, program by program, as Linux tells it; elsewhere nothing is
 * seen. Sampled, so a peak shorter than half a second may be missed.
 */
export class MemoryWatch {
  private readonly peaks = new Map<string, number>();
  private latest = new Map<string, Look>();
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** What was seen so far, the largest first. */
  usage(): readonly Usage[] {
    this.look();
    return [...this.latest].map(([name, { processes, cpuSeconds }]) => ({ name, processes, cpuSeconds, peakBytes: this.peaks.get(name) ?? 0 })).sort((a, b) => b.peakBytes - a.peakBytes);
  }

  /** Resolves when the programs of that name do next to nothing, or after the patience. */
  async untilAtRest(name: string, patienceMs: number): Promise<void> {
    const spent = (): number => (this.look(), this.latest.get(name)?.cpuSeconds ?? 0);
    const deadline = performance.now() + patienceMs;
    for (let before = spent(); performance.now() < deadline;) {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const now = spent();
      if (now - before < 0.2) return;
      before = now;
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const seen = new Map<string, Look>();
    for (const pid of descendants(process.pid)) {
      const status = read(pid, 'status');
      const stat = read(pid, 'stat');
      if (status === undefined || stat === undefined) continue;
      const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
      // Fields after the command in brackets (proc(5)): utime is 14, stime 15.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const name = programOf(commandOf(pid));
      const { processes, own, shared, cpuSeconds } = seen.get(name) ?? { processes: 0, own: 0, shared: 0, cpuSeconds: 0 };
      seen.set(name, {
        processes: processes + 1, own: own + kilobytes('RssAnon') * 1_024, shared: Math.max(shared, (kilobytes('RssFile') + kilobytes('RssShmem')) * 1_024),
        cpuSeconds: cpuSeconds + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      });
    }
    for (const [name, { own, shared }] of seen) this.peaks.set(name, Math.max(this.peaks.get(name) ?? 0, own + shared));
    this.latest = seen;
  }
}

/** `api` of `node dist/apps/api/main.js`, else the name of the executable. Pure. */
export function programOf(command: string): string {
  const own = /\/apps\/([a-z]+)\/(?:[a-z-]+\/)*([a-z-]+)\.m?js\b/.exec(command);
  if (own) return own[2] === 'main' ? own[1]! : own[2]!;
  return basename(command.split(/[\s:]/)[0] ?? '') || 'unknown';
}

function descendants(of: number): number[] {
  const parents = new Map(numbers().map((pid) => [pid, parentOf(pid)]));
  const below = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) if (at === of) return true;
    return false;
  };
  return [...parents.keys()].filter(below);
}

function numbers(): number[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}

function read(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
