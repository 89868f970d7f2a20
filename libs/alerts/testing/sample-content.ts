import { contentSchema, type Content } from '../content.js';

/** Content about an invented child, whole and without fault; `changes` replaces top-level parts. */
export function sampleContent(changes: Partial<Content> = {}): Content {
  return {
    ...contentSchema.parse({
      caseNumber: 'KU-1234/2026',
      child: {
        name: { latin: 'Kanarinka Probić', cyrillic: 'Канаринка Пробић' },
        birthDate: '2020-05-17',
        sex: 'female',
        heightCm: 116,
        build: { 'sr-Latn': 'sitna', 'sr-Cyrl': 'ситна', en: 'slight' },
        hair: { 'sr-Latn': 'smeđa, kovrdžava', 'sr-Cyrl': 'смеђа, коврџава', en: 'brown, curly' },
        eyes: { 'sr-Latn': 'zelene', 'sr-Cyrl': 'зелене', en: 'green' },
        clothing: { 'sr-Latn': 'crvena jakna, plave farmerke', 'sr-Cyrl': 'црвена јакна, плаве фармерке', en: 'red jacket, blue jeans' },
        marks: { 'sr-Latn': 'ožiljak na levom kolenu', 'sr-Cyrl': 'ожиљак на левом колену', en: 'scar on the left knee' },
      },
      lastSeen: {
        at: '2026-11-24T13:45:00+01:00',
        place: { 'sr-Latn': 'Limanski park, Novi Sad', 'sr-Cyrl': 'Лимански парк, Нови Сад', en: 'Liman park, Novi Sad' },
        position: [19.8369, 45.2396],
      },
      assessment: { criterion: 'under_7', reason: 'Probni podaci: dete mlađe od sedam godina.', judgedBy: 'probni službenik 7' },
      area: { kind: 'districts', codes: ['RS-06'] },
      validHours: 24,
    }),
    ...changes,
  };
}
