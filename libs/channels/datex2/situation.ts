import { element, leaf, node } from '#cap/xml.js';
import { areaPolygons } from '#alerts/area.js';
import type { Area, Position } from '#alerts/content.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import { header, international, isEnding, multilingual, namesOf, publicationHead, type Publication } from './common.js';
import type { Datex2Settings } from './config.js';

/**
 * Alerts as a DATEX II v3.5 `SituationPublication`: each a situation with one record, `GeneralInstructionOrMessageToRoadUsers`
 * with `observeAmberAlert`. An update is the next version of the same record; an ending is a version whose validity has
 * ended. `at` is the time of the publication, a date-time with an offset.
 */
export function situationPublication(notices: readonly SentNotice[], settings: Datex2Settings, at: string): Publication {
  return { type: 'sit:SituationPublication', content: `${publicationHead(settings, at)}${notices.map((notice) => situation(notice, settings)).join('')}` };
}

function situation(notice: SentNotice, settings: Datex2Settings): string {
  return element(
    'sit:situation',
    { id: namesOf(notice).situation },
    leaf('sit:overallSeverity', 'high'),
    leaf('sit:situationVersionTime', notice.sent),
    header('sit:headerInformation', notice.mode),
    record(notice, settings),
  );
}

function record(notice: SentNotice, settings: Datex2Settings): string {
  const { texts, sent, url } = notice;
  const first = notice.references[0] ?? { identifier: notice.identifier, sent };
  const { record: id, version } = namesOf(notice);
  const ended = isEnding(notice);
  return element(
    'sit:situationRecord',
    { 'xsi:type': 'sit:GeneralInstructionOrMessageToRoadUsers', id, version },
    leaf('sit:situationRecordCreationReference', first.identifier),
    leaf('sit:situationRecordCreationTime', first.sent),
    leaf('sit:situationRecordVersionTime', sent),
    leaf('sit:probabilityOfOccurrence', 'certain'),
    leaf('sit:severity', 'high'),
    node('sit:source', leaf('com:sourceCountry', settings.supplier.country), leaf('com:sourceIdentification', settings.supplier.identifier)),
    validity(first.sent, ended ? sent : notice.expires),
    comment('description', (language) => texts[language].short),
    comment('other', (language) => texts[language].instruction),
    node('sit:urlLink', leaf('com:urlLinkAddress', url), leaf('com:urlLinkType', 'html')),
    location(notice),
    international('sit:informationManagerOverride', settings.supplier),
    leaf('sit:actionOrigin', 'external'),
    leaf('sit:operatorActionStatus', ended ? 'terminationRequested' : 'requested'),
    leaf('sit:complianceOption', 'advisory'),
    leaf('sit:generalInstructionToRoadUsersType', 'observeAmberAlert'),
    multilingual('sit:generalMessageToRoadUsers', (language) => texts[language].headline),
  );
}

function validity(from: string, to: string): string {
  const period = node('com:validityTimeSpecification', leaf('com:overallStartTime', from), leaf('com:overallEndTime', to));
  return node('sit:validity', leaf('com:validityStatus', 'definedByValidityTimeSpec'), period);
}

function comment(type: string, text: Parameters<typeof multilingual>[1]): string {
  return node('sit:generalPublicComment', multilingual('sit:comment', text), leaf('sit:commentType', type));
}

function location({ area, texts }: SentNotice): string {
  const name = element('loc:namedArea', { 'xsi:type': 'loc:NamedArea' }, multilingual('loc:areaName', (language) => texts[language].area), leaf('loc:country', 'RS'));
  return element('sit:locationReference', { 'xsi:type': 'loc:AreaLocation' }, name, multiPolygon(area));
}

function multiPolygon(area: Area): string {
  const rings = areaPolygons(area).map((ring) => {
    // EPSG 4326 has latitude first.
    const line = element('loc:exterior', { srsDimension: '2', srsName: 'urn:ogc:def:crs:EPSG::4326' }, leaf('loc:posList', closed(ring).map(([lon, lat]) => `${degrees(lat)} ${degrees(lon)}`).join(' ')));
    return node('loc:gmlPolygon', line);
  });
  return node('loc:gmlMultiPolygon', ...rings);
}

const closed = (ring: readonly Position[]): readonly Position[] => (ring[0] === undefined ? ring : [...ring, ring[0]]);
/** Six decimals are a decimetre; never an exponent, which the schema does not take. */
const degrees = (value: number): string => value.toFixed(6).replace(/\.?0+$/, '');

/** Whether all notices are of one mode; drill and live never share a document. */
export function sharesMode(notices: readonly SentNotice[], mode: Mode): boolean {
  return notices.every((notice) => notice.mode === mode);
}
