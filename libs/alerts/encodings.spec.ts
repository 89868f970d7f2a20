import fc from 'fast-check';
import { encodeGsm7Unpacked, encodeUcs2, measureGsm7, measureUcs2, smsSegments, splitSms } from './encodings.js';

const codeOf = (run: () => unknown): string => { try { run(); return 'none'; } catch (error) { return (error as { code: string }).code; } };
const gsmText = fc.array(fc.constantFrom(...'@£ΔÆé Aaz0€[]{}|~^\\'), { maxLength: 700 }).map((l) => l.join(''));
const anyText = fc.string({ unit: fc.constantFrom('a', 'č', 'Ж', '€', '😀', 'é', '\n'), maxLength: 500 });

describe('measureGsm7', () => {
  it.each([
    ['', true, 0], ['Hello @£$', true, 9], ['€', true, 2], ['[a]{b}|~^\\\f', true, 20], ['Čačak', false, 3], ['ž', false, 0], ['ç', false, 0], ['Ç', true, 1],
    ['\u001b', false, 0], ['`', false, 0], ['ΔΦΓΛΩΠΨΣΘΞ', true, 10],
  ])('measures %j', (text, encodable, septets) => {
    expect(measureGsm7(text)).toEqual({ encodable, septets });
  });

  it('knows 127 default characters, each at its code of TS 23.038', () => {
    const ascii = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i)).join('');
    expect([...encodeGsm7Unpacked(ascii)]).toEqual(Array.from({ length: 26 }, (_, i) => 65 + i));
    expect([...encodeGsm7Unpacked('@£$¥\n\r_ÆßÉ ¤¡ÄÖÑÜ§¿äöñüà')]).toEqual([0, 1, 2, 3, 10, 13, 17, 28, 30, 31, 32, 36, 64, 91, 92, 93, 94, 95, 96, 123, 124, 125, 126, 127]);
    expect([...encodeGsm7Unpacked('€[')]).toEqual([0x1b, 0x65, 0x1b, 0x3c]);
    const all = Array.from({ length: 0x2200 }, (_, i) => String.fromCharCode(i)).filter((c) => measureGsm7(c).encodable);
    expect(all).toHaveLength(127 + 10);
  });
});

describe('smsSegments', () => {
  it.each([
    ['', 'gsm7', 0, 1], ['a'.repeat(160), 'gsm7', 160, 1], ['a'.repeat(161), 'gsm7', 161, 2], ['a'.repeat(306), 'gsm7', 306, 2], ['a'.repeat(307), 'gsm7', 307, 3],
    ['€'.repeat(80), 'gsm7', 160, 1], ['a'.repeat(152) + '€' + 'a'.repeat(152), 'gsm7', 306, 3],
    ['č'.repeat(70), 'ucs2', 70, 1], ['č'.repeat(71), 'ucs2', 71, 2], ['č'.repeat(134), 'ucs2', 134, 2], ['č'.repeat(135), 'ucs2', 135, 3],
    ['😀'.repeat(35), 'ucs2', 70, 1], ['č'.repeat(66) + '😀' + 'č'.repeat(66), 'ucs2', 134, 3],
  ])('counts case %#', (text, encoding, length, segments) => {
    expect(smsSegments(text)).toEqual({ encoding, length, segments });
  });

  it('refuses half a surrogate pair and more than 255 parts, rather than mend or shorten', () => {
    expect(codeOf(() => smsSegments('a\ud83d'))).toBe('TEXT_NOT_ENCODABLE');
    expect(codeOf(() => encodeUcs2('\ude00'))).toBe('TEXT_NOT_ENCODABLE');
    expect(codeOf(() => encodeGsm7Unpacked('č'))).toBe('TEXT_NOT_ENCODABLE');
    expect(measureUcs2('😀č')).toEqual({ encodable: true, units: 3 });
    expect(measureUcs2('\ud83d')).toEqual({ encodable: false, units: 1 });
    expect(smsSegments('a'.repeat(255 * 153)).segments).toBe(255);
    expect(codeOf(() => splitSms('a'.repeat(255 * 153 + 1)))).toBe('TEXT_TOO_LONG');
  });
});

describe('splitSms', () => {
  it('gives parts that joined are the text, each within its limit and whole in itself', () => {
    fc.assert(fc.property(fc.oneof(gsmText, anyText), (text) => {
      const { encoding, parts } = splitSms(text);
      expect(parts.join('')).toBe(text);
      const gsm = encoding === 'gsm7';
      expect(gsm).toBe(measureGsm7(text).encodable);
      for (const part of parts) {
        const size = gsm ? encodeGsm7Unpacked(part).length : encodeUcs2(part).length / 2;
        expect(size).toBeLessThanOrEqual(parts.length === 1 ? (gsm ? 160 : 70) : gsm ? 153 : 67);
        if (gsm) expect(encodeGsm7Unpacked(part).at(-1)).not.toBe(0x1b);
        else expect(measureUcs2(part).encodable).toBe(true);
        expect(part === '' && text !== '').toBe(false);
      }
      expect(smsSegments(text).segments).toBe(parts.length);
    }), { numRuns: 300 });
  });
});

describe('the encoders', () => {
  it('give exactly the measured length, and UTF-16BE that any decoder reads back', () => {
    fc.assert(fc.property(gsmText, (text) => {
      const octets = encodeGsm7Unpacked(text);
      expect(octets.length).toBe(measureGsm7(text).septets);
      expect(octets.every((o) => o < 128)).toBe(true);
    }), { numRuns: 100 });
    fc.assert(fc.property(anyText, (text) => {
      expect(Buffer.from(encodeUcs2(text)).swap16().toString('utf16le')).toBe(text);
    }), { numRuns: 100 });
    expect([...encodeUcs2('Ж😀')]).toEqual([0x04, 0x16, 0xd8, 0x3d, 0xde, 0x00]);
  });
});
