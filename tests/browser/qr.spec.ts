import { createHash } from 'node:crypto';
import { qrCode } from '../../apps/console/account/qr.js';

const drawn = (text: string): string => qrCode(text).map((row) => row.map((dark) => (dark ? '#' : '.')).join('')).join('\n');
const ADDRESS = 'otpauth://totp/Find%20Me:nova?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Find%20Me';

/** Octets that each version holds at level M (ISO/IEC 18004, table 7). */
const MOST = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331];

describe('a QR code', () => {
  it('grows with its text, from version 1 to 13, and refuses what does not fit', () => {
    expect(MOST.flatMap((most) => [most, most + 1]).slice(0, -1).map((length) => (qrCode('x'.repeat(length)).length - 17) / 4))
      .toEqual(MOST.flatMap((_, at) => [at + 1, at + 2]).slice(0, -1));
    expect(() => qrCode('x'.repeat(332))).toThrow(RangeError);
  });

  it('has its three finders, its timing and its one module that is always dark', () => {
    const code = qrCode(ADDRESS);
    const size = code.length;
    const at = (row: number, column: number) => Array.from({ length: 7 }, (_, r) => Array.from({ length: 7 }, (__, c) => (code[row + r]![column + c] ? '#' : '.')).join(''));
    const finder = ['#######', '#.....#', '#.###.#', '#.###.#', '#.###.#', '#.....#', '#######'];
    expect([at(0, 0), at(0, size - 7), at(size - 7, 0)]).toEqual([finder, finder, finder]);
    expect(code[6]!.slice(7, size - 7).every((dark, n) => dark === (n % 2 === 1))).toBe(true);
    expect(code[size - 8]![8]).toBe(true);
  });

  // Codes of every length up to 331 octets were read back by a decoder of others (jsQR) when this was written; this holds them still.
  it('is the one that was read back', () => {
    const all = MOST.map((length) => drawn(`${ADDRESS}${'abcdefghij'.repeat(30)}`.slice(0, length))).join('\n\n');
    expect(createHash('sha256').update(all).digest('hex')).toBe('76a871e237716a4e17ee114eff071ed1a673c6b1838540407f33b848c83da96b');
  });
});
