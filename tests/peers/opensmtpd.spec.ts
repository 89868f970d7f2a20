import { simpleParser } from 'mailparser';
import { freePort } from '#apps/findme/embedded/process.js';
import { email } from '#channels/email/channel.js';
import { newsroom, secret } from '#channels/email/testing/newsroom.js';
import type { Connection, Receipt } from '#dispatch/channel.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { toLoopback } from '#dispatch/testing/outgoing.js';
import { sampleEnding, sampleMessage } from '#dispatch/testing/sample-notice.js';
import { systemClock } from '#kernel/clock.js';
import { silentLog } from '#kernel/log.js';
import { until } from '../support/until.js';
import { startOpenSmtpdProgram } from './opensmtpd-program.js';

const bounce = { host: '127.0.0.1', port: await freePort(), domain: 'bounce.police.example', secret: 'bounce-secret' };
const server = await startOpenSmtpdProgram(bounce);

if (typeof server === 'string') it.skip(`OpenSMTPD takes our mail and reports of it (skipped: ${server})`, () => undefined);
else {
  describe('OpenSMTPD', () => {
    const patient = () => new AbortController().signal;
    const connections: Connection[] = [];
    // Not between tests: OpenSMTPD keeps its session to our receiver, and when that breaks it tries again after minutes.
    afterAll(async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
    });

    const open = async (to: readonly string[]) => {
      const destination = await newsroom({ port: server.port, login: undefined, to, bounce }, `newsroom-${to.length}`);
      const receipts: Receipt[] = [];
      const connection = email.open(destination, {
        clock: systemClock, log: silentLog, outgoing: toLoopback, audience: new MemoryAudience(),
        secret, receive: async (receipt) => void receipts.push(receipt),
      });
      connections.push(connection);
      return { connection, receipts };
    };
    /** What lies in the mailbox, mail by mail. */
    const mails = async () => {
      const whole = await server.mailbox();
      return Promise.all(whole.split(/^(?=Return-Path: )/m).filter((mail) => mail !== '').map((mail) => simpleParser(mail)));
    };

    it('delivers, reports the delivered and the failed, and turns the unknown away at once', async () => {
      const { connection, receipts } = await open(['desk@newsroom.example', 'desk@full.example', 'nobody@newsroom.example']);
      expect(await connection.probe(patient())).toEqual({ well: true });
      const message = sampleMessage();
      const outcome = await connection.publish(message, patient());
      expect(outcome).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
      // 250 was "queued": what became of it comes later, from the server, to the address that only this message had.
      await until(() => receipts, (all) => all.length === 3, (all) => JSON.stringify(all.map(({ word }) => word)));
      expect(new Set(receipts.map(({ about, stage, word }) => ({ about, stage, word })))).toEqual(new Set([
        { about: { key: message.key }, stage: 'failed', word: 'rejected' },
        { about: { key: message.key }, stage: 'failed', word: 'failed' },
        { about: { key: message.key }, stage: 'confirmed', word: 'delivered' },
      ]));
      expect(new Set(receipts.map(({ receiptKey }) => receiptKey)).size).toBe(3);

      const [mail, ...others] = await mails();
      expect(others).toEqual([]);
      expect(mail!.subject).toContain(message.notice.texts['sr-Latn'].headline);
      expect(outcome.kind === 'accepted' && outcome.references).toEqual([mail!.messageId]);
      for (const language of ['sr-Latn', 'sr-Cyrl', 'en'] as const) expect(mail!.text).toContain(message.notice.texts[language].instruction);
      expect(mail!.attachments.some(({ content }) => content.equals(Buffer.from(message.photo!.bytes)))).toBe(true);
    });

    it('delivers the ending into the thread, and reports it to a single newsroom', async () => {
      const { connection, receipts } = await open(['desk@newsroom.example']);
      const message = sampleMessage();
      const first = await connection.publish(message, patient());
      await until(() => receipts.length, (n) => n === 1);
      const ending = sampleMessage({ notice: sampleEnding('found', message.notice) });
      expect((await connection.withdraw(ending, patient())).kind).toBe('accepted');
      await until(() => receipts.length, (n) => n === 2);
      expect(receipts.map(({ about, word }) => [about, word])).toEqual([[{ key: message.key }, 'delivered'], [{ key: ending.key }, 'delivered']]);
      const last = (await mails()).at(-1)!;
      expect(last.subject).toContain(ending.notice.texts['sr-Latn'].headline);
      expect([last.inReplyTo]).toEqual(first.kind === 'accepted' ? first.references : []);
      expect(last.attachments).toEqual([]);
    });
  });
}
