import type { Language } from '#alerts/content.js';
import type { Notice } from '#alerts/notice.js';
import { fitSignText, type SignCharset, type SignSize, type SignText } from '#alerts/sign-text.js';
import { leastSignWords, signWords } from '#alerts/sign-words.js';
import type { Fault } from '#kernel/errors.js';
import type { Preview } from './channel.js';

/** What a sign of letters can show, and in which language it speaks. */
export interface SignForm extends SignSize {
  readonly charset: SignCharset;
  readonly language: Language;
}

/** A notice laid out on a sign, or why it cannot be shown there. */
export function fitSign(notice: Notice, { charset, language, ...size }: SignForm): SignText {
  return fitSignText({ ...signWords(notice, language), size, charset });
}

/**
 * Whether a sign is large enough for the shortest alert there can be: one that is not would be found only when an alert cannot be
 * submitted for it. Of sizes that are none it says nothing.
 */
export function canShowAnything({ charset, language, ...size }: SignForm): boolean {
  return [size.rows, size.columns, size.maxPages].some((n) => n < 1) || fitSignText({ ...leastSignWords(language), size, charset }).fits;
}

/** What is said of a sign that is not. */
export const TOO_SMALL = { path: ['columns'], error: 'too small for the shortest alert: more columns, rows or pages' };

/** The fault of a text that a sign cannot show whole; it names the sign where there are several. */
export function signFault({ language, rows, columns, maxPages }: SignForm, why: 'letters' | 'row' | 'pages', sign?: string): Fault {
  const field = `texts.${language}.headline`;
  if (why === 'letters') return { code: 'TEXT_NOT_ENCODABLE', field, ...(sign !== undefined && { detail: `Sign ${sign}.` }) };
  return { code: 'TEXT_TOO_LONG', field, detail: `${sign === undefined ? '' : `Sign ${sign}: `}${maxPages} pages of ${rows} rows of ${columns} letters.` };
}

/** What signs of one form will show, page by page. Nothing is shortened. */
export function previewSign(fitted: SignText, { language, charset, rows, columns, maxPages }: SignForm, of: { readonly signs: readonly string[]; readonly centred: boolean; readonly pageSeconds?: number }): Preview {
  const pages = fitted.fits ? fitted.pages.map((page) => page.join('\n')) : [];
  const text = fitted.fits ? pages.join('\n\n') : fitted.text;
  const named: readonly (string | undefined)[] = of.signs.length > 0 ? of.signs : [undefined];
  return {
    language,
    encoding: charset === 'ascii' ? 'ASCII' : 'UTF-8',
    text,
    length: [...text].length,
    // Every row with its end, and an empty one after each page.
    limit: maxPages * (rows * (columns + 1) + 1),
    unit: 'characters',
    segments: Math.max(1, pages.length),
    faults: fitted.fits ? [] : named.map((sign) => signFault({ language, charset, rows, columns, maxPages }, fitted.why, sign)),
    face: { ...of, rows, columns },
    ...(fitted.fits && { pieces: pages.map((page) => ({ text: page })) }),
  };
}
