import { z } from 'zod';

const secretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'the name of a secret');
const hostName = z.string().regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'a host name in lower case');

/** A push service: the hosts of its subscription addresses, and where to look whether it is well. */
const serviceRule = z.strictObject({
  /** This host and those below it. */
  hosts: hostName,
  /** Origin to which a connection is kept warm. Left out where the service has no one host. */
  probe: z.string().regex(/^https:\/\/[a-z0-9.-]+(:\d{1,5})?$/, 'an https origin').optional(),
});
export type ServiceRule = z.infer<typeof serviceRule>;

/** The push services of the browsers: Chrome and most others, Firefox, Safari, Edge. */
const SERVICES: ServiceRule[] = [
  { hosts: 'fcm.googleapis.com', probe: 'https://fcm.googleapis.com' },
  { hosts: 'push.services.mozilla.com', probe: 'https://updates.push.services.mozilla.com' },
  { hosts: 'push.apple.com', probe: 'https://web.push.apple.com' },
  { hosts: 'notify.windows.com' },
];

/** Settings of a web push destination: all subscribers of its mode. A mode has one such destination. */
export const webPushSettings = z
  .strictObject({
    vapid: z.strictObject({
      /** Name of the secret with the private key, base64url. Changing it ends every subscription. */
      key: secretName,
      /** Whom a push service writes to when we make trouble: `mailto:` or https (RFC 8292 section 2.1). */
      subject: z.string().max(200).regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'mailto: or https:'),
    }),
    services: z.array(serviceRule).min(1).default(SERVICES),
    /** Parts of a delivery. May grow while no alert is active. */
    shards: z.int().min(1).max(256).default(16),
    /** Messages under way at once to one push service, over all parts, and connections they share. */
    window: z.int().min(1).max(10_000).default(400),
    connections: z.int().min(1).max(32).default(4),
    /** Milliseconds for one message, connecting included. */
    timeoutMs: z.int().min(100).max(60_000).default(10_000),
    /** Milliseconds for one part. */
    partMs: z.int().min(5_000).max(1_800_000).default(300_000),
    /** Subscribers whose message keys are derived before there is an alert; 109 octets of memory each, never on disk. */
    prepared: z.int().min(0).max(5_000_000).default(200_000),
    /** Secret: PEM of the authorities that may vouch for the services. Public ones when left out. */
    ca: secretName.optional(),
    /**
     * Played by the house, on loopback: secrets of the server, how many fictional subscribers come with it, and whether they
     * subscribe by the public door as everybody does.
     */
    simulated: z.strictObject({
      port: z.int().min(0).max(65_535), serverKey: secretName, serverCertificate: secretName, subscribers: z.int().min(0).max(1_000_000).default(0), subscribe: z.boolean().default(true),
    }).optional(),
  });

export type WebPushSettings = z.infer<typeof webPushSettings>;
