import sharp from 'sharp';
import type { Fault } from '#kernel/errors.js';
import type { Language } from '../content.js';
import type { Notice, NoticeKind } from '../notice.js';
import { ENGLISH } from '../words-english.js';
import { SERBIAN_CYRILLIC, SERBIAN_LATIN } from '../words-serbian.js';
import type { Words } from '../words.js';
import { setBlock, type Box, type Run, type Setting } from './block.js';
import { missingIn } from './font.js';

/**
 * What a card is made for: `television` keeps everything inside the area that every set shows (5% from each edge, EBU R 95);
 * `landscape` and `portrait` are for displays, which show all of it.
 */
export type CardFormat = 'television' | 'landscape' | 'portrait';

export const CARD_SIZES: Readonly<Record<CardFormat, { readonly width: number; readonly height: number }>> = {
  television: { width: 1920, height: 1080 }, landscape: { width: 1920, height: 1080 }, portrait: { width: 1080, height: 1920 },
};

/** A card that is laid out: everything but the pixels of the photo. */
export interface Card {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
  /** Where the photo goes, whole and unchanged in shape. */
  readonly photo?: Box;
  /** Texts that do not fit at the smallest legible size, and signs that the lettering does not have. */
  readonly faults: readonly Fault[];
}

const WORDS: Readonly<Record<Language, Words>> = { 'sr-Latn': SERBIAN_LATIN, 'sr-Cyrl': SERBIAN_CYRILLIC, en: ENGLISH };
const HEADS: Readonly<Record<Language, Readonly<Record<NoticeKind, string>>>> = {
  'sr-Latn': { alert: 'Nestalo dete', update: 'Nestalo dete – dopuna', found: 'Potraga je završena', withdrawn: 'Obaveštenje je povučeno' },
  'sr-Cyrl': { alert: 'Нестало дете', update: 'Нестало дете – допуна', found: 'Потрага је завршена', withdrawn: 'Обавештење је повучено' },
  en: { alert: 'Missing child', update: 'Missing child – update', found: 'The search has ended', withdrawn: 'The notice has been withdrawn' },
};

const INK = '#13263a';
const WHITE = '#ffffff';
const MUTED = '#a9c1d9';
const AMBER = '#f6b93b';
// Calm colours that keep their contrast (7 to 1 and more) on cheap screens too; a drill looks like nothing else.
const HEAD_COLOURS: Readonly<Record<NoticeKind, readonly [ground: string, ink: string]>> = { alert: [AMBER, INK], update: [AMBER, INK], found: ['#bfe3c8', INK], withdrawn: ['#cdd6df', INK] };
const DRILL: readonly [ground: string, ink: string] = ['#d9c2f0', '#2c1248'];

interface Plan {
  readonly head: Box;
  readonly photo: Box;
  readonly text: Box;
  readonly textAlone: Box;
  readonly foot: Box;
  readonly headline: Setting;
  readonly rows: Setting;
}

const box = (x: number, y: number, width: number, height: number): Box => ({ x, y, width, height });
const HEADLINE = { lineHeight: 1.12, gap: 0 };
const ROWS = { lineHeight: 1.28, gap: 0.35 };

/** Regions between the edges of a lying picture. */
function lying(edgeX: number, edgeY: number): Plan {
  const [width, height] = [1920 - 2 * edgeX, 1080 - 2 * edgeY];
  const top = edgeY + 124;
  const footTop = edgeY + height - 158;
  const photo = box(edgeX, top, 540, footTop - top - 32);
  return {
    head: box(edgeX, edgeY, width, 92), photo,
    text: box(photo.x + photo.width + 56, top, width - photo.width - 56, photo.height), textAlone: box(edgeX, top, width, photo.height),
    foot: box(edgeX, footTop, width, 158),
    headline: { ...HEADLINE, largest: 76, smallest: 42 }, rows: { ...ROWS, largest: 42, smallest: 25 },
  };
}

const PLANS: Readonly<Record<CardFormat, Plan>> = {
  television: lying(96, 54),
  landscape: lying(56, 44),
  portrait: {
    head: box(56, 56, 968, 108), photo: box(56, 196, 968, 700), text: box(56, 928, 968, 704), textAlone: box(56, 196, 968, 1436), foot: box(56, 1664, 968, 200),
    headline: { ...HEADLINE, largest: 74, smallest: 42 }, rows: { ...ROWS, largest: 44, smallest: 25 },
  },
};

/**
 * Lays a notice out as a card, in the frozen words of one language: who is missing, what is known, the telephone of the
 * police and the page. `withPhoto` leaves room for the photo. Nothing is cut: what does not fit is a fault. Pure.
 */
export function layCard(notice: Notice, format: CardFormat, language: Language, withPhoto: boolean): Card {
  const { width, height } = CARD_SIZES[format];
  const plan = PLANS[format];
  const words = WORDS[language];
  const [ground, ink] = notice.mode === 'drill' ? DRILL : HEAD_COLOURS[notice.kind];
  const faults: Fault[] = [];
  const parts: string[] = [];
  const put = (field: string, paragraphs: readonly (readonly Run[])[], where: Box, setting: Setting): number => {
    const missing = missingIn(paragraphs.flat().map((run) => run.text).join(''));
    if (missing.length > 0) faults.push({ code: 'TEXT_NOT_ENCODABLE', field, detail: `${missing.length} signs are not in the lettering.` });
    const block = setBlock(paragraphs, where, setting);
    if (!block.fits) {
      faults.push({ code: 'TEXT_TOO_LONG', field, detail: `Does not fit the ${format} picture at ${setting.smallest} pixels.` });
      return 0;
    }
    parts.push(block.draw());
    return block.height;
  };
  const rect = ({ x, y, width: w, height: h }: Box, fill: string, round = 14): void => void parts.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${round}" fill="${fill}"/>`);

  // Head: what kind of notice this is; in a drill nothing but that.
  rect(plan.head, ground);
  if (notice.mode === 'drill') parts.push(stripes(plan.head));
  const title = notice.mode === 'drill' ? `${words.drill} – ${HEADS[language][notice.kind]} – ${words.drill}` : HEADS[language][notice.kind];
  put('head', [[{ text: title.toLocaleUpperCase('sr'), weight: 'bold', colour: ink }]], inset(plan.head, 96, 8), { largest: 58, smallest: 30, lineHeight: 1.1, gap: 0, align: 'centre', stands: 'middle' });

  const photo = withPhoto ? placeFor(notice, plan, format) : undefined;
  if (photo) rect(photo, '#e9eef3');
  const ends = notice.kind === 'found' || notice.kind === 'withdrawn';
  const text = photo ? beside(photo, plan, format) : ends ? { ...plan.textAlone, y: plan.textAlone.y + 90, height: plan.textAlone.height - 90 } : plan.textAlone;
  const headline = [[{ text: notice.texts[language].headline, weight: 'bold' as const, colour: WHITE }]];
  const rows = rowsOf(notice, language);
  const below = (used: number): Box => ({ ...text, y: text.y + used + GAP, height: text.height - used - GAP });
  // A large headline gives way to rows that would be small beneath it.
  const rowsUnder = (size: number): number => {
    const set = setBlock(headline, text, { ...plan.headline, largest: size });
    const under = set.fits ? setBlock(rows, below(set.height), plan.rows) : set;
    return under.fits ? under.size : 0;
  };
  const sizes = [1, 0.85, 0.7].map((part) => Math.round(plan.headline.largest * part));
  const largest = sizes.find((size) => rowsUnder(size) >= COMFORTABLE) ?? sizes.at(-1)!;
  const used = put(`texts.${language}.headline`, headline, text, { ...plan.headline, largest });
  put(`texts.${language}.full`, rows, below(used), ends ? { ...plan.rows, largest: 52 } : plan.rows);
  foot(notice, words, plan.foot, { put, rect });

  return {
    width, height, faults, ...(photo && { photo: inset(photo, MAT, MAT) }),
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="${INK}"/>${parts.join('')}</svg>`,
  };
}

interface Pen {
  put(field: string, paragraphs: readonly (readonly Run[])[], where: Box, setting: Setting): number;
  rect(where: Box, fill: string, round?: number): void;
}

/** Whom to call, large enough to be read across a hall; under it the page and the number of the case. */
function foot(notice: Notice, words: Words, where: Box, { put, rect }: Pen): void {
  const small = [[{ text: notice.url, weight: 'regular' as const, colour: MUTED }], [{ text: `${words.labels.caseNumber} ${notice.caseNumber}`, weight: 'regular' as const, colour: MUTED }]];
  const setting: Setting = { largest: 30, smallest: 22, lineHeight: 1.25, gap: 0, stands: 'middle' };
  if (notice.kind === 'found' || notice.kind === 'withdrawn') return void put('foot', small, where, setting);
  const number = box(where.x, where.y, where.height * 2, where.height);
  rect(number, notice.mode === 'drill' ? DRILL[0] : WHITE);
  put('policeTelephone', [[{ text: notice.policeTelephone, weight: 'bold', colour: INK }]], inset(number, 20, 4), { largest: 150, smallest: 34, lineHeight: 1, gap: 0, align: 'centre', stands: 'middle' });
  const rest = box(number.x + number.width + 32, where.y, where.width - number.width - 32, where.height);
  const call = { ...rest, height: where.height * 0.5 };
  const said = notice.mode === 'drill' ? words.drillSentence : words.call.replace(/:$/, '.');
  put('foot', [[{ text: said, weight: 'bold', colour: WHITE }]], call, { ...setting, largest: 38, smallest: 24 });
  put('foot', small, { ...rest, y: call.y + call.height, height: where.height - call.height }, setting);
}

const GAP = 28;
/** Size of rows, in pixels, that is read with ease from a sofa. */
const COMFORTABLE = 32;
/** White around the photo. */
const MAT = 12;

/** Where a photo of this shape stands, its mat included: as large as the plan allows. */
function placeFor({ photo }: Notice, { photo: room }: Plan, format: CardFormat): Box {
  if (!photo) return room;
  const scale = Math.min((room.width - 2 * MAT) / photo.width, (room.height - 2 * MAT) / photo.height);
  const [width, height] = [Math.round(photo.width * scale) + 2 * MAT, Math.round(photo.height * scale) + 2 * MAT];
  return format === 'portrait' ? box(room.x + Math.round((room.width - width) / 2), room.y, width, height) : box(room.x, room.y, width, height);
}

/** What a photo leaves to the text: beside it, or below it in a standing picture. */
function beside(photo: Box, { text }: Plan, format: CardFormat): Box {
  if (format === 'portrait') {
    const y = photo.y + photo.height + 32;
    return { ...text, y, height: text.y + text.height - y };
  }
  const x = photo.x + photo.width + 56;
  return { ...text, x, width: text.x + text.width - x };
}

/** Labelled values up to so many letters share a line with their neighbours. */
const BRIEF = 26;

/** The lines of the full text that viewers need; what stands elsewhere on the card, or is meant for editors, is left there. */
function rowsOf({ texts, url, caseNumber }: Notice, language: Language): Run[][] {
  const { headline, full } = texts[language];
  const words = WORDS[language];
  const elsewhere = (line: string): boolean => headline.includes(line) || line === url || line.startsWith(words.labels.position) || line.startsWith(words.call)
    || line === `${words.labels.caseNumber} ${caseNumber}` || line.includes(words.drillSentence) || line === words.erase || line.startsWith(words.labels.police);
  const paragraphs: Run[][] = [];
  let afterBrief = false;
  for (const line of full.split('\n').filter((text) => text.trim() !== '' && !elsewhere(text))) {
    const [, label, text] = /^(\p{L}[^:]{1,30}:) (.+)$/u.exec(line) ?? [];
    const runs: Run[] = label === undefined || text === undefined
      ? [{ text: line, weight: 'regular', colour: WHITE }]
      : [{ text: label, weight: 'bold', colour: MUTED }, { text, weight: 'regular', colour: WHITE }];
    const isBrief = text !== undefined && text.length <= BRIEF;
    if (isBrief && afterBrief) paragraphs.at(-1)!.push({ text: '•', weight: 'regular', colour: MUTED }, ...runs);
    else paragraphs.push(runs);
    afterBrief = isBrief;
  }
  return paragraphs;
}

const inset = ({ x, y, width, height }: Box, by: number, byY: number): Box => ({ x: x + by, y: y + byY, width: width - 2 * by, height: height - 2 * byY });

/** Slanted stripes at both ends of the head: a drill is seen from afar, before a word is read. */
function stripes({ x, y, width, height }: Box): string {
  const id = 'head';
  const one = (left: number): string => `<path d="M${left + 18} ${y} h16 l-18 ${height} h-16 z" fill="#8a5fb8"/>`;
  const lefts = [0, 1, 2].flatMap((i) => [x + i * 32, x + width - 98 + i * 32]);
  return `<clipPath id="${id}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14"/></clipPath><g clip-path="url(#${id})">${lefts.map(one).join('')}</g>`;
}

/** A picture as bytes. */
export type PictureType = 'image/png' | 'image/jpeg';

/** Draws a card. The photo keeps its shape: it is fitted into its place and never cut. */
export async function drawCard(card: Card, type: PictureType, photo?: Uint8Array): Promise<Buffer> {
  const layers = card.photo && photo ? [await fitted(photo, card.photo)] : [];
  const picture = sharp(Buffer.from(card.svg)).flatten({ background: INK }).composite(layers).toColourspace('srgb');
  return (type === 'image/png' ? picture.png({ compressionLevel: 6 }) : picture.jpeg({ quality: 88, chromaSubsampling: '4:4:4' })).toBuffer();
}

async function fitted(photo: Uint8Array, { x, y, width, height }: Box): Promise<{ input: Buffer; left: number; top: number }> {
  const { data, info } = await sharp(photo).resize({ width: Math.floor(width), height: Math.floor(height), fit: 'inside' }).png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
  return { input: data, left: Math.round(x + (width - info.width) / 2), top: Math.round(y + (height - info.height) / 2) };
}
