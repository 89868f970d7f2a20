import { X509Certificate, createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { createAuthority, issueClientCertificate, issueServerCertificate, issueSigningCertificate } from './certificates.js';
import { drillKeys } from './testing/keys.js';

const now = new Date();

describe('certificates of a drill', () => {
  it('name their authority, hosts, use and validity', async () => {
    const { authority, server, signing } = await drillKeys(now);
    const [ca, tls, sign] = [authority, server, signing].map((k) => new X509Certificate(k.certificate)) as [X509Certificate, X509Certificate, X509Certificate];
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    for (const issued of [tls, sign]) {
      expect(issued.ca).toBe(false);
      expect(issued.checkIssued(ca) && issued.verify(ca.publicKey)).toBe(true);
      expect(Date.parse(issued.validFrom)).toBeLessThan(now.getTime());
    }
    expect(tls.subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost');
    expect(tls.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(sign.keyUsage).toEqual(['1.3.6.1.5.5.7.3.36']);
    expect(sign.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(sign.checkPrivateKey(createPrivateKey(signing.key))).toBe(true);
  });

  it('carry TLS between two who trust the authority, and name the client', async () => {
    const { authority, server } = await drillKeys(now);
    const client = await issueClientCertificate(authority, { now, name: 'find-me' });
    const listener = createServer({ key: server.key, cert: server.certificate, ca: authority.certificate, requestCert: true, rejectUnauthorized: true }, (socket) => void socket.end(String(socket.getPeerCertificate().subject.CN)));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const port = (listener.address() as AddressInfo).port;
    try {
      const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate, key: client.key, cert: client.certificate });
      const [data] = (await once(socket, 'data')) as [Buffer];
      expect(data.toString()).toBe('find-me');
      socket.destroy();
      const other = await createAuthority({ now, name: 'Other' });
      const distrusting = connect({ port, host: '127.0.0.1', ca: other.certificate });
      const [error] = (await once(distrusting, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
    } finally {
      listener.close();
    }
  });

  it('cannot smuggle further names in through a name', async () => {
    const { authority } = await drillKeys(now);
    const { certificate } = await issueClientCertificate(authority, { now, name: 'a, O=Police, CN=b' });
    expect(new X509Certificate(certificate).toLegacyObject().subject).toEqual({ CN: 'a, O=Police, CN=b' });
    await expect(issueServerCertificate(authority, { now, hosts: [] })).rejects.toThrow(TypeError);
    await expect(issueSigningCertificate(authority, { now, name: 'weak', bits: 1024 })).rejects.toThrow(TypeError);
  });
});
