import { foldToAscii } from './scripts.js';

/** What a sign of letters can show: rows of a page, letters of a row, pages shown in turn. */
export interface SignSize {
  readonly rows: number;
  readonly columns: number;
  readonly maxPages: number;
}

/** `ascii`: a sign without diacritics, capitals only; `unicode`: one that has every letter, capitals too. */
export type SignCharset = 'ascii' | 'unicode';

export interface SignRequest {
  /** What is to be read. No-break spaces hold words together. */
  readonly text: string;
  readonly size: SignSize;
  readonly charset: SignCharset;
  /** Stands alone in the first row of every page: a page is read without the others, so each says that it is a drill. */
  readonly banner?: string;
}

/** A text on a sign, or why it cannot be there. Nothing is ever cut. */
export type SignText =
  | { readonly fits: true; readonly pages: readonly SignPage[] }
  | {
      readonly fits: false;
      /** `letters`: some letter does not exist on the sign; `row`: one word, plate or number is wider than a row; `pages`: more pages than allowed. */
      readonly why: 'letters' | 'row' | 'pages';
      /** The whole text as the sign would spell it, in one line. */
      readonly text: string;
    };

/** The rows of a page, from the top; as many as are needed, none empty. */
export type SignPage = readonly string[];

const NO_BREAK = '\u00a0';
/** A Serbian number plate written with spaces or hyphens, as in `BG 123-AB`. */
const PLATE = /(?<![\p{L}\d])([A-ZČĆŠŽĐ]{2})[ -](\d{3,5})[ -]([A-ZČĆŠŽĐ]{2})(?![\p{L}\d])/gu;
/** Groups of digits that are one number when read out: `011 123-456`, `+381 11 123 456`. */
const TELEPHONE = /(?<![\p{L}\d])\+?\d{2,}(?: \d{2,}(?:-\d{2,})*)+(?![\p{L}\d])/gu;

/** A text as the sign spells it: capitals, and without diacritics where the sign has none. Lines become spaces. */
export function spellForSign(text: string, charset: SignCharset): string {
  // Capitals first: among them đ becomes DJ and not Dj.
  const capitals = text.normalize('NFC').toUpperCase();
  const held = (match: string): string => match.replaceAll(' ', NO_BREAK);
  const words = capitals.replace(PLATE, held).replace(TELEPHONE, held).split(/[^\S\u00a0]+/u).filter((word) => word !== '');
  return words.map((word) => word.split(NO_BREAK).map((part) => (charset === 'ascii' ? foldToAscii(part) : part)).join(NO_BREAK)).join(' ');
}

/**
 * Lays a text out on a sign: whole words, row by row, page by page. A plate or a telephone number is never torn apart, and
 * nothing is left out: a text that does not fit is a fault. Deterministic, and as few pages as filling rows from the top
 * gives. Throws a RangeError on a size without a row, a column or a page, which is a fault of the configuration.
 */
export function fitSignText({ text, size, charset, banner }: SignRequest): SignText {
  if (![size.rows, size.columns, size.maxPages].every((n) => Number.isInteger(n) && n > 0)) throw new RangeError('a sign has rows, columns and pages');
  const spelled = spellForSign(text, charset);
  const mark = banner === undefined ? undefined : spellForSign(banner, charset);
  const shown = (spelling: string): string => spelling.replaceAll(NO_BREAK, ' ');
  const misfit = (why: 'letters' | 'row' | 'pages'): SignText => ({ fits: false, why, text: shown(spelled) });
  if (charset === 'ascii' && !/^[\x20-\x7e\u00a0]*$/.test(`${spelled}${mark ?? ''}`)) return misfit('letters');
  const rows: string[] = [];
  for (const word of spelled.split(' ').filter((w) => w !== '').map(shown)) {
    if (width(word) > size.columns) return misfit('row');
    const last = rows.at(-1);
    if (last !== undefined && width(last) + 1 + width(word) <= size.columns) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  if (mark !== undefined && width(mark) > size.columns) return misfit('row');
  const free = size.rows - (mark === undefined ? 0 : 1);
  if (free < 1) return misfit('pages');
  const pages = Array.from({ length: Math.ceil(rows.length / free) }, (_, page) => [
    ...(mark === undefined ? [] : [shown(mark)]),
    ...rows.slice(page * free, (page + 1) * free),
  ]);
  return pages.length > size.maxPages ? misfit('pages') : { fits: true, pages };
}

/** Letters of a text on a sign: one for each code point. */
function width(text: string): number {
  return [...text].length;
}
