import type { CapMessage } from '#cap/read.js';
import { verifyCap } from '#cap/sign.js';
import { CAP_NAMESPACE } from '#cap/write.js';
import { leaf } from '#cap/xml.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions } from '#dispatch/testing/https-partner.js';
import { Refusal } from '#kernel/errors.js';
import type { CbeCapSettings, CellBroadcastSettings } from './config.js';
import { startOsmoCbc } from './osmo-cbc-partner.js';

const CONTENT_TYPE = 'application/cap+xml';

/** A simulated operator of either kind, on loopback: a broadcast entity that takes CAP, or an Osmocom CBC. */
export function startFakePartner({ settings, ...destination }: Destination<CellBroadcastSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  return settings.driver === 'cbe-cap' ? startEntity({ ...destination, settings }, options) : startOsmoCbc({ ...destination, settings }, options.secret);
}

/** It verifies the signature, wants the parameters of a broadcast in what it publishes, and acknowledges in CAP. */
function startEntity(destination: Destination<CbeCapSettings>, { secret }: FakePartnerOptions): Promise<FakePartner> {
  return startHttpsPartner(destination, { secret }, {
    method: 'POST',
    contentType: CONTENT_TYPE,
    read: ({ body }) => {
      const message = verifiedMessage(body, secret(destination.settings.signingCertificate));
      if (!message) return undefined;
      const action = message.msgType === 'Cancel' ? 'withdraw' : 'publish';
      if (action === 'publish' && !body.includes('<valueName>CellBroadcast-Text</valueName>')) return undefined;
      const answer = { status: 200, headers: { 'Content-Type': CONTENT_TYPE }, body: acknowledge(message, `${destination.id}@partners.example`, new Date()) };
      return { identifier: message.identifier, action, answer, words: [] };
    },
    rubbish: { status: 200, headers: { 'Content-Type': CONTENT_TYPE }, body: '<alert>not quite' },
  });
}

function verifiedMessage(body: Buffer, trusted: string): CapMessage | undefined {
  try {
    return verifyCap(body, { trusted: [trusted], now: new Date() }).message;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

/** A CAP acknowledgement of a message (CAP 1.2 section 3.2.1: `msgType` Ack, `references` names what is acknowledged). */
function acknowledge(message: CapMessage, sender: string, now: Date): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${CAP_NAMESPACE}">${[
    leaf('identifier', `ack-${message.identifier}`),
    leaf('sender', sender),
    leaf('sent', `${now.toISOString().slice(0, 19)}+00:00`),
    leaf('status', message.status),
    leaf('msgType', 'Ack'),
    leaf('scope', 'Private'),
    leaf('addresses', message.sender),
    leaf('references', `${message.sender},${message.identifier},${message.sent}`),
  ].join('')}</alert>`;
}
