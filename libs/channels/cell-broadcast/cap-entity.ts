import { readAcknowledgement } from '#cap/acknowledgement.js';
import { readSigner, signCap } from '#cap/sign.js';
import type { Connection, Destination, Line, Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { HttpsConnection } from '#dispatch/https/connection.js';
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

/** Only a CAP acknowledgement of exactly this message is acceptance. No receipt follows: handsets do not answer. */
function outcomeOf(answer: Answer, sender: string, identifier: string, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  const word = readAcknowledgement(answer.body ?? '', { sender, identifier, maxBytes: ANSWER_LIMIT });
  if (word === 'Ack') return { kind: 'accepted', references: [identifier], expectedReceipts: 0 };
  return word === 'Error' ? { kind: 'refused', reason: 'cap_error' } : ANSWER_INVALID;
}
