import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Refusal, refuseAny, type Fault } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import { readPrivateNetwork } from '#dispatch/addresses.js';
import { routesOf, type Channel, type Destination, type RouteSettings } from '#dispatch/channel.js';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, 40 at most');

/** Names of the secrets with the PEM of an RSA key and of its certificate. */
const signing = z.strictObject({ key: z.string().min(1), certificate: z.string().min(1) });

/** What a destination is made of. */
export const destinationFields = {
  id,
  name: z.string().min(1).max(80),
  channel: z.string().min(1),
  mode: z.enum(['drill', 'live']),
  /** The partner is played by `apps/partners`, on loopback. */
  simulated: z.boolean().default(false),
  settings: z.unknown(),
  /** Other ways to the same partner, tried in this order when its own channel does not get through. */
  fallbacks: z.array(z.strictObject({ channel: z.string().min(1), settings: z.unknown() })).max(4).optional(),
};
const destinationSchema = z.strictObject(destinationFields);

const schema = z.strictObject({
  /** What the messages call their sender (CAP `sender`). */
  sender: z.string().regex(/^[^\s,<&]{3,80}$/, 'no spaces, commas, < or &'),
  /** The keys by which the feeds of a mode are signed; a mode without them has no feed. */
  signing: z.strictObject({ drill: signing.optional(), live: signing.optional() }).default({}),
  /** Where connections may go beside the public internet. */
  outgoing: z.strictObject({
    /** Networks of leased lines to partners, each within 10/8, 172.16/12, 192.168/16, 100.64/10 or fc00::/7. */
    private: z.array(z.string().refine((text) => readPrivateNetwork(text) !== undefined, 'a network as 10.20.0.0/16, within the private ones')).max(200).default([]),
    /** Ports on loopback behind which a tunnel to a partner begins. */
    tunnels: z.array(z.int().min(1).max(65_535)).max(200).default([]),
  }).prefault({}),
  /** Folders below which administrators may name files of destinations: lists of numbers, what playouts air. */
  files: z.array(z.string().min(1)).max(20).default([]),
  /** Every destination, each in one mode: drill and live never share one. */
  destinations: z.array(destinationSchema).min(1),
});

export interface Configuration {
  readonly sender: string;
  readonly signing: { readonly [M in Mode]?: z.infer<typeof signing> | undefined };
  readonly outgoing: z.infer<typeof schema>['outgoing'];
  readonly files: readonly string[];
  readonly destinations: readonly Destination[];
}

/**
 * Reads the configuration of partners and checks it whole: schema, unknown channels, each channel's own settings, doubled
 * ids. Throws one refusal that lists every fault.
 */
export function readConfiguration(path: string, channels: readonly Channel[]): Configuration {
  return parseConfiguration(readFileSync(path, 'utf8'), channels);
}

/** As `readConfiguration`, from the text of a YAML or JSON document. */
export function parseConfiguration(text: string, channels: readonly Channel[]): Configuration {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Refusal([invalid('', `Not YAML: ${document.errors[0]!.code}.`)]);
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) throw new Refusal(parsed.error.issues.map((i) => invalid(i.path.join('.'), i.message)) as [Fault, ...Fault[]]);

  const faults: Fault[] = [];
  const seen = new Set<string>();
  const destinations = parsed.data.destinations.map((destination, index): Destination => {
    const field = `destinations.${index}`;
    if (seen.has(destination.id)) faults.push(invalid(`${field}.id`, 'This id is used twice.'));
    seen.add(destination.id);
    return readRoutes(destination, `${field}.`, channels, faults);
  });
  if (faults.length > 0) throw new Refusal(faults as [Fault, ...Fault[]]);
  return { sender: parsed.data.sender, signing: parsed.data.signing, outgoing: parsed.data.outgoing, files: parsed.data.files, destinations };
}

/**
 * One destination by itself, checked as those of the file are. A file or folder that it may not name is a fault before anything is
 * read, so that nobody learns by it what there is on the host. Throws one refusal that lists every fault.
 */
export function readDestination(document: unknown, channels: readonly Channel[], mayName: (path: string) => boolean = () => true): Destination {
  const parsed = destinationSchema.safeParse(document);
  if (!parsed.success) throw new Refusal(parsed.error.issues.map((i) => invalid(i.path.join('.'), i.message)) as [Fault, ...Fault[]]);
  const faults: Fault[] = [];
  const destination = readRoutes(parsed.data, '', channels, faults, mayName);
  refuseAny(faults);
  return destination;
}

/** `at` is what stands before the names of its fields. */
function readRoutes({ fallbacks: others = [], ...own }: z.infer<typeof destinationSchema>, at: string, channels: readonly Channel[], faults: Fault[], mayName: (path: string) => boolean = () => true): Destination {
  const before = faults.length;
  const first = readRoute(own, own.simulated, at, channels, faults, mayName);
  const fallbacks = others.map((other, n) => readRoute(other, own.simulated, `${at}fallbacks.${n}.`, channels, faults, mayName));
  const read: Destination = { ...own, ...first, id: own.id as DestinationId, ...(fallbacks.length > 0 && { fallbacks }) };
  if (fallbacks.length > 0 && faults.length === before) faults.push(...unevenRoutes(read, at, channels));
  return read;
}

/** One channel with its settings, checked; what is wrong is added to `faults`. */
function readRoute({ channel: kind, settings }: RouteSettings, simulated: boolean, at: string, channels: readonly Channel[], faults: Fault[], mayName: (path: string) => boolean): RouteSettings {
  const channel = channels.find((c) => c.kind === kind);
  if (!channel) {
    faults.push({ code: 'CHANNEL_UNKNOWN', field: `${at}channel`, detail: `Known: ${channels.map((c) => c.kind).join(', ')}.` });
    return { channel: kind, settings: undefined };
  }
  if (!(channel.filesOf?.(settings) ?? []).every(mayName)) {
    faults.push(invalid(`${at}settings`, 'Files of destinations lie below one of the folders that the configuration file lists as `files`.'));
    return { channel: kind, settings: undefined };
  }
  const read = channel.settings.safeParse(settings);
  if (!read.success) faults.push(...read.error.issues.map((i) => invalid([`${at}settings`, ...i.path].join('.'), i.message)));
  const { simulated: played } = { ...(read.data as { simulated?: unknown } | undefined) };
  // Settings that a real partner has no use for, and that spare what is asked of one.
  if (played && !simulated) faults.push(invalid(`${at}settings.simulated`, 'Only a destination that is itself simulated has this.'));
  return { channel: kind, settings: read.data };
}

/** Each part of a notice is a delivery, which any route must be able to carry. */
function unevenRoutes(destination: Destination, at: string, channels: readonly Channel[]): Fault[] {
  const [first, ...others] = routesOf(destination).map(({ channel, settings }) => channels.find((c) => c.kind === channel)!.parts(settings));
  return others.flatMap((parts, n) => (parts === first ? [] : [invalid(`${at}fallbacks.${n}`, `A notice goes over this route in ${parts} parts, over the first in ${first}: all must have the same number.`)]));
}

const invalid = (field: string, detail: string): Fault => ({ code: 'CONFIGURATION_INVALID', field, detail });
