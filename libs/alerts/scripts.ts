import type { Fault } from '#kernel/errors.js';
import type { DraftContent, Language, Wording } from './content.js';

// Named here again, so that a browser gets the letters without the schemas.
const LANGUAGES: readonly Language[] = ['sr-Latn', 'sr-Cyrl', 'en'];

// The Serbian alphabet, Vuk's order; each Cyrillic letter has one Latin letter (three of them of two signs).
const PAIRS = 'а:a б:b в:v г:g д:d ђ:đ е:e ж:ž з:z и:i ј:j к:k л:l љ:lj м:m н:n њ:nj о:o п:p р:r с:s т:t ћ:ć у:u ф:f х:h ц:c ч:č џ:dž ш:š'
  .split(' ').map((pair) => pair.split(':') as [string, string]);
const LATIN_OF = new Map(PAIRS);
const CYRILLIC_OF = new Map(PAIRS.map(([cyrillic, latin]) => [latin, cyrillic]));

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const isUpper = (letter: string): boolean => letter !== letter.toLowerCase();
const isLetter = (sign: string): boolean => /^\p{L}$/u.test(sign);

/**
 * Serbian Cyrillic in Latin letters. Unambiguous: each letter has one counterpart, and Љ becomes LJ among capitals, Lj
 * elsewhere. Letters of other alphabets, digits and signs stay as they are.
 */
export function toLatin(cyrillic: string): string {
  const letters = Array.from(cyrillic.normalize('NFC'));
  return letters.map((letter, i) => {
    const latin = LATIN_OF.get(letter.toLowerCase());
    if (latin === undefined) return letter;
    if (!isUpper(letter)) return latin;
    if (latin.length === 1) return latin.toUpperCase();
    const [previous, next] = [letters[i - 1] ?? '', letters[i + 1] ?? ''];
    const amongCapitals = isLetter(next) ? isUpper(next) : isLetter(previous) && isUpper(previous);
    return amongCapitals ? latin.toUpperCase() : upperFirst(latin);
  }).join('');
}

/**
 * Why a place of a suggestion needs a look: `digraph` nj, lj, dž may be one letter or two; `dj` may be a đ typed on a
 * foreign keyboard; `foreign` a letter Serbian does not have, left as it was; `kept` a plate, Roman numeral or
 * abbreviation, left in Latin.
 */
export type DoubtCause = 'digraph' | 'dj' | 'foreign' | 'kept';

/** A place of a suggestion that the officer should look at, as offsets (UTF-16, end exclusive) into both texts. */
export interface Doubt {
  readonly cause: DoubtCause;
  readonly latin: readonly [start: number, end: number];
  readonly cyrillic: readonly [start: number, end: number];
}

export interface Suggestion {
  readonly text: string;
  readonly doubtful: readonly Doubt[];
}

// Words where two letters stand side by side and are not one: prefixes that end in n or d, and Latin loans.
const TWO_LETTERS = /(?:i(?=njekc)|ko(?=nj(?:unk|ukt|ug))|va(?=njezi)|ta(?=njug)|na(?=dž(?:iv|nj|up|et))|o(?=dž(?:al|iv|vak))|po(?=dž(?:ar|up)))(nj|dž)/giu;
const PLATE = /^[A-ZČĆŠŽĐ]{2}[- ]?\d{3,5}[- ]?[A-Z]{2}$/u;
const ROMAN = /^[IVXLCDM]+$/;
const WORD = /[A-ZČĆŠŽĐ]{2}[- ]\d{3,5}[- ][A-Z]{2}(?![\p{L}\d])|[\p{L}\p{M}\d]+/gu;

/** Tells whether a word of Latin letters keeps them in a Cyrillic text: a plate, a Roman numeral of two signs or more, letters with digits. */
const staysLatin = (word: string): boolean => PLATE.test(word) || (word.length > 1 && ROMAN.test(word)) || (/\d/.test(word) && /^[A-Z\d]+$/.test(word) && /[A-Z]/.test(word));

/**
 * Latin into Cyrillic, as a suggestion for the officer to confirm, never for use as it is. Every nj, lj and dž is
 * doubtful (*Njegoš* and *injekcija* look alike); known words with two letters are suggested with two. The Latin text is
 * first put into composed form (NFC), and offsets count in that.
 */
export function suggestCyrillic(latin: string): Suggestion {
  const source = latin.normalize('NFC');
  const apart = new Set([...source.matchAll(TWO_LETTERS)].map((match) => match.index + match[0].length - 2));
  const kept = new Map([...source.matchAll(WORD)].filter((match) => staysLatin(match[0])).map((match) => [match.index, match[0]]));
  const doubtful: Doubt[] = [];
  let text = '';
  for (let i = 0; i < source.length;) {
    const word = kept.get(i);
    const sign = word ?? String.fromCodePoint(source.codePointAt(i) as number);
    const pair = source.slice(i, i + 2).toLowerCase();
    let length = sign.length;
    let out = sign;
    let cause: DoubtCause | undefined;
    if (word !== undefined) cause = 'kept';
    else if (pair === 'nj' || pair === 'lj' || pair === 'dž' || pair === 'dj') {
      length = 2;
      cause = pair === 'dj' ? 'dj' : 'digraph';
      // A small letter before a capital (nJ) is no way to write one letter.
      const one = pair !== 'dj' && !apart.has(i) && !(!isUpper(source.charAt(i)) && isUpper(source.charAt(i + 1)));
      out = one ? letterOf(source.slice(i, i + 2)) : letterOf(source.charAt(i)) + letterOf(source.charAt(i + 1));
    } else if (/^[ǄǅǆǇǈǉǊǋǌ]$/u.test(sign)) out = letterOf(sign.normalize('NFKC'));
    else if (CYRILLIC_OF.has(sign.toLowerCase())) out = letterOf(sign);
    else if (/\p{Script=Latin}/u.test(sign)) cause = 'foreign';
    if (cause !== undefined) doubtful.push({ cause, latin: [i, i + length], cyrillic: [text.length, text.length + out.length] });
    text += out;
    i += length;
  }
  return { text, doubtful };
}

/** The Cyrillic letter of a Latin one, capital when its first sign is. */
function letterOf(latin: string): string {
  const letter = CYRILLIC_OF.get(latin.toLowerCase()) ?? latin;
  return isUpper(latin.charAt(0)) ? letter.toUpperCase() : letter;
}

const PLAIN = new Map(Object.entries({
  '„': '"', '“': '"', '”': '"', '«': '"', '»': '"', '‘': "'", '’': "'", '‚': "'", '–': '-', '—': '-', '…': '...', '\u00a0': ' ',
  'ß': 'ss', 'ł': 'l', 'Ł': 'L', 'ø': 'o', 'Ø': 'O', 'æ': 'ae', 'Æ': 'AE', 'œ': 'oe', 'Œ': 'OE',
}));

/**
 * Latin text for screens that know no diacritics: š č ć ž lose theirs, đ becomes dj (Đ becomes DJ among capitals). Signs
 * that have no plain form stay, so that the check of the screen's encoding refuses them instead of a hole appearing.
 */
export function foldToAscii(latin: string): string {
  const letters = Array.from(latin.normalize('NFC'));
  return letters.map((letter, i) => {
    if (letter === 'đ') return 'dj';
    if (letter === 'Đ') {
      const [previous, next] = [letters[i - 1] ?? '', letters[i + 1] ?? ''];
      return (isLetter(next) ? isUpper(next) : isLetter(previous) && isUpper(previous)) ? 'DJ' : 'Dj';
    }
    const bare = letter.normalize('NFD').replace(/\p{M}/gu, '');
    return PLAIN.get(letter) ?? (/^[\x20-\x7e]+$/.test(bare) ? bare : letter);
  }).join('');
}

const FOREIGN_TO_LATIN = /(?![\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}])\p{L}/u;
const FOREIGN_TO_CYRILLIC = /(?![\p{Script=Cyrillic}\p{Script=Common}\p{Script=Inherited}])\p{L}/u;
const QUOTED = /[„“”"«»][^„“”"«»]*[“”"«»]/gu;

/**
 * Tells whether a Cyrillic text keeps to its script. Latin stays Latin in Serbian Cyrillic where it is a name of its own:
 * Roman numerals, plates and abbreviations of at most 5 plain capitals (*BMW*, *II*, *A1*), and anything in quotation
 * marks („Nike“). A word of both scripts, a Latin word in plain sight and a text with no Cyrillic letter at all do not.
 */
function isCyrillic(text: string): boolean {
  if (!FOREIGN_TO_CYRILLIC.test(text)) return true;
  if (!/\p{Script=Cyrillic}/u.test(text)) return /^[\s\p{P}\d]*$/u.test(text.replace(WORD, (word) => (PLATE.test(word) || ROMAN.test(word) ? '' : word)));
  const words: string[] = text.match(WORD) ?? [];
  const mixed = words.some((word) => /\p{Script=Latin}/u.test(word) && /\p{Script=Cyrillic}/u.test(word));
  const unquoted: string[] = text.replace(QUOTED, ' ').match(WORD) ?? [];
  return !mixed && unquoted.every((word) => !FOREIGN_TO_CYRILLIC.test(word) || staysLatin(word) || /^[A-Z]{1,5}$/.test(word));
}

/** Paths of the texts that are given in three ways. */
function wordingsOf(content: DraftContent): [path: string, wording: Partial<Wording>][] {
  const { child, lastSeen, circumstances, companion, vehicle } = content;
  const all: [string, Partial<Wording> | undefined][] = [
    ['child.build', child?.build], ['child.hair', child?.hair], ['child.eyes', child?.eyes], ['child.clothing', child?.clothing], ['child.marks', child?.marks],
    ['lastSeen.place', lastSeen?.place], ['circumstances', circumstances], ['companion', companion], ['vehicle.colour', vehicle?.colour],
  ];
  return all.filter((entry): entry is [string, Partial<Wording>] => entry[1] !== undefined);
}

/**
 * SCRIPT_MIXED for every text with letters that are not of its script. Names are held strictly; in other Cyrillic texts
 * some Latin is at home (see `isCyrillic`). Plate, make and case number stay as written and are not looked at, nor is the
 * assessment, which nobody outside reads. What is not written yet has no fault.
 */
export function scriptFaults(content: DraftContent): Fault[] {
  const fault = (field: string, detail: string): Fault => ({ code: 'SCRIPT_MIXED', field, detail });
  const onlyLatin = 'Only Latin letters.';
  const faults: Fault[] = [];
  const { latin = '', cyrillic = '' } = content.child?.name ?? {};
  if (FOREIGN_TO_LATIN.test(latin)) faults.push(fault('child.name.latin', onlyLatin));
  if (FOREIGN_TO_CYRILLIC.test(cyrillic)) faults.push(fault('child.name.cyrillic', 'Only Cyrillic letters.'));
  for (const [path, wording] of wordingsOf(content)) {
    for (const language of LANGUAGES) {
      const text = wording[language] ?? '';
      if (language === 'sr-Cyrl') {
        if (!isCyrillic(text)) faults.push(fault(`${path}.${language}`, 'Cyrillic letters; Latin only in plates, Roman numerals, abbreviations in capitals, or quotation marks.'));
      } else if (FOREIGN_TO_LATIN.test(text)) faults.push(fault(`${path}.${language}`, onlyLatin));
    }
  }
  return faults;
}
