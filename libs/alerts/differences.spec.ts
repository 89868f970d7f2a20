import { differencesOf } from './differences.js';
import { sampleContent } from './testing/sample-content.js';

const square = (at: number): [number, number][] => [[at, 44], [at + 1, 44], [at + 1, 45]];

describe('what has changed between two contents', () => {
  it('is nothing when they are the same', () => {
    expect(differencesOf(sampleContent(), sampleContent())).toEqual([]);
  });

  it('is named field by field, in every language, with what stood there and what does now', () => {
    const before = sampleContent();
    const { eyes: _eyes, ...child } = before.child;
    const after = sampleContent({ child: { ...child, heightCm: 118, clothing: { ...child.clothing!, en: 'blue jacket' } }, companion: { 'sr-Latn': 'muškarac', 'sr-Cyrl': 'мушкарац', en: 'a man' }, validHours: 12 });
    expect(differencesOf(before, after)).toEqual([
      { field: 'child.heightCm', before: '116', after: '118' },
      { field: 'child.clothing.en', before: 'red jacket, blue jeans', after: 'blue jacket' },
      { field: 'companion.sr-Latn', before: null, after: 'muškarac' },
      { field: 'companion.sr-Cyrl', before: null, after: 'мушкарац' },
      { field: 'companion.en', before: null, after: 'a man' },
      { field: 'validHours', before: '24', after: '12' },
      { field: 'child.eyes.sr-Latn', before: 'zelene', after: null },
      { field: 'child.eyes.sr-Cyrl', before: 'зелене', after: null },
      { field: 'child.eyes.en', before: 'green', after: null },
    ].toSorted((a, b) => order.indexOf(a.field) - order.indexOf(b.field)));
  });

  it('tells another area, place and photo apart, however large they are', () => {
    const photo = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' as const, width: 600, height: 800, bytes: 9 };
    const before = sampleContent({ area: { kind: 'polygons', polygons: [square(20)] }, photo });
    const after = sampleContent({ area: { kind: 'polygons', polygons: [square(21)] }, photo: { ...photo, sha256: 'b'.repeat(64) }, lastSeen: { ...before.lastSeen, position: [20, 45] } });
    expect(differencesOf(before, after).map(({ field }) => field)).toEqual(['lastSeen.position', 'area.polygons', 'photo']);
    expect(differencesOf(sampleContent({ area: { kind: 'districts', codes: ['RS-06', 'RS-07'] } }), sampleContent({ area: { kind: 'districts', codes: ['RS-07', 'RS-06'] } }))).toEqual([]);
    expect(differencesOf(sampleContent(), sampleContent({ area: { kind: 'country' } }))).toEqual([{ field: 'area.kind', before: 'districts', after: 'country' }, { field: 'area.codes', before: 'Južnobački okrug (RS-06)', after: null }]);
  });
});

/** Fields that are there now come in their order, those that are gone behind them. */
const order = ['child.heightCm', 'child.clothing.en', 'validHours', 'companion.sr-Latn', 'companion.sr-Cyrl', 'companion.en', 'child.eyes.sr-Latn', 'child.eyes.sr-Cyrl', 'child.eyes.en'];
