import fc from 'fast-check';
import { sampleEnding, sampleNotice } from '#dispatch/testing/sample-notice.js';
import { composeTexts } from './texts.js';
import { sampleContent } from './testing/sample-content.js';
import { speakEnglish, speakSerbian, spokenText } from './speech.js';

describe('the spoken notice', () => {
  it.each([
    ['dates and times', 'Viđena: 24.11.2026. u 13.45, Niš.', 'Viđena: dvadeset četvrtog novembra dve hiljade dvadeset šeste godine u trinaest časova i četrdeset pet minuta, Niš.'],
    ['a full hour', 'do 21:00', 'do dvadeset jedan čas'],
    ['the third of the month', '3.3.2025.', 'trećeg marta dve hiljade dvadeset pete godine'],
    ['plates', 'tablice: NI-123-AB', 'tablice: en i, jedan dva tri, a be,'],
    ['women\'s numbers', '2 godine, 1 godina, 21 godina, 5 godina', 'dve godine, jedna godina, dvadeset jedna godina, pet godina'],
    ['measures', 'Visina: 118 cm, 22 kg, 1 km', 'Visina: sto osamnaest centimetara, dvadeset dva kilograma, jedan kilometar'],
    ['abbreviations', 'ul. Kralja Petra br. 12, MUP i BMW', 'ulica Kralja Petra broj dvanaest, mup i be em ve'],
    ['Roman numerals', 'Ulica Petra II', 'Ulica Petra drugi'],
    ['decimals and thousands', '1,5 i 1.200 i 0045', 'jedan zarez pet i hiljadu dvesta i nula nula četiri pet'],
    ['an ordinal before a word', '6. razred', 'šesti razred'],
  ])('says %s in Serbian', (_what, written, spoken) => expect(speakSerbian(written)).toBe(spoken));

  it.each([
    ['dates and times', 'Seen: 24 November 2026 at 13:45', 'Seen: the twenty fourth of November twenty twenty six at thirteen forty five'],
    ['plates', 'plate: NI-123-AB', 'plate: N I, one two three, A B,'],
    ['measures', 'Height: 118 cm', 'Height: one hundred and eighteen centimetres'],
  ])('says %s in English', (_what, written, spoken) => expect(speakEnglish(written)).toBe(spoken));

  it('says the telephone digit by digit, the case number sign by sign and no address', () => {
    const notice = sampleNotice();
    const said = spokenText(notice, 'sr-Latn');
    expect(said).toContain('jedan devet dva');
    expect(said).not.toMatch(/http|pronadjime/);
    expect(speakSerbian('predmet NI-2026-0417', { codes: ['NI-2026-0417'] })).toBe('predmet, en i, dva nula dva šest, nula četiri jedan sedam,');
    expect(spokenText(sampleEnding('found', notice), 'sr-Latn')).toMatch(/pronađeno/);
    expect(said.startsWith('vežba.')).toBe(true);
  });

  it('gives the same words from both scripts', () => {
    const content = sampleContent();
    const texts = composeTexts({ kind: 'alert', content, mode: 'live', url: 'https://pronadjime.example/nestali/0123456789' });
    const notice = sampleNotice({ texts, url: 'https://pronadjime.example/nestali/0123456789', content });
    expect(spokenText(notice, 'sr-Cyrl')).toBe(spokenText(notice, 'sr-Latn'));
    expect(speakSerbian('Нестао је 24.11.2026. у 13.45, висина 118 cm')).toBe(speakSerbian('Nestao je 24.11.2026. u 13.45, visina 118 cm'));
  });

  it('leaves no digit and no command to the voice, whatever is written', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 0, max: 2_000_000_000 }).map(String), fc.constantFrom('24.11.2026.', 'u 13.45', 'BG-1234-XY', '½ kg', '²', '٣٤', '１２', '𝟙𝟚', '1.2.3', '00', '13:60', '<break/>', '[[h@]]', '99.99.9999.'),
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 12, size: 'max' }), (pieces) => {
      for (const speak of [speakSerbian, speakEnglish]) expect(speak(pieces.join(' '))).not.toMatch(/[\p{N}<>[\]{}\u0000-\u001f]/u);
    }), { numRuns: 300 });
  });

  it('says every date of a leap year with its month', () => {
    for (let day = 0; day < 366; day += 1) {
      const at = new Date(Date.UTC(2028, 0, 1 + day));
      const said = speakSerbian(`${at.getUTCDate()}.${at.getUTCMonth() + 1}.2028.`);
      expect(said).toMatch(/^[a-zčćšžđ ]+(og|eg) [a-zčćšžđ]+a dve hiljade dvadeset osme godine$/);
    }
  });
});
