import { canonicalJson } from '#kernel/canonical.js';
import type { Clock } from '#kernel/clock.js';
import { monotonicMs } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { causeOf, type Log } from '#kernel/log.js';
import type { Audience } from './audience.js';
import type { Headway } from './headway.js';
import { Breaker, BREAKER, type BreakerPolicy, type BreakerState } from './breaker.js';
import { ownName, routeName, routeReference, routesOf, type Channel, type Connection, type Destination, type Outcome, type ProbeResult, type Receipt, type Unheard } from './channel.js';
import type { OutgoingRules } from './outgoing.js';
import type { Reach } from './plan.js';

/** One way to a partner, with its warm connection and its breaker. */
export interface Route {
  /** The destination as this route's channel sees it. */
  readonly destination: Destination;
  readonly channel: Channel;
  readonly connection: Connection;
  readonly breaker: Breaker;
}

/** A destination with its routes, in the order in which they are tried. */
export interface Partner {
  readonly destination: Destination;
  readonly routes: readonly [Route, ...Route[]];
}

export interface PartnersInput {
  readonly destinations: readonly Destination[];
  readonly channelOf: (kind: string) => Channel;
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: (name: string, destination: DestinationId) => string;
  /** All values that are valid at the moment of asking. */
  readonly secrets?: (name: string, destination: DestinationId) => readonly string[];
  readonly audience: Audience;
  readonly outgoing: OutgoingRules;
  readonly headway?: Headway;
  /** What left for a destination before, over whichever route, and of which no receipt has come. */
  readonly unheard?: (destination: DestinationId) => Promise<readonly Unheard[]>;
  readonly receive: (receipt: Receipt) => Promise<void>;
  readonly onBreaker: (destination: DestinationId, state: BreakerState, route: number) => void;
  readonly breakerPolicy?: BreakerPolicy;
  /** Tells which secrets a destination's connections were opened with, without telling them: another word, and they are opened anew. */
  readonly secretsVersion?: (destination: DestinationId) => string;
  /** What every route said, once all have been asked. */
  readonly onProbed?: (probed: readonly Probed[]) => void;
  readonly isDisabled?: (destination: DestinationId) => boolean;
  /** Reads what administrators decided once more, and calls `update` where it is other than before. */
  readonly readAgain?: () => Promise<void>;
}

/** What a route said when it was asked. */
export interface Probed {
  readonly route: string;
  readonly at: Date;
  readonly well: boolean;
  readonly reason?: string;
  readonly ms: number;
}

interface Held {
  readonly partner: Partner;
  /** What its connections were opened with. */
  readonly version: string;
}

/** What a probe gets beyond its timeout to end by itself, in milliseconds. */
const PROBE_GRACE_MS = 250;
/** What an attempt gets beyond its own limit to end by itself, in milliseconds. */
const ATTEMPT_GRACE_MS = 5_000;

/** What a connection that was replaced gets, beyond the longest attempt over it, to end what is under way, in milliseconds. */
const RETIRE_GRACE_MS = 20_000;

/** Every partner in force, connected over each of its routes once and kept warm. */
export class Partners {
  private byId: ReadonlyMap<DestinationId, Held>;
  private readonly retiring = new Map<Partner, NodeJS.Timeout>();
  /** What planning has to know of them. */
  reaches: readonly Reach[];

  constructor(private readonly input: PartnersInput) {
    this.byId = new Map(input.destinations.map((destination) => [destination.id, this.held(destination)]));
    this.reaches = reachesOf(this.byId);
  }

  get(id: DestinationId): Partner | undefined {
    return this.byId.get(id)?.partner;
  }

  /** Makes sure that destinations without a partner have none by the newest word: one may have been enabled a moment ago. */
  async seek(ids: readonly DestinationId[]): Promise<void> {
    if (ids.some((id) => !this.byId.has(id))) await this.input.readAgain?.();
  }

  /** Whether a destination is one that administrators have disabled: what waits for it waits for nobody. */
  isDisabled(id: DestinationId): boolean {
    return !this.byId.has(id) && (this.input.isDisabled?.(id) ?? false);
  }

  /**
   * Takes the destinations in force from now on. Those that stand as before keep their connections and breakers; others are opened
   * anew, and what is under way over the old connections comes to its end there. One that cannot be opened stays as it was.
   * Returns the ids of those that are new, changed or removed.
   */
  update(destinations: readonly Destination[]): readonly DestinationId[] {
    const next = new Map<DestinationId, Held>();
    const touched: DestinationId[] = [];
    for (const destination of destinations) {
      const before = this.byId.get(destination.id);
      if (before?.version === this.versionOf(destination)) {
        next.set(destination.id, before);
        continue;
      }
      try {
        next.set(destination.id, this.held(destination));
        touched.push(destination.id);
      } catch (error) {
        this.input.log.event('store.failed', { operation: `destination ${destination.id}`, cause: causeOf(error) }, 'error');
        if (before) next.set(destination.id, before);
      }
    }
    for (const [id, { partner }] of this.byId) {
      if (next.get(id)?.partner === partner) continue;
      if (!next.has(id)) touched.push(id);
      this.retire(partner);
    }
    this.byId = next;
    this.reaches = reachesOf(next);
    return touched;
  }

  /**
   * Asks every partner over every route whether it is well, each within `timeoutMs`, and lets the breakers know. Also what
   * keeps idle connections warm. Returns those of which a route came back.
   */
  async probe(timeoutMs: number): Promise<DestinationId[]> {
    const probed: Probed[] = [];
    const back = await Promise.all([...this.byId.values()].flatMap(({ partner: { routes } }) => routes.map(async ({ destination: { id }, connection, breaker }, route) => {
      const wasOpen = breaker.state === 'open';
      const started = monotonicMs();
      const result = await ask(connection, timeoutMs);
      probed.push({ route: routeName(id, route), at: this.input.clock.now(), well: result.well, ...(!result.well && { reason: result.reason }), ms: monotonicMs() - started });
      if (!result.well) this.input.log.event('probe.failed', { destination: routeName(id, route), reason: result.reason }, 'warn');
      await breaker.probed(result.well);
      return wasOpen && result.well ? [id] : [];
    })));
    this.input.onProbed?.(probed);
    return [...new Set(back.flat())];
  }

  async close(): Promise<void> {
    for (const timer of this.retiring.values()) clearTimeout(timer);
    const all = [...this.retiring.keys(), ...[...this.byId.values()].map(({ partner }) => partner)];
    this.retiring.clear();
    await Promise.all(all.map(closeAll));
  }

  /** A breaker that was open is open no more where nothing is sent over it. */
  private retire(partner: Partner): void {
    for (const [route, { breaker }] of partner.routes.entries()) if (breaker.state !== 'closed') this.input.onBreaker(partner.destination.id, 'closed', route);
    const longest = Math.max(0, ...partner.routes.map(({ channel, destination }) => channel.attemptMs?.(destination.settings) ?? 0));
    this.retiring.set(partner, setTimeout(() => {
      this.retiring.delete(partner);
      void closeAll(partner);
    }, longest + RETIRE_GRACE_MS).unref());
  }

  private versionOf(destination: Destination): string {
    return `${canonicalJson(JSON.parse(JSON.stringify(destination)))} ${this.input.secretsVersion?.(destination.id) ?? ''}`;
  }

  private held(destination: Destination): Held {
    const opened: Route[] = [];
    try {
      for (const [n, route] of routesOf(destination).entries()) opened.push(this.open(route, n));
    } catch (error) {
      for (const { connection, breaker } of opened) {
        breaker.stop();
        void connection.close();
      }
      throw error;
    }
    return { partner: { destination, routes: opened as [Route, ...Route[]] }, version: this.versionOf(destination) };
  }

  private open(destination: Destination, route: number): Route {
    const { channelOf, clock, log, secret, secrets, audience, outgoing, headway, unheard, receive, onBreaker, breakerPolicy = BREAKER } = this.input;
    const channel = channelOf(destination.channel);
    const ours = identifiersOf(route);
    const connection = ours.mark(channel.open(destination, {
      clock, log, audience, outgoing: outgoing.of(destination), secret: (name) => secret(name, destination.id), ...(secrets && { secrets: (name: string) => secrets(name, destination.id) }), ...(headway && { headway }),
      ...(unheard && { unheard: async () => ours.ownOf(await unheard(destination.id)) }), receive: (receipt) => receive(ours.markReceipt(receipt)),
    }));
    const policy = policyFor(breakerPolicy, channel.attemptMs?.(destination.settings));
    const breaker = new Breaker(routeName(destination.id, route), monotonicMs, (state) => onBreaker(destination.id, state, route), policy);
    return { destination, channel, connection, breaker };
  }
}

function reachesOf(all: ReadonlyMap<DestinationId, Held>): Reach[] {
  return [...all.values()].map(({ partner: { destination: { id, mode }, routes } }) => {
    const [{ channel, destination }] = routes;
    return { id, channel: channel.kind, mode, parts: channel.parts(destination.settings), lapses: routes.map((route) => route.channel.lapses) };
  });
}

async function closeAll({ routes }: Partner): Promise<void> {
  await Promise.allSettled(routes.map(async ({ connection, breaker }) => {
    breaker.stop();
    await connection.close();
  }));
}

/**
 * Two routes of a partner end in two systems of theirs, and both may number their messages from 1. What a further route calls
 * its messages and receipts is marked with the route, so that no receipt is taken for another message's.
 */
function identifiersOf(route: number): { mark(connection: Connection): Connection; markReceipt(receipt: Receipt): Receipt; ownOf(unheard: readonly Unheard[]): Unheard[] } {
  const ownOf = (all: readonly Unheard[], own: (reference: string) => readonly string[]): Unheard[] =>
    all.map((each) => ({ ...each, references: each.references.flatMap(own) })).filter(({ references }) => references.length > 0);
  if (route === 0) {
    return { mark: (connection) => connection, markReceipt: (receipt) => receipt, ownOf: (all) => ownOf(all, (reference) => (reference === ownName(reference) ? [reference] : [])) };
  }
  const marked = (identifier: string) => routeReference(route, identifier);
  const markOutcome = (outcome: Outcome): Outcome => ('references' in outcome && outcome.references ? { ...outcome, references: outcome.references.map(marked) } : outcome);
  return {
    mark: (connection) => ({
      publish: async (message, signal) => markOutcome(await connection.publish(message, signal)),
      withdraw: async (message, signal) => markOutcome(await connection.withdraw(message, signal)),
      ...(connection.askErasure && { askErasure: (request, signal) => connection.askErasure!(request, signal) }),
      probe: (signal) => connection.probe(signal),
      close: () => connection.close(),
    }),
    ownOf: (all) => ownOf(all, (reference) => (reference === marked(ownName(reference)) ? [ownName(reference)] : [])),
    markReceipt: ({ receiptKey, about, ...receipt }) => ({
      ...receipt, receiptKey: marked(receiptKey), about: 'reference' in about ? { reference: marked(about.reference) } : about,
    }),
  };
}

/** Where an attempt may take longer than the policy waits for a hung one, the policy waits longer. */
function policyFor(policy: BreakerPolicy, attemptMs = 0): BreakerPolicy {
  return { ...policy, timeoutMs: Math.max(policy.timeoutMs, attemptMs + ATTEMPT_GRACE_MS) };
}

/** A probe that always ends: one that ignores its signal, or throws, is as unwell as one that says so. */
async function ask(connection: Connection, timeoutMs: number): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ well: false, reason: 'timeout' }), timeoutMs + PROBE_GRACE_MS).unref();
  });
  try {
    return await Promise.race([connection.probe(signal), late]);
  } catch (error) {
    return { well: false, reason: causeOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
