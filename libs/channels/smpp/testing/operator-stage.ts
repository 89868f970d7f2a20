import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Language } from '#alerts/content.js';
import type { Log } from '#kernel/log.js';
import type { Connection, Destination, Line, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { MemoryHeadway } from '#dispatch/testing/memory-headway.js';
import { smpp } from '../channel.js';
import { type SmppSettings, settingsSchema } from '../config.js';
import { SMS } from '../numbers.js';
import { type FakeOperator, startFakePartner } from '../fake-partner.js';

/** Settings of a simulated operator; patience is short, so that a test of trouble is quick. */
export function settingsWith(overrides: Record<string, unknown> = {}): SmppSettings {
  return settingsSchema.parse({
    host: '127.0.0.1',
    systemId: 'findme',
    password: 'operator-password',
    source: { address: 'PronadjiMe' },
    audience: { kind: 'distribution-list', name: 'SVI' },
    ratePerSecond: 10_000,
    timeoutMs: 600,
    ...overrides,
  });
}

export const SECRET = 'tajna-lozinka-za-probu';

export function destinationAt(port: number, settings: SmppSettings): Destination<SmppSettings> {
  return { id: 'operater-proba' as DestinationId, name: 'Operater (proba)', channel: 'smpp', mode: 'drill', settings: { ...settings, port } };
}

/** Invented numbers below country code 999, which no country has. */
export function inventedNumbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `999600${String(i).padStart(6, '0')}`);
}

/** Lets invented people ask for SMS, in Serbian Latin unless another language is given. */
export async function subscribe(audience: MemoryAudience, numbers: readonly string[], language: Language = 'sr-Latn'): Promise<void> {
  for (const number of numbers) await audience.add({ kind: SMS, mode: 'drill', language, districts: null, identity: number, contact: number, confirmed: true });
}

/** Writes numbers into a file of their own and returns its path; removed with `remove`. */
export function numbersFile(lines: readonly string[]): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'findme-numbers-'));
  const file = join(folder, 'numbers.txt');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

/** A running operator with an open connection to it, and everything that came over the line. */
export interface OperatorStage {
  readonly operator: FakeOperator;
  readonly connection: Connection;
  readonly destination: Destination<SmppSettings>;
  readonly receipts: Receipt[];
  readonly events: string[];
  readonly audience: MemoryAudience;
  readonly headway: MemoryHeadway;
  readonly line: Line;
  /** Replaces what the house does with a receipt. */
  receive: (receipt: Receipt) => Promise<void>;
}

const open: (() => Promise<void>)[] = [];

/** Starts an operator and connects to it. */
export async function stage(overrides: Record<string, unknown> = {}, clock: Clock = systemClock, more: Partial<Line> = {}): Promise<OperatorStage> {
  const settings = settingsWith(overrides);
  const operator = await startFakePartner(destinationAt(0, settings), { secret: () => SECRET });
  const destination = destinationAt(operator.port, settings);
  const receipts: Receipt[] = [];
  const events: string[] = [];
  const log: Log = { event: (name, fields) => void events.push(`${name} ${JSON.stringify(fields)}`) };
  const audience = new MemoryAudience();
  const headway = new MemoryHeadway();
  const line: Line = { clock, log, secret: () => SECRET, outgoing: toLoopback, audience, headway, receive: (receipt) => set.receive(receipt), ...more };
  const set: OperatorStage = {
    operator,
    destination,
    receipts,
    events,
    audience,
    headway,
    line,
    connection: smpp.open(destination, line),
    receive: async (receipt) => void receipts.push(receipt),
  };
  open.push(async () => {
    await set.connection.close();
    await operator.close();
  });
  return set;
}

/** Closes everything that `stage` opened; for `afterEach`. */
export async function clearStage(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}

/** Resolves once the condition holds; rejects when it does not within the deadline. */
export async function until(condition: () => boolean, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((done) => setTimeout(done, 2));
  }
}
