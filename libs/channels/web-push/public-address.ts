import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/*
 * Where requests may go that somebody else named: only to addresses of the public internet (IANA special-purpose registries,
 * RFC 6890), looked up for each connection and then pinned, so that no name can mean one thing when it is checked and
 * another when it is used.
 */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24],
  ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) special.addSubnet(network, prefix, 'ipv4');
// Of IPv6 only what is handed out to networks is public at all; in it these are not, for they carry other addresses or examples.
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3fff::', 20]] as const) special.addSubnet(network, prefix, 'ipv6');

/** Whether an address is one of the public internet. Mapped, translated, tunnelled and local ones are not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

export type Resolve = (host: string) => Promise<readonly string[]>;

/** Asks the system's resolver for every address of a host. */
export const systemResolve: Resolve = async (host) => (await lookup(host, { all: true, verbatim: false })).map(({ address }) => address);

/** The address to connect to; nothing when the host has an address that is not public: such a host is not trusted with its others. */
export async function publicAddressOf(host: string, resolve: Resolve): Promise<string | undefined> {
  const addresses = await resolve(host);
  return addresses.every(isPublicAddress) ? addresses[0] : undefined;
}
