import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { LANGUAGES } from '#alerts/content.js';
import type { Texts } from '#alerts/notice.js';
import { itBySchema } from '#cap/testing/schema.js';
import { elements, parseXml } from '#cap/xml.js';
import { CAP_NAMESPACE } from '#cap/write.js';
import { sampleEnding, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import type { AlertId } from '#kernel/ids.js';
import { encodeCap, encodeEcbe, preview, serialOf, slotsOf } from './encode.js';
import { asSchemaHasIt, CBC_SCHEMAS, cbcMessageSchema } from './testing/cbc-schema.js';
import { centre, entity } from './testing/stage.js';

const now = new Date('2026-11-24T17:00:00Z');
const settings = centre(1).settings;
const alertId = '00000000-0000-4000-8000-000000000001' as AlertId;

const words = (full: string, short = 'Kratko.'): Record<(typeof LANGUAGES)[number], Texts> =>
  Object.fromEntries(LANGUAGES.map((language) => [language, { headline: 'Naslov', short, full, instruction: 'Zovite 192.', area: 'Srbija' }])) as Record<(typeof LANGUAGES)[number], Texts>;

/** What a handset reads of UCS-2 pages. */
const shown = (pages: readonly string[]): string => pages.map((page) => Buffer.from(page, 'hex').swap16().toString('utf16le').replace(/\r+$/, '')).join('');

describe('a notice as cell broadcast', () => {
  it('goes out as EU-Amber and in a second language, and a drill only to those who ask for exercises', () => {
    expect(slotsOf('live', settings)).toEqual([{ language: 'sr-Latn', messageId: 4379 }, { language: 'en', messageId: 4392 }]);
    expect(slotsOf('live', centre(1, { alertClass: 'eu-alert-1', languages: ['sr-Cyrl'] }).settings)).toEqual([{ language: 'sr-Cyrl', messageId: 4370 }]);
    for (const alertClass of ['eu-amber', 'eu-alert-1'] as const) {
      expect(slotsOf('drill', centre(1, { alertClass }).settings).map((slot) => slot.messageId)).toEqual([4381, 4394]);
    }
  });

  it('keeps its serial number when it is repeated, and counts on for an update', () => {
    const first = serialOf({ alertId, revision: 1 });
    expect(serialOf({ alertId, revision: 1 })).toBe(first);
    expect(first >> 14).toBe(1);
    expect(first & 0xf).toBe(0);
    expect(serialOf({ alertId, revision: 2 })).toBe(first + 1);
    expect(serialOf({ alertId, revision: 17 })).toBe(first);
    fc.assert(fc.property(fc.uuid(), fc.integer({ min: 1, max: 40 }), (id, revision) => {
      const serial = serialOf({ alertId: id as AlertId, revision });
      expect(serial >= 0x4000 && serial < 0x8000).toBe(true);
    }), { numRuns: 50 });
  });

  it('says everything where it fits, else the short text, and never part of one', () => {
    const full = 'č'.repeat(615);
    expect(preview(sampleNotice({ texts: words(full) }), settings)[0]).toMatchObject({ text: full, length: 615, limit: 615, segments: 15, encoding: 'UCS-2', faults: [] });
    expect(preview(sampleNotice({ texts: words(`${full}č`) }), settings)[0]).toMatchObject({ text: 'Kratko.', length: 7, limit: 1395, segments: 1, encoding: 'GSM-7', unit: 'septets', faults: [] });
    const [tooLong] = preview(sampleNotice({ texts: words(`${full}č`, `${full}čč`) }), settings);
    expect(tooLong).toMatchObject({ length: 617, segments: 16, faults: [{ code: 'TEXT_TOO_LONG', field: 'texts.sr-Latn.short' }] });
    expect(preview(sampleEnding('found'), settings)).toEqual([]);
  });

  it('is for the centre what the preview shows, in pages of 82 octets under one serial number', () => {
    const notice = sampleNotice({ mode: 'live' });
    const messages = encodeEcbe(notice, settings, now);
    const previews = preview(notice, settings);
    expect(messages.map((m) => m.smscb_message.message_id)).toEqual([4379, 4392]);
    for (const [i, { smscb_message: { serial_nr, payload: { payload_encoded: { dcs, pages } } } }] of messages.entries()) {
      expect(serial_nr).toEqual({ serial_nr_encoded: serialOf(notice) });
      expect(dcs).toBe(0x48);
      expect(pages.every((page) => /^[0-9a-f]{164}$/.test(page))).toBe(true);
      expect(shown(pages)).toBe(previews[i]!.text);
      expect(pages).toHaveLength(previews[i]!.segments);
    }
    const [plain] = encodeEcbe(sampleNotice({ texts: words('Call 192.') }), settings, now);
    expect(plain!.smscb_message.payload.payload_encoded).toMatchObject({ dcs: 0x0f, pages: [expect.stringMatching(/^[0-9a-f]{164}$/)] });
  });

  it('ends with the alert: the last broadcast begins before it expires, and there is no endless one', () => {
    const broadcasts = (expires: string, overrides = {}) => encodeEcbe(sampleNotice({ expires }), centre(1, overrides).settings, now)[0]!.num_of_bcast;
    // 12 hours in periods of 32 times 1.883 s.
    expect(broadcasts('2026-11-25T06:00:00+01:00')).toBe(716);
    expect(broadcasts('2026-11-25T06:00:00+01:00', { periodMs: 1_000 })).toBe(1_350);
    expect(broadcasts('2026-11-27T18:00:00+01:00', { periodMs: 1_000, repetitionPeriod: 1 })).toBe(65_535);
    expect(broadcasts('2026-11-24T18:00:10+01:00')).toBe(1);
    expect(broadcasts('2026-11-24T17:00:00+01:00')).toBe(1);
  });

  const [cbc, smscb] = CBC_SCHEMAS.map((path) => existsSync(path));
  const valid = cbc && smscb ? it : it.skip;
  valid(cbc && smscb ? 'is valid by the centre\'s own schema' : 'is valid by the centre\'s own schema (skipped: cbc.schema.json is not there)', () => {
    const faultsOf = cbcMessageSchema();
    for (const notice of [sampleNotice(), sampleUpdate(sampleNotice({ mode: 'live' }))]) {
      for (const message of encodeEcbe(notice, settings, now)) {
        expect(faultsOf(asSchemaHasIt(message))).toEqual([]);
        expect(faultsOf(asSchemaHasIt({ ...message, smscb_message: { ...message.smscb_message, serial_nr: { serial_nr_encoded: 65_536 } } }))).not.toEqual([]);
        expect(faultsOf(asSchemaHasIt({ ...message, repetition_period: 0 } as typeof message))).not.toEqual([]);
      }
    }
  });
});

describe('a notice as CAP for a broadcast entity', () => {
  const parametersIn = (xml: string) => elements(parseXml(xml).root, CAP_NAMESPACE, 'info').map((info) =>
    Object.fromEntries(elements(info, CAP_NAMESPACE, 'parameter').map((p) => elements(p, CAP_NAMESPACE).map((e) => e.textContent ?? ''))) as Record<string, string>);

  it('names class, identifiers and the very text in the languages that are broadcast, and carries no photo', () => {
    const notice = sampleNotice({ mode: 'live' });
    const xml = encodeCap(notice, entity(1).settings);
    const [latin, cyrillic, english] = parametersIn(xml);
    const previews = preview(notice, entity(1).settings);
    expect(latin).toEqual({
      'EU-Alert': 'EU-Amber', 'CellBroadcast-MessageIdentifier': '4379', 'CellBroadcast-SerialNumber': String(serialOf(notice)),
      'CellBroadcast-Encoding': 'UCS-2', 'CellBroadcast-Text': previews[0]!.text,
    });
    expect(cyrillic).toEqual({});
    expect(english).toMatchObject({ 'CellBroadcast-MessageIdentifier': '4392', 'CellBroadcast-Text': previews[1]!.text });
    expect(xml).not.toContain('<resource>');
    expect(parametersIn(encodeCap(sampleNotice(), entity(1).settings))[0]).toMatchObject({ 'EU-Alert': 'EU-Exercise', 'CellBroadcast-MessageIdentifier': '4381' });
  });

  it('says at an ending what is to be stopped, and no text', () => {
    const first = sampleNotice({ mode: 'live' });
    const [latin] = parametersIn(encodeCap(sampleEnding('found', first), entity(1).settings));
    expect(Object.keys(latin!)).toEqual(['EU-Alert', 'CellBroadcast-MessageIdentifier', 'CellBroadcast-SerialNumber']);
    expect(Number(latin!['CellBroadcast-SerialNumber']) >> 4).toBe(serialOf(first) >> 4);
  });

  it('is refused where the text fits no broadcast', () => {
    const long = 'č'.repeat(616);
    expect(() => encodeCap(sampleNotice({ texts: words(long, long) }), entity(1).settings)).toThrow(expect.objectContaining({ code: 'TEXT_TOO_LONG' }));
  });

  itBySchema('CAP-v1.2.xsd', 'is valid by the schema of OASIS', (schema) => {
    for (const notice of [sampleNotice(), sampleUpdate(), sampleEnding('withdrawn')]) schema.validate(encodeCap(notice, entity(1).settings));
  });
});
