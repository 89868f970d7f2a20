import { isXmlText, leaf, node, element } from '#cap/xml.js';
import { LANGUAGES } from '#alerts/content.js';
import type { Mode, Notice, SentNotice } from '#alerts/notice.js';
import type { Preview, Snapshot } from '#dispatch/channel.js';
import { fitSign, previewSign } from '#dispatch/sign.js';
import type { Fault } from '#kernel/errors.js';
import { declarations, international, VALUE_LIMIT, writePublication, type Publication } from './common.js';
import type { Datex2Settings, Sign } from './config.js';
import { vmsPublication } from './signs.js';
import { sharesMode, situationPublication } from './situation.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/**
 * A notice as one message of DATEX II Exchange 2020 (simple push): a container with what is happening
 * (`SituationPublication`) and what the signs show of it (`VmsPublication`). Pure; the same notice gives the same text.
 * Refuses with TEXT_TOO_LONG or TEXT_NOT_ENCODABLE what a sign cannot show whole.
 */
export function encode(notice: SentNotice, settings: Datex2Settings): string {
  const { sent, mode } = notice;
  return `${DECLARATION}${element(
    'con:messageContainer',
    { ...declarations('con', 'ex', 'com', 'loc', 'sit', 'vms'), modelBaseVersion: '3' },
    writePublication('con:payload', situationPublication([notice], settings, sent)),
    writePublication('con:payload', vmsPublication([notice], settings, mode, sent)),
    exchangeInformation(settings, sent),
  )}`;
}

/**
 * The pull side: each document is a snapshot of the alerts that run now, a `d2:payload` of its own. An alert that has ended is
 * simply no longer in it, and signs without one are blank. Throws a TypeError when notices of both modes are mixed.
 */
export const snapshots: readonly Snapshot<Datex2Settings>[] = [
  { name: 'situations.xml', mediaType: 'application/xml', render: (running, settings, mode, at) => payload(running, mode, situationPublication(running, settings, at)) },
  { name: 'signs.xml', mediaType: 'application/xml', render: (running, settings, mode, at) => payload(running, mode, vmsPublication(running, settings, mode, at)) },
];

function payload(running: readonly SentNotice[], mode: Mode, publication: Publication): Buffer {
  if (!sharesMode(running, mode)) throw new TypeError('drill and live never share a document');
  return Buffer.from(`${DECLARATION}${writePublication('d2:payload', publication, declarations('d2', 'com', 'loc', 'sit', 'vms'))}`);
}

function exchangeInformation({ supplier }: Datex2Settings, at: string): string {
  return element(
    'con:exchangeInformation',
    { modelBaseVersion: '3' },
    node(
      'ex:exchangeContext',
      leaf('ex:codedExchangeProtocol', 'simplePush'),
      leaf('ex:exchangeSpecificationVersion', '2020'),
      node('ex:supplierOrCisRequester', international('ex:internationalIdentifier', supplier)),
    ),
    node('ex:dynamicInformation', leaf('ex:exchangeStatus', 'undefined'), leaf('ex:messageGenerationTimestamp', at)),
  );
}

/** The texts of the situation in each language, and the pages of every kind of sign. Nothing is shortened. */
export function preview(notice: Notice, settings: Datex2Settings): readonly Preview[] {
  const texts = LANGUAGES.flatMap((language) => (['headline', 'short', 'instruction', 'area'] as const).map((field): Preview => {
    const text = notice.texts[language][field];
    const length = [...text].length;
    const at = `texts.${language}.${field}`;
    const faults: Fault[] = [];
    if (length > VALUE_LIMIT) faults.push({ code: 'TEXT_TOO_LONG', field: at, detail: `${length} of ${VALUE_LIMIT} characters.` });
    if (!isXmlText(text)) faults.push({ code: 'TEXT_NOT_ENCODABLE', field: at, detail: 'XML 1.0.' });
    return { language, encoding: 'UTF-8', text, length, limit: VALUE_LIMIT, unit: 'characters', segments: 1, faults };
  }));
  // An ending blanks the signs: there is nothing to fit.
  const ended = notice.kind === 'found' || notice.kind === 'withdrawn';
  return [...texts, ...(ended ? [] : signsByForm(settings).map((signs) => previewSign(fitSign(notice, signs[0]), signs[0], { signs: signs.map(({ id }) => id), centred: false })))];
}

/** Signs that show the same thing in the same way: one preview stands for all of them. */
function signsByForm({ signs }: Datex2Settings): readonly (readonly [Sign, ...Sign[]])[] {
  const byForm = new Map<string, [Sign, ...Sign[]]>();
  for (const sign of signs) {
    const form = `${sign.rows}/${sign.columns}/${sign.maxPages}/${sign.charset}/${sign.language}`;
    const group = byForm.get(form);
    if (group) group.push(sign);
    else byForm.set(form, [sign]);
  }
  return [...byForm.values()];
}
