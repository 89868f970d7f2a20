import type { House } from '#apps/composition.js';
import { channelByKind } from '#channels/catalog.js';
import { routesOf, type Connection, type Destination, type ProbeResult } from '#dispatch/channel.js';
import { monotonicMs } from '#kernel/clock.js';
import { canonicalJson } from '#kernel/canonical.js';
import { fail, refuseAny, type Fault } from '#kernel/errors.js';
import { causeOf, silentLog } from '#kernel/log.js';

/** What one route of a proposed destination said. */
export interface RouteTrial {
  readonly channel: string;
  readonly well: boolean;
  readonly reason: string | null;
  readonly ms: number;
}

/** For one probe, in milliseconds. */
const PROBE_MS = 5_000;

/**
 * Opens the connections of a destination that is not in force, with secrets that nobody has yet, lets them be used and closes
 * them. Receipts that come meanwhile are not taken, so that the partner repeats them to who keeps them. Throws CONFIGURATION_INVALID
 * when a secret is missing or of the wrong kind.
 */
export async function openOnTrial<T>(house: House, destination: Destination, secrets: Readonly<Record<string, string>>, use: (connections: readonly Connection[]) => Promise<T>): Promise<T> {
  const { clock, audience, book, outgoing } = house;
  const secret = (name: string) => (Object.hasOwn(secrets, name) ? secrets[name]! : book.secret(destination.id, name));
  const connections: Connection[] = [];
  try {
    for (const route of routesOf(destination)) {
      connections.push(channelByKind(route.channel).open(route, { clock, audience, outgoing: outgoing.of(route), secret, log: silentLog, receive: () => Promise.reject(fail('STORE_BUSY')) }));
    }
    return await use(connections);
  } finally {
    await Promise.allSettled(connections.map((connection) => connection.close()));
  }
}

/** Asks a proposed destination over each of its routes whether it is well. Publishes nothing, and always ends. */
export class ConnectionTrials {
  private readonly asking = new Set<string>();

  constructor(private readonly house: House) {}

  /**
   * One at a time for each who asks. `before` is the destination as it stands, if there is one. Throws STORE_BUSY,
   * CONFIGURATION_INVALID, also for a secret that is only named where it would be told to an address that nobody has confirmed: one
   * person alone must not send our secrets anywhere.
   */
  async probe(by: string, destination: Destination, secrets: Readonly<Record<string, string>>, before?: Destination): Promise<readonly RouteTrial[]> {
    refuseAny(untold(destination, before).filter((name) => !Object.hasOwn(secrets, name)).map((name): Fault => ({
      code: 'CONFIGURATION_INVALID', field: `secrets.${name}`, detail: 'Told to whoever answers, so a trial of other settings than those in force needs the secret itself.',
    })));
    if (this.asking.has(by)) throw fail('STORE_BUSY');
    this.asking.add(by);
    try {
      const routes = routesOf(destination);
      return await openOnTrial(this.house, destination, secrets, (connections) => Promise.all(connections.map(async (connection, n): Promise<RouteTrial> => {
        const started = monotonicMs();
        const result = await probed(connection);
        return { channel: routes[n]!.channel, well: result.well, reason: result.well ? null : result.reason, ms: Math.round(monotonicMs() - started) };
      })));
    } finally {
      this.asking.delete(by);
    }
  }
}

/** Names of the secrets that would be told over routes that do not stand so already. */
function untold(destination: Destination, before: Destination | undefined): readonly string[] {
  const form = ({ channel, settings }: Destination) => canonicalJson(JSON.parse(JSON.stringify({ channel, settings })));
  const confirmed = new Set(before && routesOf(before).map(form));
  return [...new Set(routesOf(destination).filter((route) => !confirmed.has(form(route))).flatMap(({ channel, settings }) => channelByKind(channel).toldSecrets?.(settings) ?? []))];
}

/** A probe that ignores its signal, or throws, is as unwell as one that says so. */
async function probed(connection: Connection): Promise<ProbeResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ well: false, reason: 'timeout' }), PROBE_MS + 250);
  });
  try {
    return await Promise.race([connection.probe(AbortSignal.timeout(PROBE_MS)), late]);
  } catch (error) {
    return { well: false, reason: causeOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
