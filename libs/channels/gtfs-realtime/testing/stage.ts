import { drillKeys } from '#cap/testing/keys.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { gtfsRealtimeSettings, type GtfsRealtimeSettings, type GtfsRealtimeSettingsInput } from '../config.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

/** The secrets of a drill by name. */
export async function drillSecrets(): Promise<(name: string) => string> {
  const { authority, server } = await drillKeys();
  const secrets: Record<string, string> = { 'drill-ca': authority.certificate, 'feeds-server-key': server.key, 'feeds-server-certificate': server.certificate, 'feeds-webhook': WEBHOOK_SECRET };
  return (name) => {
    const value = secrets[name];
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}

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
