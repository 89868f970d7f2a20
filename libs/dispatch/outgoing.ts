import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type BlockList, type LookupFunction } from 'node:net';
import type { Fault } from '#kernel/errors.js';
import { familyOf, kindOf, listed, readPrivateNetwork } from './addresses.js';
import { routesOf, type Channel, type Destination } from './channel.js';

/*
 * Every connection to an address that a destination names goes through here. A host is looked up once, each of its addresses is
 * judged, and the connection goes to those that were judged, so that no name can mean one thing when it is looked at and another
 * when it is used. Whoever answers sends us nowhere else: redirects are not followed.
 */

/** Why an address is not called: the reason that desks and records show. */
export type AddressWord = 'address_loopback' | 'address_private' | 'address_reserved' | 'address_metadata' | 'address_own';

/** An address that is not called. `code` is where Node's errors have theirs. */
export class AddressRefused extends Error {
  constructor(readonly code: AddressWord) {
    super(code);
  }
}

/** The reason why nobody was reached, where it lies in the address; undefined for other trouble. */
export const addressWordOf = (error: unknown): AddressWord | undefined => (error instanceof AddressRefused ? error.code : undefined);

/** Where a connection goes. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Somebody else names hosts like it, so it is one of the public internet, whatever lines there are. */
  readonly publicOnly?: true;
}

/** Host and port of a URL. */
export function endpointOf(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** Every address of a host, as the system's resolver has them. */
export type Resolve = (host: string) => Promise<readonly string[]>;
const systemResolve: Resolve = async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address);

export interface OutgoingInput {
  /** Networks of leased lines, each within the private ones: `10.20.0.0/16`. Others are called by nobody. */
  readonly private: readonly string[];
  /** Ports on loopback behind which a tunnel to a partner begins. */
  readonly tunnels: readonly number[];
  /** The house's own servers, which no destination is: all of the machine, on loopback the port, or all of it where none is given. */
  readonly own: readonly { readonly host: string; readonly port?: number }[];
  readonly resolve?: Resolve;
}

/** Where connections of the house may go. */
export class OutgoingRules {
  private readonly lines: BlockList;
  private readonly resolve: Resolve;
  /** Addresses behind the names of `own`, as they were last known. */
  private own: readonly { readonly address: string; readonly port?: number | undefined }[] = [];

  private constructor(private readonly input: OutgoingInput) {
    this.lines = listed(input.private.flatMap((text) => [readPrivateNetwork(text)].filter((network) => network !== undefined)));
    this.resolve = input.resolve ?? systemResolve;
  }

  /** Looks up the house's own servers; one that cannot be found now is looked up again with every name. */
  static async open(input: OutgoingInput): Promise<OutgoingRules> {
    const rules = new OutgoingRules(input);
    await rules.knowOwn();
    return rules;
  }

  /** The ways out for one destination. */
  of({ simulated = false }: Pick<Destination, 'simulated'>): Outgoing {
    return new Outgoing(this, simulated);
  }

  /** Every address in the settings of a destination that would not be called, as a fault of its field. Names are judged when they are called. */
  faultsOf(destination: Destination, channelOf: (kind: string) => Channel): readonly Fault[] {
    return routesOf(destination).flatMap(({ channel, settings }, route) => channelOf(channel).connectsTo(settings).flatMap((endpoint): Fault[] => {
      const word = this.of(destination).refusalOf(endpoint);
      return word === undefined ? [] : [{ code: 'ADDRESS_REFUSED', field: route === 0 ? 'settings' : `fallbacks.${route - 1}.settings`, detail: `${word}: ${endpoint.host}` }];
    }));
  }

  /** Every address of a host, all of them judged. */
  async judged(endpoint: Endpoint, simulated: boolean): Promise<readonly string[]> {
    const [addresses] = await Promise.all([isIP(endpoint.host) === 0 ? this.resolve(endpoint.host) : [endpoint.host], this.knowOwn()]);
    if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
    for (const address of addresses) {
      const word = this.verdict(address, endpoint, simulated);
      // A host with one such address is not trusted with its others.
      if (word !== undefined) throw new AddressRefused(word);
    }
    return addresses;
  }

  verdict(address: string, { port, publicOnly }: Endpoint, simulated: boolean): AddressWord | undefined {
    const kind = kindOf(address);
    if (kind === 'metadata' || kind === 'reserved') return `address_${kind}`;
    if (this.own.some((own) => (kind === 'loopback' && own.port !== undefined ? kindOf(own.address) === 'loopback' && own.port === port : sameAddress(own.address, address)))) return 'address_own';
    if (kind === 'loopback') return simulated || (!publicOnly && this.input.tunnels.includes(port)) ? undefined : 'address_loopback';
    if (kind === 'private') return !publicOnly && this.lines.check(address, familyOf(address)) ? undefined : 'address_private';
    return undefined;
  }

  private async knowOwn(): Promise<void> {
    const found = await Promise.all(this.input.own.map(async ({ host, port }) => {
      const addresses = isIP(host) === 0 ? await this.resolve(host).catch(() => this.knownOf(host)) : [host];
      return addresses.map((address) => ({ address, host, port }));
    }));
    this.own = found.flat();
  }

  private knownOf(host: string): readonly string[] {
    return this.own.flatMap((own) => ('host' in own && own.host === host ? [own.address] : []));
  }
}

/** What of the host and port a connection is given, beside whatever else it wants: to `net.connect`, `tls.connect`, `https.request`. */
export interface Toward {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
}

/** The ways out for one destination. */
export class Outgoing {
  constructor(private readonly rules: OutgoingRules, private readonly simulated: boolean) {}

  /**
   * Options of a connection to `host`, which fails with an `AddressRefused` where it may not go. Its name stays that of the host,
   * for TLS as for everything.
   */
  toward(endpoint: Endpoint): Toward {
    const { host, port } = endpoint;
    const refused = this.refusalOf(endpoint);
    const addresses = (): Promise<readonly string[]> => (refused === undefined ? this.rules.judged(endpoint, this.simulated) : Promise.reject(new AddressRefused(refused)));
    const lookup: LookupFunction = (_, { all }, done) => {
      addresses().then((found) => {
        const both = found.map((address) => ({ address, family: isIP(address) }));
        return all ? done(null, both) : done(null, both[0]!.address, both[0]!.family);
      }, (error: NodeJS.ErrnoException) => done(error, '', 0));
    };
    // Node looks no number up, so one that is refused goes under a name, which its lookup refuses.
    return { host: refused === undefined ? host : 'refused.invalid', port, lookup };
  }

  /**
   * Every address of a host, all of them judged, for what connects by itself. Throws `AddressRefused`, what the resolver throws, or
   * the signal's reason once it aborts.
   */
  async addressesOf(endpoint: Endpoint, signal: AbortSignal): Promise<readonly [string, ...string[]]> {
    signal.throwIfAborted();
    let abort: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', abort = () => reject(signal.reason as Error)));
    try {
      return await Promise.race([this.rules.judged(endpoint, this.simulated) as Promise<readonly [string, ...string[]]>, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Why a host is not called, as far as can be said without looking it up: of an address, and of loopback by its name. */
  refusalOf(endpoint: Endpoint): AddressWord | undefined {
    const address = isIP(endpoint.host) !== 0 ? endpoint.host : /^(.+\.)?localhost\.?$/i.test(endpoint.host) ? '127.0.0.1' : undefined;
    return address === undefined ? undefined : this.rules.verdict(address, endpoint, this.simulated);
  }
}

function sameAddress(one: string, other: string): boolean {
  return familyOf(one) === familyOf(other) && listed([[one, isIP(one) === 4 ? 32 : 128]]).check(other.replace(/%.*$/s, ''), familyOf(other));
}
