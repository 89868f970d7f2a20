const ONES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'];
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const IRREGULAR = new Map([['one', 'first'], ['two', 'second'], ['three', 'third'], ['five', 'fifth'], ['eight', 'eighth'], ['nine', 'ninth'], ['twelve', 'twelfth']]);

/** A whole number from 0 to 999,999,999 in English words. */
export function cardinal(n: number): string {
  if (n < 20) return ONES[n]!;
  if (n < 100) return n % 10 === 0 ? TENS[n / 10]! : `${TENS[Math.floor(n / 10)]!} ${ONES[n % 10]!}`;
  if (n < 1_000) return `${ONES[Math.floor(n / 100)]!} hundred${n % 100 === 0 ? '' : ` and ${cardinal(n % 100)}`}`;
  const [unit, word] = n < 1_000_000 ? [1_000, 'thousand'] : [1_000_000, 'million'];
  return `${cardinal(Math.floor(n / unit))} ${word}${n % unit === 0 ? '' : ` ${cardinal(n % unit)}`}`;
}

/** An ordinal: 24 is `twenty fourth`. */
export function ordinal(n: number): string {
  return cardinal(n).replace(/[a-z]+$/, (last) => IRREGULAR.get(last) ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`));
}

/** A year as it is said: 2026 is `twenty twenty six`, 2005 `two thousand five`. */
export function year(n: number): string {
  if (n < 1_000 || n > 9_999) return cardinal(n);
  if (n % 1_000 < 10) return `${cardinal(Math.floor(n / 1_000) * 1_000)}${n % 1_000 === 0 ? '' : ` ${cardinal(n % 1_000)}`}`;
  const rest = n % 100;
  return `${cardinal(Math.floor(n / 100))} ${rest === 0 ? 'hundred' : rest < 10 ? `oh ${cardinal(rest)}` : cardinal(rest)}`;
}

/** Each digit by itself: `192` is `one nine two`. */
export function digitByDigit(digits: string): string {
  return [...digits].filter((sign) => /\d/.test(sign)).map((digit) => ONES[Number(digit)]!).join(' ');
}

/** Letters one by one, which every voice names by itself, and digits in words. */
export function letterByLetter(text: string): string {
  return [...text.toUpperCase()].map((sign) => (/\d/.test(sign) ? ONES[Number(sign)]! : sign)).filter((sign) => /\p{L}/u.test(sign)).join(' ');
}
