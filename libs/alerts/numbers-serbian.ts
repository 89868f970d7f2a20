/** Grammatical gender, as far as number words show it: jedan, dva; jedna, dve; jedno, dva. */
export type Gender = 'masculine' | 'feminine' | 'neuter';

const ONES = ['nula', 'jedan', 'dva', 'tri', 'četiri', 'pet', 'šest', 'sedam', 'osam', 'devet', 'deset', 'jedanaest', 'dvanaest', 'trinaest', 'četrnaest', 'petnaest', 'šesnaest', 'sedamnaest', 'osamnaest', 'devetnaest'];
const TENS = ['', '', 'dvadeset', 'trideset', 'četrdeset', 'pedeset', 'šezdeset', 'sedamdeset', 'osamdeset', 'devedeset'];
const HUNDREDS = ['', 'sto', 'dvesta', 'trista', 'četiristo', 'petsto', 'šeststo', 'sedamsto', 'osamsto', 'devetsto'];
// Stems of ordinals; the ending shows gender and case.
const ORDINAL_STEMS = ['nult', 'prv', 'drug', 'treć', 'četvrt', 'pet', 'šest', 'sedm', 'osm', 'devet', 'deset', 'jedanaest', 'dvanaest', 'trinaest', 'četrnaest', 'petnaest', 'šesnaest', 'sedamnaest', 'osamnaest', 'devetnaest'];

const one = (n: number, gender: Gender): string => {
  if (n === 1) return { masculine: 'jedan', feminine: 'jedna', neuter: 'jedno' }[gender];
  return n === 2 && gender === 'feminine' ? 'dve' : ONES[n]!;
};

/** 1, 21, 101 take the singular; 2 to 4, 22 to 24 the paucal; the teens and all others the plural. */
export function byCount<T>(n: number, singular: T, few: T, many: T): T {
  const teen = n % 100 > 10 && n % 100 < 20;
  if (!teen && n % 10 === 1) return singular;
  return !teen && n % 10 > 1 && n % 10 < 5 ? few : many;
}

/** A whole number from 0 to 999,999,999 in Serbian words (Latin letters): 118 is `sto osamnaest`. */
export function cardinal(n: number, gender: Gender = 'masculine'): string {
  if (n < 20) return one(n, gender);
  if (n < 100) return join(TENS[Math.floor(n / 10)]!, n % 10, gender);
  if (n < 1_000) return join(HUNDREDS[Math.floor(n / 100)]!, n % 100, gender);
  if (n < 1_000_000) {
    const thousands = Math.floor(n / 1_000);
    const head = thousands === 1 ? 'hiljadu' : `${cardinal(thousands, 'feminine')} ${byCount(thousands, 'hiljada', 'hiljade', 'hiljada')}`;
    return join(head, n % 1_000, gender);
  }
  const millions = Math.floor(n / 1_000_000);
  return join(millions === 1 ? 'milion' : `${cardinal(millions)} ${byCount(millions, 'milion', 'miliona', 'miliona')}`, n % 1_000_000, gender);
}

const join = (head: string, rest: number, gender: Gender): string => (rest === 0 ? head : `${head} ${cardinal(rest, gender)}`);

/** Ending of an ordinal: `i` prvi, `a` prva, `og` prvog (`eg` after a soft stem: trećeg), `e` prve. */
export type OrdinalEnding = 'i' | 'a' | 'og' | 'e';

/** A whole number from 0 to 9,999 as an ordinal: 24 with `og` is `dvadeset četvrtog`, 2026 with `e` `dve hiljade dvadeset šeste`. */
export function ordinal(n: number, ending: OrdinalEnding): string {
  const soft = (stem: string): string => stem + (ending === 'og' && stem === 'treć' ? 'eg' : ending);
  if (n < 20) return soft(ORDINAL_STEMS[n]!);
  if (n < 100) return n % 10 === 0 ? `${TENS[n / 10]!}${ending}` : `${TENS[Math.floor(n / 10)]!} ${ordinal(n % 10, ending)}`;
  if (n < 1_000) return n % 100 === 0 ? `${n === 100 ? 'stot' : HUNDREDS[n / 100]!.replace(/sto$/, 'stot').replace(/sta$/, 'stot')}${ending}` : `${HUNDREDS[Math.floor(n / 100)]!} ${ordinal(n % 100, ending)}`;
  const thousands = Math.floor(n / 1_000);
  if (n % 1_000 === 0) return `${thousands === 1 ? '' : cardinal(thousands, 'feminine').replace(/ /g, '')}hiljadit${ending}`;
  return `${cardinal(thousands * 1_000)} ${ordinal(n % 1_000, ending)}`;
}

/** Each digit by itself: `192` is `jedan devet dva`. Other signs are left out. */
export function digitByDigit(digits: string): string {
  return [...digits].filter((sign) => /\d/.test(sign)).map((digit) => ONES[Number(digit)]!).join(' ');
}

// How the letters are called, the foreign ones of plates and makes included.
const LETTER_NAMES = new Map('a:a b:be c:ce č:če ć:će d:de đ:đe e:e f:ef g:ge h:ha i:i j:je k:ka l:el m:em n:en o:o p:pe q:ku r:er s:es š:še t:te u:u v:ve w:duplo_ve x:iks y:ipsilon z:ze ž:že'
  .split(' ').map((pair) => pair.replace('_', ' ').split(':') as [string, string]));

/** The names of letters and digits, one by one: `BG` is `be ge`. Signs without a name are left out. */
export function letterByLetter(text: string): string {
  return [...text.toLowerCase()].map((sign) => (/\d/.test(sign) ? ONES[Number(sign)] : LETTER_NAMES.get(sign))).filter((name) => name !== undefined).join(' ');
}
