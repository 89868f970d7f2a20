import type { DestinationId } from '#kernel/ids.js';
import type { Receipt, Stage } from '#dispatch/channel.js';
import { type Deliver, TLV } from './pdu.js';

/** What a `deliver_sm` is: the final word on a message, a word in between, or no receipt at all (a citizen's SMS). */
export type Reading = { readonly kind: 'final'; readonly receipt: Receipt } | { readonly kind: 'interim' } | { readonly kind: 'other' };

/** Message type bits of esm_class (SMPP 3.4, section 5.2.12). */
const TYPE_MASK = 0x3c;
const DELIVERY_RECEIPT = 0x04;
const INTERMEDIATE = 0x20;

/** message_state (section 5.2.28) in the words of the text form (appendix B). */
export const STATES: readonly (string | undefined)[] = [undefined, 'ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD'];
const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ['DELIVRD', 'confirmed'],
  ['EXPIRED', 'failed'],
  ['DELETED', 'failed'],
  ['UNDELIV', 'failed'],
  ['REJECTD', 'failed'],
]);
const MESSAGE_ID = /^[\x21-\x7e]{1,64}$/;

/**
 * Reads a delivery receipt in both of its forms: optional parameters, and the text `id:… stat:DELIVRD …` of appendix B.
 * Only DELIVRD confirms; ENROUTE, ACCEPTD and UNKNOWN say nothing final. The done date is left out: it names no time zone.
 */
export function readReceipt(deliver: Deliver, destination: DestinationId): Reading {
  const type = deliver.esmClass & TYPE_MASK;
  if (type === INTERMEDIATE) return { kind: 'interim' };
  if (type !== DELIVERY_RECEIPT) return { kind: 'other' };
  const text = deliver.message.toString('latin1');
  const id = cStringOf(deliver.tlvs.get(TLV.receiptedMessageId)) ?? /(?:^|\s)id:\s*(\S+)/i.exec(text)?.[1];
  const state = deliver.tlvs.get(TLV.messageState);
  const word = (state?.length === 1 ? STATES[state[0] ?? 0] : undefined) ?? /(?:^|\s)stat:\s*([A-Za-z]+)/i.exec(text)?.[1]?.toUpperCase();
  if (id === undefined || !MESSAGE_ID.test(id) || word === undefined) return { kind: 'interim' };
  const receipt = receiptOf(id, word, destination);
  return receipt ? { kind: 'final', receipt } : { kind: 'interim' };
}

/** The receipt of a message in a state; nothing when the state is not final. The same whether the operator reported or was asked. */
export function receiptOf(id: string, word: string, destination: DestinationId): Receipt | undefined {
  const stage = STAGES.get(word);
  return stage && { destination, receiptKey: `${id}:${word}`, about: { reference: id }, stage, word };
}

function cStringOf(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return value.toString('latin1', 0, end < 0 ? value.length : end);
}
