import type { Language } from './content.js';
import type { Notice } from './notice.js';
import { ENGLISH } from './words-english.js';
import { SERBIAN_CYRILLIC, SERBIAN_LATIN } from './words-serbian.js';

const WORDS = { 'sr-Latn': SERBIAN_LATIN, 'sr-Cyrl': SERBIAN_CYRILLIC, en: ENGLISH } as const;

/** What is to be read on a sign over a road. */
export interface SignWords {
  readonly text: string;
  /** For the first row of every page; there in a drill only. */
  readonly banner?: string;
}

/**
 * The few words of a notice that a driver can read: who, the vehicle to look for, whom to call. Made of the approved
 * headline and content, nothing shortened. For an ending it says that it is over; signs go dark instead of showing it.
 */
export function signWords({ texts, content, mode, policeTelephone }: Notice, language: Language): SignWords {
  const words = WORDS[language];
  const vehicle = content?.vehicle;
  // Whatever form a foreign plate has, it is read as one.
  const car = vehicle && `${vehicle.make}, ${vehicle.colour[language]}, ${vehicle.plate.replaceAll(' ', '\u00a0')}.`;
  const text = [`${texts[language].headline}.`, car, `${words.labels.police} ${policeTelephone}`].filter((part) => part !== undefined).join(' ');
  return { text, ...(mode === 'drill' && { banner: words.drill }) };
}

/** The shortest words that any alert has on a sign: a sign that cannot show these can show no alert. */
export function leastSignWords(language: Language): SignWords {
  const { headline, age, labels } = WORDS[language];
  return { text: `${headline('alert', { sex: 'male', name: 'A B', age: age(1) })}. ${labels.police} 192` };
}
