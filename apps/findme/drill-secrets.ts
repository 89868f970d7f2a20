import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import webpush from 'web-push';
import { createAuthority, issueClientCertificate, issueServerCertificate, issueSigningCertificate, type KeyAndCertificate } from '#cap/certificates.js';
import type { Configuration } from '#config/configuration.js';
import { routesOf } from '#dispatch/channel.js';
import { keepSecret } from './state.js';

/** What a secret is, by the ending of its name. Passwords have eight characters: SMPP 3.4 takes no more (section 5.2.2). */
const SINGLE: readonly (readonly [ending: string, make: () => string])[] = [
  ['-webhook', () => `whsec_${randomBytes(32).toString('base64')}`],
  ['-password', () => randomBytes(6).toString('base64url')],
  ['-bounces', () => randomBytes(32).toString('base64url')],
  ['-vapid', () => webpush.generateVAPIDKeys().privateKey],
];
const PAIR = /^((drill|live)-(?:[a-z0-9-]+-)?(authority|server|client|signing))-(?:key|certificate)$/;

const HOSTS = ['localhost', '127.0.0.1', '::1'];
/** A certificate is made anew this long before it ends. */
const RENEW_MS = 30 * 86_400_000;

/**
 * Makes the secrets that simulated partners need and that are missing: one file each in the folder, readable for its owner
 * alone. Secrets of real partners are never made up; without them the programs refuse to start.
 */
export async function makeDrillSecrets(folder: string, configuration: Configuration, now: Date): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of namesIn(configuration)) {
    const pair = PAIR.exec(name)?.[1];
    const single = SINGLE.find(([ending]) => name.endsWith(ending));
    if (pair !== undefined) await keepPair(folder, pair, now);
    else if (single) await keepSecret(folder, name, single[1]);
  }
}

/** Every word in the settings of simulated partners; those that name a secret have one of the endings above. */
function namesIn({ destinations, signing }: Configuration): Set<string> {
  const simulated = destinations.filter((d) => d.simulated);
  const modes = (['drill', 'live'] as const).filter((mode) => destinations.every((d) => d.mode !== mode || d.simulated));
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,79}$/.test(value)) names.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit([simulated.flatMap((d) => routesOf(d).map((route) => route.settings)), modes.map((mode) => signing[mode])]);
  return names;
}

/** A private key and its certificate, which belong together: both are there and valid, or both are made. */
async function keepPair(folder: string, pair: string, now: Date): Promise<KeyAndCertificate> {
  const read = (part: string) => readFile(join(folder, `${pair}-${part}`), 'utf8').catch(() => '');
  const kept = { key: await read('key'), certificate: await read('certificate') };
  if (kept.key !== '' && kept.certificate !== '' && Date.parse(new X509Certificate(kept.certificate).validTo) > now.getTime() + RENEW_MS) return kept;
  const made = await issue(folder, pair, now);
  for (const part of ['key', 'certificate'] as const) {
    await rm(join(folder, `${pair}-${part}`), { force: true });
    await keepSecret(folder, `${pair}-${part}`, () => made[part]);
  }
  return made;
}

/** Drill and live have an authority each: a certificate of one mode proves nothing in the other. */
async function issue(folder: string, pair: string, now: Date): Promise<KeyAndCertificate> {
  const [, , mode = '', kind] = PAIR.exec(`${pair}-key`) ?? [];
  if (kind === 'authority') return createAuthority({ name: `Find Me simulated ${mode} authority`, now });
  const authority = await keepPair(folder, `${mode}-authority`, now);
  if (kind === 'server') return issueServerCertificate(authority, { hosts: HOSTS, now });
  if (kind === 'client') return issueClientCertificate(authority, { name: `Find Me ${mode}`, now });
  return issueSigningCertificate(authority, { name: `Find Me ${mode}`, now });
}
