import bindings from 'gtfs-realtime-bindings';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Exhibit, Preview, Snapshot } from '#dispatch/channel.js';
import { fail, type Fault } from '#kernel/errors.js';
import type { GtfsRealtimeSettings } from './config.js';

const { FeedMessage, FeedHeader, Alert } = bindings.transit_realtime;

/** How an alert is called in its feed: the same in every revision. */
export function entityId({ mode, alertId }: Notice): string {
  return `findme-${mode}-${alertId}`;
}

/**
 * The whole feed of one alert (GTFS-realtime 2.0, FULL_DATASET): one Service Alert while it runs, none once it has ended, for
 * a feed withdraws by leaving out. Pure; the same notice gives the same octets. Refuses with TEXT_NOT_ENCODABLE half a
 * surrogate pair, which would be replaced in silence.
 */
export function encode(notice: SentNotice, settings: GtfsRealtimeSettings): Buffer {
  return feedOf(isEnding(notice) ? [] : [notice], settings, notice.sent);
}

/** Readers of polled alerts take a feed for dead whose timestamp is older than ten minutes (MobilityData's best practices). */
const RENEW_MS = 5 * 60_000;

/** The feed that partners poll at the API: every alert that runs now, and so also that none does. */
export const snapshots: readonly Snapshot<GtfsRealtimeSettings>[] = [
  {
    name: 'alerts.pb', mediaType: 'application/x-protobuf', renewMs: RENEW_MS,
    render: (running, settings, mode, at) => {
      if (running.some((notice) => notice.mode !== mode)) throw new TypeError('drill and live never share a document');
      return feedOf(running, settings, at);
    },
  },
];

function feedOf(notices: readonly SentNotice[], settings: GtfsRealtimeSettings, at: string): Buffer {
  const message = FeedMessage.create({
    header: { gtfsRealtimeVersion: '2.0', incrementality: FeedHeader.Incrementality.FULL_DATASET, timestamp: seconds(at) },
    entity: notices.map((notice) => ({ id: entityId(notice), alert: serviceAlert(notice, settings) })),
  });
  return Buffer.from(FeedMessage.encode(message).finish());
}

const isEnding = ({ kind }: Notice): boolean => kind === 'found' || kind === 'withdrawn';

function serviceAlert(notice: SentNotice, { agencies, stops }: GtfsRealtimeSettings) {
  return {
    activePeriod: [{ start: seconds(notice.references[0]?.sent ?? notice.sent), end: seconds(notice.expires) }],
    informedEntity: [...agencies.map((agencyId) => ({ agencyId })), ...stops.map((stopId) => ({ stopId }))],
    cause: Alert.Cause.POLICE_ACTIVITY,
    // Trains and buses run: nothing but the text is the effect.
    effect: Alert.Effect.OTHER_EFFECT,
    severityLevel: Alert.SeverityLevel.SEVERE,
    url: translated(() => notice.url),
    headerText: translated((language) => notice.texts[language].headline),
    descriptionText: translated((language) => describe(notice, language)),
  };
}

function describe({ texts }: Notice, language: Language): string {
  return `${texts[language].full}\n${texts[language].instruction}`;
}

function translated(text: (language: Language) => string): { translation: { text: string; language: string }[] } {
  return { translation: LANGUAGES.map((language) => ({ text: whole(text(language)), language })) };
}

function whole(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw fail('TEXT_NOT_ENCODABLE', '', 'UTF-8.');
  return text;
}

/** POSIX time of a date-time with offset. */
function seconds(dateTime: string): number {
  return Math.floor(Date.parse(dateTime) / 1000);
}

/** What a feed says, in plain values. */
export interface Feed {
  readonly timestamp: number;
  readonly fullDataset: boolean;
  readonly entities: readonly { readonly id: string; readonly header: Readonly<Record<string, string>> }[];
}

/** Reads a feed; nothing when the octets are none. */
export function decode(octets: Uint8Array): Feed | undefined {
  try {
    const { header, entity } = FeedMessage.decode(octets);
    return {
      timestamp: Number(header.timestamp ?? 0),
      fullDataset: header.incrementality === FeedHeader.Incrementality.FULL_DATASET,
      entities: entity.map(({ id, alert }) => ({ id, header: Object.fromEntries((alert?.headerText?.translation ?? []).map((t) => [t.language ?? '', t.text])) })),
    };
  } catch {
    // The bindings throw plain errors and range errors on what is no feed.
    return undefined;
  }
}

/** Header and description of each language against their limits; an ending shows nothing. Nothing is shortened. */
export function preview(notice: Notice, settings: GtfsRealtimeSettings): readonly Preview[] {
  if (isEnding(notice)) return [];
  return LANGUAGES.flatMap((language) => {
    const show = (field: string, text: string, limit: number): Preview => {
      const length = [...text].length;
      const at = `texts.${language}.${field}`;
      const faults: Fault[] = [];
      if (length > limit) faults.push({ code: 'TEXT_TOO_LONG', field: at, detail: `${length} of ${limit} characters.` });
      if (/\p{Surrogate}/u.test(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at, detail: 'UTF-8.' });
      return { language, encoding: 'UTF-8', text, length, limit, unit: 'characters', segments: 1, faults };
    };
    return [show('headline', notice.texts[language].headline, settings.headerLimit), show('full', describe(notice, language), settings.descriptionLimit)];
  });
}

/** The feed, as octets of Protocol Buffers. */
export function exhibits(_notice: Notice, settings: GtfsRealtimeSettings): readonly Exhibit[] {
  return [{ name: 'feed.pb', mediaType: 'application/x-protobuf', make: ({ notice }) => Promise.resolve(encode(notice, settings)) }];
}
