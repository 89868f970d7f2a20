import { createServer } from 'node:net';
import type { Log } from '#kernel/log.js';
import type { Destination, Receipt } from '#dispatch/channel.js';
import { listenForBounces } from './bounce.js';
import type { EmailSettings } from './config.js';
import { readFields } from './delivery-status.js';
import { lineTo, newsroom, post, secret } from './testing/newsroom.js';
import { readReturnAddress, returnAddress, tokenOf } from './verp.js';

const KEY = '0123456789abcdef0123456789abcdef';
const SECRET = secret('bounce-secret');

const report = (action: string, more = '') =>
  [
    'From: MAILER-DAEMON@newsroom.example',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'A note.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; newsroom.example',
    '',
    'Final-Recipient: rfc822; desk@newsroom.example',
    `Action: ${action}`,
    'Status: 2.0.0',
    more,
    '',
    '--b--',
    '',
  ].join('\r\n');

interface Room {
  destination: Destination<EmailSettings>;
  receipts: Receipt[];
  at: { host: string; port: number };
  address: string;
  close(): Promise<void>;
}

async function receiver(receive?: (receipt: Receipt) => Promise<void>): Promise<Room> {
  const destination = await newsroom();
  const receipts: Receipt[] = [];
  const { close } = listenForBounces(destination, SECRET, lineTo(receive ?? (async (r) => void receipts.push(r))));
  const { bounce } = destination.settings;
  for (let n = 0; n < 200 && !(await reachable(bounce)); n++);
  return { destination, receipts, at: bounce, address: returnAddress(KEY, destination.id, bounce.domain, SECRET), close };
}

const reachable = async (at: { host: string; port: number }) => (await post(at, false, 'nobody@nowhere.example', 'x')) !== 0;

describe('the receiver of delivery notifications', () => {
  it('turns what a server says into receipts, and makes no confirmation of less', async () => {
    const room = await receiver();
    try {
      const words = ['delivered', 'Expanded', 'failed', 'relayed', 'delayed', 'eaten'];
      for (const word of words) expect(await post(room.at, false, room.address, report(word, 'Last-Attempt-Date: Tue, 24 Nov 2026 18:00:01 +0100'))).toBe(250);
      expect(room.receipts.map((r) => [r.word, r.stage])).toEqual([['delivered', 'confirmed'], ['expanded', 'confirmed'], ['failed', 'failed']]);
      expect(room.receipts[0]).toMatchObject({ destination: 'newsroom-1', about: { key: KEY }, at: new Date('2026-11-24T17:00:01Z') });
    } finally {
      await room.close();
    }
  });

  it('believes the envelope identifier only where the address that it signed stands for it', async () => {
    const room = await receiver();
    const long = 'Alert/1, longer than an address can carry it as it is';
    try {
      const naming = (envelopeId: string) => report('delivered').replace('Reporting-MTA:', `Original-Envelope-Id: ${envelopeId}\r\nReporting-MTA:`);
      expect(await post(room.at, false, room.address, naming(KEY.replace('0', 'f')))).toBe(250);
      expect(await post(room.at, false, returnAddress(long, room.destination.id, room.destination.settings.bounce.domain, SECRET), naming(long))).toBe(250);
      expect(room.receipts.map((r) => r.about)).toEqual([{ key: KEY }, { key: long }]);
    } finally {
      await room.close();
    }
  });

  it('takes a mail to one message alone, so that no word about a second is lost', async () => {
    const room = await receiver();
    try {
      const second = returnAddress('another-key', room.destination.id, room.destination.settings.bounce.domain, SECRET);
      expect(await post(room.at, false, [room.address, second], report('delivered'))).toBe(550);
      expect(room.receipts).toEqual([]);
    } finally {
      await room.close();
    }
  });

  it('reads the report of a server that calls it a mixed mail, and no other part for one', async () => {
    const room = await receiver();
    try {
      const mixed = report('delivered').replace('multipart/report; report-type=delivery-status', 'multipart/mixed');
      expect(await post(room.at, false, room.address, mixed)).toBe(250);
      expect(room.receipts.map((r) => r.word)).toEqual(['delivered']);
      expect(await post(room.at, false, room.address, mixed.replace('message/delivery-status', 'text/plain'))).toBe(250);
      expect(await post(room.at, false, room.address, mixed.replace('multipart/mixed', 'multipart/alternative'))).toBe(250);
      // A report of something else, which quotes one.
      expect(await post(room.at, false, room.address, report('delivered').replace('report-type=delivery-status', 'report-type=disposition-notification'))).toBe(250);
      expect(room.receipts).toHaveLength(1);
      expect(await post(room.at, false, room.address, report('failed').replace('report-type=delivery-status', 'report-type=Delivery-Status'))).toBe(250);
      expect(room.receipts.map((r) => r.word)).toEqual(['delivered', 'failed']);
    } finally {
      await room.close();
    }
  });

  it('takes mail only from the empty return path, to one address that it signed, below its size', async () => {
    const room = await receiver();
    try {
      const good = report('delivered');
      expect(await post(room.at, 'spy@evil.example', room.address, good)).toBe(550);
      expect(await post(room.at, false, room.address.replace('dsn+0', 'dsn+1'), good)).toBe(550);
      expect(await post(room.at, false, room.address.replace('bounce.police', 'police'), good)).toBe(550);
      expect(await post(room.at, false, 'postmaster@bounce.police.example', good)).toBe(550);
      expect(await post(room.at, false, room.address, Buffer.concat([Buffer.from(good), Buffer.alloc(5 * 1024 * 1024, 'a\r\n')]))).toBe(552);
      expect(await post(room.at, false, room.address, 'Subject: I am on holiday\r\n\r\nAction: delivered\r\n')).toBe(250);
      expect(room.receipts).toEqual([]);
    } finally {
      await room.close();
    }
  });

  it('does not acknowledge what was not stored', async () => {
    let stored = false;
    const room = await receiver(async () => {
      if (!stored) throw new Error('the database is away');
    });
    try {
      expect(await post(room.at, false, room.address, report('delivered'))).toBe(451);
      stored = true;
      expect(await post(room.at, false, room.address, report('delivered'))).toBe(250);
    } finally {
      await room.close();
    }
  });

  it('is one for all destinations of an address, tells them apart, and closes with the last', async () => {
    const one = await newsroom();
    const two = await newsroom({ bounce: one.settings.bounce }, 'newsroom-2');
    const receipts: Receipt[] = [];
    const line = lineTo(async (r) => void receipts.push(r));
    const [first, second] = [listenForBounces(one, SECRET, line), listenForBounces(two, SECRET, line)];
    const { bounce } = one.settings;
    try {
      await first.close();
      expect(await post(bounce, false, returnAddress(KEY, one.id, bounce.domain, SECRET), report('delivered'))).toBe(550);
      expect(await post(bounce, false, returnAddress(KEY, two.id, bounce.domain, SECRET), report('delivered'))).toBe(250);
      expect(receipts.map((r) => r.destination)).toEqual(['newsroom-2']);
    } finally {
      await second.close();
    }
    expect(await reachable(bounce)).toBe(false);
  });

  it('waits for its port while another process still has it', async () => {
    const destination = await newsroom();
    const { bounce } = destination.settings;
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((done) => other.listen(bounce.port, bounce.host, done));
    let isTold: () => void = () => undefined;
    const inVain = new Promise<void>((resolve) => (isTold = resolve));
    const log: Log = { event: (name, fields) => void (name === 'connection.changed' && JSON.stringify(fields).includes('no bounce receiver') && isTold()) };
    const { close } = listenForBounces(destination, SECRET, { ...lineTo(async () => undefined), log });
    try {
      await inVain;
      await new Promise((done) => other.close(done));
      let code = 0;
      for (const deadline = Date.now() + 20_000; code !== 250 && Date.now() < deadline; ) {
        code = await post(bounce, false, returnAddress(KEY, destination.id, bounce.domain, SECRET), report('delivered'));
      }
      expect(code).toBe(250);
    } finally {
      await close();
    }
  });
});

describe('return addresses', () => {
  it('carry a key as it is, or a digest of it, within the 64 octets of a local part', async () => {
    const { id } = await newsroom();
    for (const key of [KEY, 'x'.repeat(40), 'Alert/1 with spaces and é', '']) {
      const address = returnAddress(key, id, 'b.example', SECRET);
      expect(address.split('@')[0]!.length).toBeLessThanOrEqual(64);
      expect(readReturnAddress(address.toUpperCase(), id, 'b.example', SECRET)).toBe(tokenOf(key));
      expect(readReturnAddress(address, id, 'b.example', 'another secret')).toBeUndefined();
    }
  });
});

describe('the fields of a notification', () => {
  it('are read folded, in any case, with or without those of the message', () => {
    const one = 'FINAL-RECIPIENT: RFC822;\r\n  <desk@newsroom.example>\r\nAction:\tdelivered (to mailbox)\r\n';
    expect(readFields(one).recipients).toEqual([{ recipient: 'desk@newsroom.example', action: 'delivered' }]);
    // Which of the two was written to is what counts, whatever it was forwarded to; the first of a field is the one.
    const forwarded = 'Final-Recipient: rfc822; elsewhere@other.example\nOriginal-Recipient: rfc822; desk@newsroom.example\nAction: failed\nAction: delivered\nStatus: 5.1.1 (no such user)\n';
    expect(readFields(forwarded).recipients).toEqual([{ recipient: 'desk@newsroom.example', action: 'failed', status: '5.1.1' }]);
    expect(readFields(forwarded.replace('Status: 5.1.1 ', 'Status: 5.1.1.9 ')).recipients).toEqual([{ recipient: 'desk@newsroom.example', action: 'failed' }]);
    expect(readFields(Array(150).fill(one).join('\r\n')).recipients).toHaveLength(100);
    expect(readFields(`Original-Envelope-Id: ${KEY}\r\n\r\n\r\n${one}`)).toEqual({ envelopeId: KEY, recipients: [{ recipient: 'desk@newsroom.example', action: 'delivered' }] });
  });

  it.each(['', '\r\n\r\n', 'Action: delivered', 'Final-Recipient: rfc822; a@b.example', 'Final-Recipient: x400; /C=RS/\r\nAction: delivered', 'Final-Recipient: rfc822; a@b.example\r\nAction: eaten', ':::\n\n\u0000\u0001', 'a'.repeat(100_000)])('say nothing when they are rubbish: %#', (rubbish) => {
    expect(readFields(rubbish).recipients).toEqual([]);
  });
});
