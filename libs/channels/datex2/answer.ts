import { elements, parseXml } from '#cap/xml.js';
import type { Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, ANSWER_LIMIT, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import { Refusal } from '#kernel/errors.js';
import { NAMESPACES } from './common.js';

/**
 * Judges the answer of a traffic centre. Only the `returnStatus` of DATEX II Exchange 2020 says what became of a message:
 * `ack` is acceptance, `fail` refusal, a wish to begin the exchange anew puts off; anything else says nothing.
 */
export function outcomeOf(answer: Answer, accepted: Extract<Outcome, { kind: 'accepted' }>, now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  switch (returnStatus(answer.body)) {
    case 'ack': return accepted;
    case 'fail': return { kind: 'refused', reason: 'datex_fail' };
    case 'closeSessionRequest':
    case 'snapshotSynchronisationRequest': return { kind: 'deferred', reason: 'datex_session' };
    default: return ANSWER_INVALID;
  }
}

/** `exchangeInformation` by itself or in a container, as centres answer; its one `returnStatus`, or nothing. */
function returnStatus(body: Buffer | undefined): string | undefined {
  try {
    const { root } = parseXml(body ?? '', ANSWER_LIMIT);
    const inContainer = root.localName === 'messageContainer' && root.namespaceURI === NAMESPACES.con;
    const alone = root.localName === 'exchangeInformation' && root.namespaceURI === NAMESPACES.ex;
    const informations = inContainer ? elements(root, NAMESPACES.con, 'exchangeInformation') : alone ? [root] : [];
    const statuses = informations
      .flatMap((information) => elements(information, NAMESPACES.ex, 'dynamicInformation'))
      .flatMap((dynamic) => elements(dynamic, NAMESPACES.ex, 'returnInformation'))
      .flatMap((returned) => elements(returned, NAMESPACES.ex, 'returnStatus'));
    return statuses.length === 1 ? (statuses[0]?.textContent ?? '').trim() : undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}
