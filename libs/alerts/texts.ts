import { districtsIn } from './area.js';
import { inBelgrade, monthsAt } from './calendar.js';
import { LANGUAGES, type Area, type Content, type Language } from './content.js';
import type { Mode, Texts } from './notice.js';
import { ENGLISH } from './words-english.js';
import { SERBIAN_CYRILLIC, SERBIAN_LATIN } from './words-serbian.js';
import type { Words } from './words.js';

const WORDS: Readonly<Record<Language, Words>> = { 'sr-Latn': SERBIAN_LATIN, 'sr-Cyrl': SERBIAN_CYRILLIC, en: ENGLISH };

/** What an alert or an update is composed from. */
export interface AlertSource {
  readonly kind: 'alert' | 'update';
  readonly content: Content;
  readonly mode: Mode;
  /** Absolute address of the public page. */
  readonly url: string;
}

/** What an ending is composed from: the bare case, so that no name can slip in. */
export interface EndingSource {
  readonly kind: 'found' | 'withdrawn';
  readonly caseNumber: string;
  readonly policeTelephone: string;
  readonly area: Area;
  readonly mode: Mode;
  readonly url: string;
}

/**
 * The words of an alert or an update in every language. Names stand as the officer gave them for the script, never
 * converted. Dates and times are those of Belgrade. In a drill every text but the bare name of the area begins and ends
 * with VEŽBA, ВЕЖБА, EXERCISE. Nothing is shortened: `short` says who, clothing, when and where, companion and vehicle,
 * and leaves the rest to the page it names, always.
 */
export function composeTexts(source: AlertSource): Record<Language, Texts> {
  return inEveryLanguage((language, words) => {
    const texts = alertTexts(words, language, source);
    return source.mode === 'drill' ? markDrill(words, texts, words.drillInstruction) : texts;
  });
}

/** The pre-written words of an ending in every language; drills are marked as in `composeTexts`. */
export function composeEnding(source: EndingSource): Record<Language, Texts> {
  return inEveryLanguage((language, words) => {
    const texts = endingTexts(words, language, source);
    // In a drill too, data is to be erased: the instruction holds as it is.
    return source.mode === 'drill' ? markDrill(words, texts, words.drillSentence) : texts;
  });
}

function inEveryLanguage(compose: (language: Language, words: Words) => Texts): Record<Language, Texts> {
  return Object.fromEntries(LANGUAGES.map((language) => [language, compose(language, WORDS[language])])) as Record<Language, Texts>;
}

/** An area in words: `Cela Srbija`, `Grad Beograd i Sremski okrug`, `Označeno područje: Sremski okrug`. */
export function describeArea(area: Area, language: Language): string {
  const words = WORDS[language];
  if (area.kind === 'country') return words.country;
  const names = words.list(districtsIn(area).map((district) => district.name[language]));
  return area.kind === 'districts' ? names : words.drawn(names);
}

/** A sentence: with a full stop, if the officer did not set one. */
const sentence = (text: string): string => (/[.!?…]$/u.test(text) ? text : `${text}.`);
const lines = (...all: (string | undefined)[]): string => all.filter((line) => line !== undefined).join('\n');

const labelled = (label: string, value: string | undefined): string | undefined => (value === undefined ? undefined : `${label} ${value}`);

function alertTexts(words: Words, language: Language, { kind, content, url }: AlertSource): Texts {
  const { child, lastSeen, circumstances, companion, vehicle, policeTelephone } = content;
  const { labels } = words;
  const at = new Date(lastSeen.at);
  const area = describeArea(content.area, language);
  const name = language === 'sr-Cyrl' ? child.name.cyrillic : child.name.latin;
  const headline = words.headline(kind, { sex: child.sex, name, age: words.age(monthsAt(child.birthDate, at)) });
  const clothing = labelled(labels.clothing, child.clothing?.[language]);
  const seen = `${words.time(inBelgrade(at))}, ${lastSeen.place[language]}`;
  const company = labelled(labels.companion, companion?.[language]);
  const car = vehicle && { ...vehicle, colour: vehicle.colour[language] };
  const counts = [
    headline, clothing, `${words.seenBriefly(child.sex)} ${seen}`, company,
    car && `${labels.vehicle} ${car.make}, ${car.colour}, ${car.plate}`,
  ];
  return {
    headline,
    short: `${counts.filter((part) => part !== undefined).map(sentence).join(' ')} ${labels.police} ${policeTelephone} ${url}`,
    full: lines(
      headline,
      kind === 'update' ? words.replaces : undefined,
      `${words.seen(child.sex)} ${seen}`,
      // Latitude first, as maps and rescuers take it.
      labelled(labels.position, lastSeen.position && `${lastSeen.position[1].toFixed(5)}, ${lastSeen.position[0].toFixed(5)}`),
      labelled(labels.circumstances, circumstances?.[language]),
      labelled(labels.height, child.heightCm === undefined ? undefined : `${child.heightCm} cm`),
      labelled(labels.build, child.build?.[language]),
      labelled(labels.hair, child.hair?.[language]),
      labelled(labels.eyes, child.eyes?.[language]),
      clothing,
      labelled(labels.marks, child.marks?.[language]),
      company,
      labelled(labels.vehicle, car && words.vehicle(car.make, car.colour, car.plate)),
      labelled(labels.area, area),
      labelled(labels.caseNumber, content.caseNumber),
      `${words.call} ${policeTelephone}`,
      url,
    ),
    instruction: words.instruction(kind, policeTelephone),
    area,
  };
}

function endingTexts(words: Words, language: Language, { kind, caseNumber, policeTelephone, area, url }: EndingSource): Texts {
  const { labels } = words;
  const ended = words.ended(kind, caseNumber);
  const where = describeArea(area, language);
  return {
    headline: words.headline(kind, { caseNumber }),
    short: `${ended} ${words.erase} ${labels.police} ${policeTelephone} ${url}`,
    full: lines(ended, words.erase, kind === 'found' ? words.thanks : undefined, `${labels.area} ${where}`, `${labels.police} ${policeTelephone}`, url),
    instruction: words.instruction(kind, policeTelephone),
    area: where,
  };
}

function markDrill({ drill, drillSentence }: Words, { headline, short, full, instruction, area }: Texts, opening: string): Texts {
  return {
    headline: `${drill}: ${headline} – ${drill}`,
    short: `${drill}. ${short} ${drill}`,
    full: lines(`${drill}. ${drillSentence}`, full, `${drillSentence} ${drill}`),
    instruction: `${drill}. ${opening} ${instruction} ${drill}`,
    area,
  };
}
