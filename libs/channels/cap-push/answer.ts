import { readCap } from '#cap/read.js';
import { Refusal } from '#kernel/errors.js';
import type { Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';

/**
 * Judges an answer to the message `identifier` of `sender`. Only a CAP acknowledgement that names exactly this message is
 * acceptance: success is recorded from what came back, never from having tried.
 */
export function outcomeOf(answer: Answer, sender: string, identifier: string, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  try {
    const cap = readCap(answer.body ?? '', { maxBytes: ANSWER_LIMIT });
    const ours = cap.references.some((reference) => reference.sender === sender && reference.identifier === identifier);
    if (ours && cap.msgType === 'Ack') return { kind: 'accepted', references: [identifier], expectedReceipts: 1 };
    if (ours && cap.msgType === 'Error') return { kind: 'refused', reason: 'cap_error' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  return ANSWER_INVALID;
}
