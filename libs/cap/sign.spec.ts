import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { SignedXml } from 'xml-crypto';
import { Refusal } from '#kernel/errors.js';
import { sampleNotice, samplePhoto } from '#dispatch/testing/sample-notice.js';
import { createAuthority, issueSigningCertificate, type KeyAndCertificate } from './certificates.js';
import { readCap } from './read.js';
import { DOCUMENT_SIGNING, readSigner, signCap, verifyCap } from './sign.js';
import { drillKeys, type DrillKeys } from './testing/keys.js';
import { writeCap } from './write.js';

const now = new Date();
const sample = sampleNotice({ area: { kind: 'country' } });
// Everything that canonical form spells in its own way.
const notice = { ...sample, texts: { ...sample.texts, en: { ...sample.texts.en, full: 'a\r\nb\tc & "d" <e> ]]> \u{1F600} \u0301' } }, url: 'https://pronadjime.example/?a=1&b=%22' };
const plain = writeCap(notice, { sender: 'findme@example.rs', photoUri: 'https://pronadjime.example/photo.jpg', photo: samplePhoto.bytes });

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'none';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
};

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
/** The one way in which we sign. */
const OURS = {
  signature: `${MORE}rsa-sha256`, canonical: 'http://www.w3.org/2001/10/xml-exc-c14n#', digest: 'http://www.w3.org/2001/04/xmlenc#sha256',
  transforms: [`${DSIG}enveloped-signature`, 'http://www.w3.org/2001/10/xml-exc-c14n#'] as readonly string[],
};

describe('a signed CAP message', () => {
  let keys: DrillKeys;
  let signed: string;
  beforeAll(async () => {
    keys = await drillKeys(now);
    signed = signCap(plain, keys.signing);
  });
  const verify = (xml: string, trusted = [keys.signing.certificate], at = now) => verifyCap(xml, { trusted, now: at });
  /** A copy with one piece exchanged; the piece must be there, or the test would show nothing. */
  const altered = (from: string, to: string): string => {
    expect(signed).toContain(from);
    return signed.replace(from, to);
  };
  const refused = (xml: string, trusted?: string[], at?: Date) => codeOf(() => verify(xml, trusted, at));

  it('carries the certificate, chain included, and is the same for the same key', () => {
    expect(signed.startsWith('<?xml')).toBe(true);
    expect(signCap(plain, keys.signing)).toBe(signed);
    const chain = signCap(plain, { ...keys.signing, certificate: keys.signing.certificate + keys.authority.certificate });
    expect(chain.match(/<X509Certificate>/g)).toHaveLength(2);
    expect(verify(chain, [keys.authority.certificate]).message.identifier).toBe(notice.identifier);
    expect(() => signCap(plain, { key: keys.server.key, certificate: keys.server.certificate })).toThrow(TypeError);
  });

  it('verifies under its certificate and under the authority that issued it', () => {
    expect(verify(signed).message).toEqual(readCap(plain));
    expect(verify(signed, [keys.authority.certificate]).message.identifier).toBe(notice.identifier);
    expect(verify(signed).xml).toBe(plain.replace(/^<\?xml[^>]*\?>\n/, ''));
  });

  it('refuses a changed byte anywhere in what was signed, and in the signature', () => {
    for (const [from, to] of [['Exercise', 'Actual'], ['<scope>Public', '<scope>Private'], ['+01:00', '+02:00'], ['<SignatureValue>', '<SignatureValue>A'], ['<DigestValue>', '<DigestValue>A']] as const) {
      expect(refused(altered(from, to))).toBe('SIGNATURE_INVALID');
    }
    expect(refused(plain)).toBe('SIGNATURE_INVALID');
  });

  it('refuses a certificate that is not trusted, too old, or made for something else', () => {
    expect(refused(signCap(plain, keys.stranger))).toBe('SIGNATURE_INVALID');
    expect(refused(signCap(plain, keys.stranger), [keys.authority.certificate])).toBe('SIGNATURE_INVALID');
    expect(refused(signCap(plain, { key: keys.stranger.key, certificate: keys.signing.certificate }))).toBe('SIGNATURE_INVALID');
    expect(refused(signed, [keys.signing.certificate], new Date(now.getTime() + 826 * 86_400_000))).toBe('SIGNATURE_INVALID');
    expect(refused(signed, [])).toBe('SIGNATURE_INVALID');
  });

  it('refuses a certificate whose authority has expired', async () => {
    const brief = await createAuthority({ now, days: 1 });
    const signing = await issueSigningCertificate(brief, { now, name: 'Longer than its authority' });
    const xml = signCap(plain, signing);
    expect(refused(xml, [brief.certificate])).toBe('none');
    expect(refused(xml, [brief.certificate], new Date(now.getTime() + 2 * 86_400_000))).toBe('SIGNATURE_INVALID');
  });

  it('refuses a certificate that is not valid yet', () => {
    expect(refused(signed, [keys.signing.certificate], new Date(now.getTime() - 2 * 86_400_000))).toBe('SIGNATURE_INVALID');
  });

  it('refuses a certificate of the right authority that is for a server, and one that only says it is of that authority', async () => {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
    const { privateKey, publicKey } = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
    const issuer = new x509.X509Certificate(keys.authority.certificate).subjectName;
    const issued = async (usage: string, authority: Pick<KeyAndCertificate, 'key'> = keys.authority) => (await x509.X509CertificateGenerator.create({
      subject: 'CN=127.0.0.1', issuer, publicKey, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' }, notBefore: new Date(now.getTime() - 1000), notAfter: new Date(now.getTime() + 86_400_000),
      signingKey: await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
      extensions: [new x509.ExtendedKeyUsageExtension([usage])],
    }, webcrypto)).toString('pem');
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
    const by = (certificate: string) => refused(signCap(plain, { key, certificate }), [keys.authority.certificate]);
    expect(by(await issued(DOCUMENT_SIGNING))).toBe('none');
    expect(by(await issued(x509.ExtendedKeyUsage.serverAuth))).toBe('SIGNATURE_INVALID');
    // The name of the authority on it, and another's signature.
    expect(by(await issued(DOCUMENT_SIGNING, await createAuthority({ now })))).toBe('SIGNATURE_INVALID');
  });

  it('is made with an RSA key and its own certificate, or with none', () => {
    const { signing, stranger, server } = keys;
    expect(readSigner(signing.key, signing.certificate).certificate).toBe(signing.certificate);
    for (const [key, certificate] of [[stranger.key, signing.certificate], [server.key, server.certificate], ['rubbish', signing.certificate], [signing.key, 'rubbish']] as const) {
      expect(codeOf(() => readSigner(key, certificate))).toBe('CONFIGURATION_INVALID');
    }
  });

  describe('under attack by wrapping', () => {
    const signatureOf = (xml: string): string => /<Signature [\s\S]*<\/Signature>/.exec(xml)![0];
    const forged = () => plain.replace(notice.identifier, 'forged');
    const inner = (xml: string): string => xml.replace(/^<\?xml[^>]*\?>\s*/, '');

    it('refuses a signature moved to other content', () => {
      expect(refused(forged().replace('</alert>', `${signatureOf(signed)}</alert>`))).toBe('SIGNATURE_INVALID');
    });
    it('refuses the true message hidden inside a false one', () => {
      expect(refused(forged().replace('</alert>', `<note>${inner(signed)}</note></alert>`))).toBe('SIGNATURE_INVALID');
      expect(refused(forged().replace('</alert>', `${signatureOf(signed).replace('</Signature>', `<Object>${inner(signed)}</Object></Signature>`)}</alert>`))).toBe('SIGNATURE_INVALID');
    });
    it('refuses a reference to a part by its id', () => {
      const byId = altered('URI=""', 'URI="#x"').replace('<alert ', '<alert Id="x" ');
      expect(refused(byId)).toBe('SIGNATURE_INVALID');
    });
    it('refuses a second signature, a second reference and other transforms', () => {
      expect(refused(signed.replace('</alert>', `${signatureOf(signed)}</alert>`))).toBe('SIGNATURE_INVALID');
      const reference = /<Reference [\s\S]*?<\/Reference>/.exec(signed)![0];
      expect(refused(signed.replace(reference, reference + reference))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"', '<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"'))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('xmldsig-more#rsa-sha256', 'xmldsig-more#hmac-sha256'))).toBe('SIGNATURE_INVALID');
    });
    it('refuses what our own key signed in another way than ours', () => {
      // Each of these verifies as XML signatures go; the key is right, but what is covered is not the whole message.
      const otherwise = (reference: { uri: string; isEmptyUri: boolean; xpath: string }, place: string, xml: string = plain, ways: Partial<typeof OURS> = {}): string => {
        const { signature, canonical, transforms, digest } = { ...OURS, ...ways };
        const signer = new SignedXml({ privateKey: keys.signing.key, publicCert: keys.signing.certificate, signatureAlgorithm: signature, canonicalizationAlgorithm: canonical });
        signer.addReference({ ...reference, transforms: [...transforms], digestAlgorithm: digest });
        signer.computeSignature(xml, { location: { reference: place, action: 'append' } });
        return signer.getSignedXml();
      };
      const whole = { uri: '', isEmptyUri: true, xpath: '/*' };
      expect(refused(otherwise(whole, '/*'))).toBe('none');
      expect(refused(otherwise({ ...whole, uri: '#_0', isEmptyUri: false }, '/*'))).toBe('SIGNATURE_INVALID');
      expect(refused(otherwise({ uri: '#_0', isEmptyUri: false, xpath: "//*[local-name(.)='info'][1]" }, '/*'))).toBe('SIGNATURE_INVALID');
      expect(refused(otherwise(whole, "//*[local-name(.)='info'][1]"))).toBe('SIGNATURE_INVALID');
      expect(refused(otherwise(whole, '/*', otherwise(whole, '/*')))).toBe('SIGNATURE_INVALID');
      // Nor is it ours by other algorithms, weaker or stronger, or under another root.
      const ways: readonly Partial<typeof OURS>[] = [
        { signature: `${DSIG}rsa-sha1` }, { signature: `${MORE}rsa-sha512` }, { digest: `${DSIG}sha1` }, { digest: 'http://www.w3.org/2001/04/xmlenc#sha512' },
        { canonical: INCLUSIVE }, { transforms: OURS.transforms.slice(0, 1) }, { transforms: [...OURS.transforms.slice(0, 1), INCLUSIVE] }, { transforms: [...OURS.transforms, ...OURS.transforms.slice(1)] },
      ];
      for (const way of ways) expect({ way, code: refused(otherwise(whole, '/*', plain, way)) }).toEqual({ way, code: 'SIGNATURE_INVALID' });
      expect(refused(otherwise(whole, '/*', plain.replace('<alert ', '<notice ').replace('</alert>', '</notice>')))).toBe('SIGNATURE_INVALID');
    });
    it('refuses a signature that carries more than ours, though what it covers is true', () => {
      for (const name of ['KeyInfo', 'SignatureValue']) expect(refused(altered(`</${name}>`, `</${name}><${name}></${name}>`))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('</X509Data>', '</X509Data><X509Data></X509Data>'))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('</Signature>', '<Object>more</Object></Signature>'))).toBe('SIGNATURE_INVALID');
      expect(refused(altered('<KeyInfo>', `<KeyInfo>${signatureOf(signed)}`))).toBe('SIGNATURE_INVALID');
    });
    it('refuses a digest with a comment in it', () => {
      const digest = /<DigestValue>([^<]+)</.exec(signed)![1]!;
      const other = createHash('sha256').update('other').digest('base64');
      expect(refused(altered(digest, `<!--${digest}-->${other}`))).toBe('SIGNATURE_INVALID');
      expect(refused(altered(notice.identifier, `forged<!---->${notice.identifier}`))).toBe('SIGNATURE_INVALID');
    });
    it('gives content only as it was signed, whatever comments were put in', () => {
      const commented = signed.replace(notice.identifier, `${notice.identifier.slice(0, 8)}<!-- x -->${notice.identifier.slice(8)}`);
      // Comments are no part of what is signed; what comes back must be whole all the same.
      expect(verify(commented).message.identifier).toBe(notice.identifier);
    });
    it('refuses a DOCTYPE and a flood of levels like any reader', () => {
      expect(refused(signed.replace('<alert', '<!DOCTYPE alert><alert'))).toBe('XML_DOCTYPE');
      expect(refused(signed.replace('<scope>', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}<scope>`))).toBe('XML_INVALID');
    });
  });

  it('is signed with the key given, of any length that is safe', async () => {
    const long = await issueSigningCertificate(keys.authority, { now, name: 'Longer', bits: 3072 });
    expect(verify(signCap(plain, long), [long.certificate]).message.identifier).toBe(notice.identifier);
  });

  const xmlsec1 = spawnSync('xmlsec1', ['--version']).status === 0;
  const independent = xmlsec1 ? it : it.skip;
  independent(xmlsec1 ? 'verifies with xmlsec1, and a changed copy does not' : 'verifies with xmlsec1 (skipped: xmlsec1 is not installed)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'findme-xmlsec-'));
    try {
      const run = (name: string, xml: string, pem: string) => {
        writeFileSync(join(folder, name), xml);
        writeFileSync(join(folder, 'trusted.pem'), pem);
        return spawnSync('xmlsec1', ['--verify', '--enabled-key-data', 'x509', '--trusted-pem', join(folder, 'trusted.pem'), join(folder, name)], { encoding: 'utf8' });
      };
      const good = run('good.xml', signed, keys.authority.certificate);
      expect(`${good.stdout}${good.stderr}`).toMatch(/^OK$/m);
      expect(good.status).toBe(0);
      expect(run('bad.xml', signed.replace('Exercise', 'Actual'), keys.authority.certificate).status).not.toBe(0);
      expect(run('stranger.xml', signCap(plain, keys.stranger), keys.authority.certificate).status).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
