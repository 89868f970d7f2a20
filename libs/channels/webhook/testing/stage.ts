import { drillKeys } from '#cap/testing/keys.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { webhookSettings, type WebhookSettings, type WebhookSettingsInput } from '../config.js';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 11).toString('base64')}`;

/** The secrets of a drill by name. */
export async function drillSecrets(): Promise<(name: string) => string> {
  const { authority, server } = await drillKeys();
  const secrets: Record<string, string> = { 'drill-ca': authority.certificate, 'portal-server-key': server.key, 'portal-server-certificate': server.certificate, 'portal-webhook': WEBHOOK_SECRET };
  return (name) => {
    const value = secrets[name];
    if (value === undefined) throw new TypeError(`no secret ${name}`);
    return value;
  };
}

/** A fictional news portal on loopback. */
export function portal(port: number, settings: Partial<WebhookSettingsInput> = {}): Destination<WebhookSettings> {
  return {
    id: 'portal-proba' as DestinationId,
    name: 'Portal Proba',
    channel: 'webhook',
    mode: 'drill',
    settings: webhookSettings.parse({
      url: `https://127.0.0.1:${port}/findme`,
      ca: 'drill-ca',
      secret: 'portal-webhook',
      simulated: { serverKey: 'portal-server-key', serverCertificate: 'portal-server-certificate' },
      ...settings,
    }),
  };
}
