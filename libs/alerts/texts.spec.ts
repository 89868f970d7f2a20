import fc from 'fast-check';
import { DISTRICTS } from './area.js';
import { LANGUAGES, type Content, type Language } from './content.js';
import type { Texts } from './notice.js';
import { smsSegments } from './encodings.js';
import { toLatin } from './scripts.js';
import { sampleContent } from './testing/sample-content.js';
import { composeEnding, composeTexts, describeArea } from './texts.js';
import { ENGLISH } from './words-english.js';
import { SERBIAN_CYRILLIC, SERBIAN_LATIN } from './words-serbian.js';

const URL = 'https://pronadjime.example/nestali/0f6c7c1e-1111-4222-8333-123456789abc';
const alert = (changes: Partial<Content> = {}, mode: 'live' | 'drill' = 'live', kind: 'alert' | 'update' = 'alert'): Record<Language, Texts> =>
  composeTexts({ kind, mode, url: URL, content: sampleContent(changes) });
const ending = (kind: 'found' | 'withdrawn', mode: 'live' | 'drill' = 'live'): Record<Language, Texts> =>
  composeEnding({ kind, mode, url: URL, caseNumber: 'KU-1234/2026', policeTelephone: '192', area: { kind: 'country' } });
const messages = ({ headline, short, full, instruction }: Texts): string[] => [headline, short, full, instruction];

const WITH_COMPANY: Partial<Content> = {
  circumstances: { 'sr-Latn': 'otišla iz parka', 'sr-Cyrl': 'отишла из парка', en: 'left the park' },
  companion: { 'sr-Latn': 'muškarac, oko 40 godina', 'sr-Cyrl': 'мушкарац, око 40 година', en: 'man, about 40' },
  vehicle: { make: 'Fiat Punto', colour: { 'sr-Latn': 'siva', 'sr-Cyrl': 'сива', en: 'grey' }, plate: 'NS-123-AB' },
};

describe('the words', () => {
  it.each([
    [0, 'manje od mesec dana', 'less than a month old'], [1, '1 mesec', '1 month old'], [2, '2 meseca', '2 months old'], [5, '5 meseci', '5 months old'], [11, '11 meseci', '11 months old'],
    [12, '1 godina', '1 year old'], [23, '1 godina', '1 year old'], [24, '2 godine', '2 years old'], [59, '4 godine', '4 years old'], [60, '5 godina', '5 years old'],
    [11 * 12, '11 godina', '11 years old'], [12 * 12, '12 godina', '12 years old'], [14 * 12, '14 godina', '14 years old'], [17 * 12, '17 godina', '17 years old'],
  ])('give the age of %i months', (months, serbian, english) => {
    expect([SERBIAN_LATIN.age(months), ENGLISH.age(months)]).toEqual([serbian, english]);
    expect(toLatin(SERBIAN_CYRILLIC.age(months))).toBe(serbian);
  });

  it('join lists without a comma before the last', () => {
    expect([SERBIAN_LATIN.list(['A']), SERBIAN_LATIN.list(['A', 'B']), SERBIAN_CYRILLIC.list(['А', 'Б', 'В']), ENGLISH.list(['A', 'B', 'C'])]).toEqual(['A', 'A i B', 'А, Б и В', 'A, B and C']);
  });
});

describe('an alert', () => {
  it('reads as it should, whole', () => {
    expect(alert(WITH_COMPANY)['sr-Latn']).toEqual({
      headline: 'Nestala devojčica Kanarinka Probić, 6 godina',
      short: 'Nestala devojčica Kanarinka Probić, 6 godina. Odeća: crvena jakna, plave farmerke. Viđena: 24.11.2026. u 13.45, Limanski park, Novi Sad. '
        + `Pratnja: muškarac, oko 40 godina. Vozilo: Fiat Punto, siva, NS-123-AB. Policija: 192 ${URL}`,
      full: ['Nestala devojčica Kanarinka Probić, 6 godina', 'Poslednji put viđena: 24.11.2026. u 13.45, Limanski park, Novi Sad', 'Koordinate: 45.23960, 19.83690',
        'Okolnosti: otišla iz parka', 'Visina: 116 cm', 'Građa: sitna', 'Kosa: smeđa, kovrdžava', 'Oči: zelene', 'Odeća: crvena jakna, plave farmerke',
        'Posebna obeležja: ožiljak na levom kolenu', 'Pratnja: muškarac, oko 40 godina', 'Vozilo: Fiat Punto, boja: siva, tablice: NS-123-AB', 'Područje: Južnobački okrug',
        'Broj predmeta: KU-1234/2026', 'Ako ste videli dete ili znate gde je, odmah pozovite policiju: 192', URL].join('\n'),
      instruction: 'Obratite pažnju na svoju okolinu. Ako ste videli dete ili znate gde je, odmah pozovite policiju na 192. Ne preduzimajte ništa što bi dete dovelo u opasnost.',
      area: 'Južnobački okrug',
    });
    expect(alert(WITH_COMPANY)['sr-Cyrl'].short).toBe('Нестала девојчица Канаринка Пробић, 6 година. Одећа: црвена јакна, плаве фармерке. Виђена: 24.11.2026. у 13.45, Лимански парк, Нови Сад. '
      + `Пратња: мушкарац, око 40 година. Возило: Fiat Punto, сива, NS-123-AB. Полиција: 192 ${URL}`);
    expect(alert(WITH_COMPANY).en.short).toBe('Missing girl Kanarinka Probić, 6 years old. Clothing: red jacket, blue jeans. Seen: 24 November 2026 at 13:45, Liman park, Novi Sad. '
      + `With: man, about 40. Vehicle: Fiat Punto, grey, NS-123-AB. Police: 192 ${URL}`);
  });

  it('speaks of a boy as a boy and of an update as an update', () => {
    const boy = { ...sampleContent().child, sex: 'male' as const, birthDate: '2022-01-31' };
    const texts = alert({ child: boy }, 'live', 'update');
    expect(texts['sr-Latn'].headline).toBe('Dopuna: nestao dečak Kanarinka Probić, 4 godine');
    expect(texts['sr-Latn'].short).toContain('Viđen: 24.11.2026.');
    expect(texts['sr-Latn'].full).toContain('Poslednji put viđen:');
    expect(texts['sr-Cyrl'].full.split('\n')[1]).toBe('Ово обавештење замењује раније.');
    expect(texts.en.headline).toBe('Update: missing boy Kanarinka Probić, 4 years old');
  });

  it('tells the time of Belgrade, in winter and summer, without needless zeros', () => {
    const at = (iso: string): string => alert({ lastSeen: { ...sampleContent().lastSeen, at: iso } })['sr-Latn'].short;
    expect(at('2026-11-24T12:45:00Z')).toContain('24.11.2026. u 13.45');
    expect(at('2026-07-03T22:05:00Z')).toContain('4.7.2026. u 0.05');
    expect(at('2026-03-29T01:30:00Z')).toContain('29.3.2026. u 3.30');
  });

  it('leaves out what was not given, and doubles no full stop', () => {
    const { caseNumber, child: { name, birthDate, sex, vulnerable }, lastSeen, ...rest } = sampleContent();
    const bare: Content = { ...rest, caseNumber, child: { name, birthDate, sex, vulnerable }, lastSeen: { at: lastSeen.at, place: { 'sr-Latn': 'Niš, kej.', 'sr-Cyrl': 'Ниш, кеј.', en: 'Niš, quay.' } } };
    const texts = composeTexts({ kind: 'alert', mode: 'live', url: URL, content: bare });
    expect(texts['sr-Latn'].short).toBe(`Nestala devojčica Kanarinka Probić, 6 godina. Viđena: 24.11.2026. u 13.45, Niš, kej. Policija: 192 ${URL}`);
    for (const language of LANGUAGES) expect(JSON.stringify(texts[language])).not.toMatch(/undefined|null|\.\./);
  });

  it('fits four SMS of 67 characters when it is written for them', () => {
    for (const mode of ['live', 'drill'] as const) {
      const { 'sr-Latn': latin, 'sr-Cyrl': cyrillic, en } = alert({}, mode);
      for (const { short } of [latin, cyrillic, en]) expect(smsSegments(short).segments).toBeLessThanOrEqual(4);
    }
  });

  it('keeps each name to its script and never converts one', () => {
    const child = { ...sampleContent().child, name: { latin: 'Konjuktura Njivić', cyrillic: 'Сасвим Другачије' } };
    for (const mode of ['live', 'drill'] as const) {
      const texts = alert({ child }, mode);
      for (const language of LANGUAGES) {
        const [own, other] = language === 'sr-Cyrl' ? [child.name.cyrillic, child.name.latin] : [child.name.latin, child.name.cyrillic];
        expect(texts[language].headline).toContain(own);
        expect(JSON.stringify(texts[language])).not.toContain(other);
      }
    }
  });

  it('has no Cyrillic letter in the Latin and English texts, whatever is composed', () => {
    for (const texts of [alert(WITH_COMPANY), alert(WITH_COMPANY, 'drill', 'update'), ending('found', 'drill'), ending('withdrawn')]) {
      expect(JSON.stringify([texts['sr-Latn'], texts.en])).not.toMatch(/\p{Script=Cyrillic}/u);
      const cyrillic = Object.values(texts['sr-Cyrl']).join(' ').replaceAll(URL, '').replace(/Fiat Punto|NS-123-AB|KU-1234|\bcm\b/g, '');
      expect(cyrillic).not.toMatch(/\p{Script=Latin}/u);
    }
  });

  it('never sends the assessment, the birth date or the therapy', () => {
    const child = { ...sampleContent().child, vulnerable: true };
    const text = JSON.stringify(alert({ child, assessment: { criterion: 'disability_or_therapy', reason: 'TAJNIRAZLOG', judgedBy: 'TAJNIOCENJIVAČ' } }));
    expect(text).not.toMatch(/TAJNI|disability|therapy|vulnerable|2020-05-17|17\.5\.2020/);
  });

  it('carries every word an officer wrote for it, whole', () => {
    const word = (max: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom('a', 'b', 'č', ' ', 'ž'), minLength: 1, maxLength: max }).map((s) => `x${s}x`);
    fc.assert(fc.property(word(190), word(390), word(70), (clothing, circumstances, place) => {
      const say = (text: string): Record<Language, string> => ({ 'sr-Latn': text, 'sr-Cyrl': text, en: text });
      const base = sampleContent();
      const texts = alert({ child: { ...base.child, clothing: say(clothing) }, circumstances: say(circumstances), lastSeen: { ...base.lastSeen, place: say(place) } });
      for (const language of LANGUAGES) {
        for (const part of [clothing, place]) expect(texts[language].short).toContain(part);
        for (const part of [clothing, circumstances, place]) expect(texts[language].full).toContain(part);
        expect(texts[language].short.endsWith(`192 ${URL}`)).toBe(true);
      }
    }), { numRuns: 50 });
  });
});

describe('an ending', () => {
  it('says that it is over, names the case, asks for erasure and names no child', () => {
    expect(ending('found')['sr-Latn'].short).toBe(`Potraga po predmetu KU-1234/2026 je završena, dete je pronađeno. Obustavite objavljivanje i obrišite fotografiju i sve podatke o detetu. Policija: 192 ${URL}`);
    expect(ending('withdrawn')['sr-Cyrl'].headline).toBe('Обавештење је повучено, предмет KU-1234/2026');
    expect(ending('withdrawn').en.full).toBe(['The notice in case KU-1234/2026 has been withdrawn and is no longer valid.', 'Stop publishing and delete the photo and all data about the child.',
      'Area: All of Serbia', 'Police: 192', URL].join('\n'));
    for (const kind of ['found', 'withdrawn'] as const) {
      for (const texts of Object.values(ending(kind))) {
        expect(texts.full).toContain('KU-1234/2026');
        expect(texts.short).toMatch(/podatke|податке|data/);
        expect(texts.instruction).toMatch(/obrišite|обришите|delete/);
      }
    }
  });
});

describe('a drill', () => {
  it('is marked at the start and end of every message in every language, and live never is', () => {
    const marks = { 'sr-Latn': 'VEŽBA', 'sr-Cyrl': 'ВЕЖБА', en: 'EXERCISE' };
    for (const mode of ['drill', 'live'] as const) {
      for (const texts of [alert(WITH_COMPANY, mode), alert({}, mode, 'update'), ending('found', mode), ending('withdrawn', mode)]) {
        for (const language of LANGUAGES) {
          for (const message of messages(texts[language])) {
            expect([message.startsWith(marks[language]), message.endsWith(marks[language])]).toEqual([mode === 'drill', mode === 'drill']);
            if (mode === 'live') expect(message).not.toMatch(/vežb|вежб|exercise|drill/i);
          }
        }
      }
    }
  });

  it('asks nobody to call the police, and still asks for erasure', () => {
    expect(alert({}, 'drill')['sr-Latn'].instruction).toMatch(/^VEŽBA\. Ovo je vežba: ne zovite policiju/);
    expect(ending('found', 'drill').en.instruction).toMatch(/^EXERCISE\. This is an exercise\..*delete the photo/);
  });
});

describe('describeArea', () => {
  it('names the country, districts, and the districts a drawn area touches', () => {
    expect(LANGUAGES.map((language) => describeArea({ kind: 'country' }, language))).toEqual(['Cela Srbija', 'Цела Србија', 'All of Serbia']);
    expect(describeArea({ kind: 'districts', codes: ['RS-07', 'RS-00'] }, 'sr-Latn')).toBe('Grad Beograd i Sremski okrug');
    expect(describeArea({ kind: 'polygons', polygons: [[[20.4, 44.8], [20.5, 44.8], [20.5, 44.85]]] }, 'sr-Cyrl')).toBe('Означено подручје: Град Београд');
    const all = describeArea({ kind: 'districts', codes: DISTRICTS.map((d) => d.code) }, 'en');
    for (const d of DISTRICTS) expect(all).toContain(d.name.en);
  });
});
