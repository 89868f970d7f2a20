import { readAcknowledgement } from '#cap/acknowledgement.js';
import type { Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';

/**
 * Judges an answer to the message `identifier` of `sender`. Only a CAP acknowledgement that names exactly this message is
 * acceptance: success is recorded from what came back, never from having tried.
 */
export function outcomeOf(answer: Answer, sender: string, identifier: string, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  const word = readAcknowledgement(answer.body ?? '', { sender, identifier, maxBytes: ANSWER_LIMIT });
  if (word === 'Ack') return { kind: 'accepted', references: [identifier], expectedReceipts: 1 };
  return word === 'Error' ? { kind: 'refused', reason: 'cap_error' } : ANSWER_INVALID;
}
