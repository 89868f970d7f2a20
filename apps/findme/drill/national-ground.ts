import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start } from '../start.js';
import { stateFolder } from '../state.js';
import { partsOf } from '../system.js';
import type { DrillAccount } from '../welcome.js';
import { MemoryWatch, type Usage } from './memory.js';
import { nationalConfiguration, nationalPorts, NATIONAL_OPERATORS, type NationalConfiguration } from './national.js';
import { seedSubscribers } from './subscribers.js';

export interface NationalOptions {
  readonly numbers: number;
  readonly subscribers: number;
  readonly firstPort: number;
}

/** A system of national size that runs. */
export interface NationalGround {
  readonly address: string;
  readonly accounts: readonly DrillAccount[];
  readonly controlUrl: string;
  usage(): readonly Usage[];
  stop(): Promise<void>;
}

/** What the operator set for another system, and may not reach this one: it makes up people and officers. */
const NOT_OURS = ['DATABASE_URL', 'REDIS_URL', 'FINDME_SECRETS', 'FINDME_PUBLIC_URL', 'FINDME_CHECKPOINTS'];
/** Message keys are derived beforehand, as they would be in service; a drill does not wait for them for ever. */
const REST_PATIENCE_MS = 180_000;

/**
 * Starts a system with the partners of the whole country, with data, servers and ports of its own, beside whatever else runs.
 * It stands below the state folder (`national`).
 */
export async function nationalGround(environment: NodeJS.ProcessEnv, asked: AbortSignal, options: NationalOptions, say: (line: string) => void): Promise<NationalGround> {
  const stateDir = await stateFolder(join(await stateFolder(environment['FINDME_STATE']), 'national'));
  const ports = nationalPorts(options.firstPort);
  const numberFiles = await writeNumbers(stateDir, options.numbers);
  const configuration = nationalConfiguration({ ...options, numberFiles });
  const file = join(stateDir, 'national.json');
  await writeFile(file, JSON.stringify(configuration, undefined, 1));
  const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !NOT_OURS.includes(name)));
  const parts = partsOf({
    ...own, FINDME_STATE: stateDir, FINDME_CONFIG: file, PORT: String(ports.api), FINDME_DISPATCHER_PORT: String(ports.dispatcher), FINDME_PARTNERS_PORT: String(ports.control),
  }, asked, []);

  const began = performance.now();
  const took = (): string => `after ${((performance.now() - began) / 1_000).toFixed(1)} s`;
  const memory = new MemoryWatch();
  say(`Starting a system of national size: ${configuration.destinations.length} destinations, ${options.subscribers} browsers, ${options.numbers} numbers.`);
  const system = await start({
    ...parts,
    // Before the programs: the dispatcher looks at its audience when it starts.
    accounts: async (adminUrl, secrets) => {
      const accounts = await parts.accounts(adminUrl, secrets);
      const secret = (name: string): Promise<string> => readFile(join(secrets.folder, name), 'utf8').then((text) => text.trim());
      await seedSubscribers({
        ownerUrl: adminUrl, count: options.subscribers, folder: secrets.folder, ...pushServiceOf(configuration),
        serverKey: await secret('drill-partner-server-key'),
      });
      say(`  The browsers are in the database ${took()}.`);
      return accounts;
    },
  }).catch((error: unknown) => {
    memory.stop();
    throw error;
  });
  say(`  All programs serve ${took()}.`);
  await memory.untilAtRest('dispatcher', REST_PATIENCE_MS);
  say(`  Message keys are derived and all is quiet ${took()}.`);
  return {
    address: system.address, accounts: system.accounts, controlUrl: `http://127.0.0.1:${ports.control}`,
    usage: () => memory.usage(),
    stop: () => {
      memory.stop();
      return system.stop();
    },
  };
}

function pushServiceOf({ destinations }: NationalConfiguration): { readonly origin: string } {
  const [service] = destinations.flatMap(({ settings }) => (settings['services'] as { readonly probe: string }[] | undefined) ?? []);
  return { origin: service!.probe };
}

/** Invented numbers below country code 999, which no country has: a file for each operator. */
async function writeNumbers(folder: string, count: number): Promise<{ readonly operator: string; readonly file: string }[]> {
  if (count === 0) return [];
  return Promise.all(NATIONAL_OPERATORS.map(async (operator, n) => {
    const file = join(folder, `numbers-${operator}.txt`);
    const own = Math.max(1, Math.ceil((count - n) / NATIONAL_OPERATORS.length));
    await writeFile(file, `${Array.from({ length: own }, (_, i) => `9996${n}${String(i).padStart(7, '0')}`).join('\n')}\n`);
    return { operator, file };
  }));
}
