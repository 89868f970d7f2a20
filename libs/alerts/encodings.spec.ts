import fc from 'fast-check';
import { cellBroadcastPages, encodeGsm7Unpacked, encodeUcs2, measureCellBroadcast, measureGsm7, measureUcs2, smsSegments, splitSms } from './encodings.js';

const codeOf = (run: () => unknown): string => { try { run(); return 'none'; } catch (error) { return (error as { code: string }).code; } };
const gsmText = fc.array(fc.constantFrom(...'@£ΔÆé Aaz0€[]{}|~^\\'), { maxLength: 700, size: 'max' }).map((l) => l.join(''));
const anyText = fc.string({ unit: fc.constantFrom('a', 'č', 'Ж', '€', '😀', 'é', '\n'), maxLength: 500, size: 'max' });

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

describe('the pages of a cell broadcast', () => {
  // A decoder of its own, as a handset has one: septet by septet from a string of bits, page by page, padding dropped.
  const ALPHABET = Array.from({ length: 128 }, (_, code) => Array.from({ length: 0x2200 }, (_, i) => String.fromCharCode(i)).find((c) => measureGsm7(c).septets === 1 && encodeGsm7Unpacked(c)[0] === code) ?? '?');
  const EXTENSION = new Map([...'^{}\\[~]|€\f'].map((sign) => [encodeGsm7Unpacked(sign)[1]!, sign]));
  const septetsOf = (page: Uint8Array): number[] => {
    const bits = [...page].map((octet) => [...octet.toString(2).padStart(8, '0')].reverse().join('')).join('');
    return Array.from({ length: 93 }, (_, i) => Number.parseInt([...bits.slice(i * 7, i * 7 + 7)].reverse().join(''), 2));
  };
  const readGsm7 = (page: Uint8Array): string => {
    let text = '';
    const codes = septetsOf(page);
    for (let i = 0; i < codes.length; i++) text += codes[i] === 0x1b ? EXTENSION.get(codes[++i]!)! : ALPHABET[codes[i]!]!;
    return text.replace(/\r+$/, '');
  };
  const readUcs2 = (page: Uint8Array): string => Buffer.from(page).swap16().toString('utf16le').replace(/\r+$/, '');

  it('read back page by page are the text, each page whole in itself and of 82 octets', () => {
    fc.assert(fc.property(fc.oneof(gsmText, anyText), (text) => {
      const { encoding, pages, length, limit } = cellBroadcastPages(text);
      expect(encoding).toBe(measureGsm7(text).encodable ? 'gsm7' : 'ucs2');
      expect(limit).toBe(encoding === 'gsm7' ? 1395 : 615);
      expect(length).toBe(encoding === 'gsm7' ? measureGsm7(text).septets : text.length);
      const read = pages.map(encoding === 'gsm7' ? readGsm7 : readUcs2);
      expect(read.join('')).toBe(text);
      for (const [i, page] of pages.entries()) {
        expect(page.length).toBe(82);
        expect(measureUcs2(read[i]!).encodable).toBe(true);
        if (encoding === 'gsm7') expect(page[81]! >> 3).toBe(0);
      }
      expect(measureCellBroadcast(text)).toEqual({ encoding, length, limit, pages: pages.length });
    }), { numRuns: 200 });
  });

  it('are the octets of the standard: "hellohello" packed, carriage returns behind', () => {
    // The packing example that every implementation shares: hellohello = E8329BFD4697D9EC37.
    const [page] = cellBroadcastPages('hellohello').pages;
    expect(Buffer.from(page!.subarray(0, 8)).toString('hex')).toBe('e8329bfd4697d9ec');
    expect(septetsOf(page!).slice(10)).toEqual(Array.from({ length: 83 }, () => 0x0d));
    expect(Buffer.from(cellBroadcastPages('Ž').pages[0]!).toString('hex')).toBe(`017d${'000d'.repeat(40)}`);
    expect(cellBroadcastPages('').pages).toHaveLength(1);
  });

  it.each([
    ['93 septets', 'a'.repeat(93), 1], ['94 septets', 'a'.repeat(94), 2], ['an escape on the edge', `${'a'.repeat(92)}€`, 2], ['1,395 septets', 'a'.repeat(1395), 15],
    ['41 units', 'č'.repeat(41), 1], ['42 units', 'č'.repeat(42), 2], ['a pair on the edge', `${'č'.repeat(40)}😀`, 2], ['615 units', 'č'.repeat(615), 15],
  ])('%s take the pages they need', (_name, text, pages) => {
    expect(cellBroadcastPages(text).pages).toHaveLength(pages);
  });

  it.each([['septets', 'a'.repeat(1396)], ['units', 'č'.repeat(616)], ['units, by a pair that would be cut', `${'č'.repeat(40)}😀${'č'.repeat(573)}`]])('are refused beyond 15: %s', (_name, text) => {
    expect(codeOf(() => cellBroadcastPages(text))).toBe('TEXT_TOO_LONG');
    expect(measureCellBroadcast(text).pages).toBe(16);
  });

  it('are refused for half a surrogate pair', () => {
    expect(codeOf(() => cellBroadcastPages('a\ud83d'))).toBe('TEXT_NOT_ENCODABLE');
  });
});
