import type { Language } from './content.js';
import type { Notice } from './notice.js';
import * as english from './numbers-english.js';
import * as serbian from './numbers-serbian.js';
import { toLatin } from './scripts.js';

/** What an airing lasts at least, in seconds (rulebook, Official Gazette of RS 43/2024). */
export const LEAST_SECONDS = 20;

/**
 * A notice as a voice is to say it: the words of `short`, without the address of the page, and what to do. Dates, times,
 * plates, case numbers, telephones, measures and abbreviations are spelled out, so that no digit is left. Serbian is given
 * in Latin letters from either script, because both are spoken alike. Pure: the same notice gives the same words.
 */
export function spokenText(notice: Notice, language: Language): string {
  const { short, instruction } = notice.texts[language];
  const text = `${sentence(withoutAddress(short, notice.url))} ${sentence(instruction)}`;
  const special = { telephone: notice.policeTelephone, codes: [notice.caseNumber, notice.content?.vehicle?.plate].filter((code) => code !== undefined) };
  return language === 'en' ? speakEnglish(text, special) : speakSerbian(text, special);
}

/** What in a text is read sign by sign, as the notice names it. */
export interface Special {
  readonly telephone?: string;
  /** Case number and plate. */
  readonly codes?: readonly string[];
}

const sentence = (text: string): string => (/[.!?…]\s*$/u.test(text) ? text.trim() : `${text.trim()}.`);

function withoutAddress(text: string, url: string): string {
  return text.split(url).join(' ').replace(/\bhttps?:\/\/\S+/giu, ' ');
}

// Two letters of the place, three to five digits, two letters: plates of Serbia.
const PLATE = /(?<![\p{L}\d])([A-ZČĆŠŽĐ]{2})[- ]?(\d{3,5})[- ]?([A-Z]{2})(?![\p{L}\d])/gu;
const before = '(?<![\\p{L}\\d])';
const after = '(?![\\p{L}\\d])';
const word = (source: string, flags = 'gu'): RegExp => new RegExp(`${before}${source}${after}`, flags);
const exactly = (text: string): RegExp => word(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));

/** Compatibility forms of signs (½, ², full-width digits) become plain ones; what a voice might take for commands goes. */
const plain = (text: string): string => text.normalize('NFKC').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)));

/** Value of a decimal digit of any script: their ten code points follow each other (Unicode Standard, section 4.6). */
function digitValue(digit: string): number {
  if (/\d/.test(digit)) return Number(digit);
  const code = digit.codePointAt(0)!;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return value;
}

const tidy = (text: string): string => text
  .replace(/[„“”"«»‘’()[\]{}<>|\\^`~*_=#;\u2044]/gu, ' ').replace(/\s*[–—]\s*/gu, ', ').replace(/[-/]/g, ' ')
  .replace(/\p{N}/gu, ' ').replace(/\s+/g, ' ').replace(/\s+([,.!?:…])/gu, '$1').replace(/([,:])(?=[,.!?])/gu, '').replace(/([.!?])[.,:]+/gu, '$1').trim();

const MONTHS = ['januara', 'februara', 'marta', 'aprila', 'maja', 'juna', 'jula', 'avgusta', 'septembra', 'oktobra', 'novembra', 'decembra'];
type Unit = readonly [pattern: string, gender: serbian.Gender, singular: string, few: string, many: string];
const UNITS: readonly Unit[] = [
  ['cm', 'masculine', 'centimetar', 'centimetra', 'centimetara'], ['km\\/h', 'masculine', 'kilometar na čas', 'kilometra na čas', 'kilometara na čas'],
  ['km', 'masculine', 'kilometar', 'kilometra', 'kilometara'], ['kg', 'masculine', 'kilogram', 'kilograma', 'kilograma'],
  ['m', 'masculine', 'metar', 'metra', 'metara'], ['min', 'masculine', 'minut', 'minuta', 'minuta'], ['h', 'masculine', 'čas', 'časa', 'časova'],
  ['god', 'feminine', 'godina', 'godine', 'godina'],
];
// Nouns of women's gender that stand behind numbers in notices: their 1 and 2 are jedna and dve.
const FEMININE = /^\s+(godin|jakn|majic|košulj|cipel|patik|čizm|torb|kap|osob|devojčic|žen|ulic|sekund|nedelj|hiljad|ogrlic|naušnic|pletenic|traka|trake)/iu;
const ABBREVIATIONS: readonly (readonly [string, string])[] = [
  ['br\\.?', 'broj'], ['ul\\.', 'ulica'], ['bul\\.', 'bulevar'], ['tzv\\.', 'takozvani'], ['itd\\.', 'i tako dalje'], ['npr\\.', 'na primer'], ['tj\\.', 'to jest'], ['tel\\.', 'telefon'],
  ['BMW', 'be em ve'], ['VW', 'folksvagen'], ['sv\\.', 'sveti'], ['dr', 'doktor'], ['god\\.', 'godina'], ['čl\\.', 'član'], ['str\\.', 'strana'], ['mob\\.', 'mobilni'], ['okr\\.', 'okrug'], ['opšt\\.', 'opština'],
];
const ROMAN = ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII', 'XIII', 'XIV', 'XV', 'XVI', 'XVII', 'XVIII', 'XIX', 'XX'];

/** Serbian text of either script in words that a voice says right, in Latin letters, without a digit. */
export function speakSerbian(text: string, { telephone, codes = [] }: Special = {}): string {
  const { cardinal, ordinal, digitByDigit, letterByLetter, byCount } = serbian;
  let said = toLatin(plain(text));
  for (const code of codes) said = said.replace(exactly(toLatin(plain(code))), `, ${pieces(code, letterByLetter)},`);
  if (telephone) said = said.replace(exactly(telephone), digitByDigit(telephone));
  said = said.replace(PLATE, (_plate, place: string, digits: string, letters: string) => ` ${letterByLetter(place)}, ${digitByDigit(digits)}, ${letterByLetter(letters)},`);
  said = said.replace(word('(\\d{1,2})\\. ?(\\d{1,2})\\. ?(\\d{4})\\.?'), (whole, day: string, month: string, year: string) => {
    const name = MONTHS[Number(month) - 1];
    return name === undefined ? whole : `${ordinal(Number(day), 'og')} ${name} ${ordinal(Number(year), 'e')} godine`;
  });
  const clock = (hour: number, minute: number): string => {
    const hours = `${cardinal(hour)} ${byCount(hour, 'čas', 'časa', 'časova')}`;
    return minute === 0 ? hours : `${hours} i ${cardinal(minute)} ${byCount(minute, 'minut', 'minuta', 'minuta')}`;
  };
  said = said.replace(word('(u|do|od|oko|posle|pre)\\s+([01]?\\d|2[0-3])[.:]([0-5]\\d)(?: ?(?:časova|časa|čas|h))?'), (_whole, lead: string, hour: string, minute: string) => `${lead} ${clock(Number(hour), Number(minute))}`);
  said = said.replace(word('([01]?\\d|2[0-3]):([0-5]\\d)'), (_whole, hour: string, minute: string) => clock(Number(hour), Number(minute)));
  for (const [pattern, gender, singular, few, many] of UNITS) {
    said = said.replace(word(`(\\d{1,9}) ?${pattern}`), (_whole, digits: string) => `${cardinal(Number(digits), gender)} ${byCount(Number(digits), singular, few, many)}`);
  }
  said = said.replace(/(\d)\s?%/g, '$1 posto').replace(/(\d)\s?°\s?C?/g, '$1 stepeni').replace(/\+(?=\d)/g, ' plus ').replace(/\s[&+]\s/g, ' i ').replace(/@/g, ' et ').replace(/[€]/g, ' evra ').replace(/№/g, ' broj ');
  for (const [pattern, full] of ABBREVIATIONS) said = said.replace(new RegExp(`${before}${pattern}(?=\\s|$)`, 'giu'), full);
  said = said.replace(word('[IVX]{2,5}\\.?'), (roman) => (ROMAN.indexOf(roman.replace('.', '')) > 0 ? ordinal(ROMAN.indexOf(roman.replace('.', '')), 'i') : roman));
  said = said.replace(word('(\\d{1,3}(?:\\.\\d{3})+)'), (grouped) => grouped.replace(/\./g, ''));
  said = said.replace(/(\d+)[,.](\d+)/g, (_whole, whole: string, part: string) => `${wholeNumber(whole, digitByDigit, cardinal)} zarez ${digitByDigit(part)}`);
  said = said.replace(word('(\\d{1,3})\\.(?=\\s+\\p{Ll})'), (_whole, digits: string) => ordinal(Number(digits), 'i'));
  said = said.replace(/\d+/g, (digits, at: number) => ` ${wholeNumber(digits, digitByDigit, (n) => cardinal(n, FEMININE.test(said.slice(at + digits.length)) ? 'feminine' : 'masculine'))} `);
  return tidy(said.replace(word('[A-ZČĆŠŽĐ]{2,}'), (capitals) => (/[AEIOU]/.test(capitals) ? capitals.toLowerCase() : letterByLetter(capitals))));
}

const ENGLISH_MONTHS = 'January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec';
const ENGLISH_UNITS: readonly (readonly [string, string, string])[] = [
  ['cm', 'centimetre', 'centimetres'], ['km\\/h', 'kilometre an hour', 'kilometres an hour'], ['km', 'kilometre', 'kilometres'], ['kg', 'kilogram', 'kilograms'], ['m', 'metre', 'metres'],
];

/** English text in words, without a digit. */
export function speakEnglish(text: string, { telephone, codes = [] }: Special = {}): string {
  const { cardinal, ordinal, year, digitByDigit, letterByLetter } = english;
  let said = plain(text);
  for (const code of codes) said = said.replace(exactly(plain(code)), `, ${pieces(code, letterByLetter)},`);
  if (telephone) said = said.replace(exactly(telephone), digitByDigit(telephone));
  said = said.replace(PLATE, (_plate, place: string, digits: string, letters: string) => ` ${letterByLetter(place)}, ${digitByDigit(digits)}, ${letterByLetter(letters)},`);
  said = said.replace(word(`(\\d{1,2}) (${ENGLISH_MONTHS})\\.? (\\d{4})`), (_whole, day: string, month: string, digits: string) => {
    const full = ENGLISH_MONTHS.split('|').find((name) => name.startsWith(month.slice(0, 3)))!;
    return `the ${ordinal(Number(day))} of ${full} ${year(Number(digits))}`;
  });
  said = said.replace(word('([01]?\\d|2[0-3]):([0-5]\\d)'), (_whole, hour: string, minute: string) => (minute === '00'
    ? `${cardinal(Number(hour))} hundred hours`
    : `${cardinal(Number(hour))} ${minute.startsWith('0') ? `oh ${cardinal(Number(minute))}` : cardinal(Number(minute))}`));
  for (const [pattern, singular, many] of ENGLISH_UNITS) said = said.replace(word(`(\\d{1,9}) ?${pattern}`), (_whole, digits: string) => `${cardinal(Number(digits))} ${Number(digits) === 1 ? singular : many}`);
  said = said.replace(/(\d)\s?%/g, '$1 percent').replace(/\+(?=\d)/g, ' plus ').replace(/\s[&+]\s/g, ' and ').replace(/@/g, ' at ').replace(/№/g, ' number ');
  said = said.replace(word('(\\d+)(?:st|nd|rd|th)'), (_whole, digits: string) => (digits.length < 5 ? ordinal(Number(digits)) : digitByDigit(digits)));
  said = said.replace(word('(\\d{1,3}(?:,\\d{3})+)'), (grouped) => grouped.replace(/,/g, ''));
  said = said.replace(/(\d+)\.(\d+)/g, (_whole, whole: string, part: string) => `${wholeNumber(whole, digitByDigit, cardinal)} point ${digitByDigit(part)}`);
  said = said.replace(/\d+/g, (digits) => ` ${wholeNumber(digits, digitByDigit, cardinal)} `);
  return tidy(said.replace(word('[A-Z]{2,}'), (capitals) => (/[AEIOU]/.test(capitals) ? capitals.toLowerCase() : letterByLetter(capitals))));
}

/** A code in its pieces, each sign by its name: `NI-2026-0417`. */
const pieces = (code: string, spell: (text: string) => string): string => toLatin(plain(code)).split(/[^\p{L}\d]+/u).map(spell).filter((piece) => piece !== '').join(', ');

/** As a number where it is one; sign by sign where it begins with 0 or is too long to be said. */
const wholeNumber = (digits: string, digitByDigit: (digits: string) => string, cardinal: (n: number) => string): string =>
  (digits.length > 9 || (digits.length > 1 && digits.startsWith('0')) ? digitByDigit(digits) : cardinal(Number(digits)));
