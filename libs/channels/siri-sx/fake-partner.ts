import type { Element } from '@xmldom/xmldom';
import { element, elements, leaf, node, parseXml } from '#cap/xml.js';
import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions, type PartnerMessage } from '#dispatch/testing/https-partner.js';
import { Refusal } from '#kernel/errors.js';
import type { SiriSxSettings } from './config.js';
import { SIRI_NAMESPACE } from './encode.js';

/**
 * A simulated passenger information system. It reads the situation out of what it takes, tells repetitions by key and by
 * message identifier, acknowledges in SIRI and posts a signed receipt for each station, `displayed <station>` or
 * `removed <station>`.
 */
export function startFakePartner(destination: Destination<SiriSxSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  return startHttpsPartner(destination, options, {
    method: 'POST',
    contentType: 'application/xml',
    read: ({ body }) => read(body, destination),
    rubbish: { status: 200, headers: { 'Content-Type': 'application/xml' }, body: '<Siri><DataReceivedAcknowledgement><Status>true' },
  });
}

function read(body: Buffer, { settings, mode }: Destination<SiriSxSettings>): PartnerMessage | undefined {
  try {
    const { root } = parseXml(body);
    const [delivery] = children(root, 'ServiceDelivery');
    const [situation] = delivery ? children(delivery, 'SituationExchangeDelivery', 'Situations', 'PtSituationElement') : [];
    if (!delivery || !situation) return undefined;
    // Screens of one world show nothing of the other.
    if (textOf(situation, 'Reality') !== (mode === 'drill' ? 'test' : 'real')) return undefined;
    const places = children(situation, 'Affects', 'StopPlaces', 'AffectedStopPlace', 'StopPlaceRef').map((e) => e.textContent ?? '');
    const stations = places.map((place) => settings.stations.find((s) => s.stopPlace === place));
    if (stations.length === 0 || stations.includes(undefined)) return undefined;
    const identifier = textOf(delivery, 'ResponseMessageIdentifier') ?? '';
    const closed = textOf(situation, 'Progress') === 'closed';
    return {
      identifier,
      action: closed ? 'withdraw' : 'publish',
      answer: { status: 200, headers: { 'Content-Type': 'application/xml' }, body: acknowledge(identifier, true, new Date()) },
      words: stations.map((station) => `${closed ? 'removed' : 'displayed'} ${station?.id ?? ''}`),
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return undefined;
  }
}

function children(from: Element, ...path: readonly string[]): Element[] {
  return path.reduce<Element[]>((level, name) => level.flatMap((e) => elements(e, SIRI_NAMESPACE, name)), [from]);
}

function textOf(from: Element, name: string): string | undefined {
  return children(from, name)[0]?.textContent ?? undefined;
}

/** A SIRI acknowledgement of a delivery. */
export function acknowledge(identifier: string, status: boolean, now: Date): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('Siri', { xmlns: SIRI_NAMESPACE, version: '2.1' }, node(
    'DataReceivedAcknowledgement',
    leaf('ResponseTimestamp', now.toISOString()),
    leaf('ConsumerRef', 'simulated'),
    leaf('RequestMessageRef', identifier),
    leaf('Status', String(status)),
    status ? '' : node('ErrorCondition', node('OtherError', leaf('ErrorText', 'not taken'))),
  ))}`;
}
