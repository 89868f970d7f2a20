import assert from 'node:assert/strict';
import { systemClock } from '#kernel/clock.js';
import type { Log, LogEvents } from '#kernel/log.js';
import type { Connection, Destination, Line, Message, Outcome, ProbeResult, Receipt } from '../channel.js';
import type { ContractHarness, Stage } from './contract.js';
import type { FakePartner, LedgerEntry } from './fake-partner.js';
import { MemoryAudience } from './memory-audience.js';
import { toLoopback } from './outgoing.js';
import { CANARY_NAMES, sampleMessage, sampleNotice } from './sample-notice.js';

/** How long anything may take that should happen at once, on a machine that is busy. */
export const SOON_MS = 30_000;

/** Waits for a condition without fixed sleeps; false when it did not come true in time. */
export async function eventually(condition: () => boolean, withinMs = SOON_MS): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(5);
  }
  return true;
}

/** Lets a few milliseconds pass; only inside a loop that waits for a condition. */
export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** The promise's value, or `late` when it is not there in time. The promise goes on. */
export async function within<T>(promise: Promise<T>, ms = SOON_MS): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((done) => {
    timer = setTimeout(() => done('late'), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A signal that does not abort within a test. */
export const patient = () => new AbortController().signal;

/** One open connection on one running partner, with everything it said written down. */
export class Rehearsal<Settings> {
  readonly receipts: Receipt[] = [];
  /** Everything that leaves the channel towards people: log events, reasons, errors. */
  readonly said: string[] = [];
  stage!: Stage<Settings>;
  private readonly secrets = new Set<string>();
  private opened: Connection | undefined;
  private current!: FakePartner;

  private constructor(readonly harness: ContractHarness<Settings>) {}

  /** Runs `act` on a new partner, closes everything, and requires that nothing said holds a secret or a child's name. */
  static async run<S>(harness: ContractHarness<S>, act: (r: Rehearsal<S>) => Promise<void>): Promise<void> {
    const rehearsal = new Rehearsal(harness);
    rehearsal.stage = await harness.start({ receive: (receipt) => rehearsal.receive(receipt) });
    rehearsal.current = rehearsal.stage.partner;
    try {
      await act(rehearsal);
      rehearsal.assertDiscreet();
    } finally {
      await rehearsal.end();
    }
  }

  get partner(): FakePartner {
    return this.current;
  }

  get destination(): Destination<Settings> {
    return this.stage.destination;
  }

  /** The connection, opened at the first use. */
  get connection(): Connection {
    this.opened ??= this.harness.channel.open(this.destination, this.line());
    return this.opened;
  }

  /** A new sample message in the destination's mode. */
  message(overrides: Partial<Message> = {}): Message {
    return sampleMessage({ notice: sampleNotice({ mode: this.destination.mode }), ...overrides });
  }

  publish(message: Message, signal: AbortSignal = patient()): Promise<Outcome> {
    return this.listen(this.connection.publish(message, signal));
  }

  withdraw(message: Message, signal: AbortSignal = patient()): Promise<Outcome> {
    return this.listen(this.connection.withdraw(message, signal));
  }

  probe(signal: AbortSignal = patient()): Promise<ProbeResult> {
    return this.listen(this.connection.probe(signal));
  }

  /** Publishes and requires that it was accepted. */
  async accepted(message: Message): Promise<Extract<Outcome, { kind: 'accepted' }>> {
    const outcome = await this.publish(message);
    assert.equal(outcome.kind, 'accepted', `a well partner accepts, not ${describeOutcome(outcome)}`);
    return outcome;
  }

  /** Entries under a key that had an effect. */
  effects(key: string, action?: LedgerEntry['action']): LedgerEntry[] {
    return this.partner.ledger.filter((e) => e.key === key && !e.duplicate && (!action || e.action === action));
  }

  /** Receipts that speak of an accepted message. */
  receiptsOf(message: Message, references: readonly string[]): Receipt[] {
    return this.receipts.filter(({ about }) => ('key' in about ? about.key === message.key : references.includes(about.reference)));
  }

  /** Takes the partner away, as if its machine went down. */
  async partnerGoes(): Promise<void> {
    await this.current.close();
  }

  async partnerReturns(): Promise<void> {
    assert.ok(this.stage.restart);
    this.current = await this.stage.restart();
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }

  /** Requires that nothing said so far holds a secret or a child's name. */
  assertDiscreet(): void {
    const spoken = [...this.said, ...this.receipts.map((r) => JSON.stringify(r))].join('\n');
    for (const name of CANARY_NAMES) assert.ok(!spoken.includes(name), 'a child\'s name appears in a log, a reason or an error');
    for (const secret of this.secrets) {
      const lines = secret.split(/\r?\n/).filter((l) => l.length >= 8 && !l.startsWith('-----'));
      for (const piece of lines) assert.ok(!spoken.includes(piece), 'a secret appears in a log, a reason or an error');
    }
  }

  private async receive(receipt: Receipt): Promise<void> {
    this.receipts.push(receipt);
  }

  private line(): Line {
    const log: Log = {
      event: <Name extends keyof LogEvents>(name: Name, fields: LogEvents[Name]) => void this.said.push(JSON.stringify({ name, ...fields })),
    };
    const secret = (name: string): string => {
      const value = this.stage.secret(name);
      this.secrets.add(value);
      return value;
    };
    return { clock: systemClock, log, secret, outgoing: toLoopback, audience: this.stage.audience ?? new MemoryAudience(), receive: (receipt) => this.receive(receipt) };
  }

  private async listen<T extends Outcome | ProbeResult>(answer: Promise<T>): Promise<T> {
    try {
      const result = await answer;
      this.said.push(JSON.stringify(result));
      return result;
    } catch (error) {
      this.said.push(String(error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : error));
      throw error;
    }
  }

  private async end(): Promise<void> {
    await this.close();
    await this.current.close();
    await this.stage.stop();
  }
}

/** An outcome in a few words for an assertion's message. */
export function describeOutcome(outcome: Outcome | 'late'): string {
  if (outcome === 'late') return 'no answer in time';
  return 'reason' in outcome ? `${outcome.kind} (${outcome.reason})` : outcome.kind;
}
