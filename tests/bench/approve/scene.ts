import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDrillSecrets } from '#apps/findme/drill-secrets.js';
import { secretsOf } from '#apps/findme/state.js';
import { catalog } from '#channels/catalog.js';
import { parseConfiguration } from '#config/configuration.js';
import { projectRoot } from '#config/project-root.js';
import { masterKeysIn, secretsIn, type SecretReader } from '#config/secrets.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { openDatabase, rows } from '#storage/database.js';
import { adoptMasterKey } from '#storage/master-key-store.js';
import type { BenchDatabase, Ground } from '../ground.js';
import type { PartnersOrder, PartnersWord } from './partners.js';
import type { WorkerOrder } from './bull-worker.js';

export const SENDER = 'merenje@findme.example';
const PARTNER_PROCESSES = 2;
const WAIT_MS = 40_000;

/** Partners, dispatcher and Bull worker, each a process of its own. */
export interface Scene {
  readonly secret: SecretReader;
  readonly ports: readonly number[];
  /** Resolves once every partner has the first octets of one more message. Call it before sending. */
  arrivals(): Promise<Arrivals>;
  /** Gives the baseline's worker the message. */
  equip(body: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** In nanoseconds on the machine's clock that never jumps. */
export interface Arrivals { readonly first: bigint; readonly last: bigint }

/** Opens a scene with so many partners; the dispatcher works on `database`, and holds a warm connection to each. */
export async function openScene(partners: number, concurrency: number, ground: Ground, database: BenchDatabase): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'findme-bench-'));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    }));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const secrets = join(folder, 'secrets');
    await secretsOf(folder, secrets);
    await makeDrillSecrets(secrets, parseConfiguration(configurationOf([1]), catalog), new Date());
    const secret = secretsIn(secrets);
    await takeMasterKey(database, secrets);

    const groups = Array.from({ length: PARTNER_PROCESSES }, () => launch(children, here('./partners.js'), {}));
    const words = groups.map((group) => once(group, 'message') as Promise<[PartnersWord]>);
    const order: PartnersOrder = { key: secret('drill-server-key'), certificate: secret('drill-server-certificate'), count: partners / PARTNER_PROCESSES };
    for (const group of groups) group.send(order);
    const ports = (await Promise.all(words)).flatMap(([word]) => ('ports' in word ? word.ports : []));

    const config = join(folder, 'partners.yaml');
    await writeFile(config, configurationOf(ports));
    const log = await open(join(folder, 'dispatcher.log'), 'a');
    const dispatcher = launch(children, join(projectRoot, 'dist', 'apps', 'dispatcher', 'main.js'), {
      DATABASE_URL: database.appUrl, REDIS_URL: ground.redisUrl!, FINDME_CONFIG: config, FINDME_SECRETS: secrets, FINDME_PUBLIC_URL: 'http://127.0.0.1:1', FINDME_DISPATCHER_PORT: '0',
    }, log.fd);
    await log.close();
    await answer(dispatcher).catch(async (error: unknown) => {
      throw new Error(`the dispatcher did not start: ${(await readFile(join(folder, 'dispatcher.log'), 'utf8')).slice(-2_000)}`, { cause: error });
    });

    const worker = launch(children, here('./bull-worker.js'), {});
    worker.send({ redisUrl: ground.redisUrl!, ca: secret('drill-authority-certificate'), concurrency } satisfies WorkerOrder);
    await answer(worker);
    return {
      secret, ports, close,
      arrivals: async () => {
        const seen = (await Promise.all(groups.map((group) => answer(group)))) as Extract<PartnersWord, { first: string }>[];
        const order = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
        return { first: seen.map((s) => BigInt(s.first)).sort(order)[0]!, last: seen.map((s) => BigInt(s.last)).sort(order).at(-1)! };
      },
      equip: async (body) => {
        worker.send({ body: body.toString('utf8') });
        await answer(worker);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As `npm run migrate` does it; the officers of the benchmark have nothing that is sealed. */
async function takeMasterKey({ ownerUrl }: BenchDatabase, secrets: string): Promise<void> {
  const source = await openDatabase({ url: ownerUrl, name: 'findme-bench', poolSize: 1 });
  try {
    await rows(source, 'UPDATE officers SET password_hash = NULL, sealed_totp = NULL');
    await adoptMasterKey(source, masterKeysIn(secrets), systemClock, randomIds);
  } finally {
    await source.destroy();
  }
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function launch(children: ChildProcess[], file: string, environment: Readonly<Record<string, string>>, log: number | 'inherit' = 'inherit'): ChildProcess {
  const child = fork(file, [], { env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'ignore', log, 'ipc'], execArgv: [] });
  children.push(child);
  return child;
}

async function answer(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(WAIT_MS) })) as [unknown];
  return message;
}

/** Broadcasters in drill mode, one a port; JSON is YAML. */
function configurationOf(ports: readonly number[]): string {
  return JSON.stringify({
    sender: SENDER,
    destinations: ports.map((port, index) => ({
      id: `tv-${index}`, name: `Televizija ${index}`, channel: 'cap-push', mode: 'drill', simulated: true,
      settings: {
        url: `https://127.0.0.1:${port}/cap`, sender: SENDER, ca: 'drill-authority-certificate', signingKey: 'drill-cap-signing-key',
        signingCertificate: 'drill-cap-signing-certificate', secret: 'tv-webhook', timeoutMs: 10_000,
        simulated: { serverKey: 'drill-server-key', serverCertificate: 'drill-server-certificate' },
      },
    })),
  });
}
