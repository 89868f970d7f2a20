import { createHash } from 'node:crypto';
import type { Branded } from '#kernel/ids.js';
import { areaPolygons } from '#alerts/area.js';
import { LANGUAGES, type Area, type Language, type Position } from '#alerts/content.js';
import type { NoticeKind, SentNotice } from '#alerts/notice.js';
import { leaf, node } from './xml.js';

/** Namespace of CAP 1.2. */
export const CAP_NAMESPACE = 'urn:oasis:names:tc:emergency:cap:1.2';

/** A CAP message whose every octet after the XML declaration is in canonical form (Exclusive XML Canonicalization 1.0). */
export type CanonicalCap = Branded<'canonical-cap'>;

/** What a CAP message says beyond the notice. */
export interface CapOptions {
  /** CAP `sender`: who answers for the messages, the same in all of them; no spaces, commas, `<` or `&` (section 3.2.1). */
  readonly sender: string;
  /** Absolute address of the photo; required as soon as the notice has one. */
  readonly photoUri?: string;
  /** The photo's octets, for the SHA-1 digest of `resource` (section 3.2.3). Without them the digest is left out. */
  readonly photo?: Uint8Array;
  /** What a system of the receiver's needs beyond the standard, language by language (CAP `parameter`, section 3.2.2). */
  readonly parameters?: (language: Language) => readonly CapParameter[];
}

export interface CapParameter {
  readonly valueName: string;
  readonly value: string;
}

const EVENT: Readonly<Record<Language, string>> = { 'sr-Latn': 'Nestalo dete', 'sr-Cyrl': 'Нестало дете', en: 'Missing child' };
const SENDER_NAME: Readonly<Record<Language, string>> = { 'sr-Latn': 'Pronađi me', 'sr-Cyrl': 'Пронађи ме', en: 'Find Me' };
const PHOTO: Readonly<Record<Language, string>> = { 'sr-Latn': 'Fotografija deteta', 'sr-Cyrl': 'Фотографија детета', en: 'Photo of the child' };
const DRILL_NOTE = 'VEŽBA - ВЕЖБА - EXERCISE. Nijedno dete nije nestalo. Ниједно дете није нестало. No child is missing. Do not air.';

const TEST_EVENT: Readonly<Record<Language, string>> = { 'sr-Latn': 'Test veze', 'sr-Cyrl': 'Тест везе', en: 'Connection test' };
const TEST_NOTE = 'TEST - ТЕСТ - TEST. Nijedno dete nije nestalo. Ниједно дете није нестало. No child is missing. Technical test: disregard, do not air.';

const MESSAGE_TYPE: Readonly<Record<NoticeKind, 'Alert' | 'Update' | 'Cancel'>> = { alert: 'Alert', update: 'Update', found: 'Cancel', withdrawn: 'Cancel' };

/**
 * A notice as a CAP 1.2 message (OASIS CAP-v1.2-os), one `info` per language, ready to be signed: no declaration but the
 * XML one, canonical spelling throughout. Urgency, severity and certainty follow the standard's own example of a missing
 * child (appendix A.4). The same notice and options always give the same text. Refuses with TEXT_NOT_ENCODABLE what XML
 * cannot carry; throws a TypeError when an identifier or date-time breaks the standard's form, which is a bug of the caller.
 */
export function writeCap(notice: SentNotice, options: CapOptions): CanonicalCap {
  const sender = token(options.sender);
  const area = writeArea(notice.area);
  const resource = writePhoto(notice, options);
  const infos = LANGUAGES.map((language) => {
    const parameters = (options.parameters?.(language) ?? []).map(({ valueName, value }) => node('parameter', leaf('valueName', valueName), leaf('value', value)));
    return writeInfo(notice, language, [...parameters, resource && node('resource', leaf('resourceDesc', PHOTO[language]), resource), area(notice.texts[language].area)]);
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${CAP_NAMESPACE}">${[
    leaf('identifier', token(notice.identifier)),
    leaf('sender', sender),
    leaf('sent', dateTime(notice.sent)),
    // Test: "technical testing only, all recipients disregard" (section 3.2.1), in drill and live alike.
    leaf('status', notice.test ? 'Test' : notice.mode === 'drill' ? 'Exercise' : 'Actual'),
    leaf('msgType', MESSAGE_TYPE[notice.kind]),
    leaf('scope', 'Public'),
    notice.test ? leaf('note', TEST_NOTE) : notice.mode === 'drill' ? leaf('note', DRILL_NOTE) : '',
    leaf('references', notice.references.length ? notice.references.map((r) => `${sender},${token(r.identifier)},${dateTime(r.sent)}`).join(' ') : undefined),
    leaf('incidents', incident(notice.caseNumber)),
    ...infos,
  ].join('')}</alert>` as CanonicalCap;
}

/** SHA-1 in hexadecimal, as `digest` of a CAP resource wants it (section 3.2.3). Tells copies apart; protects nothing. */
export function resourceDigest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** Ring of WGS 84 positions as CAP writes it: `lat,lon` pairs apart by spaces, the first repeated at the end (section 3.2.4). */
export function capPolygon(ring: readonly Position[]): string {
  const pairs = ring.map(([lon, lat]) => `${degrees(lat)},${degrees(lon)}`);
  if (pairs[0] !== undefined && pairs.at(-1) !== pairs[0]) pairs.push(pairs[0]);
  if (pairs.length < 4) throw new TypeError('a polygon has at least three corners');
  return pairs.join(' ');
}

/** `rest` is what follows `contact`: parameters, resource and area, in the order of the standard. */
function writeInfo(notice: SentNotice, language: Language, rest: readonly string[]): string {
  const texts = notice.texts[language];
  const ended = notice.kind === 'found' || notice.kind === 'withdrawn';
  return node(
    'info',
    leaf('language', language),
    leaf('category', 'Safety'),
    ended || notice.test ? '' : leaf('category', 'Rescue'),
    leaf('event', (notice.test ? TEST_EVENT : EVENT)[language]),
    leaf('responseType', notice.test ? 'None' : ended ? 'AllClear' : 'Monitor'),
    leaf('urgency', notice.test ? 'Unknown' : ended ? 'Past' : 'Immediate'),
    leaf('severity', notice.test || ended ? 'Minor' : 'Severe'),
    leaf('certainty', notice.test ? 'Unlikely' : ended ? 'Observed' : 'Likely'),
    // Missing and Endangered Persons (47 CFR 11.31): says nothing about what the police suspect, unlike CAE. A test is the one
    // of links (RWT), which is not relayed.
    node('eventCode', leaf('valueName', 'SAME'), leaf('value', notice.test ? 'RWT' : 'MEP')),
    leaf('effective', notice.sent),
    leaf('expires', dateTime(notice.expires)),
    leaf('senderName', SENDER_NAME[language]),
    leaf('headline', texts.headline),
    leaf('description', texts.full),
    leaf('instruction', texts.instruction),
    leaf('web', notice.url),
    leaf('contact', notice.policeTelephone),
    ...rest,
  );
}

/** Everything of `resource` after its description, which is the one word in it that has a language. */
function writePhoto(notice: SentNotice, options: CapOptions): string {
  if (!notice.photo) return '';
  if (options.photoUri === undefined) throw new TypeError('a notice with a photo needs its address');
  return [
    leaf('mimeType', notice.photo.mediaType),
    leaf('size', String(notice.photo.bytes)),
    leaf('uri', options.photoUri),
    leaf('digest', options.photo && resourceDigest(options.photo)),
  ].join('');
}

/** The polygons are long and the same in each language: written once. */
function writeArea(area: Area): (description: string) => string {
  const polygons = areaPolygons(area).map((ring) => leaf('polygon', capPolygon(ring)));
  const codes = area.kind === 'districts' ? area.codes.map((code) => geocode('ISO3166-2', code)) : area.kind === 'country' ? [geocode('ISO3166-1', 'RS')] : [];
  return (description) => node('area', leaf('areaDesc', description), ...polygons, ...codes);
}

const geocode = (name: string, value: string): string => node('geocode', leaf('valueName', name), leaf('value', value));

/** Six decimals are a decimetre; a trailing zero says nothing. */
function degrees(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** Incidents are apart by spaces, and one that has a space is quoted (section 3.2.1). */
function incident(caseNumber: string): string | undefined {
  if (caseNumber.includes('"')) return undefined;
  return /\s/.test(caseNumber) ? `"${caseNumber}"` : caseNumber;
}

function token(text: string): string {
  if (!/^[^\s,<&]+$/.test(text)) throw new TypeError('CAP identifiers and senders have no spaces, commas, < or &');
  return text;
}

function dateTime(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d$/.test(text)) throw new TypeError('CAP date-times have an offset and no fraction');
  return text;
}
