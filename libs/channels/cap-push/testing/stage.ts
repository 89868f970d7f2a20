import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { capPushSettings, type CapPushSettings, type CapPushSettingsInput } from '../config.js';

/** A fictional broadcaster on loopback. */
export function broadcaster(port: number, settings: Partial<CapPushSettingsInput> = {}): Destination<CapPushSettings> {
  return {
    id: 'tv-proba' as DestinationId,
    name: 'TV Proba',
    channel: 'cap-push',
    mode: 'drill',
    settings: capPushSettings.parse({
      url: `https://127.0.0.1:${port}/cap`,
      sender: 'findme@example.rs',
      ca: 'drill-ca',
      signingKey: 'drill-signing-key',
      signingCertificate: 'drill-signing-certificate',
      secret: 'tv-webhook',
      simulated: { serverKey: 'tv-server-key', serverCertificate: 'tv-server-certificate' },
      ...settings,
    }),
  };
}
