import type { Notice, NoticeReference } from '#alerts/notice.js';
import type { SignPage, SignText } from '#alerts/sign-text.js';
import type { Preview } from '#dispatch/channel.js';
import { fitSign, previewSign, signFault } from '#dispatch/sign.js';
import { fail } from '#kernel/errors.js';
import type { NtcipSignSettings } from './config.js';
import { MEMORY, OWNER_LIMIT, type Row } from './objects.js';

type Face = Pick<NtcipSignSettings, 'rows' | 'columns' | 'maxPages' | 'pageTime' | 'charset' | 'language'>;

/** What an activation says (`MessageActivationCode`, NTCIP 1203 v03 section 5.7.3). */
export interface Activation {
  /** Minutes. Never 65535, which is without end. */
  readonly minutes: number;
  readonly priority: number;
  readonly row: Row;
  readonly crc: number;
  /** IPv4. */
  readonly source: string;
}

/** The longest time that has an end. */
export const MOST_MINUTES = 65_534;

/** A text as a MULTI string; refuses with TEXT_TOO_LONG or TEXT_NOT_ENCODABLE what the sign cannot show whole. Pure. */
export function encode(notice: Notice, face: Face): Buffer {
  const fitted = layOut(notice, face);
  if (fitted.fits) return Buffer.from(writeMulti(fitted.pages, face.pageTime), 'utf8');
  const { code, field, detail } = signFault(face, fitted.why);
  throw fail(code, field, detail);
}

/**
 * Pages in MULTI (section 6): in the middle, each for its time. A bracket is doubled, since alone it begins a tag.
 * `pageTime` is in seconds, MULTI has tenths.
 */
export function writeMulti(pages: readonly SignPage[], pageTime: number): string {
  const escape = (row: string): string => row.replace(/[[\]]/g, '$&$&');
  const text = pages.map((rows) => rows.map(escape).join('[nl]')).join('[np]');
  return `${pages.length > 1 ? `[pt${Math.round(pageTime * 10)}o0]` : ''}[jp3][jl3]${text}`;
}

/**
 * `dmsMessageCRC` of a message without beacon and pixel service (section 5.6.8.5): CRC-16 of ISO/IEC 3309 (X-25) over the
 * MULTI string and a zero for each of the two. The octets are swapped: the standard's own example, for `[jp3]TEST
 * [fl]Flashing[/fl]`, is 95F9 where the polynomial gives F995.
 */
export function messageCrc(multi: Uint8Array): number {
  let crc = 0xffff;
  for (const octet of [...multi, 0, 0]) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  crc = ~crc & 0xffff;
  return ((crc & 0xff) << 8) | (crc >>> 8);
}

/** The twelve octets of an activation. Throws a RangeError on a duration without end, which no notice has. */
export function activationCode({ minutes, priority, row, crc, source }: Activation): Buffer {
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MOST_MINUTES) throw new RangeError('an activation has an end');
  const code = Buffer.alloc(12);
  code.writeUInt16BE(minutes, 0);
  code.writeUInt8(priority, 2);
  code.writeUInt8(row.memory, 3);
  code.writeUInt16BE(row.number, 4);
  code.writeUInt16BE(crc, 6);
  code.set(source.split('.').map(Number), 8);
  return code;
}

/** The row of a `MessageIDCode`, as in `dmsMsgTableSource`, and the CRC of what it held; nothing when it is none. */
export function rowOfCode(code: Uint8Array): (Row & { readonly crc: number }) | undefined {
  if (code.length !== 5) return undefined;
  const octets = Buffer.from(code);
  return { memory: octets.readUInt8(0), number: octets.readUInt16BE(1), crc: octets.readUInt16BE(3) };
}

/** An activation that leaves the sign dark (memory type 7): its number is its priority, the lowest, so that anything may follow. */
export function blankActivation(priority: number, source: string): Activation {
  return { minutes: MOST_MINUTES, priority, row: { memory: MEMORY.blank, number: 1 }, crc: 0, source };
}

/** Whole minutes until the end, rounded down so that nothing outlives the alert; 0 when there is none left. */
export function minutesUntil(expires: string, now: Date): number {
  return Math.max(0, Math.min(Math.floor((Date.parse(expires) - now.getTime()) / 60_000), MOST_MINUTES));
}

/** `dmsMessageOwner`: whose message it is, legible at the sign, and our key. Throws when it would not fit. */
export function writeOwner(identifier: string, key: string): string {
  const owner = `${identifier} ${key}`;
  if (owner.length > OWNER_LIMIT) throw new RangeError('an owner has at most 127 characters');
  return owner;
}

/** Whether a message on a sign is one of this alert's: its own, or one that it refers to. */
export function ownedBy(owner: string, { identifier, references }: { readonly identifier: string; readonly references: readonly NoticeReference[] }): boolean {
  return [identifier, ...references.map((reference) => reference.identifier)].includes(owner.split(' ')[0] ?? '');
}

/** The pages as they will stand there. An ending makes the sign dark and has nothing to fit. Nothing is shortened. */
export function preview(notice: Notice, face: Face): readonly Preview[] {
  if (notice.kind === 'found' || notice.kind === 'withdrawn') return [];
  const fitted = layOut(notice, face);
  return [{ ...previewSign(fitted, face, { signs: [], centred: true, pageSeconds: face.pageTime }), ...(fitted.fits && { fields: { MULTI: writeMulti(fitted.pages, face.pageTime) } }) }];
}

function layOut(notice: Notice, face: Face): SignText {
  const fitted = fitSign(notice, face);
  // MULTI has no null and no other control, and half a letter is none.
  if (fitted.fits && fitted.pages.flat().some((row) => /\p{Cc}|\p{Cs}/u.test(row))) return { fits: false, why: 'letters', text: fitted.pages.flat().join(' ') };
  return fitted;
}
