import { simpleParser, type ParsedMail } from 'mailparser';
import type { Connection } from '#dispatch/channel.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice, samplePhoto, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { emailSettings } from './config.js';
import { readLeaveToken } from './links.js';
import { addressOf, citizensStage, subscribe, type CitizensStage } from './testing/citizens-stage.js';
import { post, secret } from './testing/newsroom.js';
import { memberToken, returnAddress } from './verp.js';

let stage: CitizensStage;
let connection: Connection;
const opened: Connection[] = [];

async function open(subscribers: number, audience: object = {}): Promise<void> {
  stage = await citizensStage(subscribers, audience);
  connection = again();
}
const again = (): Connection => {
  const another = stage.open();
  opened.push(another);
  return another;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((c) => c.close()));
  await stage.server.close();
});

const patient = () => new AbortController().signal;
const mails = (): Promise<(ParsedMail & { rcpt: string })[]> => Promise.all(stage.server.received.map(async ({ to, bytes }) => Object.assign(await simpleParser(bytes, { skipImageLinks: true }), { rcpt: to })));
const headerOf = (bytes: Buffer, name: string) => new RegExp(`^${name}:\\s*((?:.|\\r\\n[ \\t])*)`, 'im').exec(bytes.toString('latin1'))?.[1]?.replace(/\r\n[ \t]/g, '');

describe('a notice to people who asked for e-mail', () => {
  it('comes to each alone, in their own language, with the photo and a way out', async () => {
    await open(3);
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toEqual({ kind: 'accepted', references: [], expectedReceipts: 0 });
    const got = await mails();
    expect(got.map((m) => [m.to].flat().flatMap((t) => t?.value.map((v) => v.address)))).toEqual(got.map((m) => [m.rcpt]));
    const byLanguage = Object.fromEntries(got.map((m) => [m.rcpt, m.subject]));
    const { texts } = message.notice;
    const of = (headline: string) => `[VEŽBA / ВЕЖБА / DRILL] ${headline}`;
    expect(byLanguage).toEqual({ [addressOf(0)]: of(texts['sr-Latn'].headline), [addressOf(1)]: of(texts['sr-Cyrl'].headline), [addressOf(2)]: of(texts.en.headline) });
    for (const { attachments, text, rcpt } of got) {
      expect(attachments.map((a) => [a.contentType, a.contentDisposition])).toEqual([['image/jpeg', 'inline'], ['image/jpeg', 'attachment']]);
      expect(Buffer.compare(attachments[0]!.content, Buffer.from(samplePhoto.bytes))).toBe(0);
      const link = /https:\/\/pronadjime\.example\/vezba\/odjava\/e-posta\?t=([\w-]+)/.exec(text ?? '')!;
      expect(readLeaveToken(link[1]!, 'drill', secret('bounce-secret'))).toBe(rcpt);
      expect(readLeaveToken(link[1]!, 'live', secret('bounce-secret'))).toBeUndefined();
      expect(readLeaveToken(link[1]!, 'drill', 'another secret')).toBeUndefined();
      expect(link[0]).not.toContain('gradjani');
    }
  });

  it('says in its header how to leave with one click, as RFC 8058 wants it', async () => {
    await open(1);
    await connection.publish(sampleMessage(), patient());
    const { bytes } = stage.server.received[0]!;
    expect(headerOf(bytes, 'List-Unsubscribe')).toMatch(/^<https:\/\/pronadjime\.example\/vezba\/odjava\/e-posta\?t=[\w-]+>$/);
    expect(headerOf(bytes, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
  });

  it('keeps update and found in the thread of each, repeats nothing of the child, and has the same Message-ID at every repetition', async () => {
    await open(2);
    const alert = sampleNotice();
    const update = sampleUpdate(alert);
    const found = sampleMessage({ notice: sampleEnding('found', update), photo: samplePhoto });
    for (const message of [sampleMessage({ notice: alert }), sampleMessage({ notice: alert }), sampleMessage({ notice: update })]) await connection.publish(message, patient());
    await connection.withdraw(found, patient());
    const all = await mails();
    const [first, repeated, second, last] = all.filter((m) => m.rcpt === addressOf(0));
    expect(repeated!.messageId).toBe(first!.messageId);
    expect(second!.inReplyTo).toBe(first!.messageId);
    expect(last!.references).toEqual([first!.messageId, second!.messageId]);
    expect(last!.attachments).toEqual([]);
    for (const name of CANARY_NAMES) expect(`${last!.text}${String(last!.html)}`).not.toContain(name);
    expect(all.find((m) => m.rcpt === addressOf(1))!.messageId).not.toBe(first!.messageId);
    expect(new Set(stage.server.ledger.map((e) => e.duplicate)).size).toBe(2);
  });

  it('goes to those whose district it concerns, and is refused in the other mode', async () => {
    await open(0);
    await subscribe(stage.audience, 1, 'en', ['RS-20']);
    await subscribe(stage.audience, 2, 'en', ['RS-00']);
    await connection.publish(sampleMessage(), patient());
    expect(stage.server.received.map((m) => m.to)).toEqual([addressOf(1)]);
    expect(await connection.publish(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }), patient())).toEqual({ kind: 'refused', reason: 'wrong_mode' });
  });

  it('keeps to the rate that the server bears', async () => {
    await open(6, { ratePerSecond: 50, connections: 6 });
    const started = performance.now();
    await connection.publish(sampleMessage(), patient());
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
  });
});

describe('what mail servers answer', () => {
  it('5.1.1: nobody is written to again who is no more, and the part is accepted', async () => {
    await open(4);
    stage.server.gone.add(addressOf(1));
    expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted' });
    expect(stage.told).toMatchObject([{ queued: 3, gone: 1, refused: 0, left: 0 }]);
    expect(stage.audience.dropped.map((d) => d.why)).toEqual(['gone']);
  });

  it('5.1.1 to nearly everybody: the server is in trouble, and nobody is dropped', async () => {
    await open(12);
    for (let n = 0; n < 11; n++) stage.server.gone.add(addressOf(n));
    expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'accepted' });
    expect(stage.audience.dropped).toEqual([]);
  });

  it('550 to the message: refused, and nobody is dropped for it', async () => {
    await open(2);
    stage.server.setFaults({ refuse: true });
    expect(await connection.publish(sampleMessage(), patient())).toMatchObject({ kind: 'refused' });
    expect(stage.audience.dropped).toEqual([]);
  });

  it('451: told later, and then those alone who were left', async () => {
    await open(3, { connections: 1 });
    stage.server.setFaults({ error: true });
    const message = sampleMessage();
    expect(await connection.publish(message, patient())).toEqual({ kind: 'deferred', reason: 'SMTP 451 4.3.0' });
    stage.server.setFaults({});
    expect(await connection.publish(message, patient())).toMatchObject({ kind: 'accepted' });
    expect(stage.server.received.length).toBe(3);
  });

  it('a notification that the mailbox is no more drops its subscriber; a full mailbox and a forged one drop nobody', async () => {
    await open(2);
    const [one] = await stage.audience.members({ kind: 'email', mode: 'drill', shard: 0, shards: 1 }, undefined, 1);
    const { bounce } = stage.destination.settings;
    const to = returnAddress(memberToken(one!.id), stage.destination.id, bounce.domain, secret('bounce-secret'));
    const report = (status: string, action = 'failed') => ['Content-Type: multipart/report; report-type=delivery-status; boundary=b', '', '--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.example', '',
      'Final-Recipient: rfc822; x@gradjani.example', `Action: ${action}`, `Status: ${status}`, '', '--b--', ''].join('\r\n');
    expect(await post(bounce, false, to, report('5.2.2'))).toBe(250);
    // Not given up yet; and the mail that asked for a confirmation, which stands for nobody.
    expect(await post(bounce, false, to, report('5.1.1', 'delayed'))).toBe(250);
    expect(await post(bounce, false, returnAddress('c-0123456789abcdef', stage.destination.id, bounce.domain, secret('bounce-secret')), report('5.1.1'))).toBe(250);
    expect(await post(bounce, false, to.replace(/\.[0-9a-f]{16}@/, `.${'0'.repeat(16)}@`), report('5.1.1'))).toBe(550);
    expect(stage.audience.size).toBe(2);
    expect(await post(bounce, false, to, report('5.1.1'))).toBe(250);
    expect(stage.audience.dropped).toEqual([{ id: one!.id, why: 'gone' }]);
  });

  it('a process that takes over goes on behind the last one who was told', async () => {
    await open(5, { connections: 1 });
    const message = sampleMessage();
    const members = await stage.audience.members({ kind: 'email', mode: 'drill', shard: 0, shards: 1 }, undefined, 10);
    stage.headway.places.set(message.deliveryId, { after: members[2]!.id, taken: 3 });
    expect(await again().publish(message, patient())).toMatchObject({ kind: 'accepted' });
    expect(stage.server.received.map((m) => m.to)).toEqual(members.slice(3).map((m) => m.contact));
    expect(stage.headway.marks.at(-1)).toMatchObject({ taken: 5, total: 5 });
    expect(stage.headway.places.size).toBe(0);
  });
});

describe('settings', () => {
  const settings = { host: 'mail.example', port: 25, from: { name: 'x', address: 'a@b.example' }, bounce: { host: '0.0.0.0', port: 25, domain: 'b.example', secret: 's' } };
  it.each([
    [{ to: ['a@b.example'] }, true], [{ audience: { kind: 'subscribers' } }, true], [{}, false], [{ to: ['a@b.example'], audience: { kind: 'subscribers' } }, false],
    [{ audience: { kind: 'subscribers' }, citizens: 3 }, false], [{ audience: { kind: 'subscribers', shards: 0 } }, false],
  ])('name newsrooms or an audience: %j is %s', (more, good) => {
    expect(emailSettings.safeParse({ ...settings, ...more }).success).toBe(good);
  });
});
