import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { siriSxSettings, type SiriSxSettings, type SiriSxSettingsInput } from '../config.js';

/** A fictional passenger information system on loopback with two stations. */
export function stationScreens(port: number, settings: Partial<SiriSxSettingsInput> = {}): Destination<SiriSxSettings> {
  return {
    id: 'stanice-proba' as DestinationId,
    name: 'Stanice Proba',
    channel: 'siri-sx',
    mode: 'drill',
    settings: siriSxSettings.parse({
      url: `https://127.0.0.1:${port}/siri`,
      ca: 'drill-ca',
      secret: 'stations-webhook',
      participant: 'findme',
      stations: [
        { id: 'prokop', stopPlace: 'RS:StopPlace:1', name: 'Proba Centar' },
        { id: 'nis', stopPlace: 'RS:StopPlace:2', name: 'Proba "Jug" & Sever' },
      ],
      simulated: { serverKey: 'stations-server-key', serverCertificate: 'stations-server-certificate' },
      ...settings,
    }),
  };
}
