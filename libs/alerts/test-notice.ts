import type { AlertId } from '#kernel/ids.js';
import { capTime } from './alert.js';
import type { Language } from './content.js';
import { contentHashOf, type Mode, type Notice, type SentNotice, type Texts } from './notice.js';

/** Minutes for which a test notice is valid. */
const VALID_MINUTES = 15;

/**
 * All that a test notice ever says. The words stand here and nowhere else, so that a test can carry no word of a person's and
 * nothing of a case: what goes out without two officers is known to the letter before anybody asks for it.
 */
const TEXTS: Readonly<Record<Language, Texts>> = {
  'sr-Latn': {
    headline: 'TEST VEZE: nijedno dete nije nestalo',
    short: 'TEST VEZE sistema Pronađi me. Nijedno dete nije nestalo. Ne objavljivati, ne prosleđivati, ne preduzimati ništa.',
    full: 'TEST VEZE sistema Pronađi me. Nijedno dete nije nestalo. Ovu poruku je zatražio partner da proveri vezu. Ne emituje se, ne prikazuje se i ne prosleđuje se.',
    instruction: 'Ovo je test: ne objavljivati, ne zvati policiju, ne preduzimati ništa.',
    area: 'Test, važi nigde',
  },
  'sr-Cyrl': {
    headline: 'ТЕСТ ВЕЗЕ: ниједно дете није нестало',
    short: 'ТЕСТ ВЕЗЕ система Пронађи ме. Ниједно дете није нестало. Не објављивати, не прослеђивати, не предузимати ништа.',
    full: 'ТЕСТ ВЕЗЕ система Пронађи ме. Ниједно дете није нестало. Ову поруку је затражио партнер да провери везу. Не емитује се, не приказује се и не прослеђује се.',
    instruction: 'Ово је тест: не објављивати, не звати полицију, не предузимати ништа.',
    area: 'Тест, важи нигде',
  },
  en: {
    headline: 'CONNECTION TEST: no child is missing',
    short: 'CONNECTION TEST of Find Me. No child is missing. Do not publish, do not pass on, do nothing.',
    full: 'CONNECTION TEST of Find Me. No child is missing. The partner asked for this message to check its connection. It is not aired, not displayed and not passed on.',
    instruction: 'This is a test: do not publish, do not call the police, do nothing.',
    area: 'Test, valid nowhere',
  },
};

/** What is known of a test beside its words. */
export interface TestOrder {
  /** Of the test, and of nothing else: it takes the place of an alert's. */
  readonly id: string;
  readonly mode: Mode;
  /** Absolute address under which public pages lie, without a slash at its end. */
  readonly publicUrl: string;
}

/** The notice of a test, sent at an instant. Pure; no input of it is a text that is shown. */
export function testNotice({ id, mode, publicUrl }: TestOrder, now: Date): SentNotice {
  const notice: Notice = {
    alertId: id as AlertId, revision: 1, mode, kind: 'alert', test: true, identifier: `findme-test-${mode}-${id}`, references: [],
    // Nothing in it is to be kept from being guessed.
    salt: '0'.repeat(32),
    caseNumber: 'TEST', texts: TEXTS, area: { kind: 'country' }, validHours: 1, policeTelephone: '192', url: `${publicUrl}/`,
  };
  return { ...notice, sent: capTime(now), expires: capTime(new Date(now.getTime() + VALID_MINUTES * 60_000)), contentHash: contentHashOf(notice) };
}
