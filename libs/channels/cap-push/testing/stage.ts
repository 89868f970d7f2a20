import { drillKeys } from '#cap/testing/keys.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { capPushSettings, type CapPushSettings, type CapPushSettingsInput } from '../config.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** The secrets of a drill by name. */
export async function drillSecrets(): Promise<(name: string) => string> {
  const { authority, signing, server } = await drillKeys();
  const secrets: Record<string, string> = {
    'drill-ca': authority.certificate,
    'drill-signing-key': signing.key,
    'drill-signing-certificate': signing.certificate,
    'tv-server-key': server.key,
    'tv-server-certificate': server.certificate,
    'tv-webhook': WEBHOOK_SECRET,
  };
  return (name) => {
    const value = secrets[name];
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}

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
