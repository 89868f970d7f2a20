import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { I18nProvider } from 'react-aria-components';
import type { Language, Wording } from '#alerts/content.js';

export type { Language, Wording };

/** A text of the console in Serbian Latin, Serbian Cyrillic and English, each written by a person. */
export const say = (latin: string, cyrillic: string, english: string): Wording => ({ 'sr-Latn': latin, 'sr-Cyrl': cyrillic, en: english });

/** Forms of a noun by number: `one` 1, 21; `few` 2 to 4, 22; `other` the rest. `#` stands for the number. English has no `few`. */
export interface Forms {
  readonly one: string;
  readonly few?: string;
  readonly other: string;
}

/** A text with a number in it, in its grammatical form in each language (CLDR plural rules). */
export function count(n: number, forms: Readonly<Record<Language, Forms>>): Wording {
  const of = (language: Language): string => {
    const { one, few, other } = forms[language];
    const rule = new Intl.PluralRules(TAGS[language]).select(n);
    return (rule === 'one' ? one : rule === 'few' ? few ?? other : other).replaceAll('#', new Intl.NumberFormat(TAGS[language]).format(n));
  };
  return { 'sr-Latn': of('sr-Latn'), 'sr-Cyrl': of('sr-Cyrl'), en: of('en') };
}

/** Locale tags for Intl. English is British: dates day first, as everything here. */
const TAGS: Readonly<Record<Language, string>> = { 'sr-Latn': 'sr-Latn-RS', 'sr-Cyrl': 'sr-Cyrl-RS', en: 'en-GB' };
const NAMES: Readonly<Record<Language, string>> = { 'sr-Latn': 'Srpski', 'sr-Cyrl': 'Српски', en: 'English' };
const ZONE = 'Europe/Belgrade';

interface Speaking {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
}

const LanguageContext = createContext<Speaking | undefined>(undefined);

/** The language of whoever reads; it is no secret and stays in the browser. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(stored);
  useEffect(() => {
    document.documentElement.lang = language;
    try {
      localStorage.setItem('findme.language', language);
    } catch {
      // A browser that keeps nothing asks again next time.
    }
  }, [language]);
  const speaking = useMemo(() => ({ language, setLanguage }), [language]);
  return (
    <LanguageContext value={speaking}>
      <I18nProvider locale={language === 'en' ? 'en-GB' : 'sr-RS'}>{children}</I18nProvider>
    </LanguageContext>
  );
}

/** The language spoken, the ones there are with their own names, and how to change. */
export function useLanguage(): Speaking & { readonly names: typeof NAMES; readonly tag: string } {
  const speaking = useContext(LanguageContext);
  if (!speaking) throw new Error('no language is provided here');
  return { ...speaking, names: NAMES, tag: TAGS[speaking.language] };
}

/** Says a text in the language spoken: `t(texts.approve)`. */
export function useSay(): (text: Wording) => string {
  const { language } = useLanguage();
  return (text) => text[language];
}

export interface Formats {
  /** `10:42` */
  time(at: Date | string | number): string;
  /** `10:42:17` */
  timeToSecond(at: Date | string | number): string;
  /** `24. nov 2026. 10:42` */
  dateTime(at: Date | string | number): string;
  /** `24. nov 2026.` */
  date(at: Date | string | number): string;
  number(n: number, options?: Intl.NumberFormatOptions): string;
  /** Milliseconds as `0,4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
  duration(ms: number): string;
}

/** Times in Belgrade, numbers and durations as the language writes them. */
export function useFormat(): Formats {
  const { tag } = useLanguage();
  return useMemo(() => formatsOf(tag), [tag]);
}

function formatsOf(tag: string): Formats {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const made = new Intl.DateTimeFormat(tag, { timeZone: ZONE, hourCycle: 'h23', ...options });
    return (at: Date | string | number): string => made.format(new Date(at));
  };
  const number = (n: number, options?: Intl.NumberFormatOptions): string => new Intl.NumberFormat(tag, options).format(n);
  return {
    time: format({ hour: '2-digit', minute: '2-digit' }),
    timeToSecond: format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    dateTime: format({ dateStyle: 'medium', timeStyle: 'short' }),
    date: format({ dateStyle: 'medium' }),
    number,
    duration: (ms) => {
      const s = Math.max(0, ms) / 1000;
      if (s < 9.95) return `${number(s, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
      if (s < 60) return `${number(Math.round(s))} s`;
      const whole = Math.floor(s);
      if (s < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
      if (s < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
      return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
    },
  };
}

function stored(): Language {
  try {
    const kept = localStorage.getItem('findme.language');
    if (kept !== null && Object.hasOwn(NAMES, kept)) return kept as Language;
  } catch {
    // Nothing is kept.
  }
  return 'sr-Latn';
}
