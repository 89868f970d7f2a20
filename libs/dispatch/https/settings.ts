import { z } from 'zod';

/** The name under which a secret is kept; never the secret itself. */
export const secretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'the name of a secret');

/** An address that a channel may call: https, and nothing in it that belongs among the secrets. */
export const httpsAddress = z.string().max(2000).refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
}, 'an https address without user, password or fragment');

/** What every destination has that is reached by HTTPS: the fields of a strict object. */
export const httpsAddressFields = {
  /** Where messages go; a HEAD of the same address tells whether the partner is well. */
  url: httpsAddress.describe('Where messages go; a HEAD of the same address tells whether the partner is well.'),
  /** Secret: PEM of the authorities that may vouch for the partner's server. Public ones when left out. */
  ca: secretName.optional().describe('Name of a secret: PEM of the authorities that may vouch for the server. Public ones when left out.'),
  /** Secrets: PEM by which we name ourselves to the partner's server (mutual TLS). */
  clientKey: secretName.optional().describe('Name of a secret: PEM of our key for mutual TLS.'),
  clientCertificate: secretName.optional().describe('Name of a secret: PEM of the certificate of that key.'),
  /** Milliseconds for one request, connecting included. */
  timeoutMs: z.int().min(100).max(60_000).default(10_000).describe('Milliseconds for one request, connecting included.'),
  /** Secrets of the partner's own server, where the house plays the partner itself. */
  simulated: z.strictObject({ serverKey: secretName, serverCertificate: secretName }).optional(),
};

/** The same for one that reports by signed webhook. */
export const httpsFields = {
  ...httpsAddressFields,
  /** Secret: `whsec_…`, under which the partner signs its receipts. */
  secret: secretName.describe('Name of a secret: whsec_…, under which the partner signs its receipts.'),
};

export type HttpsAddress = z.infer<z.ZodObject<typeof httpsAddressFields>>;
export type HttpsSettings = z.infer<z.ZodObject<typeof httpsFields>>;

/** Refinement of an object with the `httpsFields`: half a name is none. */
export function namesItselfWhole({ clientKey, clientCertificate }: Pick<HttpsSettings, 'clientKey' | 'clientCertificate'>): boolean {
  return (clientKey === undefined) === (clientCertificate === undefined);
}
/** What to say where `namesItselfWhole` does not hold. */
export const NAMES_ITSELF_WHOLE = { path: ['clientCertificate'], error: 'a client key and its certificate come together' };
