import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { datex2Settings, type Datex2Settings, type Datex2SettingsInput } from '../config.js';

/** A fictional traffic centre on loopback with two signs over a road and one of another kind. */
export function trafficCentre(port: number, settings: Partial<Datex2SettingsInput> = {}): Destination<Datex2Settings> {
  return {
    id: 'putevi-proba' as DestinationId,
    name: 'Putevi Proba',
    channel: 'datex2',
    mode: 'drill',
    settings: datex2Settings.parse({
      url: `https://127.0.0.1:${port}/datex2`,
      ca: 'drill-ca',
      secret: 'roads-webhook',
      supplier: { identifier: 'findme' },
      controllerTable: { id: 'signs', version: '1' },
      signs: [
        { id: 'A1-12', rows: 4, columns: 20 },
        { id: 'A1-13', controller: 'A1-12', index: 2, rows: 4, columns: 20 },
        { id: 'A2-01', rows: 3, columns: 30, charset: 'unicode', language: 'sr-Cyrl' },
      ],
      simulated: { serverKey: 'roads-server-key', serverCertificate: 'roads-server-certificate' },
      ...settings,
    }),
  };
}
