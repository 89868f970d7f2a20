import { readFileSync } from 'node:fs';

/** The opted-in numbers of one file, and what is wrong with it in words that name lines, never numbers. */
export interface NumberList {
  /** International numbers of digits only (`381641234567`), each once, in the order of the file. */
  readonly numbers: readonly string[];
  readonly faults: readonly string[];
}

/** ITU-T E.164: a country code that does not begin with 0 and at most 15 digits; shorter than 8 no mobile number is. */
const E164 = /^\+?([1-9][0-9]{7,14})$/;

/** Kind under which the audience keeps those who get SMS. */
export const SMS = 'sms';

/** Whether a contact is a number as it goes to an operator: digits only, in international form. */
export const isNumber = (text: string): boolean => /^[1-9][0-9]{7,14}$/.test(text);

const SHOWN_FAULTS = 5;

/**
 * Reads a list of opted-in numbers: one number a line in international form, with or without `+`; spaces, hyphens,
 * empty lines and lines that begin with `#` do not count. A national form such as `064…` is a fault: nothing is guessed.
 */
export function parseNumbers(text: string): NumberList {
  const numbers = new Set<string>();
  const wrong: number[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    const bare = line.replace(/[ \t\u00a0-]/g, '').replace(/^\ufeff/, '');
    if (bare === '' || bare.startsWith('#')) return;
    const digits = E164.exec(bare)?.[1];
    if (digits === undefined) wrong.push(index + 1);
    else numbers.add(digits);
  });
  const faults = wrong.slice(0, SHOWN_FAULTS).map((line) => `line ${line} is no number in international form`);
  if (wrong.length > SHOWN_FAULTS) faults.push(`and ${wrong.length - SHOWN_FAULTS} more lines`);
  if (numbers.size === 0 && wrong.length === 0) faults.push('the file holds no number');
  return { numbers: [...numbers], faults };
}

/** Kept by path: which numbers make up which part must not change while a process sends them. */
const loaded = new Map<string, NumberList>();

/**
 * Reads the file as the configuration is checked at start, and never again in this process once it was sound: settings are parsed
 * wherever they are used, also between two parts of one alert. A file that cannot be read is a fault, not an error.
 */
export function loadNumbers(file: string): NumberList {
  const known = loaded.get(file);
  if (known?.faults.length === 0) return known;
  let list: NumberList;
  try {
    list = parseNumbers(readFileSync(file, 'utf8'));
  } catch {
    list = { numbers: [], faults: ['the file cannot be read'] };
  }
  loaded.set(file, list);
  return list;
}

/** The numbers of the file as they were when it was last loaded. */
export function numbersOf(file: string): readonly string[] {
  return (loaded.get(file) ?? loadNumbers(file)).numbers;
}
