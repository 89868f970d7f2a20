import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Clock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds, type AlertId, type DeliveryId, type DestinationId, type OfficerId } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import { createAlert, decide, type Action, type Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import type { Channel, Destination, Message, Outcome } from '#dispatch/channel.js';
import { Dispatcher, type DispatcherInput } from '#dispatch/dispatcher.js';
import type { BreakerPolicy } from '#dispatch/breaker.js';
import { Partners } from '#dispatch/partners.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase, rows } from '#storage/database.js';
import { PgDeliveryStore } from '#storage/delivery-store.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { plainRules } from '#dispatch/testing/outgoing.js';
import { freshDatabase, type TestDatabase } from './database.js';
import { addOfficers, APPROVER, AUTHOR } from './officers.js';

export const ACCEPTED: Outcome = { kind: 'accepted', references: [], expectedReceipts: 0 };

/** One call of a channel as the partner sees it. */
export interface Call {
  readonly destination: string;
  readonly action: 'publish' | 'withdraw';
  readonly message: Message;
  readonly signal: AbortSignal;
  /** When the attempt began: its place among all calls. */
  readonly order: number;
  /** The partner takes the message; false when it had the key before. */
  take(): boolean;
}
export type Answer = (call: Call) => Outcome | Promise<Outcome>;

/** An answer that waits until it is told, whatever its signal says. */
export function held(): { answer: Answer; call: Promise<Call>; release: (outcome: Outcome) => void } {
  let arrived: (call: Call) => void;
  let release!: (outcome: Outcome) => void;
  const call = new Promise<Call>((resolve) => { arrived = resolve; });
  const outcome = new Promise<Outcome>((resolve) => { release = resolve; });
  return { answer: (made) => { arrived(made); return outcome; }, call, release };
}

export interface Partner {
  readonly id: string;
  readonly resend?: 'safe' | 'ask';
  readonly lapses?: boolean;
  readonly parts?: number;
  readonly partsAtOnce?: number;
  /** Further routes; each answers by the script of its own id. */
  readonly fallbacks?: readonly Omit<Partner, 'fallbacks'>[];
}

/** A state of `deliveries` that the stories look at. */
export interface Seen {
  id: DeliveryId; destination: string; route: number; channel: string; revision: number; kind: string; state: string; reason: string | null; attempts: number; may_have: boolean; key: string; part: number;
  alert_id: AlertId;
}

/** The real stores over a database of its own, and partners in memory that answer by a script and keep a ledger. */
export class DispatchStage {
  readonly ids = randomIds;
  readonly calls: Call[] = [];
  readonly taken: { destination: string; action: Call['action']; key: string; contentHash: string; order: number }[] = [];
  readonly logged: string[] = [];
  /** Answers to come, a destination each; when there is none left, the partner takes and accepts. */
  readonly script = new Map<string, Answer[]>();
  readonly wakes: { id: DeliveryId; at: Date }[] = [];
  /** Routes whose probe says that they are not well. */
  readonly unwell = new Set<string>();
  /** Added to the machine's clock for everything but the database. */
  offsetMs = 0;
  readonly clock: Clock = { now: () => new Date(Date.now() + this.offsetMs) };
  readonly log: Log = { event: (name, fields) => { this.logged.push(`${name} ${JSON.stringify(fields)}`); } };

  private constructor(
    private readonly database: TestDatabase, readonly source: DataSource, readonly alerts: PgAlertStore, readonly keys: CaseKeys, private readonly partners: readonly Partner[],
  ) {}

  static async open(partners: readonly Partner[], poolSize = 10): Promise<DispatchStage> {
    const database = await freshDatabase();
    await addOfficers(database.ownerUrl);
    const source = await openDatabase({ url: database.appUrl, name: 'spec', poolSize });
    const keys = new CaseKeys(MasterKey.of(randomBytes(32)));
    return new DispatchStage(database, source, new PgAlertStore(source, keys, randomIds), keys, partners);
  }

  get appUrl(): string {
    return this.database.appUrl;
  }

  get ownerUrl(): string {
    return this.database.ownerUrl;
  }

  deliveries(): PgDeliveryStore {
    return new PgDeliveryStore(this.source, this.keys, this.clock, this.ids);
  }

  /** A store of which plan and claim are two steps, so that a story can come between them. */
  inTwoSteps(): PgDeliveryStore {
    const store = this.deliveries();
    const planNext = store.planNext.bind(store);
    store.planNext = (plan) => planNext(plan);
    return store;
  }

  /** One more dispatcher over the same database and the same partners; of one that was disabled it may not have heard that it is in force again. */
  dispatcher(changes: Partial<DispatcherInput> & { breaker?: Partial<BreakerPolicy>; disabled?: string } = {}): Dispatcher {
    const store = changes.store ?? this.deliveries();
    const destinations = this.partners.map(({ id, fallbacks = [] }): Destination => ({
      id: id as DestinationId, name: id, channel: id, mode: 'drill', settings: {}, fallbacks: fallbacks.map((f) => ({ channel: f.id, settings: {} })),
    }));
    const partners = new Partners({
      destinations: destinations.filter(({ id }) => id !== changes.disabled),
      isDisabled: (id) => id === changes.disabled, readAgain: async () => void partners.update(destinations),
      channelOf: (kind) => this.channel(this.partners.flatMap((p) => [p, ...(p.fallbacks ?? [])]).find((p) => p.id === kind)!),
      clock: this.clock, log: this.log, secret: () => '', outgoing: plainRules, audience: new MemoryAudience(), receive: (receipt) => store.receive([receipt]), onBreaker: () => undefined,
      breakerPolicy: { timeoutMs: 20_000, thresholdPercentage: 50, volume: 1_000, patienceMs: 15_000, ...changes.breaker },
    });
    return new Dispatcher({
      id: randomUUID(), store, partners, clock: this.clock, log: this.log, random: () => 0,
      notices: { notice: (id, revision) => this.alerts.sentNotice(id, revision), photo: (id, sha256) => this.alerts.photo(id, sha256) },
      wake: (id, _attempt, at) => { this.wakes.push({ id, at }); },
      ...changes,
    });
  }

  answer(destination: string, ...answers: Answer[]): void {
    this.script.set(destination, [...(this.script.get(destination) ?? []), ...answers]);
  }

  async act(alert: Alert, action: Action, by: OfficerId): Promise<Alert> {
    const at = new Date();
    const after = decide(alert, action, by, at);
    await this.alerts.commit({ before: alert, after, action, by, at });
    return after;
  }

  async publish(alert: Alert): Promise<Alert> {
    const ready = await this.act(alert, { do: 'submit', notice: composer.proposal(alert, alert.proposal!) }, AUTHOR);
    return this.act(ready, { do: 'approve', contentHash: ready.proposal!.contentHash! }, APPROVER);
  }

  async approved(): Promise<Alert> {
    const alert = createAlert(this.ids.next<AlertId>(), 'drill', sampleContent(), AUTHOR, new Date());
    await this.alerts.create(alert);
    return this.publish(alert);
  }

  async updated(alert: Alert): Promise<Alert> {
    return this.publish(await this.act(alert, { do: 'revise' }, AUTHOR));
  }

  withdrawn(alert: Alert): Promise<Alert> {
    return this.act(alert, { do: 'withdraw', notice: composer.ending(alert, 'withdraw'), reason: 'proba' }, AUTHOR);
  }

  /** All deliveries, or those of one alert. */
  async seen(alertId?: AlertId): Promise<Seen[]> {
    return rows<Seen>(this.source, 'SELECT * FROM deliveries WHERE $1::uuid IS NULL OR alert_id = $1 ORDER BY destination, part, revision', [alertId ?? null]);
  }

  async states(alertId?: AlertId): Promise<string[]> {
    return (await this.seen(alertId)).map((d) => `${d.destination} ${d.kind} ${d.state}`);
  }

  /** Makes every lease look as if its holder had been silent for long, but for those that somebody is at this moment: one who waits for locks may deadlock. */
  async lapse(): Promise<void> {
    await rows(this.source, `UPDATE deliveries SET leased_until = clock_timestamp() - interval '1 second'
      WHERE id IN (SELECT id FROM deliveries WHERE state = 'sending' FOR UPDATE SKIP LOCKED)`);
  }

  async facts(type: string, alertId?: AlertId): Promise<number> {
    const [row] = await rows<{ count: number }>(this.source, 'SELECT count(*)::integer AS count FROM facts WHERE type = $1 AND ($2::text IS NULL OR alert_id = $2)', [type, alertId ?? null]);
    return row!.count;
  }

  async close(): Promise<void> {
    await this.source.destroy();
    await this.database.drop();
  }

  private channel({ id, resend = 'safe', lapses = false, parts = 1, partsAtOnce }: Partner): Channel {
    const call = (action: Call['action']) => async (message: Message, signal: AbortSignal): Promise<Outcome> => {
      const order = this.calls.length;
      const made: Call = {
        destination: id, action, message, signal, order,
        take: () => {
          const known = this.taken.some((t) => t.destination === id && t.key === message.key);
          this.taken.push({ destination: id, action, key: message.key, contentHash: message.notice.contentHash, order });
          return !known;
        },
      };
      this.calls.push(made);
      const answer = this.script.get(id)?.shift();
      if (answer) return answer(made);
      made.take();
      return ACCEPTED;
    };
    return {
      kind: id, settings: z.strictObject({}), resend: () => resend, lapses, connectsTo: () => [], parts: () => parts, preview: () => [], ...(partsAtOnce !== undefined && { partsAtOnce: () => partsAtOnce }),
      open: () => ({ publish: call('publish'), withdraw: call('withdraw'), probe: async () => (this.unwell.has(id) ? { well: false, reason: 'away' } : { well: true }), close: async () => undefined }),
    };
  }
}

const composer = new Composer({ publicUrl: 'https://primer.example' });
