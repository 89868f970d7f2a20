import { z } from 'zod';
import { LANGUAGES } from '#alerts/content.js';
import type { Destination } from '#dispatch/channel.js';

/** An address that is safe inside an SMTP command: ASCII, no quotes, at most 254 octets (RFC 5321, section 4.5.3.1.3). */
export const emailAddress = z.email().max(254).regex(/^[\x21-\x7e]+$/, 'ASCII only');
const address = emailAddress;
const host = z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'a host name or an address');
/** 0 lets a simulated server choose; a destination in service names its port. */
const port = z.int().min(0).max(65_535);
const secretName = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'the name of a secret');
const milliseconds = z.int().min(100).max(300_000);
const languages = z.array(z.enum(LANGUAGES)).min(1).refine((l) => new Set(l).size === l.length, 'each language once');

/** Everyone who asked for e-mail in the mode of the destination, each with a mail of their own. A mode has one such destination. */
const audience = z.strictObject({
  kind: z.literal('subscribers'),
  /** Parts of a delivery. May grow while no alert is active. */
  shards: z.int().min(1).max(256).default(8),
  /** Mails a second over all parts: what the server and those behind it take without taking us for spam. */
  ratePerSecond: z.number().min(0.1).max(10_000).default(50),
  /** Connections at once, over all parts; an ending may open more. */
  connections: z.int().min(1).max(64).default(4),
  /** Milliseconds for one part. */
  partMs: z.int().min(5_000).max(7_200_000).default(1_800_000),
});

/** Settings of an e-mail destination: one mail server that takes the notice for newsrooms, or for those who asked to be told. */
export const emailSettings = z
  .strictObject({
    host,
    port,
    /** TLS from the first byte, by STARTTLS (required, no falling back), or none: only towards a simulated server. */
    security: z.enum(['tls', 'starttls', 'none']).default('starttls'),
    /** User name, and the name of the secret that holds the password. */
    login: z.strictObject({ user: z.string().min(1).max(200), secret: secretName }).optional(),
    /** Name of the secret with the PEM certificates to trust instead of the public ones. */
    ca: secretName.optional(),
    from: z.strictObject({ name: z.string().min(1).max(80).regex(/^[^\p{Cc}]*$/u, 'no control characters'), address }),
    /** The newsrooms. Each is expected to confirm by a delivery notification. */
    to: z.array(address).max(50).refine((l) => new Set(l.map((a) => a.toLowerCase())).size === l.length, 'each newsroom once').default([]),
    /** Instead of newsrooms. */
    audience: audience.optional(),
    /** Where our own receiver of delivery notifications listens, the domain of its addresses, and their signing secret. */
    bounce: z.strictObject({ host, port, domain: z.hostname().max(180), secret: secretName }),
    languages: languages.default([...LANGUAGES]),
    /** The poster, to print, attached for newsrooms in their first language; left out of a mail where it would be larger. Null attaches none. */
    poster: z.strictObject({ maxBytes: z.int().min(50_000).max(5_000_000).default(1_500_000) }).nullable().prefault({}),
    /** `connectMs` to connect and greet; `silenceMs` without a byte from the server ends a connection. */
    timeouts: z.strictObject({ connectMs: milliseconds.default(5_000), silenceMs: milliseconds.default(60_000) }).prefault({}),
    /** The partner is a simulated one. */
    simulated: z.boolean().default(false),
    /** How many fictional people the simulated server has, who subscribe as everybody does. */
    citizens: z.int().min(0).max(10_000).default(0),
  })
  .refine((s) => (s.audience === undefined) === (s.to.length > 0), { path: ['to'], error: 'either newsrooms or an audience' })
  .refine((s) => s.citizens === 0 || (s.simulated && s.audience !== undefined), { path: ['citizens'], error: 'only at a simulated server for subscribers' })
  .refine((s) => s.security !== 'none' || s.simulated, { path: ['security'], error: 'without TLS only towards a simulated server' });

export type EmailSettings = z.infer<typeof emailSettings>;

/** A destination by which subscribers are written to, with its settings read; nothing for any other. */
export function writesToSubscribers(destination: Destination): Destination<EmailSettings> | undefined {
  if (destination.channel !== 'email') return undefined;
  const settings = emailSettings.parse(destination.settings);
  return settings.audience && { ...destination, settings };
}
