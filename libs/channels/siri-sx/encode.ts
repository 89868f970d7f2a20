import { element, isXmlText, leaf, node, xmlText } from '#cap/xml.js';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Notice, SentNotice } from '#alerts/notice.js';
import { photoAddress } from '#alerts/photo-address.js';
import type { Preview, Snapshot } from '#dispatch/channel.js';
import type { Fault } from '#kernel/errors.js';
import type { SiriSxSettings } from './config.js';

/** Namespace of SIRI. */
export const SIRI_NAMESPACE = 'http://www.siri.org.uk/siri';
const VERSION = '2.1';
const SOURCE: Readonly<Record<Language, string>> = { 'sr-Latn': 'Pronađi me', 'sr-Cyrl': 'Пронађи ме', en: 'Find Me' };
const PAGE: Readonly<Record<Language, string>> = { 'sr-Latn': 'Obaveštenje', 'sr-Cyrl': 'Обавештење', en: 'Notice' };

/** How an alert is called in SIRI: its number stays, its version is that of the revision, whichever process writes it. */
export function situationOf({ mode, alertId, revision }: Notice): { readonly number: string; readonly version: number } {
  return { number: `findme-${mode}-${alertId}`, version: revision };
}

/**
 * A notice as a SIRI 2.1 delivery of situation exchange: one `PtSituationElement`. An update is the next version of the same
 * situation; an ending is the next version with `Progress` closed. `CountryRef` is left out: its list has no Serbia. Pure;
 * the same notice gives the same text. Refuses with TEXT_NOT_ENCODABLE what XML cannot carry.
 */
export function encode(notice: SentNotice, settings: SiriSxSettings): string {
  return serviceDelivery([notice], settings, notice.sent, leaf('ResponseMessageIdentifier', notice.identifier));
}

/** The pull side: the situations of the alerts that run now. One that has ended is no longer in it. */
export const snapshots: readonly Snapshot<SiriSxSettings>[] = [
  {
    name: 'situations.xml', mediaType: 'application/xml',
    render: (running, settings, mode, at) => {
      if (running.some((notice) => notice.mode !== mode)) throw new TypeError('drill and live never share a document');
      return Buffer.from(serviceDelivery(running, settings, at));
    },
  },
];

function serviceDelivery(notices: readonly SentNotice[], settings: SiriSxSettings, at: string, identifier = ''): string {
  const delivery = element(
    'SituationExchangeDelivery',
    { version: VERSION },
    leaf('ResponseTimestamp', at),
    leaf('Status', 'true'),
    notices.length === 0 ? '' : node('Situations', ...notices.map((notice) => situation(notice, settings))),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    'Siri',
    { xmlns: SIRI_NAMESPACE, version: VERSION },
    node(
      'ServiceDelivery',
      leaf('ResponseTimestamp', at),
      leaf('ProducerRef', settings.participant),
      identifier,
      leaf('Status', 'true'),
      leaf('MoreData', 'false'),
      delivery,
    ),
  )}`;
}

function situation(notice: SentNotice, settings: SiriSxSettings): string {
  const { number, version } = situationOf(notice);
  const { texts, sent, url } = notice;
  const ended = notice.kind === 'found' || notice.kind === 'withdrawn';
  const first = notice.references[0]?.sent ?? sent;
  const photo = photoAddress(notice);
  return node(
    'PtSituationElement',
    leaf('CreationTime', first),
    leaf('ParticipantRef', settings.participant),
    leaf('SituationNumber', number),
    leaf('Version', String(version)),
    node('Source', leaf('SourceType', 'feed'), element('Name', { 'xml:lang': 'sr-Latn' }, xmlText(SOURCE['sr-Latn']))),
    leaf('VersionedAtTime', sent),
    leaf('Verification', 'verified'),
    leaf('Progress', ended ? 'closed' : 'published'),
    leaf('QualityIndex', 'certain'),
    leaf('Reality', notice.mode === 'drill' ? 'test' : 'real'),
    period('ValidityPeriod', first, ended ? sent : notice.expires),
    period('PublicationWindow', first, ended ? sent : notice.expires),
    leaf('AlertCause', 'policeActivity'),
    leaf('Severity', ended ? 'noImpact' : 'severe'),
    leaf('Priority', '1'),
    leaf('Audience', 'public'),
    leaf('ScopeType', 'stopPlace'),
    leaf('Planned', 'false'),
    leaf('Language', 'sr'),
    inEveryLanguage('Summary', (language) => texts[language].headline),
    inEveryLanguage('Description', (language) => texts[language].full),
    inEveryLanguage('Advice', (language) => texts[language].instruction),
    photo === undefined ? '' : node('Images', node('Image', leaf('ImageRef', photo))),
    node('InfoLinks', node('InfoLink', leaf('Uri', url), inEveryLanguage('Label', (language) => PAGE[language]), leaf('LinkContent', 'details'))),
    node('Affects', node('StopPlaces', ...settings.stations.map(({ stopPlace, name }) => node('AffectedStopPlace', leaf('StopPlaceRef', stopPlace), leaf('PlaceName', name))))),
  );
}

function period(name: string, from: string, to: string): string {
  return node(name, leaf('StartTime', from), leaf('EndTime', to));
}

function inEveryLanguage(name: string, text: (language: Language) => string): string {
  return LANGUAGES.map((language) => element(name, { 'xml:lang': language }, xmlText(text(language)))).join('');
}

/** Summary, description and advice of each language against their limits. Nothing is shortened. */
export function preview(notice: Notice, settings: SiriSxSettings): readonly Preview[] {
  return LANGUAGES.flatMap((language) => {
    const { headline, full, instruction } = notice.texts[language];
    const show = (field: string, text: string, limit: number): Preview => {
      const length = [...text].length;
      const at = `texts.${language}.${field}`;
      const faults: Fault[] = [];
      if (length > limit) faults.push({ code: 'TEXT_TOO_LONG', field: at, detail: `${length} of ${limit} characters.` });
      if (!isXmlText(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at, detail: 'XML 1.0.' });
      return { language, encoding: 'UTF-8', text, length, limit, unit: 'characters', segments: 1, faults };
    };
    return [show('headline', headline, settings.summaryLimit), show('full', full, settings.descriptionLimit), show('instruction', instruction, settings.descriptionLimit)];
  });
}
