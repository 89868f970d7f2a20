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
  const parts: string[] = [];
  let part = '';
  let size = 0;
  for (const sign of text) {
    const step = encodable ? (SEPTETS.get(sign) ?? []).length : sign.length;
    if (size + step > limit) {
      parts.push(part);
      [part, size] = ['', 0];
    }
    part += sign;
    size += step;
  }
  parts.push(part);
  if (parts.length > MOST_PARTS) throw fail('TEXT_TOO_LONG', '', `At most ${MOST_PARTS} SMS parts.`);
  return { encoding, parts };
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
