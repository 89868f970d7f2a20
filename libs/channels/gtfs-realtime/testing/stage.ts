import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { gtfsRealtimeSettings, type GtfsRealtimeSettings, type GtfsRealtimeSettingsInput } from '../config.js';

/** A fictional bus station on loopback whose screens poll feeds. */
export function busStation(port: number, settings: Partial<GtfsRealtimeSettingsInput> = {}): Destination<GtfsRealtimeSettings> {
  return {
    id: 'autobusi-proba' as DestinationId,
    name: 'Autobusi Proba',
    channel: 'gtfs-realtime',
    mode: 'drill',
    settings: gtfsRealtimeSettings.parse({
      url: `https://127.0.0.1:${port}/feeds/alert-{alert}.pb`,
      ca: 'drill-ca',
      secret: 'feeds-webhook',
      agencies: ['proba'],
      simulated: { serverKey: 'feeds-server-key', serverCertificate: 'feeds-server-certificate' },
      ...settings,
    }),
  };
}
