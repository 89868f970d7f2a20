import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '#apps/findme/embedded/process.js';
import { ApiClient } from '#apps/findme/drill/api-client.js';
import { makeDrillSecrets } from '#apps/findme/drill-secrets.js';
import { seedDrillOfficers } from '#apps/findme/officers.js';
import { startCast, type Cast } from '#apps/partners/cast.js';
import { createCheckpointKey } from '#audit/checkpoint.js';
import { catalog } from '#channels/catalog.js';
import { parseConfiguration } from '#config/configuration.js';
import { projectRoot } from '#config/project-root.js';
import { secretsIn } from '#config/secrets.js';
import { Passwords } from '#identity/password.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { freshDatabase, type TestDatabase } from './database.js';

export interface StackOptions {
  /** A Redis for the queue; none when left out. */
  readonly redisUrl?: string;
  /** More destinations, as in the configuration file. */
  readonly destinations?: readonly object[];
  /** What the drill's partner account answers for; both broadcasters of drills when left out. */
  readonly partnerOf?: readonly string[];
  /** More environment for the dispatcher. */
  readonly dispatcher?: Readonly<Record<string, string>>;
}

/** One of ours as a process of its own, as in service. */
export interface RunningProgram {
  readonly process: ChildProcess;
  /** Ends it as an operator would, or as a power cut would. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** The real system over real protocols: database, API and dispatcher as processes, partners with ledgers in this one. */
export interface Stack {
  readonly address: string;
  /** As browsers reach it: passkeys and service workers go by the name. */
  readonly publicAddress: string;
  readonly database: TestDatabase;
  readonly partners: Cast;
  partner(id: string): FakePartner;
  /** The folder of its secrets, as its programs have it. */
  readonly secrets: string;
  /** A secret of the house, by the name that the configuration has for it. */
  secret(name: string): string;
  /** A client that is signed in as a drill officer. */
  as(user: DrillOfficer): Promise<ApiClient>;
  /** What a drill officer types at sign-in: a password, and a one-time code that was not used yet. */
  credentials(user: DrillOfficer): Promise<{ readonly password: string; readonly code: string }>;
  dispatcher: RunningProgram;
  startDispatcher(more?: Readonly<Record<string, string>>): Promise<RunningProgram>;
  stop(): Promise<void>;
}

export type DrillOfficer = 'autor' | 'autor2' | 'odobrava' | 'dezurni' | 'uprava' | 'uprava2' | 'revizor' | 'tehnika-rts';

/** Starts the system with two broadcasters, an operator with a list, one with numbers, and a newsroom, in each mode. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'findme-stack-'));
  const database = await freshDatabase();
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const publicAddress = `http://localhost:${port}`;
  const configFile = join(folder, 'partners.yaml');
  const secrets = join(folder, 'secrets');
  const numbers = join(folder, 'numbers.txt');
  await writeFile(numbers, ['999600000001', '999600000002', '999600000003'].join('\n'));
  const text = stringify(await testConfiguration(numbers, options.destinations ?? []));
  await writeFile(configFile, text);
  const configuration = parseConfiguration(text, catalog);
  await makeDrillSecrets(secrets, configuration, new Date());
  // Hashed cheaply; the first sign-in of each hashes anew at full cost, as in service.
  const officers = await seedDrillOfficers({ ownerUrl: database.ownerUrl, folder: secrets, partnerOf: options.partnerOf ?? ['tv-1', 'tv-2'], passwords: new Passwords({ cost: { ln: 10, r: 8, p: 1 } }) });
  await writeFile(join(secrets, 'audit-signing-key'), createCheckpointKey().privateKeyPem);
  const secret = secretsIn(secrets);
  const partners = await startCast(configuration.destinations, secret, address);

  const environment = {
    DATABASE_URL: database.appUrl, PORT: String(port), FINDME_PUBLIC_URL: publicAddress, FINDME_CONFIG: configFile, FINDME_SECRETS: secrets,
    FINDME_DISPATCHER_PORT: '0', FINDME_PROBE_SECONDS: '1', ...(options.redisUrl && { REDIS_URL: options.redisUrl }),
  };
  const startDispatcher = (more: Readonly<Record<string, string>> = {}) => launch('dispatcher', { ...environment, ...options.dispatcher, ...more });
  const api = await launch('api', environment);
  const officer = (user: DrillOfficer) => officers.find((o) => o.user === user)!;
  const typists = new Map<DrillOfficer, ApiClient>();
  const stack: Stack = {
    address, publicAddress, database, partners, secrets, secret,
    partner: (id) => {
      const partner = partners.get(id);
      if (!partner) throw new Error(`there is no partner ${id}`);
      return partner;
    },
    as: async (user) => {
      const client = new ApiClient(address, officer(user));
      await client.signIn();
      return client;
    },
    credentials: async (user) => {
      const typist = typists.get(user) ?? new ApiClient(address, officer(user));
      typists.set(user, typist);
      // Typed into a page, where more is filled in before it is sent.
      return { password: officer(user).password, code: await typist.code(20_000) };
    },
    dispatcher: await startDispatcher(),
    startDispatcher,
    stop: async () => {
      await Promise.all([stack.dispatcher.end('SIGTERM'), api.end('SIGTERM')]);
      await Promise.all([...partners.values()].map((partner) => partner.close()));
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return stack;
}

async function launch(name: 'api' | 'dispatcher', environment: Readonly<Record<string, string>>): Promise<RunningProgram> {
  const child = fork(join(projectRoot, 'dist', 'apps', name, 'main.js'), [], {
    env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [],
  });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4_000);
  });
  const exited = once(child, 'exit');
  let ended = false;
  void exited.then(() => {
    if (!ended) process.stderr.write(`${name} ended by itself:\n${said}\n`);
  });
  const ready = new Promise<void>((resolve) => child.on('message', () => resolve()));
  await Promise.race([ready, exited.then(() => {
    throw new Error(`${name} ended while starting:\n${said}`);
  })]);
  return {
    process: child,
    end: async (signal) => {
      ended = true;
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

async function testConfiguration(numbers: string, more: readonly object[]): Promise<object> {
  const sender = 'proba@findme.example';
  const bounce = await freePort();
  const cap = async (id: string, mode: string) => ({
    id, name: `Televizija ${id}`, channel: 'cap-push', mode, simulated: true,
    settings: {
      url: `https://127.0.0.1:${await freePort()}/cap`, sender, ca: `${mode}-authority-certificate`, signingKey: `${mode}-cap-signing-key`,
      signingCertificate: `${mode}-cap-signing-certificate`, secret: `${id}-webhook`, timeoutMs: 5_000,
      simulated: { serverKey: `${mode}-server-key`, serverCertificate: `${mode}-server-certificate` },
    },
  });
  const operator = async (id: string, mode: string, audience: object) => ({
    id, name: `Operater ${id}`, channel: 'smpp', mode, simulated: true,
    settings: {
      host: '127.0.0.1', port: await freePort(), systemId: 'findme', password: `${id}-password`, binds: 2, window: 20, ratePerSecond: 1_000,
      source: { address: 'PronadjiMe' }, audience, deduplicates: true, timeoutMs: 5_000, maxSegments: 6,
    },
  });
  const newsroom = async (id: string, mode: string) => ({
    id, name: `Redakcija ${id}`, channel: 'email', mode, simulated: true,
    settings: {
      host: '127.0.0.1', port: await freePort(), security: 'none', simulated: true, from: { name: 'Pronađi me', address: 'findme@police.example' },
      to: ['desk@newsroom.example'], bounce: { host: '127.0.0.1', port: bounce, domain: 'bounce.police.example', secret: 'newsrooms-bounces' },
    },
  });
  return {
    sender,
    signing: {
      drill: { key: 'drill-cap-signing-key', certificate: 'drill-cap-signing-certificate' },
      live: { key: 'live-cap-signing-key', certificate: 'live-cap-signing-certificate' },
    },
    destinations: [
      await cap('tv-1', 'drill'), await cap('tv-2', 'drill'),
      await operator('operator-list', 'drill', { kind: 'distribution-list', name: 'SVI' }),
      await operator('operator-numbers', 'drill', { kind: 'numbers', file: numbers, partSize: 2 }),
      await newsroom('newsroom', 'drill'),
      await cap('tv-live', 'live'),
      ...more,
    ],
  };
}
