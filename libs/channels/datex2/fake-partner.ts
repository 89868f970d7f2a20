import type { Element } from '@xmldom/xmldom';
import { element, elements, leaf, node, parseXml } from '#cap/xml.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions, type PartnerMessage } from '#dispatch/testing/https-partner.js';
import { Refusal } from '#kernel/errors.js';
import { declarations, NAMESPACES } from './common.js';
import type { Datex2Settings } from './config.js';

const { com, con, sit, vms } = NAMESPACES;

/**
 * A simulated traffic centre. It reads situation and signs out of what it takes, tells repetitions by key and by record and
 * version, acknowledges in DATEX II and posts a signed receipt for each sign, `displayed <sign>` or `blanked <sign>`.
 */
export function startFakePartner(destination: Destination<Datex2Settings>, options: FakePartnerOptions): Promise<FakePartner> {
  return startHttpsPartner(destination, options, {
    method: 'POST',
    contentType: 'application/xml',
    read: ({ body }) => read(body, destination),
    rubbish: { status: 200, headers: { 'Content-Type': 'application/xml' }, body: '<exchangeInformation><returnStatus>ack' },
  });
}

function read(body: Buffer, { settings, mode }: Destination<Datex2Settings>): PartnerMessage | undefined {
  try {
    const { root } = parseXml(body);
    if (root.localName !== 'messageContainer' || root.namespaceURI !== con) return undefined;
    const payloads = elements(root, con, 'payload');
    const situation = payloads.flatMap((p) => elements(p, sit, 'situation'))[0];
    const record = situation && elements(situation, sit, 'situationRecord')[0];
    // A centre of one world takes nothing of the other.
    const status = situation && textOf(situation, [sit, 'headerInformation'], [com, 'informationStatus']);
    if (!record || status !== (mode === 'drill' ? 'test' : 'real')) return undefined;
    const ended = textOf(record, [sit, 'operatorActionStatus']) === 'terminationRequested';
    const shown = payloads.flatMap((p) => elements(p, vms, 'vmsControllerStatus')).map((s) => signOf(s, settings));
    if (shown.length === 0 || shown.some((sign) => !sign || sign.blank !== ended)) return undefined;
    return {
      identifier: `${record.getAttribute('id') ?? ''}/${record.getAttribute('version') ?? ''}`,
      action: ended ? 'withdraw' : 'publish',
      answer: { status: 200, headers: { 'Content-Type': 'application/xml' }, body: acknowledge('ack', new Date()) },
      words: shown.map((sign) => `${ended ? 'blanked' : 'displayed'} ${sign?.id ?? ''}`),
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

/** Which of the centre's signs a status speaks of, and whether it is to be blank. */
function signOf(status: Element, { signs }: Datex2Settings): { readonly id: string; readonly blank: boolean } | undefined {
  const controller = elements(status, vms, 'vmsControllerReference')[0]?.getAttribute('id');
  const indexed = elements(status, vms, 'vmsStatus')[0];
  const sign = signs.find((s) => (s.controller ?? s.id) === controller && String(s.index) === indexed?.getAttribute('vmsIndex'));
  const blank = indexed && textOf(indexed, [vms, 'vmsStatus'], [vms, 'vmsMessage'], [vms, 'vmsMessage'], [vms, 'displayAreaSettings'], [vms, 'displayAreaSettings'], [vms, 'isBlank']);
  return sign && { id: sign.id, blank: blank === 'true' };
}

function textOf(from: Element, ...path: readonly (readonly [namespace: string, name: string])[]): string | undefined {
  let at: Element | undefined = from;
  for (const [namespace, name] of path) at = at && elements(at, namespace, name)[0];
  return at?.textContent ?? undefined;
}

/** The answer of a centre by Exchange 2020, with its `returnStatus`. */
export function acknowledge(returnStatus: string, now: Date): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    'con:messageContainer',
    { ...declarations('con', 'ex', 'com'), modelBaseVersion: '3' },
    element(
      'con:exchangeInformation',
      { modelBaseVersion: '3' },
      node(
        'ex:exchangeContext',
        leaf('ex:codedExchangeProtocol', 'simplePush'),
        leaf('ex:exchangeSpecificationVersion', '2020'),
        node('ex:supplierOrCisRequester', ''),
      ),
      node(
        'ex:dynamicInformation',
        leaf('ex:exchangeStatus', 'undefined'),
        leaf('ex:messageGenerationTimestamp', now.toISOString()),
        node('ex:returnInformation', leaf('ex:returnStatus', returnStatus)),
      ),
    ),
  )}`;
}
