import { drillKeys } from '#cap/testing/keys.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { airportDisplaySettings, type AirportDisplaySettings, type AirportDisplaySettingsInput } from '../config.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

/** The secrets of a drill by name. */
export async function drillSecrets(): Promise<(name: string) => string> {
  const { authority, signing, server } = await drillKeys();
  const secrets: Record<string, string> = {
    'drill-ca': authority.certificate,
    'drill-signing-key': signing.key,
    'drill-signing-certificate': signing.certificate,
    'airport-server-key': server.key,
    'airport-server-certificate': server.certificate,
    'airport-webhook': WEBHOOK_SECRET,
  };
  return (name) => {
    const value = secrets[name];
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}

/** A fictional airport on loopback. */
export function airport(port: number, settings: Partial<AirportDisplaySettingsInput> = {}): Destination<AirportDisplaySettings> {
  return {
    id: 'aerodrom-proba' as DestinationId,
    name: 'Aerodrom Proba',
    channel: 'airport-display',
    mode: 'drill',
    settings: airportDisplaySettings.parse({
      url: `https://127.0.0.1:${port}/obavestenja`,
      sender: 'findme@example.rs',
      ca: 'drill-ca',
      signingKey: 'drill-signing-key',
      signingCertificate: 'drill-signing-certificate',
      secret: 'airport-webhook',
      simulated: { serverKey: 'airport-server-key', serverCertificate: 'airport-server-certificate' },
      ...settings,
    }),
  };
}
