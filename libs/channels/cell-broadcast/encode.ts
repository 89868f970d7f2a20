import { createHash } from 'node:crypto';
import type { Language } from '#alerts/content.js';
import { cellBroadcastPages, measureCellBroadcast, type CellBroadcastMeasure } from '#alerts/encodings.js';
import type { Mode, Notice, NoticeKind, SentNotice } from '#alerts/notice.js';
import { isXmlText } from '#cap/xml.js';
import { writeCap, type CanonicalCap, type CapParameter } from '#cap/write.js';
import type { Exhibit, Piece, Preview } from '#dispatch/channel.js';
import { Refusal, type Fault } from '#kernel/errors.js';
import type { CbeCapSettings, CellBroadcastSettings, OsmoCbcSettings } from './config.js';

/**
 * EU-Alert classes with their message identifiers, for the first and for a further language (ETSI TS 102 900 table 1, 3GPP
 * TS 23.041 section 9.4.1.2.2).
 */
const CLASSES = {
  'eu-amber': { name: 'EU-Amber', identifiers: [4379, 4392] },
  'eu-alert-1': { name: 'EU-Alert Level 1', identifiers: [4370, 4383] },
  'eu-exercise': { name: 'EU-Exercise', identifiers: [4381, 4394] },
} as const;

/** Data coding schemes (TS 23.038 section 5): GSM 7 bit, language unspecified; UCS-2. */
const CODING = { gsm7: 0x0f, ucs2: 0x48 } as const;
/** Geographical scope of the serial number, TS 23.041 section 9.4.1.2.1: the whole network. */
const PLMN_WIDE = 1;
/** `num_of_bcast` is a 16-bit number, and 0 means without end. */
const MOST_BROADCASTS = 65_535;

const isEnding = ({ kind }: { readonly kind: NoticeKind }): boolean => kind === 'found' || kind === 'withdrawn';

/** One language of a notice on its way to handsets. */
export interface Slot {
  readonly language: Language;
  readonly messageId: number;
}

/** Under which identifiers a notice is broadcast. A drill never takes those of live alerts, whatever the settings say. */
export function slotsOf(mode: Mode, { languages, alertClass }: CellBroadcastSettings): readonly Slot[] {
  const { identifiers } = classOf(mode, alertClass);
  return languages.map((language, order) => ({ language, messageId: identifiers[order]! }));
}

function classOf(mode: Mode, alertClass: CellBroadcastSettings['alertClass']): (typeof CLASSES)[keyof typeof CLASSES] {
  return CLASSES[mode === 'drill' ? 'eu-exercise' : alertClass];
}

/**
 * Serial number, TS 23.041 section 9.4.1.2.1: two bits of scope, ten of message code, four of update number. The code is
 * that of the alert and the update number that of the revision, so a repetition is the same to a handset, which shows it
 * once, and an update is a newer one. No counter is kept.
 */
export function serialOf({ alertId, revision }: Pick<Notice, 'alertId' | 'revision'>): number {
  const code = createHash('sha256').update(alertId).digest().readUInt16BE(0) & 0x3ff;
  return (PLMN_WIDE << 14) | (code << 4) | ((revision - 1) & 0xf);
}

interface Words {
  readonly field: 'full' | 'short';
  readonly text: string;
  readonly measure: CellBroadcastMeasure | undefined;
}

/** The words for handsets: everything if it fits, else the short text, which names the page. Measure is absent when no text at all. */
function wordsOf(notice: Notice, language: Language): Words {
  const { full, short } = notice.texts[language];
  const whole = measured(full);
  return whole && whole.pages <= 15 ? { field: 'full', text: full, measure: whole } : { field: 'short', text: short, measure: measured(short) };
}

function measured(text: string): CellBroadcastMeasure | undefined {
  try {
    return measureCellBroadcast(text);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** What handsets would show, language by language, with every fault; nothing for an ending, which shows nothing. Pure. */
export function preview(notice: Notice, settings: CellBroadcastSettings): readonly Preview[] {
  if (isEnding(notice)) return [];
  return slotsOf(notice.mode, settings).map(({ language, messageId }) => {
    const { field, text, measure } = wordsOf(notice, language);
    const at = `texts.${language}.${field}`;
    const faults: Fault[] = [];
    if (!measure) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at });
    else if (measure.pages > 15) faults.push({ code: 'TEXT_TOO_LONG', field: at, detail: `Cell broadcast: ${measure.pages} pages, at most 15.` });
    if (settings.driver === 'cbe-cap' && measure && !isXmlText(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at, detail: 'XML 1.0.' });
    const gsm = measure?.encoding === 'gsm7';
    return {
      language, encoding: gsm ? 'GSM-7' : 'UCS-2', text, length: measure?.length ?? text.length, limit: measure?.limit ?? 615,
      unit: gsm ? 'septets' : 'code-units', segments: measure?.pages ?? 1, faults,
      fields: { 'EU-Alert': classOf(notice.mode, settings.alertClass).name, 'message identifier': String(messageId), 'serial number': String(serialOf(notice)) },
      ...(faults.length === 0 && { pieces: piecesOf(text) }),
    };
  });
}

/** The pages as handsets decode them: 82 octets each, padding included. */
function piecesOf(text: string): readonly Piece[] {
  const { pages, texts } = cellBroadcastPages(text);
  return pages.map((page, index) => ({ text: texts[index]!, octets: Buffer.from(page).toString('hex') }));
}

/** The CAP message, where that is what the operator gets. */
export function exhibits(_notice: Notice, settings: CellBroadcastSettings): readonly Exhibit[] {
  if (settings.driver !== 'cbe-cap') return [];
  return [{ name: 'cap.xml', mediaType: 'application/cap+xml', lacks: 'signature', make: ({ notice }) => Promise.resolve(Buffer.from(encodeCap(notice, settings))) }];
}

/** A body of `POST /api/ecbe/v1/message`: `cbc_message` of cbc.schema.json, in the wrapping that the program itself reads. */
export interface EcbeMessage {
  readonly cbe_name: string;
  readonly category: 'high_priority';
  readonly repetition_period: number;
  readonly num_of_bcast: number;
  readonly scope: { readonly scope_plmn: Readonly<Record<string, never>> };
  readonly smscb_message: {
    readonly message_id: number;
    readonly serial_nr: { readonly serial_nr_encoded: number };
    readonly payload: { readonly payload_encoded: { readonly dcs: number; readonly pages: readonly string[] } };
  };
}

/**
 * The messages of a notice for an Osmocom CBC, one a language. The pages are encoded here: the program takes UCS-2 text and
 * answers 201, but broadcasts nothing of it. The last broadcast begins before the alert's expiry. Throws TEXT_TOO_LONG,
 * TEXT_NOT_ENCODABLE.
 */
export function encodeEcbe(notice: SentNotice, settings: OsmoCbcSettings, now: Date): readonly EcbeMessage[] {
  const { cbeName, repetitionPeriod, periodMs } = settings;
  const left = Date.parse(notice.expires) - now.getTime();
  const broadcasts = Math.min(Math.max(Math.floor(left / (repetitionPeriod * periodMs)), 1), MOST_BROADCASTS);
  return slotsOf(notice.mode, settings).map(({ language, messageId }) => {
    const { encoding, pages } = cellBroadcastPages(wordsOf(notice, language).text);
    return {
      cbe_name: cbeName,
      category: 'high_priority',
      repetition_period: repetitionPeriod,
      num_of_bcast: broadcasts,
      scope: { scope_plmn: {} },
      smscb_message: {
        message_id: messageId,
        serial_nr: { serial_nr_encoded: serialOf(notice) },
        payload: { payload_encoded: { dcs: CODING[encoding], pages: pages.map((page) => Buffer.from(page).toString('hex')) } },
      },
    };
  });
}

/**
 * The CAP message of a notice for a cell broadcast entity, unsigned: as every partner gets it, without the photo, and in each
 * language that is broadcast the parameters from which the broadcast is made. Pure. Throws as `encodeEcbe`.
 */
export function encodeCap({ photo: _unseen, ...notice }: SentNotice, settings: CbeCapSettings): CanonicalCap {
  const slots = slotsOf(notice.mode, settings);
  return writeCap(notice, {
    sender: settings.sender,
    parameters: (language) => slots.filter((slot) => slot.language === language).flatMap((slot) => parametersOf(notice, slot, settings)),
  });
}

function parametersOf(notice: SentNotice, { language, messageId }: Slot, { alertClass }: CbeCapSettings): CapParameter[] {
  const parameters = [
    { valueName: 'EU-Alert', value: classOf(notice.mode, alertClass).name },
    { valueName: 'CellBroadcast-MessageIdentifier', value: String(messageId) },
    { valueName: 'CellBroadcast-SerialNumber', value: String(serialOf(notice)) },
  ];
  if (isEnding(notice)) return parameters;
  const { text } = wordsOf(notice, language);
  // What fits no broadcast must not leave: the entity would have to shorten it.
  const { encoding } = cellBroadcastPages(text);
  return [...parameters, { valueName: 'CellBroadcast-Encoding', value: encoding === 'gsm7' ? 'GSM-7' : 'UCS-2' }, { valueName: 'CellBroadcast-Text', value: text }];
}
