import { elements, parseXml } from '#cap/xml.js';
import type { Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { Refusal } from '#kernel/errors.js';
import { SIRI_NAMESPACE } from './encode.js';

/** What a `DataReceivedAcknowledgement` says. */
interface Acknowledgement {
  readonly about: string | undefined;
  readonly status: string | undefined;
}

/**
 * Judges the answer of a passenger information system to the delivery `identifier`. Only a SIRI `DataReceivedAcknowledgement`
 * that names it says what became of it: `Status` true is acceptance, false refusal. Its silence on either says nothing.
 */
export function outcomeOf(answer: Answer, identifier: string, accepted: Extract<Outcome, { kind: 'accepted' }>, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  const acknowledgement = readAcknowledgement(answer.body);
  if (acknowledgement?.about !== identifier) return ANSWER_INVALID;
  // The two spellings of xsd:boolean.
  if (acknowledgement.status === 'true' || acknowledgement.status === '1') return accepted;
  if (acknowledgement.status === 'false' || acknowledgement.status === '0') return { kind: 'refused', reason: 'siri_error' };
  return ANSWER_INVALID;
}

function readAcknowledgement(body: Buffer | undefined): Acknowledgement | undefined {
  try {
    const { root } = parseXml(body ?? '', ANSWER_LIMIT);
    if (root.localName !== 'Siri' || root.namespaceURI !== SIRI_NAMESPACE) return undefined;
    const [acknowledgement, ...more] = elements(root, SIRI_NAMESPACE, 'DataReceivedAcknowledgement');
    if (!acknowledgement || more.length > 0) return undefined;
    const only = (name: string): string | undefined => {
      const found = elements(acknowledgement, SIRI_NAMESPACE, name);
      return found.length === 1 ? (found[0]?.textContent ?? '').trim() : undefined;
    };
    return { about: only('RequestMessageRef'), status: only('Status') };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}
