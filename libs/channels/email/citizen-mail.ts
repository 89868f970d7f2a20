import { createHmac } from 'node:crypto';
import type { DestinationId } from '#kernel/ids.js';
import type { Language } from '#alerts/content.js';
import type { Mode } from '#alerts/notice.js';
import type { Message } from '#dispatch/channel.js';
import type { EmailSettings } from './config.js';
import { composeMail, escape, type Mail } from './encode.js';
import { CONFIRM_PATH, identityOf, leaveLink } from './links.js';

/** One subscriber and what a mail to them is made with. */
export interface Addressee {
  readonly address: string;
  readonly language: Language;
  readonly secret: string;
}

const LEAVE: Readonly<Record<Language, { why: string; leave: string }>> = {
  'sr-Latn': { why: 'Ovu poruku dobijate jer ste se prijavili za obaveštenja o nestaloj deci.', leave: 'Odjava' },
  'sr-Cyrl': { why: 'Ову поруку добијате јер сте се пријавили за обавештења о несталој деци.', leave: 'Одјава' },
  en: { why: 'You get this because you asked to be told when a child goes missing.', leave: 'Unsubscribe' },
};

/**
 * The mail of a notice to one subscriber: in their language alone, in a thread of their own, with a link by which they leave in
 * one click (RFC 2369, RFC 8058). Its Message-ID is the same at every repetition. Pure but for the sealing of the link.
 */
export function composeCitizenMail(message: Message, { address, language, secret }: Addressee, destination: DestinationId, settings: EmailSettings): Mail {
  const { notice } = message;
  const mail = composeMail(message, destination, { ...settings, languages: [language] });
  // Keyed: who sees a Message-ID cannot try out whose it is.
  const idOf = (identifier: string) => `<${createHmac('sha256', secret).update(`${identifier}\n${destination}\n${identityOf(address)}`).digest('hex').slice(0, 40)}@${settings.bounce.domain}>`;
  const url = leaveLink(new URL(notice.url).origin, notice.mode, address, secret);
  const { why, leave } = LEAVE[language];
  return {
    ...mail,
    messageId: idOf(notice.identifier),
    references: notice.references.map((r) => idOf(r.identifier)),
    text: `${mail.text}\n\n-- \n${why}\n${leave}: ${url}\n`,
    html: mail.html.replace('</body>', () => `<hr><p>${escape(why)} <a href="${escape(url)}">${escape(leave)}</a></p></body>`),
    headers: { ...mail.headers, 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
  };
}

const CONFIRM: Readonly<Record<Language, { subject: string; what: string; confirm: string; otherwise: string }>> = {
  'sr-Latn': {
    subject: 'Potvrdite prijavu za obaveštenja', what: 'Neko je zatražio da na ovu adresu stižu obaveštenja kada nestane dete.', confirm: 'Ako ste to vi, potvrdite u roku od jednog dana',
    otherwise: 'Ako niste, ne radite ništa: adresa će biti obrisana.',
  },
  'sr-Cyrl': {
    subject: 'Потврдите пријаву за обавештења', what: 'Неко је затражио да на ову адресу стижу обавештења када нестане дете.', confirm: 'Ако сте то ви, потврдите у року од једног дана',
    otherwise: 'Ако нисте, не радите ништа: адреса ће бити обрисана.',
  },
  en: {
    subject: 'Confirm your subscription', what: 'Somebody asked for notices about missing children to be sent to this address.', confirm: 'If it was you, confirm within one day',
    otherwise: 'If it was not, do nothing: the address will be deleted.',
  },
};
const DRILL = '[VEŽBA / ВЕЖБА / DRILL] ';

/** The mail that asks whether it was really them (double opt-in). The token is in no other place. */
export function composeConfirmation(of: { readonly mode: Mode; readonly language: Language; readonly origin: string; readonly token: string }, settings: EmailSettings): Mail {
  const { subject, what, confirm, otherwise } = CONFIRM[of.language];
  const url = `${of.origin}${CONFIRM_PATH[of.mode]}?t=${of.token}`;
  return {
    messageId: `<${createHmac('sha256', of.token).update('confirmation').digest('hex').slice(0, 40)}@${settings.bounce.domain}>`,
    references: [],
    subject: `${of.mode === 'drill' ? DRILL : ''}${subject}`,
    text: `${what}\n\n${confirm}:\n${url}\n\n${otherwise}\n`,
    html: `<!DOCTYPE html><html lang="${of.language}"><head><meta charset="utf-8"></head><body><p>${escape(what)}</p><p>${escape(confirm)}: <a href="${escape(url)}">${escape(url)}</a></p><p>${escape(otherwise)}</p></body></html>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-FindMe-Kind': 'confirmation', 'X-FindMe-Mode': of.mode },
  };
}
