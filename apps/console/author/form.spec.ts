import { choose, merge, put, same, valueAt, type Writing } from './form.js';

const writing = (content: Writing['content'], unfinished: Writing['unfinished'] = {}): Writing => ({ content, unfinished });

describe('what stands in the form', () => {
  it('is put in and taken out by path, and groups in which nothing is left go too', () => {
    const content = put({}, 'child.name.latin', 'Kanarinka');
    expect(content).toEqual({ child: { name: { latin: 'Kanarinka' } } });
    expect(valueAt(content, 'child.name.latin')).toBe('Kanarinka');
    expect(put(content, 'child.name.latin', '')).toEqual({});
  });

  it('is the same whatever the order in which it was written', () => {
    expect(same(writing({ caseNumber: 'A', validHours: 24 }), writing({ validHours: 24, caseNumber: 'A' }))).toBe(true);
    expect(same(writing({ area: { kind: 'districts', codes: ['RS-01'] } }), writing({ area: { kind: 'districts', codes: ['RS-02'] } }))).toBe(false);
    expect(same(writing({}), writing({}, { area: '44' }))).toBe(false);
  });
});

describe('what two wrote', () => {
  const base = writing({ caseNumber: 'KU-1', child: { name: { latin: 'A' } } }, { validHours: '2x' });

  it('is put together where they wrote into different fields', () => {
    const mine = writing({ caseNumber: 'KU-2', child: { name: { latin: 'A' } } }, { validHours: '2x' });
    const theirs = writing({ caseNumber: 'KU-1', child: { name: { latin: 'A', cyrillic: 'А' } }, validHours: 24 });
    const { writing: both, clashes, taken } = merge(base, mine, theirs);
    expect([both, clashes]).toEqual([writing({ caseNumber: 'KU-2', child: { name: { latin: 'A', cyrillic: 'А' } }, validHours: 24 }), []]);
    expect([...taken].sort((a, b) => (a < b ? -1 : 1))).toEqual(['child.name.cyrillic', 'validHours', 'validHours']);
  });

  it('is left as I wrote it where both wrote, with both values to choose from; also where one emptied it', () => {
    const mine = writing({ caseNumber: 'KU-2', child: { name: { latin: 'B' } } }, { validHours: '2x' });
    const theirs = writing({ caseNumber: 'KU-3' }, { validHours: '2x' });
    const { writing: both, clashes } = merge(base, mine, theirs);
    expect(both).toEqual(mine);
    expect(clashes).toEqual([{ path: 'caseNumber', mine: 'KU-2', theirs: 'KU-3' }, { path: 'child.name.latin', mine: 'B', theirs: undefined }]);
    expect(choose(both, 'child.name.latin', undefined).content).toEqual({ caseNumber: 'KU-2' });
  });

  it('is no clash where both wrote the same', () => {
    const alike = writing({ caseNumber: 'KU-9', child: { name: { latin: 'A' } } }, { validHours: '2x' });
    expect(merge(base, alike, alike)).toEqual({ writing: alike, clashes: [], taken: [] });
  });
});
