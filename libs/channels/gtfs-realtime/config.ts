import { z } from 'zod';
import { httpsAddress, httpsFields, namesItselfWhole, NAMES_ITSELF_WHOLE } from '#dispatch/https/settings.js';

/** Stands in an address for the alert: each has a feed of its own. */
export const ALERT_SLOT = '{alert}';

const identifiers = z.array(z.string().min(1).max(200)).max(1_000).default([]);

/** Settings of a partner that takes GTFS-realtime Service Alerts. */
export const gtfsRealtimeSettings = z.strictObject({
  ...httpsFields,
  /** Where the feed of an alert is put, with `{alert}` in the last part of its path. A HEAD of the folder tells whether the partner is well. */
  url: httpsAddress.refine((url) => /^https:\/\/[^/?{}]+\/(?:[^?{}]*\/)?[^/?{}]*\{alert\}[^/?{}]*$/.test(url), `${ALERT_SLOT} once, in the last part of the path`),
  /** Whom the alert concerns, in the names of the partner's GTFS: agencies, stops, or both. */
  agencies: identifiers,
  stops: identifiers,
  /** Characters of the header, which screens show in one line. */
  headerLimit: z.int().min(20).max(1_000).default(160),
  /** Characters of the description. */
  descriptionLimit: z.int().min(100).max(20_000).default(4_000),
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE)
  .refine(({ agencies, stops }) => agencies.length + stops.length > 0, { path: ['agencies'], error: 'an agency or a stop, at least one' });

export type GtfsRealtimeSettings = z.infer<typeof gtfsRealtimeSettings>;
/** What may be written before defaults are filled in. */
export type GtfsRealtimeSettingsInput = z.input<typeof gtfsRealtimeSettings>;

/** The folder that feeds are put in: everything before the part that names the alert. */
export function folderOf(url: string): string {
  return url.slice(0, url.lastIndexOf('/') + 1);
}

/** Path of the feed of an alert. */
export function feedPath(url: string, alertId: string): string {
  return new URL(url.replace(ALERT_SLOT, encodeURIComponent(alertId))).pathname;
}
