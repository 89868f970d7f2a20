import { canonicalJson } from '#kernel/canonical.js';
import type { Fault } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Notice } from '#alerts/notice.js';
import { routesOf, type Channel, type Destination, type Exhibit, type Preview } from '#dispatch/channel.js';

/** What would leave the house for all destinations that get the very same. */
export interface DestinationPreviews {
  readonly channel: string;
  /** `route` is the one of the destination's routes over which it would get this, from 0. */
  readonly destinations: readonly { readonly id: DestinationId; readonly name: string; readonly route: number }[];
  readonly previews: readonly Preview[];
  /** Pictures, sounds and documents, which are made when they are asked for. */
  readonly exhibits: readonly Omit<Exhibit, 'make'>[];
}

/** What each destination of the notice's mode would get over each of its routes, exactly, with lengths and faults; equal ones together. */
export function previewsOf(notice: Notice, destinations: readonly Destination[], channels: readonly Channel[]): readonly DestinationPreviews[] {
  const bySettings = new Map<string, Pick<DestinationPreviews, 'previews' | 'exhibits'>>();
  const byPreview = new Map<string, DestinationPreviews>();
  for (const destination of destinations) {
    if (destination.mode !== notice.mode) continue;
    for (const [route, { id, name, channel: kind, settings }] of routesOf(destination).entries()) {
      const key = `${kind} ${canonicalJson(settings ?? null)}`;
      const made = bySettings.get(key) ?? show(notice, channelOf(kind, channels), settings);
      bySettings.set(key, made);
      const same = `${kind} ${canonicalJson(made)}`;
      const others = byPreview.get(same)?.destinations ?? [];
      byPreview.set(same, { channel: kind, ...made, destinations: others.some((other) => other.id === id) ? others : [...others, { id, name, route }] });
    }
  }
  return [...byPreview.values()];
}

function show(notice: Notice, channel: Channel, settings: unknown): Pick<DestinationPreviews, 'previews' | 'exhibits'> {
  return { previews: channel.preview(notice, settings), exhibits: exhibitsOf(notice, channel, settings).map(({ make: _later, ...exhibit }) => exhibit) };
}

const exhibitsOf = (notice: Notice, channel: Channel, settings: unknown): readonly Exhibit[] => channel.exhibits?.(notice, settings) ?? [];

/** Where a picture, sound or document is found: a destination, one of its routes, a name. */
export interface ExhibitAddress {
  readonly destination: string;
  readonly route: number;
  readonly name: string;
}

/** What a destination of the notice's mode would get beside or instead of text, by its name; nothing where there is no such thing. */
export function exhibitAt(notice: Notice, { destination: id, route, name }: ExhibitAddress, destinations: readonly Destination[], channels: readonly Channel[]): Exhibit | undefined {
  const destination = destinations.find((one) => one.id === id && one.mode === notice.mode);
  const way = destination && routesOf(destination)[route];
  return way && exhibitsOf(notice, channelOf(way.channel, channels), way.settings).find((exhibit) => exhibit.name === name);
}

/** Every fault that any destination's channel finds in a notice, each once, naming a destination that it would stop at. */
export function channelFaults(notice: Notice, destinations: readonly Destination[], channels: readonly Channel[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const group of previewsOf(notice, destinations, channels)) {
    for (const fault of group.previews.flatMap((preview) => preview.faults)) {
      const key = `${fault.code} ${fault.field}`;
      if (!faults.has(key)) faults.set(key, { ...fault, detail: [fault.detail, `At ${group.destinations[0]!.id}.`].filter((text) => text !== undefined).join(' ') });
    }
  }
  return [...faults.values()];
}

function channelOf(kind: string, channels: readonly Channel[]): Channel {
  const channel = channels.find((c) => c.kind === kind);
  if (!channel) throw new Error('a destination of the configuration has a channel that the catalogue does not know');
  return channel;
}
