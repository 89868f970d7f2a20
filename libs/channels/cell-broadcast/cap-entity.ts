import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readCap } from '#cap/read.js';
import { signCap, type Signer } from '#cap/sign.js';
import type { Connection, Destination, Line, Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
import { fail, Refusal } from '#kernel/errors.js';
import type { CbeCapSettings } from './config.js';
import { encodeCap } from './encode.js';

const CONTENT_TYPE = 'application/cap+xml';

/** A warm connection to an operator's cell broadcast entity. Throws a refusal when a secret is missing or no key. */
export function openCapEntity(destination: Destination<CbeCapSettings>, line: Line): Connection {
  const { settings } = destination;
  const signer = readSigner(line.secret(settings.signingKey), line.secret(settings.signingCertificate));
  return new HttpsConnection(destination, line, {
    pack: ({ notice }) => ({ method: 'POST', headers: { 'Content-Type': CONTENT_TYPE, Accept: CONTENT_TYPE }, body: Buffer.from(signCap(encodeCap(notice, settings), signer)) }),
    judge: (answer, { notice }) => outcomeOf(answer, settings.sender, notice.identifier, line.clock.now()),
  });
}

function readSigner(keyPem: string, certificate: string): Signer {
  try {
    const key = createPrivateKey(keyPem);
    if (key.asymmetricKeyType === 'rsa' && new X509Certificate(certificate).checkPrivateKey(key)) return { key, certificate };
  } catch {
    // What the parser says may quote the key.
  }
  throw fail('CONFIGURATION_INVALID', 'signingKey', 'An RSA key and the certificate of it, as PEM.');
}

/** Only a CAP acknowledgement of exactly this message is acceptance. No receipt follows: handsets do not answer. */
function outcomeOf(answer: Answer, sender: string, identifier: string, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  try {
    const cap = readCap(answer.body ?? '', { maxBytes: ANSWER_LIMIT });
    const ours = cap.references.some((reference) => reference.sender === sender && reference.identifier === identifier);
    if (ours && cap.msgType === 'Ack') return { kind: 'accepted', references: [identifier], expectedReceipts: 0 };
    if (ours && cap.msgType === 'Error') return { kind: 'refused', reason: 'cap_error' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return ANSWER_INVALID;
}
