import { LANGUAGES } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import { photoAddress } from '#alerts/photo-address.js';
import { layCard, type Card } from '#alerts/pictures/card.js';
import { writeCap, type CanonicalCap } from '#cap/write.js';
import { isXmlText } from '#cap/xml.js';
import type { Photo, Preview } from '#dispatch/channel.js';
import { fail, type Fault } from '#kernel/errors.js';
import { nameOf, type AirportDisplaySettings, type PictureKind } from './config.js';

/** A drawn picture. */
export interface Picture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Between the parts of every message; no text can hold it, since a line of CAP never begins with two hyphens and this word. */
const BOUNDARY = 'findme-6f0b8a1d94c74e52b3e7';
/** RFC 2387: the root is the CAP message, the pictures are what it speaks of. */
export const CONTENT_TYPE = `multipart/related; type="application/cap+xml"; boundary="${BOUNDARY}"`;
/** `valueName` of the CAP parameter that ties a picture to the signature: its name and SHA-256. */
export const PICTURE_PARAMETER = 'FindMe-Picture';

const isEnding = ({ kind }: Pick<Notice, 'kind'>): boolean => kind === 'found' || kind === 'withdrawn';

/** The pictures that a notice needs: none when it ends what is shown. */
export function picturesOf(notice: Pick<Notice, 'kind'>, { pictures }: Pick<AirportDisplaySettings, 'pictures'>): readonly PictureKind[] {
  return isEnding(notice) ? [] : pictures;
}

/** The CAP message, unsigned, with the hash of each picture in the `info` of its language. Pure. */
export function encode(notice: SentNotice, sender: string, pictures: readonly Picture[], photo?: Photo): CanonicalCap {
  const uri = photoAddress(notice);
  // Another photo than the approved one would pass under the approval.
  if (photo && photo.sha256 !== notice.photo?.sha256) throw new TypeError('the photo at hand is not the one of the notice');
  return writeCap(notice, {
    sender,
    ...(uri !== undefined && { photoUri: uri }),
    ...(photo && { photo: photo.bytes }),
    parameters: (language) => pictures.filter(({ name }) => name.endsWith(`-${language}`)).map(({ name, sha256 }) => ({ valueName: PICTURE_PARAMETER, value: `${name} ${sha256}` })),
  });
}

/** Signed CAP and pictures as one body: taken whole or not at all. */
export function pack(cap: string, pictures: readonly Picture[]): Buffer {
  const root = part(['Content-Type: application/cap+xml; charset=utf-8', 'Content-ID: <cap>'], Buffer.from(cap));
  const parts = pictures.map(({ name, bytes }) => part(['Content-Type: image/jpeg', `Content-ID: <${name}>`, `Content-Disposition: attachment; filename="${name}.jpg"`], bytes));
  if ([root, ...parts].some((one) => one.indexOf(BOUNDARY, BOUNDARY.length + 4) >= 0)) throw fail('TEXT_NOT_ENCODABLE', '', 'A part holds what stands between parts.');
  return Buffer.concat([root, ...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

function part(headers: readonly string[], content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${headers.join('\r\n')}\r\nContent-Length: ${content.length}\r\n\r\n`), content, Buffer.from('\r\n')]);
}

/** Letters above which nobody reads a picture in passing, however small they are set. */
const LETTERS = 4_000;

/** What each picture says, with every fault of its layout and of the CAP message it comes with. Nothing is shortened. */
export function preview(notice: Notice, settings: AirportDisplaySettings): readonly Preview[] {
  const elsewhere = LANGUAGES.flatMap((language) => unspeakable(notice, language));
  return picturesOf(notice, settings).map((kind, index): Preview => {
    const { headline, full } = notice.texts[kind.language];
    const text = `${headline}\n${full}`;
    const length = [...text].length;
    const faults = [...new Map([
      ...layout(notice, kind).faults,
      ...(length > LETTERS ? [{ code: 'TEXT_TOO_LONG', field: `texts.${kind.language}.full`, detail: `${length} of ${LETTERS} characters.` } as const] : []),
      ...(index === 0 ? elsewhere : []),
    ].map((fault) => [`${fault.code} ${fault.field}`, fault])).values()];
    return { language: kind.language, encoding: 'UTF-8', text, length, limit: LETTERS, unit: 'characters', segments: 1, faults };
  });
}

/** Texts that XML cannot carry: all languages travel in the message, whichever the pictures are in. */
function unspeakable({ texts }: Notice, language: (typeof LANGUAGES)[number]): Fault[] {
  return (['headline', 'full', 'instruction', 'area'] as const)
    .filter((field) => !isXmlText(texts[language][field]))
    .map((field) => ({ code: 'TEXT_NOT_ENCODABLE', field: `texts.${language}.${field}`, detail: 'XML 1.0.' }));
}

const layouts = new WeakMap<Notice, Map<string, Card>>();

/** A picture without its photo's pixels: laid out once for a notice, whichever airports ask. */
export function layout(notice: Notice, kind: PictureKind, withPhoto = notice.photo !== undefined): Card {
  const known = layouts.get(notice) ?? new Map<string, Card>();
  layouts.set(notice, known);
  const name = `${nameOf(kind)} ${withPhoto}`;
  const card = known.get(name) ?? layCard(notice, kind.format, kind.language, withPhoto);
  known.set(name, card);
  return card;
}
