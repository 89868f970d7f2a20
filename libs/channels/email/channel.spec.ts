import { simpleParser } from 'mailparser';
import sharp from 'sharp';
import { SMTPServer, type SMTPServerEnvelope } from 'smtp-server';
import type { AddressInfo } from 'node:net';
import type { DestinationId } from '#kernel/ids.js';
import type { Notice } from '#alerts/notice.js';
import type { Receipt } from '#dispatch/channel.js';
import { sampleEnding, sampleMessage, samplePhoto } from '#dispatch/testing/sample-notice.js';
import { email } from './channel.js';
import type { EmailSettings } from './config.js';
import { outcomeOf } from './outcome.js';
import { readReply } from './smtp.js';
import { lineTo, newsroom, secret } from './testing/newsroom.js';
import { returnAddress } from './verp.js';

/** What a recipient was asked to be reported with (RFC 3461). */
interface Asked { readonly dsn: { readonly notify: readonly string[]; readonly orcpt?: string } }

const patient = () => new AbortController().signal;
const reply = (responseCode: number) => Object.assign(new Error('the words of the server, which nobody repeats'), { responseCode });

/** A server that answers each recipient as `answers` says, and keeps the recipients of every mail it takes. */
async function choosy(answers: Map<string, number>, more: object = {}) {
  const taken: string[][] = [];
  const mails: Buffer[] = [];
  const asked: { readonly of: SMTPServerEnvelope; readonly from: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    hideDSN: false,
    closeTimeout: 200,
    logger: false,
    onRcptTo: ({ address }, _session, done) => done(answers.has(address) ? reply(answers.get(address)!) : null),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks));
        asked.push({ of: session.envelope, from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '' });
        taken.push(session.envelope.rcptTo.map((r) => r.address));
        done();
      });
    },
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const destination = await newsroom({ port: (server.server.address() as AddressInfo).port, login: undefined, to: ['a@n.example', 'b@n.example', 'c@n.example'], ...more });
  const receipts: Receipt[] = [];
  const connection = email.open(destination, lineTo(async (r) => void receipts.push(r)));
  const close = async () => {
    await connection.close();
    await new Promise<void>((done) => server.close(() => done()));
  };
  return { taken, mails, asked, receipts, connection, settings: destination.settings, close };
}

describe('a mail to several newsrooms', () => {
  it('is accepted for those that take it, and failed for the one that turns it away', async () => {
    const { connection, receipts, taken, close } = await choosy(new Map([['b@n.example', 550]]));
    try {
      const message = sampleMessage();
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
      expect(taken).toEqual([['a@n.example', 'c@n.example']]);
      expect(receipts).toMatchObject([{ stage: 'failed', word: 'rejected', about: { key: message.key } }]);
    } finally {
      await close();
    }
  });

  it('is asked again only of those that put it off, and then expects every confirmation', async () => {
    const answers = new Map([['b@n.example', 451], ['c@n.example', 550]]);
    const { connection, receipts, taken, close } = await choosy(answers);
    try {
      const message = sampleMessage();
      expect(await connection.publish(message, patient())).toEqual({ kind: 'uncertain', reason: '1 of 3 newsrooms put off' });
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'deferred' });
      answers.delete('b@n.example');
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 2 });
      expect(taken).toEqual([['a@n.example'], ['b@n.example']]);
      expect(receipts.map((r) => r.word)).toEqual(['rejected']);
    } finally {
      await close();
    }
  });

  it('is refused when every newsroom turns it away', async () => {
    const { connection, receipts, close } = await choosy(new Map(['a', 'b', 'c'].map((n) => [`${n}@n.example`, 550])));
    try {
      expect(await connection.publish(sampleMessage(), patient())).toEqual({ kind: 'refused', reason: 'SMTP 550' });
      expect(receipts.length).toBe(3);
    } finally {
      await close();
    }
  });

  it('is through when the last newsrooms turn it away for good after others took it, and begins anew for a later message', async () => {
    const answers = new Map([['b@n.example', 451], ['c@n.example', 451]]);
    const { connection, taken, close } = await choosy(answers);
    try {
      const message = sampleMessage();
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'uncertain' });
      for (const name of answers.keys()) answers.set(name, 550);
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 1 });
      answers.clear();
      expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted', expectedReceipts: 3 });
      expect(taken).toEqual([['a@n.example'], ['a@n.example', 'b@n.example', 'c@n.example']]);
    } finally {
      await close();
    }
  });

  it('is put off where every newsroom puts it off: nothing of it is anywhere', async () => {
    const { connection, close } = await choosy(new Map(['a', 'b', 'c'].map((n) => [`${n}@n.example`, 451])));
    try {
      expect((await connection.publish(sampleMessage(), patient())).kind).toBe('deferred');
    } finally {
      await close();
    }
  });

  it('asks to be told of every end that it comes to, by our key, and for no copy of it', async () => {
    const { connection, asked, settings, close } = await choosy(new Map(), { to: ['a@n.example', 'b@n.example'] });
    const alone = await choosy(new Map(), { to: ['a@n.example'] });
    try {
      const message = sampleMessage();
      await connection.publish(message, patient());
      await alone.connection.publish(message, patient());
      const [{ of, from }] = asked as [(typeof asked)[0]];
      expect(from).toBe(returnAddress(message.key, 'newsroom-1' as DestinationId, settings.bounce.domain, secret('bounce-secret')));
      expect(of).toMatchObject({ dsn: { ret: 'HDRS', envid: message.key } });
      expect(of.rcptTo.map((r) => (r as unknown as Asked).dsn)).toEqual(Array(2).fill({ notify: ['SUCCESS', 'FAILURE', 'DELAY'] }));
      // One recipient alone can be named without naming a wrong one to another.
      expect((alone.asked[0]!.of.rcptTo[0] as unknown as Asked).dsn).toMatchObject({ orcpt: 'rfc822;a@n.example' });
    } finally {
      await Promise.all([close(), alone.close()]);
    }
  });
});

describe('the poster for newsrooms', () => {
  const posterIn = async (mail: Buffer) => (await simpleParser(mail, { skipImageLinks: true })).attachments.filter((a) => a.filename?.startsWith('findme-poster-'));

  it('is attached to the mail as a picture to print, beside the photo; never to the mail of an ending', async () => {
    const { connection, mails, close } = await choosy(new Map());
    try {
      const message = sampleMessage();
      await connection.publish(message, patient());
      await connection.withdraw(sampleMessage({ notice: sampleEnding('found', message.notice), photo: samplePhoto }), patient());
      const [poster, ...others] = await posterIn(mails[0]!);
      expect(others).toEqual([]);
      expect(poster).toMatchObject({ contentType: 'image/jpeg', contentDisposition: 'attachment' });
      expect(await sharp(poster!.content).metadata()).toMatchObject({ format: 'jpeg', width: 1080, height: 1920 });
      expect((await simpleParser(mails[0]!)).attachments).toHaveLength(3);
      expect((await simpleParser(mails[1]!)).attachments).toEqual([]);
    } finally {
      await close();
    }
  });

  const shown = (notice: Notice, settings: EmailSettings) => email.exhibits!(notice, settings).filter(({ mediaType }) => mediaType === 'image/jpeg');

  it('is shown to whoever approves it as the very picture that is attached', async () => {
    const { connection, mails, settings, close } = await choosy(new Map());
    try {
      const message = sampleMessage();
      const [exhibit, ...others] = shown(message.notice, settings);
      expect(others).toEqual([]);
      expect(exhibit).toMatchObject({ name: 'poster-sr-Latn.jpg', language: 'sr-Latn' });
      await connection.publish(message, patient());
      const [poster] = await posterIn(mails[0]!);
      expect(Buffer.compare(Buffer.from(await exhibit!.make(message)), poster!.content)).toBe(0);
    } finally {
      await close();
    }
  });

  it('is shown with no ending, not to those who get none, and is missing where the mail goes without', async () => {
    const message = sampleMessage();
    const settingsOf = async (more: object) => (await newsroom(more)).settings;
    expect(shown(sampleEnding('found', message.notice), await settingsOf({}))).toEqual([]);
    expect(shown(message.notice, await settingsOf({ poster: null }))).toEqual([]);
    expect(shown(message.notice, await settingsOf({ to: [], audience: { kind: 'subscribers' } }))).toEqual([]);
    const [tooLarge] = shown(message.notice, await settingsOf({ poster: { maxBytes: 50_000 } }));
    await expect(tooLarge!.make(message)).rejects.toMatchObject({ code: 'PREVIEW_MISSING' });
  });

  it.each([['it would be too large', { poster: { maxBytes: 50_000 } }], ['the newsroom wants none', { poster: null }]])('is left out where %s, and the mail goes', async (_why, more) => {
    const { connection, mails, close } = await choosy(new Map(), more);
    try {
      expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted' });
      expect(await posterIn(mails[0]!)).toEqual([]);
      expect((await simpleParser(mails[0]!)).attachments).toHaveLength(2);
    } finally {
      await close();
    }
  });
});

describe('what a failed transaction means', () => {
  const trouble = (code: string, bytesLeft: boolean, text?: string) => {
    const answer = readReply(text);
    return outcomeOf({ code, bytesLeft, rejected: [], ...(answer && { reply: answer }) });
  };

  it('is refused only by a lasting reply to this message', () => {
    expect(trouble('EENVELOPE', false, '550 5.1.1 no such user')).toEqual({ kind: 'refused', reason: 'SMTP 550 5.1.1' });
    expect(trouble('EMESSAGE', true, '554 spam')).toEqual({ kind: 'refused', reason: 'SMTP 554' });
    expect(trouble('EAUTH', false, '535 5.7.8 wrong password').kind).toBe('deferred');
    expect(trouble('EPROTOCOL', false, '554 no service').kind).toBe('deferred');
  });

  it('is uncertain once bytes left and no reply came that is one', () => {
    expect(trouble('ECONNECTION', true).kind).toBe('uncertain');
    expect(trouble('EMESSAGE', true, 'banana 250').kind).toBe('uncertain');
    expect(trouble('ECONNECTION', false).kind).toBe('deferred');
    expect(trouble('EMESSAGE', true, '451 4.3.0 later')).toEqual({ kind: 'deferred', reason: 'SMTP 451 4.3.0' });
  });
});
