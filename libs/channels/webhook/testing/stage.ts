import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { webhookSettings, type WebhookSettings, type WebhookSettingsInput } from '../config.js';

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
