import fc from 'fast-check';
import smppLibrary, { type Pdu } from 'smpp';
import { LANGUAGES, type Language } from '#alerts/content.js';
import type { Texts } from '#alerts/notice.js';
import { sampleEnding, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import type { Target } from './config.js';
import { absoluteTime, Addressed, encodeNotice, previewSms } from './encode.js';
import { encodeFrame } from './pdu.js';
import { settingsWith } from './testing/operator-stage.js';

const KEY = 'key-of-a-delivery';
const NUMBER: Target = { number: '999600000001' };

function noticeSaying(text: string) {
  const words: Texts = { headline: text, short: text, full: text, instruction: text, area: text };
  // The hash is not looked at here, and half a surrogate pair has none.
  return sampleNotice({ contentHash: '0'.repeat(64), texts: Object.fromEntries(LANGUAGES.map((l) => [l, words])) as Record<Language, Texts> });
}

/** Where sm_length stands behind the destination: after three flags, no schedule, 17 octets of validity and four more. */
const SM_LENGTH_AT = 3 + 1 + 17 + 4;

/** Every PDU of a notice, read again by npm `smpp`, which shares no code with the encoder. */
function read(notice = sampleNotice(), settings = settingsWith(), target: Target = NUMBER): Pdu[] {
  return encodeNotice(notice, KEY, settings).flatMap(({ segments }) =>
    segments.map((segment) => {
      const addressed = new Addressed(segment, target);
      const { command } = addressed;
      const body = Buffer.alloc(addressed.size);
      addressed.write(body, 0);
      return new smppLibrary.PDU(encodeFrame(command, 0, 7, body));
    }),
  );
}

const bodyOf = (pdu: Pdu) => pdu['short_message'] as { udh?: Buffer[]; message: string };
/** Information element of a concatenated message: 00, length 3, reference, total, sequence. */
const elementOf = (pdu: Pdu) => bodyOf(pdu).udh?.find((element) => element[0] === 0);

describe('a notice as SMPP', () => {
  it('says on the phone exactly what the notice says, whatever the words', () => {
    const gsm = fc.string({ unit: fc.constantFrom(...'abcXYZ 09@£$èéùìòÇØøÅåΔΦΓΛΩ_ÆæßÉ!"#%&()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n^{}[]~|\\€'), minLength: 1, maxLength: 610, size: 'max' });
    const serbian = fc.string({ unit: fc.constantFrom(...'abcčćšžđАБВЉЊЏљњџђћ 123.,!', '😀', 'é', '€'), minLength: 1, maxLength: 130, size: 'max' });
    let joined = 0;
    fc.assert(
      fc.property(fc.oneof(gsm, serbian), (text) => {
        const notice = noticeSaying(text);
        const settings = settingsWith();
        fc.pre(previewSms(notice, settings).every((p) => p.faults.length === 0));
        const pdus = read(notice, settings);
        expect(pdus.map((pdu) => bodyOf(pdu).message).join('')).toBe(text);
        expect(pdus).toHaveLength(previewSms(notice, settings)[0]?.segments ?? 0);
        if (pdus.length === 1) return;
        joined += 1;
        pdus.forEach((pdu, i) => expect([...(elementOf(pdu) ?? [])].slice(0, 2).concat([...(elementOf(pdu) ?? [])].slice(3))).toEqual([0, 3, pdus.length, i + 1]));
        expect(new Set(pdus.map((pdu) => elementOf(pdu)?.[2])).size).toBe(1);
      }),
      // Not shrunk when it fails: the texts are long.
      { numRuns: 300, endOnFailure: true },
    );
    // Most of them are texts of several parts, or the header that joins them was not looked at.
    expect(joined).toBeGreaterThan(100);
  });

  it('never puts more than 140 octets into one SMS', () => {
    // Septets travel one to an octet here and are packed, seven octets for eight, by the SMSC.
    for (const [text, lengths] of [['a'.repeat(612), [159, 159, 159, 159]], ['č'.repeat(268), [140, 140, 140, 140]], ['{'.repeat(80), [160]]] as const) {
      const [message] = encodeNotice(noticeSaying(text), KEY, settingsWith());
      expect(message?.segments.map(({ after }) => after[SM_LENGTH_AT])).toEqual(lengths);
    }
  });

  it('carries source, number, priority, coding, validity, and asks for one receipt, with the last segment', () => {
    const pdus = read(noticeSaying('č'.repeat(100)), settingsWith({ audience: { kind: 'distribution-list', name: 'SVI' }, priority: 2 }));
    expect(pdus.map((pdu) => pdu['registered_delivery'])).toEqual([0, 1]);
    for (const pdu of pdus) {
      expect(pdu.command).toBe('submit_sm');
      expect(pdu).toMatchObject({ source_addr_ton: 5, source_addr_npi: 0, source_addr: 'PronadjiMe', dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '999600000001' });
      expect(pdu).toMatchObject({ esm_class: 0x40, priority_flag: 2, data_coding: 8, replace_if_present_flag: 0, validity_period: new Date('2026-11-25T05:00:00Z') });
    }
    expect(read(noticeSaying('plain'))[0]).toMatchObject({ esm_class: 0, data_coding: 0 });
  });

  it('names the list of the operator with dest_flag 2, and asks for no receipt where none is to come', () => {
    const settings = settingsWith({ audience: { kind: 'distribution-list', name: 'SVI', receipts: 'none' } });
    const [pdu] = read(noticeSaying('kratko'), settings, { list: 'SVI' });
    expect(pdu).toMatchObject({ command: 'submit_multi', dest_address: [{ dl_name: 'SVI' }], registered_delivery: 0 });
  });

  it('carries the key of each segment in the vendor parameter, or nothing when the operator wants none', () => {
    const keys = read(noticeSaying('č'.repeat(100)), settingsWith({ keyTlv: 0x1555 })).map((pdu) => String(pdu[String(0x1555)]));
    expect(keys).toEqual([`${KEY}#alert.sr-Latn.1`, `${KEY}#alert.sr-Latn.2`]);
    const [bare] = read(noticeSaying('kratko'), settingsWith({ keyTlv: null }));
    expect(bare?.['user_message_reference']).toBeUndefined();
    expect(Object.keys(bare ?? {}).filter((name) => /^\d+$/.test(name))).toEqual([]);
  });

  it('keeps the reference for a repetition, and changes it for an update, an ending and another language', () => {
    const notice = sampleNotice();
    const settings = settingsWith({ languages: ['sr-Latn', 'sr-Cyrl', 'en'] });
    const references = (of: typeof notice) => [...new Set(read(of, settings).map((pdu) => elementOf(pdu)?.[2]))];
    expect(references(notice)).toEqual(references(notice));
    const long = 'č'.repeat(100);
    const ending = sampleEnding('found', notice, { texts: noticeSaying(long).texts });
    const all = [notice, sampleUpdate(notice), ending].flatMap(references);
    expect(new Set(all).size).toBe(9);
  });
});

describe('the validity of an SMS', () => {
  it('is the absolute time of SMPP in UTC', () => {
    expect(absoluteTime('2026-11-25T06:00:00+01:00')).toBe('261125050000000+');
    expect(absoluteTime('2026-12-31T23:30:00-03:30')).toBe('270101030000000+');
  });

  it('never ends after the notice expires', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_700_000_000_000, max: 2_500_000_000_000 }), (at) => {
        const text = absoluteTime(new Date(at).toISOString());
        const [, y, mo, d, h, mi, s] = /^(..)(..)(..)(..)(..)(..)000\+$/.exec(text) ?? [];
        const until = Date.parse(`20${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
        expect(until).toBeLessThanOrEqual(at);
        expect(at - until).toBeLessThan(1_000);
      }),
    );
  });
});

describe('the preview of an SMS', () => {
  it('counts as the phone does, and finds a text that is too long', () => {
    const [gsm] = previewSms(noticeSaying('a'.repeat(160)), settingsWith({ maxSegments: 1 }));
    expect(gsm).toMatchObject({ encoding: 'GSM-7', length: 160, limit: 160, segments: 1, unit: 'septets', faults: [] });
    const [over] = previewSms(noticeSaying('a'.repeat(161)), settingsWith({ maxSegments: 1 }));
    expect(over).toMatchObject({ length: 161, segments: 2, faults: [{ code: 'TEXT_TOO_LONG', field: 'texts.sr-Latn.short' }] });
    const [euro] = previewSms(noticeSaying('€'.repeat(80)), settingsWith());
    expect(euro).toMatchObject({ length: 160, segments: 1 });
    const [cyrillic] = previewSms(noticeSaying('ћ'.repeat(269)), settingsWith());
    expect(cyrillic).toMatchObject({ encoding: 'UCS-2', length: 269, limit: 268, segments: 5, unit: 'code-units' });
    expect(cyrillic?.faults.map((f) => f.code)).toEqual(['TEXT_TOO_LONG']);
  });

  it('shows the octets of every part as they stand in the PDU, the header that joins them included', () => {
    const notice = sampleNotice();
    const settings = settingsWith({ languages: ['sr-Cyrl', 'en'], maxSegments: 10 });
    const shown = previewSms(notice, settings).map(({ pieces = [] }) => pieces.map(({ octets }) => octets));
    const sent = encodeNotice(notice, KEY, settings).map(({ segments }) => segments.map(({ after }) => after.subarray(SM_LENGTH_AT + 1, SM_LENGTH_AT + 1 + after.readUInt8(SM_LENGTH_AT)).toString('hex')));
    expect(shown).toEqual(sent);
    expect(shown[0]!.length).toBeGreaterThan(1);
  });

  it('finds half a surrogate pair', () => {
    expect(previewSms(noticeSaying('x \ud83d y'), settingsWith())[0]?.faults.map((f) => f.code)).toEqual(['TEXT_NOT_ENCODABLE']);
  });
});
