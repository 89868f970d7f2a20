import type { CapMessage } from '#cap/read.js';
import { verifyCap } from '#cap/sign.js';
import { CAP_NAMESPACE } from '#cap/write.js';
import { leaf } from '#cap/xml.js';
import { sha256Hex } from '#kernel/canonical.js';
import { Refusal } from '#kernel/errors.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions } from '#dispatch/testing/https-partner.js';
import type { CapPushSettings } from './config.js';

const WORDS = { publish: 'aired', withdraw: 'stopped', test: 'tested' } as const;
const CONTENT_TYPE = 'application/cap+xml';

/**
 * A simulated broadcaster. It verifies the signature of what it takes, tells repetitions by key and by CAP identifier,
 * acknowledges in CAP and posts a signed receipt, `aired` or `stopped`. A broadcaster airs again by the rulebook, by its own clock,
 * and reports each airing.
 */
export function startFakePartner(destination: Destination<CapPushSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  return startHttpsPartner(destination, options, {
    method: 'POST',
    contentType: CONTENT_TYPE,
    read: ({ body }) => {
      const message = verifiedMessage(body, options.secret(destination.settings.signingCertificate));
      if (!message) return undefined;
      const action = message.status === 'Test' ? 'test' : message.msgType === 'Cancel' ? 'withdraw' : 'publish';
      return {
        identifier: message.identifier,
        action,
        answer: { status: 200, headers: { 'Content-Type': CONTENT_TYPE }, body: acknowledge(message, `${destination.id}@partners.example`, new Date()) },
        words: [WORDS[action]],
        ...(destination.settings.airs && action !== 'test' && { airing: { references: message.references.map((r) => r.identifier), until: new Date(message.infos[0]?.expires ?? message.sent) } }),
      };
    },
    rubbish: { status: 200, headers: { 'Content-Type': CONTENT_TYPE }, body: '<alert>not quite' },
  });
}

const verified = new Map<string, CapMessage>();

/** Hundreds of simulated partners in one process get the same octets: verified once for the same octets and certificate. */
function verifiedMessage(body: Buffer, trusted: string): CapMessage | undefined {
  const name = `${sha256Hex(body)} ${sha256Hex(trusted)}`;
  const known = verified.get(name);
  if (known) return known;
  try {
    const { message } = verifyCap(body, { trusted: [trusted], now: new Date() });
    const oldest = verified.keys().next().value;
    if (verified.size >= 8 && oldest !== undefined) verified.delete(oldest);
    verified.set(name, message);
    return message;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

/** A CAP acknowledgement of a message (CAP 1.2 section 3.2.1: `msgType` Ack, `references` names what is acknowledged). */
export function acknowledge(message: CapMessage, sender: string, now: Date): string {
  const sent = `${now.toISOString().slice(0, 19)}+00:00`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${CAP_NAMESPACE}">${[
    leaf('identifier', `ack-${message.identifier}`),
    leaf('sender', sender),
    leaf('sent', sent),
    leaf('status', message.status),
    leaf('msgType', 'Ack'),
    leaf('scope', 'Private'),
    leaf('addresses', message.sender),
    leaf('references', `${message.sender},${message.identifier},${message.sent}`),
  ].join('')}</alert>`;
}
