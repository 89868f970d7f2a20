import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import { httpsAddressFields, namesItselfWhole, NAMES_ITSELF_WHOLE, secretName } from '#dispatch/https/settings.js';

/** What both drivers are told about the broadcast itself. */
const broadcastFields = {
  /** The first goes out under the message identifier of the class, the second under that for a further language. */
  languages: z.array(z.enum(LANGUAGES)).min(1).max(2).refine((all) => new Set(all).size === all.length, 'each language once').default(['sr-Latn', 'en']),
  /** Class of a live alert (ETSI TS 102 900). A drill is always `eu-exercise`, which only handsets that ask for it show. */
  alertClass: z.enum(['eu-amber', 'eu-alert-1']).default('eu-amber'),
};

/** Signed CAP to the operator's cell broadcast entity, which makes the broadcast of it. */
const cbeCapSettings = z.strictObject({
  driver: z.literal('cbe-cap'),
  ...httpsAddressFields,
  /** CAP `sender` of everything this house sends in this mode. */
  sender: z.string().min(1).max(200).regex(/^[^\s,<&]+$/, 'no spaces, commas, < or &'),
  /** Secrets: PEM of the RSA key that signs the messages, and of its certificate or chain. */
  signingKey: secretName,
  signingCertificate: secretName,
  ...broadcastFields,
}).refine(namesItselfWhole, NAMES_ITSELF_WHOLE);

/** The REST interface (ECBE) of an Osmocom cell broadcast centre. */
const osmoCbcSettings = z.strictObject({
  driver: z.literal('osmo-cbc'),
  host: z.string().regex(/^[A-Za-z0-9.-]{1,253}$|^\[[0-9A-Fa-f:.]{2,45}\]$/, 'a host name or address, IPv6 in brackets'),
  port: z.int().min(0).max(65_535).default(12_345),
  /** The centre itself speaks plain HTTP without a password: TLS is that of a proxy in front of it. */
  tls: z.boolean().default(false),
  /** Secrets, with TLS: PEM of the authorities that vouch for the proxy, and by which we name ourselves to it. */
  ca: secretName.optional(),
  clientKey: secretName.optional(),
  clientCertificate: secretName.optional(),
  /** `cbe_name`: who we are in the centre's own lists. */
  cbeName: z.string().regex(/^[A-Za-z0-9._-]{1,32}$/).default('find-me'),
  /**
   * Written out, never assumed: the interface knows no smaller area than the whole network, so an alert for one district
   * reaches every handset of it.
   */
  scope: z.literal('plmn'),
  /** From one broadcast to the next, in periods of `periodMs`. */
  repetitionPeriod: z.int().min(1).max(4_095).default(32),
  /** What the network takes for one period: 1,883 ms in GSM (TS 23.041), a second in LTE (TS 36.413). The longer never outlives an alert. */
  periodMs: z.union([z.literal(1_883), z.literal(1_000)]).default(1_883),
  /** Milliseconds for one request. The centre waits 15 s for its base stations before it answers. */
  timeoutMs: z.int().min(100).max(60_000).default(17_000),
  ...broadcastFields,
  /** Secrets of the proxy in front, where the house plays the partner itself with TLS. */
  simulated: z.strictObject({ serverKey: secretName, serverCertificate: secretName }).optional(),
})
  .refine(namesItselfWhole, NAMES_ITSELF_WHOLE)
  .refine(({ tls, ca, clientKey }) => tls || (ca === undefined && clientKey === undefined), { path: ['tls'], error: 'certificates need TLS' });

export const cellBroadcastSettings = z.discriminatedUnion('driver', [cbeCapSettings, osmoCbcSettings]);

export type CellBroadcastSettings = z.infer<typeof cellBroadcastSettings>;
export type CbeCapSettings = z.infer<typeof cbeCapSettings>;
export type OsmoCbcSettings = z.infer<typeof osmoCbcSettings>;
export type CbeCapSettingsInput = z.input<typeof cbeCapSettings>;
export type OsmoCbcSettingsInput = z.input<typeof osmoCbcSettings>;
