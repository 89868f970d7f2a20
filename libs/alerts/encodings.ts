import { fail } from '#kernel/errors.js';

// GSM 7 bit default alphabet, 3GPP TS 23.038 section 6.2.1, in code order; 0x1b is the escape and no character.
const DEFAULT = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const ESCAPE = 0x1b;
/** Septets of each character; two for the extension table, section 6.2.1.1. */
const SEPTETS = new Map<string, readonly number[]>([
  ...Array.from(DEFAULT, (sign, code): [string, number[]] => [sign, [code]]).filter(([sign]) => sign !== '\u001b'),
  ...Object.entries({ '\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f, '[': 0x3c, '~': 0x3d, ']': 0x3e, '|': 0x40, '€': 0x65 })
    .map(([sign, code]): [string, number[]] => [sign, [ESCAPE, code]]),
]);

/** Lengths of an SMS, TS 23.040 section 9.2.3.24.1: whole, and of each part when a 6-octet concatenation header is there. */
const LIMITS = { gsm7: { whole: 160, part: 153 }, ucs2: { whole: 70, part: 67 } } as const;
/** The header counts parts in one octet. */
const MOST_PARTS = 255;

export type SmsEncoding = keyof typeof LIMITS;

export interface Gsm7Measure {
  readonly encodable: boolean;
  /** Septets of the text, those of the extension table counted twice; of its encodable characters only, if some are not. */
  readonly septets: number;
}

/** Length of a text in the GSM 7 bit default alphabet with its extension table, without any national shift table. */
export function measureGsm7(text: string): Gsm7Measure {
  let septets = 0;
  let encodable = true;
  for (const sign of text) {
    const codes = SEPTETS.get(sign);
    if (codes) septets += codes.length;
    else encodable = false;
  }
  return { encodable, septets };
}

export interface Ucs2Measure {
  /** False when half of a surrogate pair stands alone: that is no text. */
  readonly encodable: boolean;
  /** 16-bit units; a character beyond the basic plane, such as an emoji, counts as two. */
  readonly units: number;
}

/** Length of a text in UCS-2, which handsets read as UTF-16. */
export function measureUcs2(text: string): Ucs2Measure {
  return { encodable: !/\p{Surrogate}/u.test(text), units: text.length };
}

export interface SmsSegments {
  readonly encoding: SmsEncoding;
  /** Septets or 16-bit units. */
  readonly length: number;
  /** Messages it takes; what the operator counts and the handset joins. */
  readonly segments: number;
}

/** How a text goes out as SMS: GSM 7 bit if all of it can, else UCS-2, and in how many parts. Throws TEXT_NOT_ENCODABLE, TEXT_TOO_LONG. */
export function smsSegments(text: string): SmsSegments {
  const { encoding, parts } = splitSms(text);
  return { encoding, length: encoding === 'gsm7' ? measureGsm7(text).septets : text.length, segments: parts.length };
}

export interface SmsParts {
  readonly encoding: SmsEncoding;
  readonly parts: readonly string[];
}

/**
 * The text cut into SMS parts that joined are the text again: one of up to 160 septets (70 units), else parts of up to
 * 153 (67). An escape sequence and a surrogate pair are never cut apart. Throws TEXT_NOT_ENCODABLE for half a surrogate
 * pair and TEXT_TOO_LONG beyond 255 parts; shortens nothing.
 */
export function splitSms(text: string): SmsParts {
  const { encodable, septets } = measureGsm7(text);
  const encoding = encodable ? 'gsm7' : 'ucs2';
  if (!measureUcs2(text).encodable) throw fail('TEXT_NOT_ENCODABLE');
  const { whole, part: limit } = LIMITS[encoding];
  if ((encodable ? septets : text.length) <= whole) return { encoding, parts: [text] };
  const parts = cut(text, encodable, limit);
  if (parts.length > MOST_PARTS) throw fail('TEXT_TOO_LONG', '', `At most ${MOST_PARTS} SMS parts.`);
  return { encoding, parts };
}

/** The text in parts of at most `room` septets (16-bit units), no escape sequence and no surrogate pair cut apart; at least one. */
function cut(text: string, gsm: boolean, room: number): string[] {
  const parts: string[] = [];
  let part = '';
  let size = 0;
  for (const sign of text) {
    const step = gsm ? (SEPTETS.get(sign) ?? []).length : sign.length;
    if (size + step > room) {
      parts.push(part);
      [part, size] = ['', 0];
    }
    part += sign;
    size += step;
  }
  parts.push(part);
  return parts;
}

/** The text as GSM 7 bit, one septet an octet (not packed), as SMPP `data_coding` 0 carries it. Throws TEXT_NOT_ENCODABLE. */
export function encodeGsm7Unpacked(text: string): Uint8Array {
  const { encodable, septets } = measureGsm7(text);
  if (!encodable) throw fail('TEXT_NOT_ENCODABLE');
  const octets = new Uint8Array(septets);
  let at = 0;
  for (const sign of text) for (const code of SEPTETS.get(sign) ?? []) octets[at++] = code;
  return octets;
}

/** The text as UTF-16, big end first and without a byte order mark, as SMPP `data_coding` 8 carries it. Throws TEXT_NOT_ENCODABLE. */
export function encodeUcs2(text: string): Uint8Array {
  if (!measureUcs2(text).encodable) throw fail('TEXT_NOT_ENCODABLE');
  const octets = new Uint8Array(text.length * 2);
  const view = new DataView(octets.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i));
  return octets;
}

/** A cell broadcast, TS 23.041 section 9.4.2: up to 15 pages of 82 octets, each coded by itself. */
const PAGE_OCTETS = 82;
const MOST_PAGES = 15;
/** Room of a page in units of the encoding: 93 septets (TS 23.038 section 6.1.2.2) or 41 of 16 bits. */
const PAGE_ROOM = { gsm7: 93, ucs2: 41 } as const;
const CARRIAGE_RETURN = 0x0d;

export interface CellBroadcastMeasure {
  readonly encoding: SmsEncoding;
  /** Septets or 16-bit units. */
  readonly length: number;
  /** The most there can be: 1,395 septets or 615 units. */
  readonly limit: number;
  /** Pages it takes, more than 15 when it does not fit. */
  readonly pages: number;
}

export interface CellBroadcastPages extends Omit<CellBroadcastMeasure, 'pages'> {
  /** Of 82 octets each, padded with carriage returns. */
  readonly pages: readonly Uint8Array[];
  /** What each page says. */
  readonly texts: readonly string[];
}

/** What a text takes as a cell broadcast. Throws TEXT_NOT_ENCODABLE for half a surrogate pair. */
export function measureCellBroadcast(text: string): CellBroadcastMeasure {
  const { encoding, length, limit, parts } = pageTexts(text);
  return { encoding, length, limit, pages: parts.length };
}

/**
 * A text as the pages of a cell broadcast: GSM 7 bit if all of it can, else UCS-2. A page ends early rather than cut an
 * escape sequence or a surrogate pair apart, because handsets decode each page by itself. A carriage return at the end of
 * a page is padding (TS 23.038 section 6.1.2.2), so a text that ends with one loses it. Throws TEXT_NOT_ENCODABLE for half
 * a surrogate pair and TEXT_TOO_LONG beyond 15 pages; shortens nothing.
 */
export function cellBroadcastPages(text: string): CellBroadcastPages {
  const { encoding, length, limit, parts } = pageTexts(text);
  if (parts.length > MOST_PAGES) throw fail('TEXT_TOO_LONG', '', `Cell broadcast: ${parts.length} pages, at most ${MOST_PAGES}.`);
  return { encoding, length, limit, texts: parts, pages: parts.map(encoding === 'gsm7' ? gsm7Page : ucs2Page) };
}

function pageTexts(text: string): Omit<CellBroadcastMeasure, 'pages'> & { readonly parts: readonly string[] } {
  const { encodable, septets } = measureGsm7(text);
  if (!measureUcs2(text).encodable) throw fail('TEXT_NOT_ENCODABLE');
  const encoding = encodable ? 'gsm7' : 'ucs2';
  const room = PAGE_ROOM[encoding];
  return { encoding, length: encodable ? septets : text.length, limit: room * MOST_PAGES, parts: cut(text, encodable, room) };
}

/** Packs 93 septets, the first in the lowest bits (TS 23.038 section 6.1.2.1); the 5 bits left over are zero. */
function gsm7Page(text: string): Uint8Array {
  const page = new Uint8Array(PAGE_OCTETS);
  const septets = encodeGsm7Unpacked(text);
  for (let i = 0; i < PAGE_ROOM.gsm7; i++) {
    const code = septets[i] ?? CARRIAGE_RETURN;
    const at = (i * 7) >> 3;
    const shift = (i * 7) & 7;
    page[at] = page[at]! | (code << shift);
    if (shift > 1) page[at + 1] = page[at + 1]! | (code >> (8 - shift));
  }
  return page;
}

function ucs2Page(text: string): Uint8Array {
  return encodeUcs2(text.padEnd(PAGE_ROOM.ucs2, '\r'));
}
