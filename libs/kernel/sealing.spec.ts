import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { keyedDigest, keyIdOf, newCaseKey, open, seal, SealBroken } from './sealing.js';

fc.configureGlobal({ seed: 20_261_124 });

const key = newCaseKey();
const secret = Buffer.from('Izmišljeno Dete', 'utf8');

describe('sealing', () => {
  it('opens with the same key for the same purpose only', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), fc.string(), fc.string(), (data, aad, other) => {
      const sealed = seal(key, data, aad);
      expect(sealed).toHaveLength(data.length + 29);
      expect(Buffer.from(open(key, sealed, aad))).toEqual(Buffer.from(data));
      if (other !== aad) expect(() => open(key, sealed, other)).toThrow(SealBroken);
      expect(() => open(newCaseKey(), sealed, aad)).toThrow(SealBroken);
    }));
  });

  it('breaks when any bit is another or the end is missing', () => {
    const sealed = seal(key, secret, 'a');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => open(key, bent, 'a')).toThrow(SealBroken);
    }
    for (let length = 0; length < sealed.length; length += 1) expect(() => open(key, sealed.subarray(0, length), 'a')).toThrow(SealBroken);
  });

  it('never makes the same text twice, and shows nothing of it', () => {
    const [a, b] = [seal(key, secret, 'a'), seal(key, secret, 'a')];
    expect(a.equals(b)).toBe(false);
    expect(a.includes(secret)).toBe(false);
  });

  it('quotes nothing in its errors', () => {
    expect(() => open(newCaseKey(), seal(key, secret, 'a'), 'a')).toThrow('sealed data does not open with this key for this purpose');
    expect(() => seal(secret, secret, 'a')).toThrow('a sealing key has 32 octets');
  });

  it('says by which key it opens where it was told to, and no bit of that can be changed', () => {
    const sealed = seal(key, secret, 'a', '0123456789abcdef');
    expect([keyIdOf(sealed), keyIdOf(seal(key, secret, 'a'))]).toEqual(['0123456789abcdef', undefined]);
    expect(open(key, sealed, 'a')).toEqual(secret);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => open(key, bent, 'a')).toThrow(SealBroken);
    }
  });
});

describe('a keyed digest', () => {
  it('is the same for the same text and key, and another for any other', () => {
    expect(keyedDigest(key, 'razlog')).toMatch(/^[0-9a-f]{64}$/);
    expect(keyedDigest(key, 'razlog')).toBe(keyedDigest(key, 'razlog'));
    expect(keyedDigest(key, 'razlog ')).not.toBe(keyedDigest(key, 'razlog'));
    expect(keyedDigest(newCaseKey(), 'razlog')).not.toBe(keyedDigest(key, 'razlog'));
  });

  it('is made with a key of its own, derived from the one that seals', () => {
    const hmac = (by: Uint8Array, text: string) => createHmac('sha256', by).update(text);
    expect(keyedDigest(key, 'razlog')).toBe(hmac(hmac(key, 'findme keyed digest v1').digest(), 'razlog').digest('hex'));
  });
});
