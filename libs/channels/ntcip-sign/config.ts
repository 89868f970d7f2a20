import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import { secretName } from '#dispatch/https/settings.js';
import { canShowAnything, TOO_SMALL } from '#dispatch/sign.js';

/** How the sign knows us. A community crosses the road in the clear: only v3 keeps what is said, and by whom, secret. */
const access = z.discriminatedUnion('version', [
  z.strictObject({ version: z.enum(['v1', 'v2c']), /** Name of a secret. */ community: secretName }),
  z.strictObject({
    version: z.literal('v3'),
    user: z.string().regex(/^[A-Za-z0-9._-]{1,32}$/),
    authProtocol: z.enum(['sha', 'sha256', 'sha512']).default('sha256'),
    /** Names of secrets: at least 8 characters each. Encryption is AES-128. */
    authPassword: secretName,
    privPassword: secretName,
  }),
]);

/** Settings of one sign that speaks NTCIP 1203 v3 over SNMP. */
export const ntcipSignSettings = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'a host name or an IPv4 address'),
  port: z.int().min(0).max(65_535).default(161),
  access,
  rows: z.int().min(1).max(20),
  columns: z.int().min(4).max(100),
  maxPages: z.int().min(1).max(10).default(3),
  /** Seconds that a page stays. */
  pageTime: z.number().min(1).max(25).multipleOf(0.1).default(3),
  /** `unicode` only where the fonts of the sign have every letter and it reads MULTI as UTF-8. */
  charset: z.enum(['ascii', 'unicode']).default('ascii'),
  language: z.enum(LANGUAGES).default('sr-Latn'),
  /** The row of changeable memory that is ours alone. */
  slot: z.int().min(1).max(65_535).default(1),
  /** Of the activation, and of the message while it is shown. Nothing of a lower priority takes its place. */
  priority: z.int().min(1).max(254).default(200),
  /** Who we are in an activation: our IPv4 address on the sign's network. */
  sourceAddress: z.ipv4().default('0.0.0.0'),
  /** Milliseconds for one try of one request, and how often it is tried: datagrams get lost. */
  timeoutMs: z.int().min(50).max(10_000).default(2_000),
  tries: z.int().min(1).max(5).default(3),
  /** How long, in milliseconds, a sign may take to check a message, and to show it. */
  settleMs: z.int().min(0).max(30_000).default(2_000),
}).refine((s) => s.charset !== 'ascii' || s.language !== 'sr-Cyrl', { path: ['language'], error: 'a sign of ASCII letters has no Cyrillic' }).refine(canShowAnything, TOO_SMALL);

export type NtcipSignSettings = z.infer<typeof ntcipSignSettings>;
/** What may be written before defaults are filled in. */
export type NtcipSignSettingsInput = z.input<typeof ntcipSignSettings>;
