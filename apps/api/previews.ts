import { canonicalJson } from '#kernel/canonical.js';
import type { Fault } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Notice } from '#alerts/notice.js';
import { routesOf, type Channel, type Destination, type Preview } from '#dispatch/channel.js';

/** What would leave the house for all destinations that get the very same. */
export interface DestinationPreviews {
  readonly channel: string;
  readonly destinations: readonly { readonly id: DestinationId; readonly name: string }[];
  readonly previews: readonly Preview[];
}

/** What each destination of the notice's mode would get over each of its routes, exactly, with lengths and faults; equal ones together. */
export function previewsOf(notice: Notice, destinations: readonly Destination[], channels: readonly Channel[]): readonly DestinationPreviews[] {
  const bySettings = new Map<string, readonly Preview[]>();
  const byPreview = new Map<string, DestinationPreviews>();
  for (const { id, name, channel: kind, mode, settings } of destinations.flatMap(routesOf)) {
    if (mode !== notice.mode) continue;
    const key = `${kind} ${canonicalJson(settings ?? null)}`;
    const previews = bySettings.get(key) ?? channelOf(kind, channels).preview(notice, settings);
    bySettings.set(key, previews);
    const same = `${kind} ${canonicalJson(previews)}`;
    const group = byPreview.get(same);
    const others = group?.destinations ?? [];
    byPreview.set(same, { channel: kind, previews, destinations: others.some((other) => other.id === id) ? others : [...others, { id, name }] });
  }
  return [...byPreview.values()];
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
