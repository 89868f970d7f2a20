import { readProject } from './project.js';
import { wrongWordings } from './wordings.js';

/** Where the two scripts say something else on purpose. */
const ON_PURPOSE: readonly string[] = [
  // A script by its own name.
  'apps/api/email-pages.ts: “српски (ћирилица)” is not “srpski (latinica)”',
  'apps/api/subscription-page.ts: “српски (ћирилица)” is not “srpski (latinica)”',
];

describe('texts in both scripts', () => {
  it('say the same letter for letter, each in its own script', () => {
    const files = [...readProject().texts].filter(([path]) => /^(apps|libs|config)\/.*\.tsx?$/.test(path) && !/\.spec\.ts$/.test(path));
    const wrong = files.flatMap(([path, text]) => wrongWordings(path, text));
    expect(wrong.filter((one) => !ON_PURPOSE.includes(one))).toEqual([]);
    // What is no longer there is no longer allowed.
    expect(ON_PURPOSE.filter((one) => !wrong.includes(one))).toEqual([]);
  });

  it.each([
    ["say('Prijava', 'Пријаве', 'Sign in')", ['x.ts: “Пријаве” is not “Prijava”']],
    ["say('Odjava', 'Oдјава', 'Sign out')", ['x.ts: “Oдјава” mixes the scripts in a word']],
    ["say('Da', 'Да', 'Yеs')", ['x.ts: “Yеs” has Cyrillic letters']],
    // A template, and not one of ours.
    ['say(`$' + '{n} od`, `$' + '{n} oд`, "of")', ['x.ts: “{} oд” mixes the scripts in a word']],
    ["const a = { 'sr-Latn': { one: 'sat', few: 'sata' }, 'sr-Cyrl': { one: 'сат', few: 'сати' }, en: { one: 'hour' } }", ['x.ts: “сати” is not “sata”']],
    ["({ 'sr-Latn': say('latinica', 'латиница', 'Latin'), 'sr-Cyrl': say('ćirilica', 'ћирилица', 'Cyrillic') })", []],
    ["say('Njegoš, VEŽBA, PDF', 'Његош, ВЕЖБА, PDF', 'x')", []],
  ])('judges %s', (text, wrong) => {
    expect(wrongWordings('x.ts', text)).toEqual(wrong);
  });
});
