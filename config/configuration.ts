import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Refusal, type Fault } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Mode } from '#alerts/notice.js';
import type { Channel, Destination } from '#dispatch/channel.js';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, 40 at most');

/** Names of the secrets with the PEM of an RSA key and of its certificate. */
const signing = z.strictObject({ key: z.string().min(1), certificate: z.string().min(1) });

const schema = z.strictObject({
  /** What the messages call their sender (CAP `sender`). */
  sender: z.string().regex(/^[^\s,<&]{3,80}$/, 'no spaces, commas, < or &'),
  /** The keys by which the feeds of a mode are signed; a mode without them has no feed. */
  signing: z.strictObject({ drill: signing.optional(), live: signing.optional() }).default({}),
  /** Every destination, each in one mode: drill and live never share one. */
  destinations: z.array(z.strictObject({
    id,
    name: z.string().min(1).max(80),
    channel: z.string().min(1),
    mode: z.enum(['drill', 'live']),
    /** The partner is played by `apps/partners`, on loopback. */
    simulated: z.boolean().default(false),
    settings: z.unknown(),
  })).min(1),
});

export interface Configuration {
  readonly sender: string;
  readonly signing: { readonly [M in Mode]?: z.infer<typeof signing> | undefined };
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
    const channel = channels.find((c) => c.kind === destination.channel);
    if (!channel) {
      faults.push({ code: 'CHANNEL_UNKNOWN', field: `${field}.channel`, detail: `Known: ${channels.map((c) => c.kind).join(', ')}.` });
      return { ...destination, id: destination.id as DestinationId, settings: undefined };
    }
    const settings = channel.settings.safeParse(destination.settings);
    if (!settings.success) faults.push(...settings.error.issues.map((i) => invalid([`${field}.settings`, ...i.path].join('.'), i.message)));
    return { ...destination, id: destination.id as DestinationId, settings: settings.data };
  });
  if (faults.length > 0) throw new Refusal(faults as [Fault, ...Fault[]]);
  return { sender: parsed.data.sender, signing: parsed.data.signing, destinations };
}

const invalid = (field: string, detail: string): Fault => ({ code: 'CONFIGURATION_INVALID', field, detail });
