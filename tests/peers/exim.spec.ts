import { simpleParser } from 'mailparser';
import { freePort } from '#apps/findme/embedded/process.js';
import { createAuthority, issueServerCertificate } from '#cap/certificates.js';
import { email } from '#channels/email/channel.js';
import { newsroom, secret } from '#channels/email/testing/newsroom.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { CANARY_NAMES, sampleMessage } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { until } from '../support/until.js';
import { startEavesdropper, startEximProgram, type Eavesdropper } from './exim-program.js';

const now = systemClock.now();
const authority = await createAuthority({ name: 'Authority of the specs', now });
const stranger = await createAuthority({ name: 'Somebody else', now });
const bounce = { host: '127.0.0.1', port: await freePort(), domain: 'bounce.police.example', secret: 'bounce-secret' };
const server = await startEximProgram(await issueServerCertificate(authority, { hosts: ['127.0.0.1'], now }), bounce);

if (typeof server === 'string') it.skip(`Exim takes our mail over STARTTLS alone (skipped: ${server})`, () => undefined);
else {
  describe('Exim', () => {
    const patient = () => AbortSignal.timeout(20_000);
    const ends: (() => Promise<void>)[] = [];
    afterAll(async () => {
      for (const end of ends.reverse()) await end();
      await server.stop();
    });

    const open = async (port: number, more: object = {}) => {
      const destination = await newsroom({ port, login: undefined, security: 'starttls', ca: 'authority', to: ['desk@newsroom.example', 'desk@full.example', 'nobody@newsroom.example'], bounce, ...more });
      const receipts: Receipt[] = [];
      const connection: Connection = email.open(destination, {
        clock: systemClock, log: silentLog, outgoing: toLoopback, audience: new MemoryAudience(),
        secret: (name) => (name === 'authority' ? authority.certificate : secret(name)), receive: async (receipt) => void receipts.push(receipt),
      });
      ends.push(() => connection.close());
      return { connection, receipts };
    };
    const listen = async (port: number, hidesTls = false): Promise<Eavesdropper> => {
      const eavesdropper = await startEavesdropper(port, hidesTls);
      ends.push(() => eavesdropper.close());
      return eavesdropper;
    };
    /** What we said in the clear: greeting and the wish for TLS, nothing of anybody. */
    const saysNothing = (heard: string) => {
      for (const word of ['MAIL FROM', 'RCPT TO', 'newsroom.example', ...CANARY_NAMES, 'Subject']) expect(heard).not.toContain(word);
    };

    it('takes the mail over STARTTLS with a certificate of the authority that we trust, delivers, and reports the delivered and the failed', async () => {
      const line = await listen(server.port);
      const { connection, receipts } = await open(line.port);
      expect(await connection.probe(patient())).toEqual({ well: true });
      const message = sampleMessage();
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
      await until(() => receipts, (all) => all.length === 3, (all) => JSON.stringify(all.map(({ word }) => word)));
      expect(new Set(receipts.map(({ about, stage, word }) => ({ about, stage, word })))).toEqual(new Set([
        { about: { key: message.key }, stage: 'failed', word: 'rejected' },
        { about: { key: message.key }, stage: 'failed', word: 'failed' },
        { about: { key: message.key }, stage: 'confirmed', word: 'delivered' },
      ]));
      const mail = await simpleParser(await server.mailbox());
      expect(mail.subject).toContain(message.notice.texts['sr-Latn'].headline);
      expect(line.heard()).toContain('STARTTLS');
      saysNothing(line.heard());
      // By its own word it was TLS, and it is the server's word that counts.
      expect(await server.log()).toMatch(/<= .* X=TLS1\.[23]:/);
    });

    it.each([
      ['the certificate is for another name', ['mx.elsewhere.example'], authority],
      ['nobody whom we trust vouches for it', ['127.0.0.1'], stranger],
    ])('is not believed when %s: deferred, with nothing said in clear text', async (_, hosts, issuer) => {
      const impostor = await startEximProgram(await issueServerCertificate(issuer, { hosts, now }), bounce);
      if (typeof impostor === 'string') throw new Error(impostor);
      ends.push(() => impostor.stop());
      const line = await listen(impostor.port);
      const { connection } = await open(line.port, { bounce: { ...bounce, port: await freePort() } });
      expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'deferred' });
      expect(await connection.probe(patient())).toMatchObject({ well: false });
      expect(line.heard()).toContain('STARTTLS');
      saysNothing(line.heard());
      expect(await impostor.mailbox()).toBe('');
    });

    it('is told nothing when somebody on the line keeps TLS from us: deferred', async () => {
      const line = await listen(server.port, true);
      const { connection } = await open(line.port, { bounce: { ...bounce, port: await freePort() } });
      const before = await server.mailbox();
      expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'deferred' });
      saysNothing(line.heard());
      expect(await server.mailbox()).toBe(before);
    });
  });
}
