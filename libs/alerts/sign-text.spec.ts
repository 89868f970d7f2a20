import fc from 'fast-check';
import { fitSignText, spellForSign, type SignPage, type SignRequest } from './sign-text.js';

const sign = (rows: number, columns: number, maxPages = 3) => ({ rows, columns, maxPages });
const pagesOf = (request: SignRequest): readonly SignPage[] => {
  const fitted = fitSignText(request);
  if (!fitted.fits) throw new Error(fitted.why);
  return fitted.pages;
};

describe('a text on a sign', () => {
  it('is wrapped at words, row by row and page by page', () => {
    expect(pagesOf({ text: 'Nestala devojčica, 6 godina. Policija: 192', size: sign(2, 18), charset: 'ascii' })).toEqual([
      ['NESTALA DEVOJCICA,', '6 GODINA.'],
      ['POLICIJA: 192'],
    ]);
  });

  it('loses diacritics only where the sign has none', () => {
    expect(spellForSign('Đorđe Džajić, Žabalj', 'ascii')).toBe('DJORDJE DZAJIC, ZABALJ');
    expect(spellForSign('Đorđe Džajić', 'unicode')).toBe('ĐORĐE DŽAJIĆ');
  });

  it('never tears a plate or a telephone number', () => {
    const rows = pagesOf({ text: 'Golf BG 123-AB zovite +381 11 123 456 ili 011 123-456', size: sign(6, 15), charset: 'ascii' }).flat();
    expect(rows).toEqual(['GOLF BG 123-AB', 'ZOVITE', '+381 11 123 456', 'ILI 011 123-456']);
    expect(pagesOf({ text: 'crveni ČA 1234-ĐŠ', size: sign(6, 12), charset: 'ascii' }).flat()).toEqual(['CRVENI', 'CA 1234-DJS']);
    expect(pagesOf({ text: 'crveni B\u00a0MW\u00a01234', size: sign(6, 10), charset: 'ascii' }).flat()).toEqual(['CRVENI', 'B MW 1234']);
    expect(fitSignText({ text: 'Golf BG 123-AB', size: sign(3, 8), charset: 'ascii' })).toEqual({ fits: false, why: 'row', text: 'GOLF BG 123-AB' });
  });

  it('keeps an age and the number after it apart from telephones', () => {
    expect(pagesOf({ text: '6 godina 192', size: sign(3, 8), charset: 'ascii' })).toEqual([['6 GODINA', '192']]);
  });

  it('says which of three things is in the way, and shows the text whole', () => {
    expect(fitSignText({ text: 'Нестала', size: sign(3, 15), charset: 'ascii' })).toMatchObject({ fits: false, why: 'letters' });
    expect(fitSignText({ text: 'Policija', size: sign(3, 7), charset: 'ascii' })).toEqual({ fits: false, why: 'row', text: 'POLICIJA' });
    expect(fitSignText({ text: 'a b c d', size: sign(1, 1, 3), charset: 'ascii' })).toEqual({ fits: false, why: 'pages', text: 'A B C D' });
  });

  it('says on every page that it is a drill', () => {
    expect(pagesOf({ text: 'jedan dva tri', size: sign(2, 8), charset: 'ascii', banner: 'VEŽBA' })).toEqual([['VEZBA', 'JEDAN'], ['VEZBA', 'DVA TRI']]);
    expect(fitSignText({ text: 'jedan', size: sign(1, 8), charset: 'ascii', banner: 'VEŽBA' })).toMatchObject({ why: 'pages' });
    expect(fitSignText({ text: 'ne', size: sign(2, 4), charset: 'ascii', banner: 'VEŽBA' })).toMatchObject({ why: 'row' });
  });

  it('knows a sign without rows for a fault of the configuration', () => {
    expect(() => fitSignText({ text: 'a', size: sign(0, 8), charset: 'ascii' })).toThrow(RangeError);
  });

  it('leaves out nothing, overflows nothing and keeps the order, whatever the text and the sign', () => {
    const word = fc.stringMatching(/^[a-zčćšžđ0-9.,:-]{1,12}$/u);
    const size = fc.record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 30 }), maxPages: fc.integer({ min: 1, max: 4 }) });
    fc.assert(fc.property(fc.array(word, { maxLength: 30, size: 'max' }), size, fc.constantFrom('ascii' as const, 'unicode' as const), fc.constantFrom(undefined, 'VEŽBA'), (words, dimensions, charset, banner) => {
      const text = words.join(' ');
      const fitted = fitSignText({ text, size: dimensions, charset, ...(banner !== undefined && { banner }) });
      const spelled = spellForSign(text, charset).replaceAll('\u00a0', ' ');
      if (!fitted.fits) return expect(fitted.text).toBe(spelled);
      const body = fitted.pages.flatMap((page) => (banner === undefined ? page : page.slice(1)));
      expect(body.join(' ')).toBe(spelled);
      expect(fitted.pages.length).toBeLessThanOrEqual(dimensions.maxPages);
      for (const page of fitted.pages) {
        expect(page.length).toBeLessThanOrEqual(dimensions.rows);
        for (const row of page) expect([...row].length).toBeLessThanOrEqual(dimensions.columns);
      }
    }));
  });

  it('keeps every plate whole on every sign that is wide enough', () => {
    const plate = fc.tuple(fc.stringMatching(/^[A-Z]{2}$/), fc.integer({ min: 100, max: 99_999 }), fc.stringMatching(/^[A-Z]{2}$/), fc.constantFrom(' ', '-')).map(([town, number, end, gap]) => `${town}${gap}${number}-${end}`);
    fc.assert(fc.property(plate, fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 8 }), fc.integer({ min: 11, max: 20 }), (number, words, columns) => {
      const pages = pagesOf({ text: [...words, number, ...words].join(' '), size: { rows: 2, columns, maxPages: 50 }, charset: 'ascii' });
      expect(pages.flat().some((row) => row.includes(number))).toBe(true);
    }));
  });
});
