import { simpleParser } from 'mailparser';
import type { DestinationId } from '#kernel/ids.js';
import type { SentNotice } from '#alerts/notice.js';
import type { Message } from '#dispatch/channel.js';
import { CANARY_NAMES, sampleEnding, sampleMessage, sampleNotice, samplePhoto, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { emailSettings } from './config.js';
import { composeMail, encodeMail, messageIdOf, previewMail } from './encode.js';

const id = 'newsroom-1' as DestinationId;
const settings = emailSettings.parse({
  host: 'mail.newsroom.example',
  port: 25,
  from: { name: 'Pronađi me', address: 'findme@police.example' },
  to: ['desk@newsroom.example', 'web@newsroom.example'],
  bounce: { host: '0.0.0.0', port: 2525, domain: 'bounce.police.example', secret: 'bounce-secret' },
});

const compose = (message: Message) => composeMail(message, id, settings);
const bytesOf = (message: Message) => encodeMail(compose(message), message.notice.sent, settings);
const parsed = async (message: Message) => simpleParser(await bytesOf(message), { skipImageLinks: true });

/** A notice with every text of it replaced. */
function worded(words: string, more: Partial<SentNotice> = {}): SentNotice {
  const texts = { headline: words, short: words, full: words, instruction: words, area: words };
  return { ...sampleNotice(), texts: { 'sr-Latn': texts, 'sr-Cyrl': texts, en: texts }, ...more };
}

describe('the mail of a notice', () => {
  it('carries every language in both scripts, shows the photo and attaches it', async () => {
    const message = sampleMessage();
    const mail = await parsed(message);
    for (const p of previewMail(message.notice, settings)) expect(mail.text).toContain(p.text);
    for (const name of CANARY_NAMES) expect(mail.html).toContain(name);
    expect(mail.subject).toContain('Nestala devojčica');
    const [inline, attached] = mail.attachments;
    expect(mail.html).toContain(`cid:${inline?.cid}`);
    expect([inline, attached].map((a) => Buffer.compare(a!.content, Buffer.from(samplePhoto.bytes)))).toEqual([0, 0]);
    expect(attached?.contentDisposition).toBe('attachment');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.headers.get('x-findme-key')).toBe(message.key);
  });

  it('is the same bytes every time', async () => {
    const message = sampleMessage();
    expect(Buffer.compare(await bytesOf(message), await bytesOf(message))).toBe(0);
  });

  it('says in the subject and first of all that it is a drill, and says nothing of it when live', () => {
    const drill = compose(sampleMessage({ notice: sampleNotice({ mode: 'drill' }) }));
    expect(drill.subject).toMatch(/^\[VEŽBA \/ ВЕЖБА \/ DRILL\] /);
    expect(drill.text).toMatch(/^Ovo je vežba/);
    const live = compose(sampleMessage({ notice: sampleNotice({ mode: 'live' }) }));
    expect(`${live.subject}${live.text}${live.html}`).not.toMatch(/vežba|drill/i);
  });

  it('keeps updates and the ending in one thread, and repeats nothing of the child in the ending', async () => {
    const alert = sampleNotice();
    const update = sampleUpdate(alert);
    const ending = sampleMessage({ notice: sampleEnding('found', update), photo: samplePhoto });
    const mail = await parsed(ending);
    const ids = [alert, update].map((n) => messageIdOf(n.identifier, id, 'bounce.police.example'));
    expect(compose(sampleMessage({ notice: alert })).messageId).toBe(ids[0]);
    expect(mail.inReplyTo).toBe(ids[1]);
    expect(mail.references).toEqual(ids);
    expect(mail.attachments).toEqual([]);
    for (const name of CANARY_NAMES) expect(`${mail.text}${String(mail.html)}`).not.toContain(name);
  });

  it.each(['\r\nBcc: spy@evil.example', '\nBcc: spy@evil.example', '\rBcc: spy@evil.example', '\u2028Bcc: spy@evil.example', '\u0085Bcc: x', '%0d%0aBcc: x', '\r\n\r\n<script>alert(1)</script>', '\r\n.\r\nMAIL FROM:<spy@evil.example>'])(
    'lets no text become a header, a command or markup: %j',
    async (tail) => {
      const notice = worded(`Nestala${tail}`, { identifier: `id${tail}` });
      const bytes = await bytesOf(sampleMessage({ notice, key: `key${tail}` }));
      const head = bytes.toString('latin1').split('\r\n\r\n')[0] ?? '';
      expect(head).not.toMatch(/^(bcc|mail from)/im);
      const mail = await simpleParser(bytes, { skipImageLinks: true });
      expect(mail.headers.has('bcc')).toBe(false);
      expect(mail.subject).toContain('Nestala');
      expect(String(mail.html)).not.toContain('<script');
    },
  );

  it.each([
    { from: { name: 'x\r\nBcc: y', address: 'a@b.example' } },
    { from: { name: 'x', address: 'a@b.example\r\nBcc: c@d.example' } },
    { to: ['a@b.example> NOTIFY=NEVER'] },
    { to: ['a@b.example', 'A@b.example'] },
    { to: [] },
    { security: 'none' },
  ])('refuses settings that could bend a command or go out in the clear: %j', (more) => {
    expect(emailSettings.safeParse({ ...settings, ...more }).success).toBe(false);
  });
});
