import { createHash, createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { fail } from '#kernel/errors.js';
import { readCap, type CapMessage } from './read.js';
import { CAP_NAMESPACE, type CanonicalCap } from './write.js';
import { elements, leaf, parseXml } from './xml.js';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const ENVELOPED = `${DSIG}enveloped-signature`;
const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
/** Extended key usage for signing documents (RFC 9336): a TLS certificate of the same authority cannot sign alerts. */
export const DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36';

/** What signs: an RSA private key and its certificate, or the chain of them, as PEM. */
export interface Signer {
  readonly key: KeyObject | string;
  readonly certificate: string;
}

/** Reads a signing key and certificate (PEM). Refuses with CONFIGURATION_INVALID what is no RSA key or does not belong together. */
export function readSigner(keyPem: string, certificate: string): Signer {
  try {
    const key = createPrivateKey(keyPem);
    if (key.asymmetricKeyType === 'rsa' && new X509Certificate(certificate).checkPrivateKey(key)) return { key, certificate };
  } catch {
    // What the parser says may quote the key.
  }
  throw fail('CONFIGURATION_INVALID', 'signingKey', 'An RSA key and the certificate of it, as PEM.');
}

/** What is believed, and when. */
export interface Trust {
  /** PEM of signing certificates, taken as they are, or of authorities that issued them for document signing. */
  readonly trusted: readonly string[];
  /** The instant at which the certificate must be valid. */
  readonly now: Date;
}

/** What a signature covers: nothing outside of it may be used. */
export interface VerifiedCap {
  /** The signed message in canonical form, without its signature. */
  readonly xml: string;
  readonly message: CapMessage;
  /** SHA-256 fingerprint of the certificate that signed, as colon-separated hexadecimal. */
  readonly fingerprint: string;
}

/**
 * Signs a CAP message of the house: enveloped XML signature as the last child of `alert` (CAP 1.2 section 3.3.4.1),
 * exclusive canonicalization, RSA with SHA-256, certificate in `X509Data`.
 *
 * What `writeCap` writes is canonical already, so the octets are digested as they stand and no parser runs: this is on the
 * road between approval and the first byte, and parsing to canonicalize takes five times as long as signing. `verifyCap`
 * and xmlsec1, which canonicalize for themselves, agree. Throws when the key is no RSA key, a fault of the configuration.
 */
export function signCap(xml: CanonicalCap, { key, certificate }: Signer): string {
  const privateKey = typeof key === 'string' ? createPrivateKey(key) : key;
  if (privateKey.asymmetricKeyType !== 'rsa') throw new TypeError('CAP messages are signed with an RSA key');
  const start = xml.indexOf('<alert ');
  const end = xml.length - '</alert>'.length;
  const digest = createHash('sha256').update(xml.slice(start)).digest('base64');
  const info =
    `<CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"></CanonicalizationMethod><SignatureMethod Algorithm="${RSA_SHA256}"></SignatureMethod>` +
    `<Reference URI=""><Transforms><Transform Algorithm="${ENVELOPED}"></Transform><Transform Algorithm="${EXCLUSIVE_C14N}"></Transform></Transforms>` +
    `<DigestMethod Algorithm="${SHA256}"></DigestMethod><DigestValue>${digest}</DigestValue></Reference></SignedInfo>`;
  // In canonical form the element that is signed carries the namespace itself; in the document it inherits it.
  const value = sign('sha256', Buffer.from(`<SignedInfo xmlns="${DSIG}">${info}`), privateKey).toString('base64');
  const certificates = pemBodies(certificate).map((body) => leaf('X509Certificate', body)).join('');
  return `${xml.slice(0, end)}<Signature xmlns="${DSIG}"><SignedInfo>${info}<SignatureValue>${value}</SignatureValue><KeyInfo><X509Data>${certificates}</X509Data></KeyInfo></Signature></alert>`;
}

/**
 * Verifies a signed CAP message and returns what was signed, and only that. Refuses with SIGNATURE_INVALID a missing,
 * second, moved or altered signature, any other algorithm than those of `signCap`, and a certificate that is not trusted,
 * not meant for signing or not valid now; refuses broken XML as `readCap` does.
 */
export function verifyCap(xml: string | Uint8Array, trust: Trust): VerifiedCap {
  const { root, text } = parseXml(xml);
  const signature = onlySignature(root);
  const certificate = trustedCertificate(signature, trust);
  const verifier = new SignedXml({ publicCert: certificate.publicKey });
  let signed: string[];
  try {
    verifier.loadSignature(signature.toString());
    if (!verifier.checkSignature(text)) throw new Error('digest');
    signed = verifier.getSignedReferences();
  } catch {
    throw fail('SIGNATURE_INVALID');
  }
  const [content, more] = signed;
  if (content === undefined || more !== undefined) throw fail('SIGNATURE_INVALID');
  return { xml: content, message: readCap(content), fingerprint: certificate.fingerprint256 };
}

/**
 * The one signature, where and how we write it. Everything else is refused before any key is tried: a signature that
 * covers another element, sits elsewhere or names further transforms is how contents are swapped under a valid one.
 */
function onlySignature(root: Element): Element {
  if (root.localName !== 'alert' || root.namespaceURI !== CAP_NAMESPACE) throw fail('SIGNATURE_INVALID');
  const signatures = [...root.getElementsByTagNameNS(DSIG, 'Signature')];
  const [signature] = signatures;
  if (!signature || signatures.length > 1 || signature.parentNode !== root) throw fail('SIGNATURE_INVALID');
  const info = only(signature, 'SignedInfo');
  const reference = only(info, 'Reference');
  const transforms = elements(only(reference, 'Transforms')).map(algorithm);
  const allowed =
    elements(signature).length === 3 && elements(signature).every((part) => ['SignedInfo', 'SignatureValue', 'KeyInfo'].includes(part.localName ?? '')) &&
    elements(info).length === 3 &&
    reference.getAttribute('URI') === '' &&
    algorithm(only(info, 'CanonicalizationMethod')) === EXCLUSIVE_C14N &&
    algorithm(only(info, 'SignatureMethod')) === RSA_SHA256 &&
    algorithm(only(reference, 'DigestMethod')) === SHA256 &&
    transforms.length === 2 && transforms[0] === ENVELOPED && transforms[1] === EXCLUSIVE_C14N;
  if (!allowed) throw fail('SIGNATURE_INVALID');
  return signature;
}

function trustedCertificate(signature: Element, { trusted, now }: Trust): X509Certificate {
  const encoded = elements(only(only(signature, 'KeyInfo'), 'X509Data'), DSIG, 'X509Certificate')[0]?.textContent;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(encoded ?? '', 'base64'));
  } catch {
    throw fail('SIGNATURE_INVALID');
  }
  const valid = (c: X509Certificate): boolean => Date.parse(c.validFrom) <= now.getTime() && now.getTime() <= Date.parse(c.validTo);
  const believed = trusted.map((pem) => new X509Certificate(pem)).some((anchor) =>
    anchor.fingerprint256 === certificate.fingerprint256 ||
    (anchor.ca && valid(anchor) && certificate.checkIssued(anchor) && certificate.verify(anchor.publicKey) && (certificate.keyUsage ?? []).includes(DOCUMENT_SIGNING)));
  if (!believed || !valid(certificate)) throw fail('SIGNATURE_INVALID');
  return certificate;
}

function only(parent: Element, name: string): Element {
  const [first, second] = elements(parent, DSIG, name);
  if (!first || second) throw fail('SIGNATURE_INVALID');
  return first;
}

function algorithm(element: Element): string | null {
  return element.getAttribute('Algorithm');
}

function pemBodies(pem: string): string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) => match[1]!.replace(/\s/g, ''));
}
