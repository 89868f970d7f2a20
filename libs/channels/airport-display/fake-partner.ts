import { verifyCap } from '#cap/sign.js';
import type { CapMessage } from '#cap/read.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions, type PartnerMessage, type PartnerRequest } from '#dispatch/testing/https-partner.js';
import { sha256Hex } from '#kernel/canonical.js';
import { Refusal } from '#kernel/errors.js';
import { nameOf, type AirportDisplaySettings } from './config.js';
import { CONTENT_TYPE, PICTURE_PARAMETER } from './encode.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/**
 * A simulated airport. It verifies the signature, wants exactly the pictures that the signed message names by their hashes,
 * acknowledges each, and posts a signed receipt, `displayed` or `removed`.
 */
export function startFakePartner(destination: Destination<AirportDisplaySettings>, options: FakePartnerOptions): Promise<FakePartner> {
  const root = new URL(destination.settings.url).pathname.replace(/\/$/, '');
  return startHttpsPartner(destination, options, {
    method: 'PUT',
    contentType: CONTENT_TYPE,
    serves: (path) => path.startsWith(`${root}/`),
    read: (request) => read(request, destination, options.secret(destination.settings.signingCertificate)),
    rubbish: { status: 200, headers: JSON_TYPE, body: '{"identifier":' },
  });
}

function read({ path, body }: PartnerRequest, { settings, mode }: Destination<AirportDisplaySettings>, trusted: string): PartnerMessage | undefined {
  const parts = readParts(body);
  const cap = parts?.get('cap');
  const message = cap && verified(cap, trusted);
  // An airport of one world takes nothing of the other.
  if (!parts || !message || message.status !== (mode === 'drill' ? 'Exercise' : 'Actual')) return undefined;
  if (!path.endsWith(`/${encodeURIComponent(message.identifier)}`)) return undefined;
  const stored = Object.fromEntries([...parts].filter(([name]) => name !== 'cap').map(([name, bytes]) => [name, sha256Hex(bytes)]));
  const action = message.msgType === 'Cancel' ? 'withdraw' : 'publish';
  const wanted = action === 'withdraw' ? [] : settings.pictures.map(nameOf);
  if (wanted.length !== Object.keys(stored).length || wanted.some((name) => !cap.includes(`<valueName>${PICTURE_PARAMETER}</valueName><value>${name} ${stored[name]}</value>`))) return undefined;
  return {
    identifier: message.identifier,
    action,
    answer: { status: 200, headers: JSON_TYPE, body: JSON.stringify({ identifier: message.identifier, pictures: stored }) },
    words: [action === 'publish' ? 'displayed' : 'removed'],
  };
}

function verified(cap: Buffer, trusted: string): CapMessage | undefined {
  try {
    return verifyCap(cap, { trusted: [trusted], now: new Date() }).message;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

/** The parts of a body by their Content-ID (RFC 2046 section 5.1); nothing when it is none. */
export function readParts(body: Buffer): Map<string, Buffer> | undefined {
  const delimiter = `--${/boundary="([^"]+)"/.exec(CONTENT_TYPE)![1]}`;
  const parts = new Map<string, Buffer>();
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    if (body.subarray(start, start + 2).toString() === '--') return parts;
    const next = body.indexOf(`\r\n${delimiter}`, start);
    const headersEnd = body.indexOf('\r\n\r\n', start);
    const id = /^content-id: <([^>]+)>/im.exec(body.subarray(start, headersEnd).toString('latin1'))?.[1];
    if (next < 0 || headersEnd < 0 || headersEnd > next || id === undefined || parts.has(id)) return undefined;
    parts.set(id, body.subarray(headersEnd + 4, next));
    at = next + 2;
  }
  return undefined;
}
