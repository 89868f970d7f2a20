import fc from 'fast-check';
import { Refusal } from '#kernel/errors.js';
import { newTotpSecret, otpauthUri, totpAt, verifyTotp } from './totp.js';

fc.configureGlobal({ seed: 20_261_124 });

/** RFC 6238, appendix B: the ASCII text 12345678901234567890 in base32. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'taken';
};

describe('one-time codes', () => {
  it.each([[59, '287082'], [1_111_111_109, '081804'], [1_111_111_111, '050471'], [1_234_567_890, '005924'], [2_000_000_000, '279037'], [20_000_000_000, '353130']])('at second %d are those of RFC 6238', (second, code) => {
    expect(totpAt(RFC_SECRET, new Date(second * 1000))).toBe(code);
  });

  const now = new Date('2026-11-24T18:00:10Z');
  const step = Math.floor(now.getTime() / 30_000);
  const shifted = (steps: number) => totpAt(RFC_SECRET, new Date(now.getTime() + steps * 30_000));
  const verify = (code: string, lastStep = 0) => verifyTotp({ secret: RFC_SECRET, code, now, lastStep });

  it.each([-1, 0, 1])('are taken %d steps off, and say which step they belong to', (off) => {
    expect(verify(shifted(off))).toEqual({ step: step + off });
  });

  it.each([-20, -2, 2, 20])('are wrong %d steps off', (off) => {
    expect(codeOf(() => verify(shifted(off)))).toBe('CODE_WRONG');
  });

  it('keep to whole steps: no second of a neighbour but one is let in', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 3_000_000 }), fc.integer({ min: -5, max: 5 }), (second, off) => {
      const at = new Date(now.getTime() + second * 1000);
      const code = totpAt(RFC_SECRET, new Date((Math.floor(at.getTime() / 30_000) + off) * 30_000));
      const near = [-1, 0, 1].some((n) => totpAt(RFC_SECRET, new Date(at.getTime() + n * 30_000)) === code);
      expect(codeOf(() => verifyTotp({ secret: RFC_SECRET, code, now: at, lastStep: 0 }))).toBe(near ? 'taken' : 'CODE_WRONG');
    }));
  });

  it('are used once, and no older one after them', () => {
    expect(codeOf(() => verify(shifted(0), step))).toBe('CODE_REPLAYED');
    expect(codeOf(() => verify(shifted(-1), step))).toBe('CODE_REPLAYED');
    expect(verify(shifted(1), step)).toEqual({ step: step + 1 });
  });

  it.each(['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '12345\n', '-12345'])('are six digits, not %j', (code) => {
    expect(codeOf(() => verify(code))).toBe('CODE_WRONG');
  });

  it('may be typed in two groups, as apps show them', () => {
    expect(verify(`${shifted(0).slice(0, 3)} ${shifted(0).slice(3)}`)).toEqual({ step });
  });

  it('come from 160 random bits and are set up by one address', () => {
    const secret = newTotpSecret();
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(secret);
    const uri = new URL(otpauthUri(secret, 'mila.test'));
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual(['otpauth:', 'totp', '/Find Me:mila.test']);
    expect(uri.searchParams.get('secret')).toBe(secret);
    expect(uri.searchParams.get('issuer')).toBe('Find Me');
  });
});
