import { createHash } from 'node:crypto';
import { leaf, node, xmlAttribute } from './xml.js';

/** A feed of CAP messages. */
export interface AtomFeed {
  /** Permanent IRI of the feed (RFC 4287 section 4.2.6). */
  readonly id: string;
  readonly title: string;
  /** Absolute address from which the feed is served. */
  readonly self: string;
  readonly author: string;
  /** RFC 3339 date-time of the last change. */
  readonly updated: string;
  readonly entries: readonly AtomEntry[];
}

/** One CAP message in a feed. */
export interface AtomEntry {
  /** Permanent IRI, for example `urn:uuid:…`. */
  readonly id: string;
  readonly title: string;
  /** RFC 3339 date-time: CAP `sent`. */
  readonly updated: string;
  /** Absolute address of the signed CAP file. */
  readonly cap: string;
  /** Absolute address of the page for people. */
  readonly page?: string;
  /** BCP 47 tag of the title and summary. */
  readonly language?: string;
  readonly summary?: string;
}

/**
 * An Atom feed (RFC 4287) whose entries link to CAP files (`application/cap+xml`). The same feed always gives the same
 * text. Refuses with TEXT_NOT_ENCODABLE what XML cannot carry.
 */
export function renderAtom(feed: AtomFeed): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">${[
    leaf('id', feed.id),
    leaf('title', feed.title),
    leaf('updated', feed.updated),
    node('author', leaf('name', feed.author)),
    link('self', feed.self, 'application/atom+xml'),
    ...feed.entries.map(renderEntry),
  ].join('')}</feed>\n`;
}

/** A strong validator (RFC 9110 section 8.8.3): equal octets have equal tags, and only those. */
export function strongEtag(bytes: Uint8Array | string): string {
  return `"${createHash('sha256').update(bytes).digest('base64url')}"`;
}

function renderEntry(entry: AtomEntry): string {
  const language = entry.language === undefined ? '' : ` xml:lang="${xmlAttribute(entry.language)}"`;
  return `<entry${language}>${[
    leaf('id', entry.id),
    leaf('title', entry.title),
    leaf('updated', entry.updated),
    link('alternate', entry.cap, 'application/cap+xml'),
    entry.page === undefined ? '' : link('alternate', entry.page, 'text/html'),
    leaf('summary', entry.summary),
  ].join('')}</entry>`;
}

function link(rel: string, href: string, type: string): string {
  return `<link rel="${rel}" type="${type}" href="${xmlAttribute(href)}"/>`;
}
