import { createAuthority, issueServerCertificate, issueSigningCertificate, type KeyAndCertificate } from '../certificates.js';

/** Keys of one drill: an authority, what it issued for signing and for a server on loopback, and a stranger's signer. */
export interface DrillKeys {
  readonly authority: KeyAndCertificate;
  readonly signing: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  readonly stranger: KeyAndCertificate;
}

let made: Promise<DrillKeys> | undefined;

/** Fresh keys, made once a test file because RSA takes its time. */
export function drillKeys(now = new Date()): Promise<DrillKeys> {
  made ??= make(now);
  return made;
}

async function make(now: Date): Promise<DrillKeys> {
  const [authority, other] = await Promise.all([createAuthority({ now }), createAuthority({ now, name: 'Stranger' })]);
  const [signing, server, stranger] = await Promise.all([
    issueSigningCertificate(authority, { now, name: 'Find Me drill signing' }),
    issueServerCertificate(authority, { now, hosts: ['127.0.0.1', 'localhost'] }),
    issueSigningCertificate(other, { now, name: 'Find Me drill signing' }),
  ]);
  return { authority, signing, server, stranger };
}
