import { Refusal } from '#kernel/errors.js';
import { readCap } from './read.js';

/**
 * What a partner's CAP answer says of the message `identifier` of `sender`: `Ack` or `Error`, where it names exactly this message
 * among its `references` (CAP 1.2 section 3.2.1); nothing for any other answer, and for what is no CAP.
 */
export function readAcknowledgement(answer: Uint8Array | string, { sender, identifier, maxBytes }: { readonly sender: string; readonly identifier: string; readonly maxBytes: number }): 'Ack' | 'Error' | undefined {
  try {
    const { references, msgType } = readCap(answer, { maxBytes });
    if (!references.some((reference) => reference.sender === sender && reference.identifier === identifier)) return undefined;
    return msgType === 'Ack' || msgType === 'Error' ? msgType : undefined;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
