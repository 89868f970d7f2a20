import { createHash } from 'node:crypto';
import { encodeGsm7Unpacked, encodeUcs2, measureGsm7, measureUcs2, splitSms } from '#alerts/encodings.js';
import type { Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import type { Preview } from '#dispatch/channel.js';
import type { Fault } from '#kernel/errors.js';
import { expectsReceipts, languagesOf, type SmppSettings, type Target } from './config.js';
import type { Body } from './frame-writer.js';
import { COMMAND, cString, tlv, TLV } from './pdu.js';

/**
 * One segment, ready but for its destination: `submit_sm` and `submit_multi` have the same octets before and after it
 * (SMPP 3.4, sections 4.4.1 and 4.5.1), so thousands of numbers share one template.
 */
export interface Segment {
  readonly before: Buffer;
  readonly after: Buffer;
}

/** One message in one language: what a phone shows as one text. Only its last segment asks for a receipt. */
export interface SmsMessage {
  readonly language: Language;
  readonly segments: readonly Segment[];
}

/** Room in a message of one segment and of several, in units of the encoding (3GPP TS 23.040, section 9.2.3.24.1). */
const ROOM = { gsm7: { alone: 160, joined: 153 }, ucs2: { alone: 70, joined: 67 } } as const;
/** data_coding (SMPP 3.4, section 5.2.19): the SMSC's default alphabet, which at a mobile operator is GSM 03.38; UCS-2. */
const DATA_CODING = { gsm7: 0x00, ucs2: 0x08 } as const;
const UDH_INDICATOR = 0x40;
/** What stands before a destination: type and plan of its number, or how many there are and that it is a list. */
const INTERNATIONAL = Buffer.from([1, 1]);
const TO_LIST = Buffer.from([1, 2]);
const EMPTY = cString('');

/** What the phones would show, language by language, with every fault. Pure. */
export function previewSms(notice: Notice, settings: SmppSettings): readonly Preview[] {
  return languagesOf(settings).map((language, order) => {
    const text = notice.texts[language].short;
    const field = `texts.${language}.short`;
    const { encodable: gsm, septets } = measureGsm7(text);
    const length = gsm ? septets : text.length;
    const room = ROOM[gsm ? 'gsm7' : 'ucs2'];
    const limit = settings.maxSegments === 1 ? room.alone : room.joined * settings.maxSegments;
    const faults: Fault[] = [];
    let segments = length <= room.alone ? 1 : Math.ceil(length / room.joined);
    if (!measureUcs2(text).encodable) faults.push({ code: 'TEXT_NOT_ENCODABLE', field });
    else if (segments <= settings.maxSegments) segments = splitSms(text).parts.length;
    if (segments > settings.maxSegments) faults.push({ code: 'TEXT_TOO_LONG', field, detail: `SMS: ${segments} parts, at most ${settings.maxSegments}.` });
    return {
      language, encoding: gsm ? 'GSM-7' : 'UCS-2', text, length, limit, unit: gsm ? 'septets' : 'code-units', segments, faults,
      fields: { source_addr: settings.source.address, data_coding: String(DATA_CODING[gsm ? 'gsm7' : 'ucs2']) },
      ...(faults.length === 0 && { pieces: shortMessages(notice, language, order).messages.map(({ part, octets }) => ({ text: part, octets: octets.toString('hex') })) }),
    };
  });
}

/**
 * What a phone gets in one language: the parts of the text, each with its `short_message` as it stands in the PDU, the header
 * by which the phone joins them included (information element 00, an 8-bit reference: 3GPP TS 23.040, section 9.2.3.24.1).
 */
function shortMessages(notice: Notice, language: Language, order: number): { encoding: keyof typeof DATA_CODING; messages: readonly { readonly part: string; readonly octets: Buffer }[] } {
  const { encoding, parts } = splitSms(notice.texts[language].short);
  const encode = encoding === 'gsm7' ? encodeGsm7Unpacked : encodeUcs2;
  const reference = referenceOf(notice, order);
  return {
    encoding,
    messages: parts.map((part, index) => ({
      part, octets: Buffer.concat([Buffer.from(parts.length === 1 ? [] : [0x05, 0x00, 0x03, reference, parts.length, index + 1]), encode(part)]),
    })),
  };
}

/**
 * The messages of a notice. The key is the delivery's own; `previewSms` must have found no fault.
 */
export function encodeNotice(notice: SentNotice, key: string, settings: SmppSettings): readonly SmsMessage[] {
  return languagesOf(settings).map((language, order) => {
    const { encoding, messages } = shortMessages(notice, language, order);
    const segments = messages.map(({ octets }, index): Segment => {
      const last = index === messages.length - 1;
      const fields = [messages.length > 1 ? UDH_INDICATOR : 0, 0, settings.priority];
      const receipt = last && expectsReceipts(settings) ? 1 : 0;
      return {
        before: Buffer.concat([EMPTY, Buffer.from([settings.source.ton, settings.source.npi]), cString(settings.source.address)]),
        after: Buffer.concat([
          Buffer.from(fields),
          EMPTY,
          cString(absoluteTime(notice.expires)),
          Buffer.from([receipt, 0, DATA_CODING[encoding], 0, octets.length]),
          octets,
          ...(settings.keyTlv === null ? [] : keyParameters(settings.keyTlv, `${key}#${notice.kind}.${language}`, index + 1)),
        ]),
      };
    });
    return { language, segments };
  });
}

/** The body of the PDU that brings a segment to a number, or to the operator's own list (`dest_flag` 2). */
export class Addressed implements Body {
  readonly command: number;
  readonly size: number;
  private readonly prefix: Buffer;
  private readonly address: string;

  constructor(private readonly segment: Segment, target: Target) {
    const toNumber = 'number' in target;
    this.command = toNumber ? COMMAND.submitSm : COMMAND.submitMulti;
    this.prefix = toNumber ? INTERNATIONAL : TO_LIST;
    this.address = toNumber ? target.number : target.list;
    this.size = segment.before.length + this.prefix.length + this.address.length + 1 + segment.after.length;
  }

  write(into: Buffer, at: number): void {
    const { before, after } = this.segment;
    into.set(before, at);
    let to = at + before.length;
    into.set(this.prefix, to);
    to += this.prefix.length;
    // Settings let ASCII through alone, without NULL.
    into.write(this.address, to, 'latin1');
    to += this.address.length;
    into[to] = 0;
    into.set(after, to + 1);
  }
}

/**
 * An absolute time in the format of SMPP 3.4, section 7.1.1, in UTC: `261125050000000+`. Fractions are cut, so that a
 * validity never ends after the time given. A text that is no date-time is a bug.
 */
export function absoluteTime(dateTime: string): string {
  const utc = new Date(dateTime).toISOString();
  return `${utc.slice(2, 19).replace(/[-T:]/g, '')}000+`;
}

/** What carries the key: the vendor parameter, `<key>#<kind>.<language>.<segment>`, and 16 bits of it for an operator's tools. */
function keyParameters(tag: number, message: string, segment: number): Buffer[] {
  const short = createHash('sha256').update(message).digest().subarray(0, 2);
  return [tlv(TLV.userMessageReference, short), tlv(tag, Buffer.from(`${message}.${segment}`, 'utf8'))];
}

/**
 * The concatenation reference. A phone joins parts by sender, reference and total, so revisions and languages of one alert
 * must differ, or an update is glued to what it updates; the same message again must not.
 */
function referenceOf(notice: Notice, order: number): number {
  const base = createHash('sha256').update(notice.alertId).digest()[0] ?? 0;
  const ending = notice.kind === 'found' || notice.kind === 'withdrawn' ? 1 : 0;
  return (base + notice.revision * 6 + order * 2 + ending) & 0xff;
}
