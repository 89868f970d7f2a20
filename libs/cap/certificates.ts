import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { DOCUMENT_SIGNING } from './sign.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const P256: webcrypto.EcKeyGenParams & webcrypto.EcdsaParams = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = (bits: number): webcrypto.RsaHashedKeyGenParams => ({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: bits });

/** A private key (PKCS #8) and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** From when and for how long a certificate is valid. */
export interface Validity {
  readonly now: Date;
  /** 825 unless told; an authority 3,650. */
  readonly days?: number;
}

/** An authority of one's own (ECDSA P-256) for partners of a drill or inside a closed network. Issues no further authorities. */
export async function createAuthority({ name = 'Find Me drill authority', ...validity }: Validity & { readonly name?: string }): Promise<KeyAndCertificate> {
  const keys = await generate(P256);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(name, { days: 3650, ...validity }),
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
    ],
  }, webcrypto);
  return pem(keys, certificate);
}

/** A certificate for a TLS server (ECDSA P-256). `hosts` are DNS names and IP addresses, at least one. */
export async function issueServerCertificate(authority: KeyAndCertificate, { hosts, ...validity }: Validity & { readonly hosts: readonly string[] }): Promise<KeyAndCertificate> {
  const [first] = hosts;
  if (first === undefined) throw new TypeError('a server certificate names at least one host');
  const names = new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })));
  return issue(authority, await generate(P256), first, validity, x509.ExtendedKeyUsage.serverAuth, [names]);
}

/** A certificate by which a TLS client names itself (ECDSA P-256). */
export async function issueClientCertificate(authority: KeyAndCertificate, { name, ...validity }: Validity & { readonly name: string }): Promise<KeyAndCertificate> {
  return issue(authority, await generate(P256), name, validity, x509.ExtendedKeyUsage.clientAuth, []);
}

/** A certificate that signs CAP messages (RSA, 2,048 bits unless told) and nothing else (RFC 9336). */
export async function issueSigningCertificate(authority: KeyAndCertificate, { name, bits = 2048, ...validity }: Validity & { readonly name: string; readonly bits?: number }): Promise<KeyAndCertificate> {
  if (bits < 2048) throw new TypeError('an RSA key has at least 2,048 bits');
  return issue(authority, await generate(RSA(bits)), name, validity, DOCUMENT_SIGNING, []);
}

async function issue(authority: KeyAndCertificate, keys: webcrypto.CryptoKeyPair, name: string, validity: Validity, usage: string, more: readonly x509.Extension[]): Promise<KeyAndCertificate> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), P256, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(name, validity),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ...more,
    ],
  }, webcrypto);
  return pem(keys, certificate);
}

function common(name: string, { now, days = 825 }: Validity) {
  return {
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)).map((byte, i) => (i === 0 ? (byte & 0x7f) | 0x40 : byte))).toString('hex'),
    // As an object, so that a name cannot add further parts of a distinguished name.
    subject: [{ CN: [name] }],
    name: [{ CN: [name] }],
    // A day back: a partner's clock may be behind.
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

function generate(algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function pem(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate): Promise<KeyAndCertificate> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, certificate: `${certificate.toString('pem')}\n` };
}
