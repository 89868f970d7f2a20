import { isXmlText } from '#cap/xml.js';
import { writeCap, type CanonicalCap } from '#cap/write.js';
import { LANGUAGES } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import { photoAddress } from '#alerts/photo-address.js';
import type { Fault } from '#kernel/errors.js';
import type { Exhibit, Photo, Preview } from '#dispatch/channel.js';
import type { CapPushSettings } from './config.js';

/** The CAP message of a notice, unsigned. The same for every destination of a sender. Pure. */
export function encode(notice: SentNotice, sender: string, photo?: Photo): CanonicalCap {
  const uri = photoAddress(notice);
  // Another photo than the approved one would pass under the approval.
  if (photo && photo.sha256 !== notice.photo?.sha256) throw new TypeError('the photo at hand is not the one of the notice');
  return writeCap(notice, { sender, ...(uri !== undefined && { photoUri: uri }), ...(photo && { photo: photo.bytes }) });
}

/** The CAP message itself, before it is signed. */
export function exhibits(_notice: Notice, { sender }: CapPushSettings): readonly Exhibit[] {
  return [{ name: 'cap.xml', mediaType: 'application/cap+xml', lacks: 'signature', make: ({ notice, photo }) => Promise.resolve(Buffer.from(encode(notice, sender, photo))) }];
}

/**
 * What each language shows: the headline that a crawl repeats, and the description and instruction that are read out,
 * each against its own limit. Nothing is shortened.
 */
export function preview(notice: Notice, settings: CapPushSettings): readonly Preview[] {
  return LANGUAGES.flatMap((language) => {
    const { headline, full, instruction } = notice.texts[language];
    const at = (field: string) => `texts.${language}.${field}`;
    const show = (field: string, text: string, limit: number): Preview => {
      const length = [...text].length;
      const faults: Fault[] = [];
      if (length > limit) faults.push({ code: 'TEXT_TOO_LONG', field: at(field), detail: `${length} of ${limit} characters.` });
      if (!isXmlText(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at(field), detail: 'XML 1.0.' });
      return { language, encoding: 'UTF-8', text, length, limit, unit: 'characters', segments: 1, faults };
    };
    return [show('headline', headline, settings.headlineLimit), show('full', full, settings.descriptionLimit), show('instruction', instruction, settings.descriptionLimit)];
  });
}
