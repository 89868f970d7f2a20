import { endpointOf } from '#dispatch/outgoing.js';
import type { Channel } from '#dispatch/channel.js';
import { openCapEntity } from './cap-entity.js';
import { cellBroadcastSettings, type CellBroadcastSettings } from './config.js';
import { EcbeConnection } from './ecbe-connection.js';
import { exhibits, preview } from './encode.js';

/** Cell broadcast: every handset in reach at once, through an operator's broadcast entity or an Osmocom centre. */
export const cellBroadcast: Channel<CellBroadcastSettings> = {
  kind: 'cell-broadcast',
  settings: cellBroadcastSettings,
  // The same identifiers and serial number again: a handset shows them once. A broadcast entity tells them by CAP identifier.
  resend: () => 'safe',
  // The number of broadcasts runs out at the alert's expiry, and CAP has `expires`.
  lapses: true,
  connectsTo: (settings) => [settings.driver === 'osmo-cbc' ? { host: settings.host.replace(/^\[|\]$/g, ''), port: settings.port } : endpointOf(settings.url)],
  parts: () => 1,
  // Making room in a centre is three requests, each of which waits for the base stations.
  attemptMs: ({ driver, timeoutMs }) => (driver === 'osmo-cbc' ? 3 * timeoutMs : timeoutMs),
  preview,
  exhibits,
  open: ({ settings, ...destination }, line) =>
    settings.driver === 'cbe-cap' ? openCapEntity({ ...destination, settings }, line) : new EcbeConnection({ ...destination, settings }, line),
};
