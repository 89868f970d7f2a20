import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { projectRoot } from '#config/project-root.js';
import { seedDrillOfficers } from '../officers.js';
import { Refusal } from '../refusal.js';
import { start, type StartedSystem } from '../start.js';
import { runningSystem, secretsOf, stateFolder } from '../state.js';
import { partsOf } from '../system.js';
import type { DrillAccount } from '../welcome.js';
import { readAlertFile } from './alert-file.js';
import { ApiClient, type Credentials } from './api-client.js';
import { isErased } from './erasures.js';
import { reachLine } from './reach.js';
import { runDrill, type DrillResult } from './drill.js';
import { deliveryTable, erasureLine, summaryTables } from './report.js';
import { summarize } from './channel-summary.js';
import type { Usage } from './memory.js';
import { nationalGround, type NationalOptions } from './national-ground.js';
import { isConfirmed } from './views.js';

const USAGE = `npm run drill [-- FILE] [--json] [--patience SECONDS] [--size national [--numbers N] [--subscribers N] [--first-port PORT]]
  FILE          an alert in YAML or JSON, its photo beside it; config/drill/full.yaml when left out
  --json        one JSON object on standard output, and nothing else there
  --patience    seconds that a fan-out may take (60; 600 for a national one)
  --size        national: on a system of its own with the partners of the whole country, summed up by channel
  --numbers     invented numbers that get an SMS each, over all operators (300)
  --subscribers fictional browsers that get a push each (100000)
  --first-port  the lowest of about 400 free ports (11000)
`;

const SHOWN_TROUBLES = 20;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A system to play on, and what ends it if the drill began it. */
interface Ground {
  readonly address: string;
  readonly accounts: readonly DrillAccount[];
  /** Control address of the simulated partners, where it is not the usual one. */
  readonly controlUrl?: string;
  /** What the programs needed; the deliveries are then summed up by channel. */
  usage?(): readonly Usage[];
  stop(): Promise<void>;
}

/** `drill`: plays the main job on the running system, or on one of its own. Returns 0 when everything went as it must. */
export async function drill(parameters: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const { values, positionals } = parsed(parameters);
  if (values.help) {
    say(USAGE);
    return 0;
  }
  const national = nationalOptions(values);
  const patienceMs = Number(values.patience ?? (national ? 600 : 60)) * 1_000;
  if (!(patienceMs > 0)) throw new Refusal('--patience takes a number of seconds.');
  const file = await readAlertFile(positionals[0] ?? join(projectRoot, 'config/drill/full.yaml'));

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const ground = national ? await nationalGround(environment, stop.signal, national, say) : await groundFor(environment, stop.signal);
  try {
    const officer = (role: string): ApiClient => new ApiClient(ground.address, accountOf(ground.accounts, role));
    const result = await runDrill({
      file, say, patienceMs, author: officer('author'), approver: officer('approver'), auditor: officer('auditor'),
      tell: national ? 'channels' : 'destinations',
      controlUrl: ground.controlUrl ?? `http://127.0.0.1:${environment['FINDME_PARTNERS_PORT'] ?? '4100'}`,
    });
    const usage = ground.usage?.();
    if (values.json) process.stdout.write(`${JSON.stringify(asJson(result, usage), undefined, 2)}\n`);
    else process.stdout.write(asText(result, usage));
    return result.ok ? 0 : 1;
  } finally {
    await ground.stop();
  }
}

function parsed(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters], allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false }, patience: { type: 'string' }, help: { type: 'boolean', default: false },
        size: { type: 'string' }, numbers: { type: 'string' }, subscribers: { type: 'string' }, 'first-port': { type: 'string' },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`);
  }
}

/** What was asked for a drill of national size; nothing when an ordinary one was. */
function nationalOptions(values: ReturnType<typeof parsed>['values']): NationalOptions | undefined {
  const of = { numbers: values.numbers, subscribers: values.subscribers, 'first-port': values['first-port'] };
  const [stray] = Object.entries(of).find(([, value]) => value !== undefined) ?? [];
  if (values.size === undefined && stray !== undefined) throw new Refusal(`--${stray} goes with --size national.`);
  if (values.size === undefined) return undefined;
  if (values.size !== 'national') throw new Refusal('--size knows one size: national.');
  const number = (name: keyof typeof of, usual: number, most: number): number => {
    const value = Number(of[name] ?? usual);
    if (!Number.isInteger(value) || value < 0 || value > most) throw new Refusal(`--${name} takes a whole number, ${most} at most.`);
    return value;
  };
  return { numbers: number('numbers', 300, 3_000_000), subscribers: number('subscribers', 100_000, 1_000_000), firstPort: number('first-port', 11_000, 65_000) };
}

async function groundFor(environment: NodeJS.ProcessEnv, asked: AbortSignal): Promise<Ground> {
  const stateDir = await stateFolder(environment['FINDME_STATE']);
  const running = await runningSystem(stateDir);
  if (running?.address !== undefined && running.adminUrl !== undefined) {
    say(`Playing on the running system at ${running.address}.`);
    const { folder } = await secretsOf(stateDir);
    const accounts = await seedDrillOfficers({ ownerUrl: running.adminUrl, folder });
    return { address: running.address, accounts, stop: () => Promise.resolve() };
  }
  say('No system of this clone runs: starting one for the drill.');
  const system: StartedSystem = await start(partsOf(environment, asked, []));
  return system;
}

function accountOf(accounts: readonly DrillAccount[], role: string): Credentials {
  const account = accounts.find((a) => a.role === role);
  if (!account) throw new Refusal(`There is no drill officer who is ${role}.`);
  return account;
}

function asText({ ok, deliveries, reach, ledgers, erasures, audit }: DrillResult, usage: readonly Usage[] | undefined): string {
  const lines = ['', usage ? summaryTables(summarize(deliveries), usage) : deliveryTable(deliveries, ledgers), ''];
  const troubled = usage ? deliveries.filter((d) => !isConfirmed(d)) : [];
  if (troubled.length > 0) lines.push(deliveryTable(troubled.slice(0, SHOWN_TROUBLES), ledgers), ...(troubled.length > SHOWN_TROUBLES ? [`  and ${troubled.length - SHOWN_TROUBLES} more`] : []), '');
  lines.push(...reach.map(reachLine), '');
  for (const destination of ledgers.lost) lines.push(`  LOST: ${destination} accepted, but its ledger has nothing.`);
  for (const entry of ledgers.unexpected) lines.push(`  UNEXPECTED in a ledger: ${entry}`);
  for (const { destination } of erasures.filter((e) => !isErased(e))) lines.push(`  NOT ERASED: ${destination} can confirm and has not.`);
  lines.push(`  ${erasureLine(erasures)}`);
  lines.push(`  Audit: ${audit.ok ? 'verified' : 'BROKEN'}, ${audit.facts} facts in one chain, ${audit.checkpoints} signed checkpoints.`);
  lines.push(ok ? '  The drill succeeded: every destination accepted and confirmed what its ledger says it received.' : '  THE DRILL FAILED.', '');
  return `${lines.join('\n')}\n`;
}

function asJson({ ok, alertId, deliveries, reach, ledgers, erasures, audit }: DrillResult, usage: readonly Usage[] | undefined): object {
  return {
    ok, alertId, mode: 'drill',
    ...(usage && { channels: summarize(deliveries), programs: usage }),
    deliveries: deliveries.map(({ id, kind, channel, destination, part, state, confirmation, reason, attempts, msToAcceptance, receipts }) => ({
      kind, channel, destination, part, outcome: state, confirmation, reason, attempts, msFromApproval: msToAcceptance, receipts, ledger: ledgers.of.get(id) ?? { effects: 0, duplicates: 0 },
    })),
    reach, lost: ledgers.lost, unexpected: ledgers.unexpected, erasures: erasures.map(({ destination, confirms, confirmedAt }) => ({ destination, confirms, confirmed: confirmedAt !== null })), audit,
  };
}
