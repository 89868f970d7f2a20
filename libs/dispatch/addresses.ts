import { BlockList, isIP } from 'node:net';

/**
 * What an address is, by the IANA special-purpose registries (RFC 6890): `metadata`, where clouds tell machines their
 * credentials; `loopback`; `private`, a line that somebody laid (RFC 1918, 4193, 6598); `public`; and all the rest, where no partner
 * can be: unspecified, link-local, multicast, broadcast, examples, and forms that carry another address (mapped, 6to4, Teredo).
 */
export type AddressKind = 'metadata' | 'loopback' | 'private' | 'public' | 'reserved';

type Network = readonly [network: string, prefix: number];

/** Networks that a leased line may lead to. */
export const PRIVATE_NETWORKS: readonly Network[] = [['10.0.0.0', 8], ['100.64.0.0', 10], ['172.16.0.0', 12], ['192.168.0.0', 16], ['fc00::', 7]];

const metadata = listed([['169.254.169.254', 32], ['169.254.170.0', 24], ['100.100.100.200', 32], ['168.63.129.16', 32], ['192.0.0.192', 32], ['fd00:ec2::', 32], ['fd20:ce::254', 128]]);
const loopback = listed([['127.0.0.0', 8], ['::1', 128]]);
const privately = listed(PRIVATE_NETWORKS);
const special = listed([
  ['0.0.0.0', 8], ['169.254.0.0', 16], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.175.48.0', 24],
  ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3fff::', 20],
]);
/** Of IPv6 only what is handed out to networks is public at all. */
const globalUnicast = listed([['2000::', 3]]);
/** IPv4 seen through a translator (RFC 6052 section 2.1). */
const translated = listed([['64:ff9b::', 96]]);
/** Node's lists take a mapped address for the IPv4 that it carries; nobody has a reason to write one (RFC 4291 section 2.5.5.2). */
const mapped = listed([['::ffff:0:0', 96]]);

/** What an address is; `reserved` also for what is no address. A zone (`%eth0`) does not change it. */
export function kindOf(text: string): AddressKind {
  const address = text.replace(/%.*$/s, '');
  const family = isIP(address);
  if (family === 0) return 'reserved';
  const within = (list: BlockList) => list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  if (family === 6) {
    if (within(mapped)) return 'reserved';
    if (within(translated)) return kindOf(carriedBy(address)) === 'public' ? 'public' : 'reserved';
  }
  if (within(metadata)) return 'metadata';
  if (within(loopback)) return 'loopback';
  if (within(privately)) return 'private';
  if (within(special)) return 'reserved';
  return family === 4 || within(globalUnicast) ? 'public' : 'reserved';
}

/** A network as `10.20.0.0/16`; undefined when it is none, or not within one of the private networks: a wider one would open the world. */
export function readPrivateNetwork(text: string): Network | undefined {
  const [, network, bits] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const prefix = Number(bits);
  if (network === undefined || isIP(network) === 0 || prefix > (isIP(network) === 4 ? 32 : 128)) return undefined;
  return PRIVATE_NETWORKS.some((known) => prefix >= known[1] && isIP(known[0]) === isIP(network) && listed([known]).check(network, familyOf(network))) ? [network, prefix] : undefined;
}

/** The addresses of some networks. */
export function listed(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, familyOf(network));
  return list;
}

export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** The last 32 bits of an IPv6 address, as IPv4. */
function carriedBy(address: string): string {
  // A URL writes every form the same way, in groups.
  const [low = '', high = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').reverse();
  const [a, b] = [parseInt(high || '0', 16), parseInt(low || '0', 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
