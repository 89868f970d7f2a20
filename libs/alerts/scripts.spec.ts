import fc from 'fast-check';
import type { Content } from './content.js';
import { sampleContent } from './testing/sample-content.js';
import { foldToAscii, scriptFaults, suggestCyrillic, toLatin } from './scripts.js';

const ALPHABET = Array.from('абвгдђежзијклљмнњопрстћуфхцчџш');
const cyrillicText = fc.array(fc.constantFrom(...ALPHABET, ...ALPHABET.map((l) => l.toUpperCase()), ' ', '-', '.', '7'), { maxLength: 30, size: 'max' }).map((l) => l.join(''));
const doubtsOf = (latin: string): string[] => suggestCyrillic(latin).doubtful.map((d) => `${d.cause} ${latin.slice(...d.latin)}`);

describe('toLatin', () => {
  it('writes Serbian Latin, capitals included', () => {
    expect(toLatin('Његош и Љубица, Џеп; ђак ћути')).toBe('Njegoš i Ljubica, Džep; đak ćuti');
    expect(toLatin('ЊЕГОШ, ЉУБА, КОЊ Њ.')).toBe('NJEGOŠ, LJUBA, KONJ Nj.');
    expect(toLatin('инјекција, II, 45 щ')).toBe('injekcija, II, 45 щ');
  });

  it('leaves no Serbian Cyrillic letter and is undone by the alphabet of single signs', () => {
    fc.assert(fc.property(cyrillicText, (text) => {
      const latin = toLatin(text);
      expect(latin).not.toMatch(/\p{Script=Cyrillic}/u);
      // What comes back differs at most where it says it is doubtful.
      const { text: back, doubtful } = suggestCyrillic(latin);
      if (doubtful.length === 0) expect(back).toBe(text);
    }));
  });
});

describe('suggestCyrillic', () => {
  it('converts plain words without a doubt', () => {
    expect(suggestCyrillic('Mila Petrović, Čačak, đak i šuma 12')).toEqual({ text: 'Мила Петровић, Чачак, ђак и шума 12', doubtful: [] });
    expect(suggestCyrillic('Ća\u0301')).toMatchObject({ text: 'Ћ\u00e1' });
  });

  it.each([
    ['Njegoš', 'Његош', ['digraph Nj']],
    ['LJUBICA', 'ЉУБИЦА', ['digraph LJ']],
    ['injekcija', 'инјекција', ['digraph nj']],
    ['Konjunktura', 'Конјунктура', ['digraph nj']],
    ['nadživeti', 'надживети', ['digraph dž']],
    ['Tanjug', 'Танјуг', ['digraph nj']],
    ['džep', 'џеп', ['digraph dž']],
    ['Odžaci', 'Оџаци', ['digraph dž']],
    ['konj', 'коњ', ['digraph nj']],
    ['Đorđe i Djordje', 'Ђорђе и Дјордје', ['dj Dj', 'dj dj']],
    ['New York', 'Неw Yорк', ['foreign w', 'foreign Y']],
    ['Petar II, BG-1234-AB', 'Петар II, BG-1234-AB', ['kept II', 'kept BG-1234-AB']],
    ['A1 kod mosta', 'A1 код моста', ['kept A1']],
    ['Müller', 'Мüллер', ['foreign ü']],
  ])('suggests for %s and says what to look at', (latin, cyrillic, doubts) => {
    expect(suggestCyrillic(latin).text).toBe(cyrillic);
    expect(doubtsOf(latin)).toEqual(doubts);
  });

  it('marks the same places in both texts', () => {
    const { text, doubtful } = suggestCyrillic('kod Njegoševe, dx');
    expect(doubtful.map((d) => text.slice(...d.cyrillic))).toEqual(['Њ', 'x']);
  });

  it('never passes over nj, lj, dž or a foreign letter, and its spans are in order and inside', () => {
    const latin = fc.array(fc.constantFrom('n', 'j', 'l', 'd', 'ž', 'a', 'N', 'J', 'q', 'w', 'x', 'y', 'đ', ' ', 'I', '1'), { maxLength: 25, size: 'max' }).map((l) => l.join(''));
    fc.assert(fc.property(latin, (source) => {
      const { text, doubtful } = suggestCyrillic(source);
      const inside = (i: number): boolean => doubtful.some((d) => d.latin[0] <= i && i < d.latin[1]);
      for (const match of source.matchAll(/nj|lj|dž|[qwxy]/gi)) expect(inside(match.index)).toBe(true);
      let [last, lastOut] = [0, 0];
      for (const d of doubtful) {
        expect(d.latin[0]).toBeGreaterThanOrEqual(last);
        expect(d.cyrillic[0]).toBeGreaterThanOrEqual(lastOut);
        [last, lastOut] = [d.latin[1], d.cyrillic[1]];
      }
      expect(last).toBeLessThanOrEqual(source.length);
      expect(lastOut).toBeLessThanOrEqual(text.length);
      // Back in Latin it reads as it was written.
      expect(toLatin(text).toLowerCase()).toBe(source.toLowerCase());
    }), { numRuns: 500 });
  });
});

describe('foldToAscii', () => {
  it('takes diacritics off and writes đ as dj', () => {
    expect(foldToAscii('Čačak, Žabalj, Đorđe, ĐORĐE, Šid, ćošak – „test“…')).toBe('Cacak, Zabalj, Djordje, DJORDJE, Sid, cosak - "test"...');
    expect(foldToAscii('Müller 5 €')).toBe('Muller 5 €');
  });

  it('leaves ASCII alone and makes ASCII of all Serbian Latin', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      if (/^[\x20-\x7e]*$/.test(text)) expect(foldToAscii(text)).toBe(text);
    }));
    fc.assert(fc.property(cyrillicText, (text) => expect(foldToAscii(toLatin(text))).toMatch(/^[\x20-\x7e]*$/)));
  });
});

describe('scriptFaults', () => {
  const fieldsOf = (content: Content): string[] => scriptFaults(content).map((f) => `${f.code} ${f.field}`);
  const clothes = (cyrillic: string): Content => sampleContent({ circumstances: { 'sr-Latn': 'a', 'sr-Cyrl': cyrillic, en: 'a' } });

  it('takes content that keeps to its scripts', () => {
    expect(scriptFaults(sampleContent())).toEqual([]);
  });

  it('finds a look-alike letter in a name, in both directions', () => {
    const base = sampleContent();
    const named = (latin: string, cyrillic: string): Content => ({ ...base, child: { ...base.child, name: { latin, cyrillic } } });
    expect(fieldsOf(named('Milа Petrović', 'Мила Петровић'))).toEqual(['SCRIPT_MIXED child.name.latin']);
    expect(fieldsOf(named('Mila Petrović', 'Мила Петрoвић'))).toEqual(['SCRIPT_MIXED child.name.cyrillic']);
    expect(fieldsOf(named('Mila Πetrović', 'Mila Petrović'))).toEqual(['SCRIPT_MIXED child.name.latin', 'SCRIPT_MIXED child.name.cyrillic']);
    expect(fieldsOf(named("Ana-Marija D'Angelo", 'Ана-Марија Д’Анђело'))).toEqual([]);
  });

  it('names the language of a wording', () => {
    const base = sampleContent();
    expect(fieldsOf({ ...base, lastSeen: { ...base.lastSeen, place: { 'sr-Latn': 'Нови Сад', 'sr-Cyrl': 'Novi Sad', en: 'Novi Sad' } } }))
      .toEqual(['SCRIPT_MIXED lastSeen.place.sr-Latn', 'SCRIPT_MIXED lastSeen.place.sr-Cyrl']);
  });

  it.each(['у улици Петра II', 'возило BMW, таблице BG-1234-AB', 'аутопут A1, излаз 5', 'мајица „Nike Air“ и капа', 'крај 24.11. у 13.45', 'II', '42'])('lets Latin stand where it is at home: %s', (text) => {
    expect(scriptFaults(clothes(text))).toEqual([]);
  });

  it.each(['мајица Nike', 'Novi Sad', 'патикe', 'мајица „Nikе“', 'BMW', 'код Beograda'])('refuses %s', (text) => {
    expect(fieldsOf(clothes(text))).toEqual(['SCRIPT_MIXED circumstances.sr-Cyrl']);
  });

  it('does not look at plate, make, case number and assessment', () => {
    expect(scriptFaults(sampleContent({
      vehicle: { make: 'Застава Florida', colour: { 'sr-Latn': 'bela', 'sr-Cyrl': 'бела', en: 'white' }, plate: 'НС-123-AB' },
      caseNumber: 'Кр-12/2026', assessment: { criterion: 'under_7', reason: 'дете je malo', judgedBy: 'Оfficer' },
    }))).toEqual([]);
  });
});
