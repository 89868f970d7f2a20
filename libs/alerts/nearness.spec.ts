import { DISTRICTS } from './area.js';
import { centroidOf, districtsNearest } from './nearness.js';
import { sampleContent } from './testing/sample-content.js';

const seenAt = (position: [number, number]) => {
  const content = sampleContent();
  return { content: { ...content, lastSeen: { ...content.lastSeen, position } }, area: { kind: 'country' as const } };
};

describe('the districts nearest to a disappearance', () => {
  it('begin with the one that holds the place, also where the middle of another is nearer', () => {
    // Obrenovac belongs to Belgrade.
    expect(districtsNearest(seenAt([20.2, 44.66]))[0]).toBe('RS-00');
    // Niš: Nišavski, then its neighbours; Severnobački is at the other end of the country.
    const fromNis = districtsNearest(seenAt([21.8958, 43.3247]));
    expect(fromNis.slice(0, 3)).toEqual(['RS-20', 'RS-23', 'RS-21']);
    expect(fromNis.slice(-3)).toContain('RS-01');
    expect([...fromNis].sort()).toEqual(DISTRICTS.map((d) => d.code).sort());
  });

  it('are those around the middle of the area where no place is known, as in an ending; a whole country has no middle', () => {
    expect(districtsNearest({ area: { kind: 'districts', codes: ['RS-20'] } })[0]).toBe('RS-20');
    expect(districtsNearest({ area: { kind: 'polygons', polygons: [[[20.45, 44.8], [20.47, 44.8], [20.46, 44.82]]] } })[0]).toBe('RS-00');
    expect(districtsNearest({ area: { kind: 'country' } })).toEqual([]);
  });
});

describe('the middle of rings', () => {
  it('is their centre of gravity, whichever way they run', () => {
    const square = (x: number, size: number): [number, number][] => [[x, 0], [x + size, 0], [x + size, size], [x, size]];
    expect(centroidOf([square(0, 2)])).toEqual([1, 1]);
    const [x, y] = centroidOf([square(0, 1), square(10, 2).reverse()]);
    expect([x, y].map((n) => Number(n.toFixed(9)))).toEqual([(0.5 + 4 * 11) / 5, (0.5 + 4 * 1) / 5]);
  });
});
