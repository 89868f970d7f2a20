import { element, leaf, node } from '#cap/xml.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import type { Datex2Settings } from './config.js';

/** Namespaces of DATEX II v3. The first five have official schemas of version 3.5, the last two are those of Exchange 2020. */
export const NAMESPACES = {
  d2: 'http://datex2.eu/schema/3/d2Payload',
  com: 'http://datex2.eu/schema/3/common',
  loc: 'http://datex2.eu/schema/3/locationReferencing',
  sit: 'http://datex2.eu/schema/3/situation',
  vms: 'http://datex2.eu/schema/3/vms',
  con: 'http://datex2.eu/schema/3/messageContainer',
  ex: 'http://datex2.eu/schema/3/exchangeInformation',
} as const;

/** Declarations for a root element. */
export function declarations(...prefixes: readonly (keyof typeof NAMESPACES)[]): Readonly<Record<string, string>> {
  const declared = prefixes.map((prefix) => [`xmlns:${prefix}`, NAMESPACES[prefix]]);
  return Object.fromEntries([...declared, ['xmlns:xsi', 'http://www.w3.org/2001/XMLSchema-instance']]) as Record<string, string>;
}

/** Characters that one value of a multilingual text holds (`MultilingualStringValueType`). */
export const VALUE_LIMIT = 1_024;

/** A text in every language. */
export function multilingual(name: string, text: (language: Language) => string): string {
  return node(name, node('com:values', ...LANGUAGES.map((language) => element('com:value', { lang: language }, leafText(text(language))))));
}

/** Escaped character data, as `leaf` writes it between its tags. */
function leafText(text: string): string {
  return leaf('x', text).slice('<x>'.length, -'</x>'.length);
}

/** Who publishes. */
export function international(name: string, { country, identifier }: Datex2Settings['supplier']): string {
  return node(name, leaf('com:country', country), leaf('com:nationalIdentifier', identifier));
}

/** Nobody may take a drill for real: `test` is never displayed to road users. */
export function header(name: string, mode: Mode): string {
  return node(name, leaf('com:confidentiality', 'noRestriction'), leaf('com:informationStatus', mode === 'drill' ? 'test' : 'real'));
}

/** One publication under an element of the caller's choice: `d2:payload` alone, `con:payload` in a container. */
export interface Publication {
  readonly type: 'sit:SituationPublication' | 'vms:VmsPublication';
  readonly content: string;
}

export function writePublication(name: string, { type, content }: Publication, attributes: Readonly<Record<string, string>> = {}): string {
  return element(name, { ...attributes, 'xsi:type': type, lang: 'sr', modelBaseVersion: '3' }, content);
}

/** What every publication begins with. */
export function publicationHead(settings: Datex2Settings, at: string): string {
  return `${leaf('com:publicationTime', at)}${international('com:publicationCreator', settings.supplier)}`;
}

/** Names of an alert in DATEX II: stable over its revisions, whose number is the version. */
export function namesOf({ alertId, mode, revision }: SentNotice): { readonly situation: string; readonly record: string; readonly version: string } {
  const situation = `findme-${mode}-${alertId}`;
  return { situation, record: `${situation}-instruction`, version: String(revision) };
}

export const isEnding = ({ kind }: SentNotice): boolean => kind === 'found' || kind === 'withdrawn';
