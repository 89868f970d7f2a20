import type { Element } from '@xmldom/xmldom';
import { fail } from '#kernel/errors.js';
import { CAP_NAMESPACE } from './write.js';
import { elements, parseXml, XML_LIMIT } from './xml.js';

const STATUSES = ['Actual', 'Exercise', 'System', 'Test', 'Draft'] as const;
const MESSAGE_TYPES = ['Alert', 'Update', 'Cancel', 'Ack', 'Error'] as const;
const SCOPES = ['Public', 'Restricted', 'Private'] as const;

/** An earlier message, named as `sender,identifier,sent` (CAP 1.2 section 3.2.1). */
export interface CapReference {
  readonly sender: string;
  readonly identifier: string;
  readonly sent: string;
}

/** The words of one language of a CAP message. */
export interface CapInfo {
  readonly language: string;
  readonly event: string;
  readonly headline?: string;
  readonly description?: string;
  readonly instruction?: string;
  readonly expires?: string;
}

/** A CAP 1.2 message as far as the house reads one. */
export interface CapMessage {
  readonly identifier: string;
  readonly sender: string;
  /** Date-time with offset and no fraction. */
  readonly sent: string;
  readonly status: (typeof STATUSES)[number];
  readonly msgType: (typeof MESSAGE_TYPES)[number];
  readonly scope: (typeof SCOPES)[number];
  readonly note?: string;
  readonly references: readonly CapReference[];
  readonly infos: readonly CapInfo[];
}

/** How much XML is read at all. */
export interface ReadLimits {
  /** Octets; 1 MiB unless told. */
  readonly maxBytes?: number;
}

/**
 * Reads a CAP 1.2 message, such as a partner's acknowledgement. Refuses a DOCTYPE (XML_DOCTYPE), too many octets
 * (XML_TOO_LARGE), and all that is not well formed or no CAP message (XML_INVALID). A signature is not looked at: that
 * is `verifyCap`.
 */
export function readCap(xml: string | Uint8Array, limits: ReadLimits = {}): CapMessage {
  const { root } = parseXml(xml, limits.maxBytes ?? XML_LIMIT);
  return capOf(root);
}

function capOf(alert: Element): CapMessage {
  if (alert.localName !== 'alert' || alert.namespaceURI !== CAP_NAMESPACE) throw fail('XML_INVALID', 'alert');
  const note = optional(alert, 'note');
  return {
    identifier: name(alert, 'identifier'),
    sender: name(alert, 'sender'),
    sent: dateTime(required(alert, 'sent')),
    status: oneOf(STATUSES, alert, 'status'),
    msgType: oneOf(MESSAGE_TYPES, alert, 'msgType'),
    scope: oneOf(SCOPES, alert, 'scope'),
    ...(note !== undefined && { note }),
    references: references(optional(alert, 'references') ?? ''),
    infos: elements(alert, CAP_NAMESPACE, 'info').map(infoOf),
  };
}

function infoOf(info: Element): CapInfo {
  const words: Partial<Record<'headline' | 'description' | 'instruction' | 'expires', string>> = {};
  for (const field of ['headline', 'description', 'instruction', 'expires'] as const) {
    const text = optional(info, field);
    if (text !== undefined) words[field] = text;
  }
  return { language: optional(info, 'language') ?? 'en-US', event: required(info, 'event'), ...words };
}

function references(text: string): CapReference[] {
  return text.split(/[ \t\r\n]+/).filter((part) => part !== '').map((part) => {
    const [sender, identifier, sent, ...rest] = part.split(',');
    if (!sender || !identifier || !sent || rest.length) throw fail('XML_INVALID', 'references');
    return { sender, identifier, sent: dateTime(sent) };
  });
}

/** The text of a child that may be there once. An element inside it, or a second one, is no CAP. */
function optional(parent: Element, field: string): string | undefined {
  const [first, second] = elements(parent, CAP_NAMESPACE, field);
  if (!first) return undefined;
  if (second || elements(first).length) throw fail('XML_INVALID', field);
  return first.textContent ?? '';
}

function required(parent: Element, field: string): string {
  const text = optional(parent, field)?.trim();
  if (!text) throw fail('XML_INVALID', field);
  return text;
}

function name(parent: Element, field: string): string {
  const text = required(parent, field);
  if (/[\s,<&]/.test(text)) throw fail('XML_INVALID', field);
  return text;
}

function oneOf<const T extends readonly string[]>(allowed: T, parent: Element, field: string): T[number] {
  const text = required(parent, field);
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw fail('XML_INVALID', field);
  return found;
}

function dateTime(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d$/.test(text) || Number.isNaN(Date.parse(text))) throw fail('XML_INVALID', 'date-time');
  return text;
}
