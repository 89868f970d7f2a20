import MailComposer from 'nodemailer/lib/mail-composer';
import { sha256Hex } from '#kernel/canonical.js';
import type { Fault } from '#kernel/errors.js';
import type { DestinationId } from '#kernel/ids.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Exhibit, Message, Photo, Preview } from '#dispatch/channel.js';
import type { EmailSettings } from './config.js';

/** Octets of one language's section: far above any notice, far below what mail servers refuse. */
export const SECTION_LIMIT = 100_000;

/** A mail before it becomes bytes. */
export interface Mail {
  /** With angle brackets. The same for every repetition, so that a newsroom's server can drop the second copy. */
  readonly messageId: string;
  /** Earlier mails of the same case, oldest first. */
  readonly references: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly photo?: Photo;
  /** A JPEG, to print. */
  readonly poster?: Uint8Array;
}

const DRILL = 'VEŽBA / ВЕЖБА / DRILL';
const DRILL_WARNING = 'Ovo je vežba. Ne objavljivati. / Ово је вежба. Не објављивати. / This is a drill. Do not publish.';
export const isEnding = (notice: Notice) => notice.kind === 'found' || notice.kind === 'withdrawn';

/** One line without control characters: what a header may hold (RFC 5322, section 2.2). */
export const oneLine = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
export const escape = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.codePointAt(0)};`);

/** `Message-ID` of a notice at a destination: known from the identifier alone, so that later mails can refer to it. */
export function messageIdOf(identifier: string, destination: DestinationId, domain: string): string {
  return `<${sha256Hex(`${identifier}\n${destination}`).slice(0, 40)}@${domain}>`;
}

/** What one language's section says, as plain text. */
function sectionOf(notice: Notice, language: Language): string {
  const { headline, full, instruction, area } = notice.texts[language];
  return [headline, '', full, '', instruction, area, `${notice.policeTelephone} - ${notice.url}`].join('\n');
}

function faultsOf(section: string, language: Language): Fault[] {
  const faults: Fault[] = [];
  if (Buffer.byteLength(section) > SECTION_LIMIT) faults.push({ code: 'TEXT_TOO_LONG', field: `texts.${language}.full`, detail: `At most ${SECTION_LIMIT} octets.` });
  if (/\p{Surrogate}/u.test(section)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: `texts.${language}` });
  return faults;
}

/** The section of each language as it stands in the mail, with its length in octets of UTF-8. */
export function previewMail(notice: Notice, settings: EmailSettings): Preview[] {
  // Who asked to be told is told in a language of their own: any of them.
  return (settings.audience ? LANGUAGES : settings.languages).map((language) => {
    const text = sectionOf(notice, language);
    return {
      language, encoding: 'UTF-8', text, length: Buffer.byteLength(text), limit: SECTION_LIMIT, unit: 'octets', segments: 1, faults: faultsOf(text, language),
      fields: { Subject: subjectOf(notice, settings.audience ? language : settings.languages[0]), From: `${settings.from.name} <${settings.from.address}>` },
    };
  });
}

/** The mail as plain text and as HTML: one for the newsrooms, one in each language for those who asked to be told. */
export function exhibits(_notice: Notice, settings: EmailSettings): readonly Exhibit[] {
  const mails: readonly (Pick<Exhibit, 'language'> & { readonly languages: EmailSettings['languages'] })[] = settings.audience
    ? LANGUAGES.map((language) => ({ language, languages: [language] }))
    : [{ languages: settings.languages }];
  return mails.flatMap(({ language, languages }) => (['text', 'html'] as const).map((form): Exhibit => ({
    name: `mail${language === undefined ? '' : `-${language}`}.${form === 'text' ? 'txt' : 'html'}`, mediaType: form === 'text' ? 'text/plain' : 'text/html',
    ...(language !== undefined && { language, lacks: 'personal-link' }),
    make: ({ notice, photo }) => Promise.resolve(Buffer.from(bodyOf(notice, photo, { ...settings, languages })[form])),
  })));
}

function htmlOf(notice: SentNotice, settings: EmailSettings, photo: Photo | undefined): string {
  const paragraphs = (text: string) => text.split('\n').filter(Boolean).map((l) => `<p>${escape(l)}</p>`).join('');
  const sections = settings.languages.map((language) => {
    const { headline, full, instruction, area } = notice.texts[language];
    const contact = `<p>${escape(notice.policeTelephone)} &#183; ${escape(notice.url)}</p>`;
    return `<section lang="${language}"><h2>${escape(headline)}</h2>${paragraphs(full)}<p><strong>${escape(instruction)}</strong></p><p>${escape(area)}</p>${contact}</section>`;
  });
  const banner = notice.mode === 'drill' ? `<p style="background:#0b5;color:#fff;padding:8px">${escape(DRILL_WARNING)}</p>` : '';
  const picture = photo ? `<p><img src="cid:${cidOf(photo)}" alt="" style="max-width:480px"></p>` : '';
  return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${banner}${picture}${sections.join('<hr>')}</body></html>`;
}

function subjectOf({ mode, texts }: Notice, language: Language = 'sr-Latn'): string {
  const { headline } = texts[language];
  return oneLine(mode === 'drill' ? `[${DRILL}] ${headline}` : headline);
}

/** What the mail says in both of its forms. An ending shows no photo. */
function bodyOf(notice: SentNotice, photo: Photo | undefined, settings: EmailSettings): Pick<Mail, 'text' | 'html'> {
  const sections = settings.languages.map((language) => sectionOf(notice, language));
  return {
    text: [...(notice.mode === 'drill' ? [DRILL_WARNING] : []), ...sections].join('\n\n----\n\n'),
    html: htmlOf(notice, settings, isEnding(notice) ? undefined : photo),
  };
}

const cidOf = (photo: Photo) => `${photo.sha256.slice(0, 32)}@photo`;

/**
 * Writes the mail of a notice: every language of the destination in one mail, the photo shown and attached, the poster attached,
 * updates and endings in the thread of what they refer to. Pure. The photo of an ending is left out: it repeats no personal data.
 */
export function composeMail(message: Message, destination: DestinationId, settings: EmailSettings, poster?: Uint8Array): Mail {
  const { notice, key } = message;
  const photo = isEnding(notice) ? undefined : message.photo;
  const idOf = (identifier: string) => messageIdOf(identifier, destination, settings.bounce.domain);
  return {
    messageId: idOf(notice.identifier),
    references: notice.references.map((r) => idOf(r.identifier)),
    subject: subjectOf(notice, settings.languages[0]),
    ...bodyOf(notice, photo, settings),
    headers: {
      // RFC 3834, section 5: nobody's vacation responder answers this.
      'Auto-Submitted': 'auto-generated',
      'X-FindMe-Key': oneLine(key),
      'X-FindMe-Identifier': oneLine(notice.identifier),
      'X-FindMe-Kind': notice.kind,
      'X-FindMe-Mode': notice.mode,
    },
    ...(photo && { photo }),
    ...(poster && !isEnding(notice) && { poster }),
  };
}

/** The bytes of a mail. The same mail gives the same bytes: its date is that of the notice, its boundaries are its own. */
export function encodeMail(mail: Mail, sent: string, settings: EmailSettings, to: readonly string[] = settings.to): Promise<Buffer> {
  const { photo, poster } = mail;
  const last = mail.references.at(-1);
  const extension = photo?.mediaType === 'image/png' ? 'png' : 'jpg';
  const file = photo && { content: Buffer.from(photo.bytes), contentType: photo.mediaType, filename: `findme-${photo.sha256.slice(0, 8)}.${extension}` };
  const composer = new MailComposer({
    messageId: mail.messageId,
    date: new Date(sent),
    from: { name: settings.from.name, address: settings.from.address },
    to: to.map((address) => ({ name: '', address })),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    ...(last && { inReplyTo: last, references: [...mail.references] }),
    headers: { ...mail.headers },
    attachments: [
      ...(file && photo ? [{ ...file, cid: cidOf(photo), contentDisposition: 'inline' as const }, { ...file, contentDisposition: 'attachment' as const }] : []),
      ...(poster ? [{ content: Buffer.from(poster), contentType: 'image/jpeg', filename: `findme-poster-${sha256Hex(mail.messageId).slice(0, 8)}.jpg`, contentDisposition: 'attachment' as const }] : []),
    ],
    baseBoundary: sha256Hex(mail.messageId).slice(0, 24),
    // Nothing in a text may make this program read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}
