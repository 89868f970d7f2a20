import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { cellBroadcastSettings, type CbeCapSettings, type CbeCapSettingsInput, type CellBroadcastSettings, type OsmoCbcSettings, type OsmoCbcSettingsInput } from '../config.js';

const place = { id: 'operator-proba' as DestinationId, name: 'Operator Proba', channel: 'cell-broadcast', mode: 'drill' as const };
const simulated = { serverKey: 'operator-server-key', serverCertificate: 'operator-server-certificate' };

/** Settings of one driver, which the schema must have given back. */
function settingsOf<D extends CellBroadcastSettings['driver']>(driver: D, settings: object): Extract<CellBroadcastSettings, { driver: D }> {
  return cellBroadcastSettings.parse({ driver, ...settings }) as Extract<CellBroadcastSettings, { driver: D }>;
}

/** A fictional operator on loopback whose broadcast entity takes CAP. */
export function entity(port: number, settings: Partial<CbeCapSettingsInput> = {}): Destination<CbeCapSettings> {
  return {
    ...place,
    settings: settingsOf('cbe-cap', {
      url: `https://127.0.0.1:${port}/cbe`,
      sender: 'findme@example.rs',
      ca: 'drill-ca',
      signingKey: 'drill-signing-key',
      signingCertificate: 'drill-signing-certificate',
      simulated,
      ...settings,
    }),
  };
}

/** A fictional operator on loopback with an Osmocom CBC. */
export function centre(port: number, settings: Partial<OsmoCbcSettingsInput> = {}): Destination<OsmoCbcSettings> {
  return { ...place, settings: settingsOf('osmo-cbc', { host: '127.0.0.1', port, scope: 'plmn', ...settings }) };
}

/** The same behind a proxy with TLS. */
export function centreBehindTls(port: number, settings: Partial<OsmoCbcSettingsInput> = {}): Destination<OsmoCbcSettings> {
  return centre(port, { tls: true, ca: 'drill-ca', simulated, ...settings });
}
