import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { airportDisplaySettings, type AirportDisplaySettings, type AirportDisplaySettingsInput } from '../config.js';

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
