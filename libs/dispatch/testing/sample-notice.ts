import { randomUUID } from 'node:crypto';
import type { AlertId, DeliveryId } from '#kernel/ids.js';
import { sha256Hex } from '#kernel/canonical.js';
import type { Content, Language } from '#alerts/content.js';
import { contentHashOf, type Mode, type Notice, type SentNotice, type Texts } from '#alerts/notice.js';
import type { Message, Photo } from '../channel.js';

/**
 * The words of an invented child's name. No real person has it; wherever one of these words appears in a log, an error or
 * a reason, a child's data leaked.
 */
export const CANARY_NAMES = ['Kanarinka', 'Probić', 'Канаринка', 'Пробић'] as const;

const LATIN = 'Kanarinka Probić';
const CYRILLIC = 'Канаринка Пробић';

/** A grey square of 16 by 16 pixels: a whole, valid JPEG. */
const JPEG = Buffer.from(
  '/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9j' +
    'QjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAA' +
    'AAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAAA//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/' +
    'AKAGC//Z',
  'base64',
);

/** The photo that belongs to every sample notice with content. */
export const samplePhoto: Photo = { sha256: sha256Hex(JPEG), mediaType: 'image/jpeg', bytes: new Uint8Array(JPEG) };

const url = (alertId: string) => `https://pronadjime.example/p/${alertId.slice(0, 8)}`;

function alertTexts(mode: Mode, address: string): Record<Language, Texts> {
  const drill = mode === 'drill';
  return {
    'sr-Latn': {
      headline: `${drill ? 'VEŽBA: ' : ''}Nestala devojčica: ${LATIN} (6)`,
      short: `${drill ? 'VEŽBA. ' : ''}NESTALA: ${LATIN} (6), Niš, 24.11.2026. u 13.45. Visina 118 cm, crvena jakna. Pozovite 192. ${address}`,
      full: `${drill ? 'Ovo je vežba.\n' : ''}${LATIN}, stara 6 godina, nestala je 24.11.2026. u 13.45 u Nišu, kod Tvrđave.\nVisina 118 cm, crvena jakna, plave čizme.`,
      instruction: 'Ako je vidite, odmah pozovite 192 i ne gubite je iz vida.',
      area: 'Nišavski okrug',
    },
    'sr-Cyrl': {
      headline: `${drill ? 'ВЕЖБА: ' : ''}Нестала девојчица: ${CYRILLIC} (6)`,
      short: `${drill ? 'ВЕЖБА. ' : ''}НЕСТАЛА: ${CYRILLIC} (6), Ниш, 24.11.2026. у 13.45. Висина 118 цм, црвена јакна. Позовите 192. ${address}`,
      full: `${drill ? 'Ово је вежба.\n' : ''}${CYRILLIC}, стара 6 година, нестала је 24.11.2026. у 13.45 у Нишу, код Тврђаве.\nВисина 118 цм, црвена јакна, плаве чизме.`,
      instruction: 'Ако је видите, одмах позовите 192 и не губите је из вида.',
      area: 'Нишавски округ',
    },
    en: {
      headline: `${drill ? 'DRILL: ' : ''}Missing girl: ${LATIN} (6)`,
      short: `${drill ? 'DRILL. ' : ''}MISSING: ${LATIN} (6), Niš, 24 Nov 2026 at 13:45. Height 118 cm, red jacket. Call 192. ${address}`,
      full: `${drill ? 'This is a drill.\n' : ''}${LATIN}, 6 years old, has been missing since 24 November 2026, 13:45, in Niš, near the Fortress.\nHeight 118 cm, red jacket, blue boots.`,
      instruction: 'If you see her, call 192 at once and keep her in sight.',
      area: 'Nišava district',
    },
  };
}

function endingTexts(mode: Mode, kind: 'found' | 'withdrawn', address: string): Record<Language, Texts> {
  const drill = mode === 'drill';
  const found = kind === 'found';
  const words = (mark: string, sentence: string, instruction: string, area: string): Texts => ({
    headline: `${drill ? `${mark}: ` : ''}${sentence}`,
    short: `${drill ? `${mark}. ` : ''}${sentence}. 192. ${address}`,
    full: `${drill ? `${mark}.\n` : ''}${sentence}.`,
    instruction,
    area,
  });
  return {
    'sr-Latn': words('VEŽBA', found ? 'Dete je pronađeno' : 'Obaveštenje je povučeno', 'Obustavite objavljivanje i obrišite podatke.', 'Nišavski okrug'),
    'sr-Cyrl': words('ВЕЖБА', found ? 'Дете је пронађено' : 'Обавештење је повучено', 'Обуставите објављивање и обришите податке.', 'Нишавски округ'),
    en: words('DRILL', found ? 'The child has been found' : 'The notice is withdrawn', 'Stop publishing and erase the data.', 'Nišava district'),
  };
}

const content: Content = {
  caseNumber: 'NI-2026-0417',
  child: {
    name: { latin: LATIN, cyrillic: CYRILLIC },
    birthDate: '2020-05-02',
    sex: 'female',
    heightCm: 118,
    clothing: { 'sr-Latn': 'crvena jakna, plave čizme', 'sr-Cyrl': 'црвена јакна, плаве чизме', en: 'red jacket, blue boots' },
    vulnerable: false,
  },
  lastSeen: {
    at: '2026-11-24T13:45:00+01:00',
    place: { 'sr-Latn': 'Niš, kod Tvrđave', 'sr-Cyrl': 'Ниш, код Тврђаве', en: 'Niš, near the Fortress' },
    position: [21.8958, 43.3247],
  },
  policeTelephone: '192',
  assessment: { criterion: 'under_7', reason: 'Izmišljen slučaj za probu.', judgedBy: 'Inspektor 0001' },
  area: { kind: 'districts', codes: ['RS-20'] },
  validHours: 12,
  photo: { sha256: samplePhoto.sha256, mediaType: 'image/jpeg', width: 16, height: 16, bytes: JPEG.length },
};

/** Sets what is given over a notice and binds the result to its own valid hash. */
function sealed(notice: Notice, sent: string, expires: string, overrides: Partial<SentNotice>): SentNotice {
  const merged: Omit<SentNotice, 'contentHash'> = { ...notice, sent, expires, ...overrides };
  return { ...merged, contentHash: overrides.contentHash ?? contentHashOf(merged) };
}

/**
 * An approved notice about an invented child, whole and valid, new identifiers at every call. It is a drill unless
 * `mode` says otherwise; what is given replaces its field, and the content hash is computed over the result.
 */
export function sampleNotice(overrides: Partial<SentNotice> = {}): SentNotice {
  const alertId = overrides.alertId ?? (randomUUID() as string as AlertId);
  const mode = overrides.mode ?? 'drill';
  const address = overrides.url ?? url(alertId);
  const notice: Notice = {
    alertId,
    revision: 1,
    mode,
    kind: 'alert',
    identifier: `findme-${alertId}-1`,
    references: [],
    salt: sha256Hex(alertId).slice(0, 32),
    caseNumber: content.caseNumber,
    texts: alertTexts(mode, address),
    area: content.area,
    validHours: content.validHours,
    policeTelephone: content.policeTelephone,
    url: address,
    content,
    ...(content.photo && { photo: content.photo }),
  };
  return sealed(notice, '2026-11-24T18:00:00+01:00', '2026-11-25T06:00:00+01:00', overrides);
}

/** An update of `of`: the next revision, referring to it. */
export function sampleUpdate(of: SentNotice = sampleNotice(), overrides: Partial<SentNotice> = {}): SentNotice {
  const revision = of.revision + 1;
  return sampleNotice({
    alertId: of.alertId,
    mode: of.mode,
    revision,
    kind: 'update',
    identifier: `findme-${of.alertId}-${revision}`,
    references: [...of.references, { identifier: of.identifier, sent: of.sent }],
    sent: '2026-11-24T19:00:00+01:00',
    ...overrides,
  });
}

/** The ending of `of` (a new sample when not given): refers to it and repeats no personal data. */
export function sampleEnding(kind: 'found' | 'withdrawn', of: SentNotice = sampleNotice(), overrides: Partial<SentNotice> = {}): SentNotice {
  const revision = of.revision + 1;
  const notice: Notice = {
    alertId: of.alertId,
    revision,
    mode: of.mode,
    kind,
    identifier: `findme-${of.alertId}-${revision}`,
    references: [...of.references, { identifier: of.identifier, sent: of.sent }],
    salt: sha256Hex(`${of.alertId}/${revision}`).slice(0, 32),
    caseNumber: of.caseNumber,
    texts: endingTexts(of.mode, kind, of.url),
    area: of.area,
    validHours: of.validHours,
    policeTelephone: of.policeTelephone,
    url: of.url,
  };
  return sealed(notice, '2026-11-24T20:00:00+01:00', of.expires, overrides);
}

/** A message with a new key: of a new sample alert with its photo, or of the notice given. */
export function sampleMessage(overrides: Partial<Message> = {}): Message {
  const notice = overrides.notice ?? sampleNotice();
  return {
    key: sha256Hex(randomUUID()).slice(0, 40),
    deliveryId: randomUUID() as string as DeliveryId,
    part: 0,
    notice,
    ...(notice.photo && { photo: samplePhoto }),
    ...overrides,
  };
}
