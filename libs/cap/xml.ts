import { DOMParser, type Document, type Element } from '@xmldom/xmldom';
import { fail } from '#kernel/errors.js';

/** XML of the house is at most this many octets, whoever wrote it. */
export const XML_LIMIT = 1024 * 1024;
/** No document the house reads nests deeper; a deeper one is built to exhaust a stack. */
const DEPTH_LIMIT = 64;

// Char of XML 1.0 section 2.2: with the `u` flag a lone surrogate is a code point of its own and falls outside.
const NOT_A_CHAR = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Tells whether every character of a text can be written in XML 1.0 (section 2.2, Char). */
export function isXmlText(text: string): boolean {
  return !NOT_A_CHAR.test(text);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;', '\t': '&#x9;', '\n': '&#xA;' };

/**
 * Character data in the spelling of Canonical XML 1.1 (section 2.3, text nodes), so that what is written is what is signed.
 * Refuses with TEXT_NOT_ENCODABLE a character that XML cannot carry.
 */
export function xmlText(text: string): string {
  if (!isXmlText(text)) throw fail('TEXT_NOT_ENCODABLE', '', 'XML 1.0 has no such character.');
  return text.replace(/[&<>\r]/g, (c) => ESCAPES[c]!);
}

/** An attribute value in canonical spelling, without the quotes. Refuses like `xmlText`. */
export function xmlAttribute(text: string): string {
  if (!isXmlText(text)) throw fail('TEXT_NOT_ENCODABLE', '', 'XML 1.0 has no such character.');
  return text.replace(/[&<"\t\n\r]/g, (c) => ESCAPES[c]!);
}

/** An element around text, which is escaped; an absent text writes nothing. */
export function leaf(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${xmlText(text)}</${name}>`;
}

/** An element around XML that is already written. */
export function node(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** An element with attributes around XML that is already written; attribute values are escaped, absent ones left out. */
export function element(name: string, attributes: Readonly<Record<string, string | undefined>>, ...children: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([attribute, value]) => (value === undefined ? [] : [` ${attribute}="${xmlAttribute(value)}"`]));
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/**
 * Parses XML from outside. Octets are read as UTF-8. Refuses a document type declaration (XML_DOCTYPE) before anything is
 * parsed, more than `maxBytes` octets (XML_TOO_LARGE), and what is not well formed (XML_INVALID).
 */
export function parseXml(xml: string | Uint8Array, maxBytes = XML_LIMIT): { readonly document: Document; readonly root: Element; readonly text: string } {
  if ((typeof xml === 'string' ? Buffer.byteLength(xml) : xml.byteLength) > maxBytes) throw fail('XML_TOO_LARGE');
  const text = typeof xml === 'string' ? xml : decode(xml);
  // Fails closed: the words are refused even in a comment, where they would be harmless.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw fail('XML_DOCTYPE');
  refuseDepth(text);
  let document: Document;
  try {
    document = new DOMParser({ onError: (_level, message) => { throw new Error(String(message)); } }).parseFromString(text, 'text/xml');
  } catch {
    throw fail('XML_INVALID');
  }
  if (document.doctype) throw fail('XML_DOCTYPE');
  const root = document.documentElement;
  if (!root || !isXmlText(text)) throw fail('XML_INVALID');
  return { document, root, text };
}

/** The child elements of an element, in order, optionally of one name in one namespace. */
export function elements(parent: Element, namespace?: string, name?: string): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child; child = child.nextSibling) {
    if (child.nodeType !== 1) continue;
    const element = child as Element;
    if (name === undefined || (element.localName === name && element.namespaceURI === namespace)) found.push(element);
  }
  return found;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('XML_INVALID');
  }
}

const SECTIONS = [['<!--', '-->'], ['<![CDATA[', ']]>'], ['<?', '?>']] as const;

/**
 * Counts levels before a parser sees them, in one pass: deep nesting with namespaces costs the parser time that grows with
 * the square of the depth.
 */
function refuseDepth(text: string): void {
  let depth = 0;
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    const start = at;
    const section = SECTIONS.find(([open]) => text.startsWith(open, start));
    const end = section ? text.indexOf(section[1], at + section[0].length) : endOfTag(text, at + 1);
    if (end === -1) throw fail('XML_INVALID');
    at = end + (section ? section[1].length : 1);
    if (section) continue;
    if (text[start + 1] === '/') depth -= 1;
    else if (text[end - 1] !== '/') depth += 1;
    if (depth > DEPTH_LIMIT) throw fail('XML_INVALID', '', `At most ${DEPTH_LIMIT} levels.`);
  }
}

/** Where the next `>` outside of quotes is; -1 when there is none. */
function endOfTag(text: string, from: number): number {
  let quote = '';
  for (let i = from; i < text.length; i += 1) {
    const c = text[i]!;
    if (quote) quote = c === quote ? '' : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === '>') return i;
  }
  return -1;
}
