import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '#config/project-root.js';
import { until } from '../support/until.js';
import { ended, missingOf } from './program.js';

/** What the message centre says that it understood. */
export type Heard =
  | { readonly event: 'bind'; readonly as: string; readonly system: string; readonly status: number; readonly version: number }
  | {
      readonly event: 'submit'; readonly command: string; readonly id: string; readonly to: readonly string[]; readonly flags: readonly number[];
      readonly source: string; readonly esm: number; readonly coding: number; readonly octets: number; readonly priority: number;
      readonly validity: string; readonly registered: number; readonly key: string | null; readonly total: number; readonly number: number;
    }
  | { readonly event: 'text'; readonly to: readonly string[]; readonly text: string }
  | { readonly event: 'cancel' | 'query'; readonly id: string; readonly status: number };

type Of<Event extends Heard['event']> = Extract<Heard, { event: Event }>;

/** A running message centre on Debian's Net::SMPP. */
export interface NetSmppProgram {
  readonly port: number;
  heard<Event extends Heard['event']>(event: Event): Of<Event>[];
  /** `hold` keeps what comes under way, `release` delivers it and reports it, `arrive` delivers it without a word. */
  tell(word: 'hold' | 'release' | 'arrive'): void;
  forget(): void;
  stop(): Promise<void>;
}

/** The only sender of these words to it is a test: no operator has this password or refuses this list. */
export const PASSWORD = 'tajna1';
export const REFUSED = 'NEPOZNATA';
/** Whoever binds under this name is handed what arrives, as a phone is. */
export const PHONE = 'telefon';

/** Starts the message centre; a sentence that says why not where it cannot be had. */
export async function startNetSmppProgram(): Promise<NetSmppProgram | string> {
  const missing = missingOf('perl');
  if (missing !== undefined) return missing;
  if (spawnSync('perl', ['-MNet::SMPP', '-MJSON::PP', '-e', '1']).status !== 0) return "Perl's Net::SMPP is not installed";
  const program = spawn('perl', [join(projectRoot, 'tests/peers/net-smpp-smsc.pl'), '--password', PASSWORD, '--phone', PHONE, '--refuse', REFUSED], { stdio: ['pipe', 'pipe', 'ignore'] });
  program.stdin.on('error', () => undefined);
  let port = 0;
  let heard: Heard[] = [];
  createInterface({ input: program.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Heard | { event: 'listening'; port: number };
    if (said.event === 'listening') port = said.port;
    else heard.push(said);
  });
  const stop = (): Promise<void> => ended(program);
  try {
    await until(() => port, (p) => p > 0 || program.exitCode !== null);
  } catch {
    port = 0;
  }
  if (port === 0) {
    await stop();
    return 'the message centre on Net::SMPP does not start here';
  }
  return {
    port, stop,
    heard: <Event extends Heard['event']>(event: Event) => heard.filter((h): h is Of<Event> => h.event === event),
    tell: (word) => void program.stdin.write(`${word}\n`),
    forget: () => { heard = []; },
  };
}
