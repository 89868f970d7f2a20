import { element, leaf, node } from '#cap/xml.js';
import type { Mode, SentNotice } from '#alerts/notice.js';
import type { SignPage } from '#alerts/sign-text.js';
import { fitSign, signFault } from '#dispatch/sign.js';
import { fail } from '#kernel/errors.js';
import { header, isEnding, namesOf, publicationHead, type Publication } from './common.js';
import type { Datex2Settings, Sign } from './config.js';

/**
 * What the signs are to show as a DATEX II v3.5 `VmsPublication`: a message for each running alert, and a blank one where
 * there is none. An alert that has ended blanks the message that refers to its record. Refuses with TEXT_TOO_LONG or
 * TEXT_NOT_ENCODABLE, naming the sign, what cannot be shown whole: the preview says the same before.
 */
export function vmsPublication(notices: readonly SentNotice[], settings: Datex2Settings, mode: Mode, at: string): Publication {
  const signs = settings.signs.map((sign) => signStatus(sign, notices, settings, at));
  return { type: 'vms:VmsPublication', content: `${publicationHead(settings, at)}${header('vms:headerInformation', mode)}${signs.join('')}` };
}

function signStatus(sign: Sign, notices: readonly SentNotice[], { controllerTable }: Datex2Settings, at: string): string {
  const messages = notices.length === 0 ? [message(1, undefined, at, blank())] : notices.map((notice, i) => message(i + 1, notice, notice.sent, isEnding(notice) ? blank() : display(pagesOn(sign, notice), sign)));
  return node(
    'vms:vmsControllerStatus',
    element('vms:vmsControllerTableReference', { targetClass: 'vms:VmsControllerTable', ...controllerTable }),
    element('vms:vmsControllerReference', { targetClass: 'vms:VmsController', id: sign.controller ?? sign.id, version: controllerTable.version }),
    element('vms:vmsStatus', { vmsIndex: String(sign.index) }, node('vms:vmsStatus', ...messages)),
  );
}

function message(index: number, notice: SentNotice | undefined, at: string, settings: string): string {
  const names = notice && namesOf(notice);
  return element('vms:vmsMessage', { messageIndex: String(index) }, node(
    'vms:vmsMessage',
    leaf('vms:setBySystem', 'true'),
    leaf('vms:codedReasonForSetting', 'situation'),
    leaf('vms:messageInformationType', 'instructionOrMessage'),
    leaf('vms:timeLastSet', at),
    names ? element('vms:relatedSituationRecord', { targetClass: 'sit:SituationRecord', id: names.record, version: names.version }) : '',
    element('vms:displayAreaSettings', { displayAreaIndex: '1' }, settings),
  ));
}

function pagesOn(sign: Sign, notice: SentNotice): readonly SignPage[] {
  const fitted = fitSign(notice, sign);
  if (fitted.fits) return fitted.pages;
  const { code, field, detail } = signFault(sign, fitted.why, sign.id);
  throw fail(code, field, detail);
}

function blank(): string {
  return element('vms:displayAreaSettings', { 'xsi:type': 'vms:TextDisplay' }, leaf('vms:isBlank', 'true'));
}

function display(pages: readonly SignPage[], sign: Sign): string {
  const [first = [], ...more] = pages;
  if (more.length === 0) return page(first, sign);
  const numbered = pages.map((rows, i) => element('vms:displayAreaSettings', { pageNumber: String(i + 1) }, page(rows, sign)));
  return element('vms:displayAreaSettings', { 'xsi:type': 'vms:MultiPageDisplay' }, leaf('vms:isBlank', 'false'), ...numbered);
}

function page(rows: SignPage, { language }: Sign): string {
  const lines = rows.map((row, i) => element('vms:textLine', { lineIndex: String(i + 1) }, element('vms:textLine', { lineLanguage: language }, leaf('vms:textLine', row), leaf('vms:isExactTextOnSign', 'true'))));
  return element('vms:displayAreaSettings', { 'xsi:type': 'vms:TextDisplay' }, leaf('vms:isBlank', 'false'), ...lines);
}
