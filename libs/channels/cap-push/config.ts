import { z } from 'zod';

/** The name under which a secret is kept; never the secret itself. */
const secretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'the name of a secret');

const address = z.string().max(2000).refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
}, 'an https address without user, password or fragment');

/** Settings of a destination that takes signed CAP over HTTPS. */
export const capPushSettings = z.strictObject({
  /** Where messages are posted; a HEAD of the same address tells whether the partner is well. */
  url: address,
  /** CAP `sender` of everything this house sends in this mode. */
  sender: z.string().min(1).max(200).regex(/^[^\s,<&]+$/, 'no spaces, commas, < or &'),
  /** Secret: PEM of the authorities that may vouch for the partner's server. Public ones when left out. */
  ca: secretName.optional(),
  /** Secrets: PEM of the RSA key that signs the messages, and of its certificate or chain. */
  signingKey: secretName,
  signingCertificate: secretName,
  /** Secrets: PEM by which we name ourselves to the partner's server (mutual TLS). */
  clientKey: secretName.optional(),
  clientCertificate: secretName.optional(),
  /** Secret: `whsec_…`, under which the partner signs its receipts. */
  secret: secretName,
  /** Milliseconds for one attempt, connecting included. */
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
  /** Characters that the partner's crawl shows. */
  headlineLimit: z.int().min(20).max(1_000).default(160),
  /** Characters of description and instruction, each, that the partner takes. */
  descriptionLimit: z.int().min(100).max(20_000).default(4_000),
  /** Secrets of the partner's own server, where the house plays the partner itself. */
  simulated: z.strictObject({ serverKey: secretName, serverCertificate: secretName }).optional(),
}).refine((s) => (s.clientKey === undefined) === (s.clientCertificate === undefined), { path: ['clientCertificate'], error: 'a client key and its certificate come together' });

export type CapPushSettings = z.infer<typeof capPushSettings>;
/** What may be written before defaults are filled in. */
export type CapPushSettingsInput = z.input<typeof capPushSettings>;
