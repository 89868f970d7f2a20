import fc from 'fast-check';
import { Refusal, type Fault } from '#kernel/errors.js';
import { ageAt, inBelgrade, monthsAt } from './calendar.js';
import { checkContent, parseContent } from './checks.js';
import type { Content } from './content.js';
import { sampleContent } from './testing/sample-content.js';

const NOW = new Date('2026-11-24T19:00:00+01:00');
const codesOf = (content: Content): string[] => checkContent(content, NOW).map((f) => `${f.code} ${f.field}`);
const born = (birthDate: string, changes: Partial<Content> = {}): Content => sampleContent({ child: { ...sampleContent().child, birthDate }, ...changes });
const danger = { criterion: 'danger_to_life_or_health', reason: 'Probni razlog u rečima.', judgedBy: 'probni službenik' } as const;

/** The input of the sample with changes at paths such as `child.heightCm`; undefined takes the field out. */
function input(changes: Record<string, unknown>): unknown {
  const root = structuredClone(sampleContent()) as unknown as Record<string, unknown>;
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    const parent = steps.reduce((node, step) => node[step] as Record<string, unknown>, root);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return root;
}

function faultsOf(run: () => unknown): readonly Fault[] {
  try { run(); } catch (error) { if (error instanceof Refusal) return error.faults; throw error; }
  return [];
}

const found = (changes: Record<string, unknown>): string[] => faultsOf(() => parseContent(input(changes))).map((f) => `${f.code} ${f.field}`);

describe('ageAt', () => {
  it.each([
    ['2008-11-24', '2026-11-24T00:30:00+01:00', 18], ['2008-11-25', '2026-11-24T23:59:00+01:00', 17],
    // Half past midnight in Belgrade is still the day before in UTC: the birthday has begun.
    ['2008-11-24', '2026-11-23T23:30:00Z', 18], ['2008-11-24', '2026-11-23T22:30:00Z', 17],
    ['2008-02-29', '2026-02-28T12:00:00+01:00', 17], ['2008-02-29', '2026-03-01T12:00:00+01:00', 18],
    ['2026-11-24', '2026-11-24T12:00:00+01:00', 0], ['2026-11-25', '2026-11-24T12:00:00+01:00', -1],
  ])('born %s, at %s: %i', (birthDate, at, age) => {
    expect(ageAt(birthDate, new Date(at))).toBe(age);
  });

  it('grows by one on each birthday and never falls', () => {
    const day = fc.date({ min: new Date('2005-01-01T12:00:00Z'), max: new Date('2026-12-31T12:00:00Z'), noInvalidDate: true });
    fc.assert(fc.property(day, fc.integer({ min: 0, max: 20 * 366 }), (birth, days) => {
      const birthDate = birth.toISOString().slice(0, 10);
      const at = new Date(birth.getTime() + days * 86_400_000);
      const next = new Date(at.getTime() + 86_400_000);
      expect(monthsAt(birthDate, next)).toBeGreaterThanOrEqual(monthsAt(birthDate, at));
      const { year, month, day: date } = inBelgrade(at);
      const birthday = `${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}` >= birthDate.slice(5);
      expect(ageAt(birthDate, at)).toBe(year - Number(birthDate.slice(0, 4)) - (birthday ? 0 : 1));
    }), { numRuns: 300 });
  });
});

describe('checkContent', () => {
  it('finds nothing in good content', () => {
    expect(checkContent(sampleContent(), NOW)).toEqual([]);
  });

  it('judges the age at the disappearance, not today', () => {
    const seen = (at: string): Partial<Content> => ({ assessment: danger, lastSeen: { ...sampleContent().lastSeen, at } });
    expect(codesOf(born('2008-11-24', seen('2026-11-23T22:00:00+01:00')))).toEqual([]);
    expect(codesOf(born('2008-11-24', seen('2026-11-24T00:00:00+01:00')))).toEqual(['BIRTH_DATE_ADULT child.birthDate']);
  });

  it('refuses a birth in the future and a disappearance in the future, with two minutes for clocks', () => {
    expect(codesOf(born('2026-11-25'))).toEqual(['BIRTH_DATE_FUTURE child.birthDate']);
    expect(codesOf(born('2026-11-24'))).toEqual([]);
    const seen = (at: string): string[] => codesOf(sampleContent({ lastSeen: { ...sampleContent().lastSeen, at } }));
    expect(seen('2026-11-24T19:02:00+01:00')).toEqual([]);
    expect(seen('2026-11-24T18:02:01Z')).toEqual(['LAST_SEEN_FUTURE lastSeen.at']);
  });

  it('holds each criterion against the child', () => {
    const judged = (criterion: Content['assessment']['criterion'], reason: string = danger.reason): Content['assessment'] => ({ criterion, reason, judgedBy: 'x' });
    expect(codesOf(born('2019-11-25', { assessment: judged('under_7') }))).toEqual([]);
    expect(codesOf(born('2019-11-24', { assessment: judged('under_7') }))).toEqual(['CRITERION_NOT_MET assessment.criterion']);
    expect(codesOf(sampleContent({ assessment: judged('disability_or_therapy') }))).toEqual(['CRITERION_NOT_MET assessment.criterion']);
    expect(codesOf(sampleContent({ child: { ...sampleContent().child, vulnerable: true }, assessment: judged('disability_or_therapy') }))).toEqual([]);
    for (const criterion of ['suspected_abduction', 'danger_to_life_or_health'] as const) {
      expect(codesOf(born('2010-01-01', { assessment: judged(criterion) }))).toEqual([]);
      expect(codesOf(born('2010-01-01', { assessment: judged(criterion, '-') }))).toEqual(['CRITERION_NOT_MET assessment.reason']);
    }
  });

  it('reports all faults at once and repeats nothing of the content', () => {
    const content = born('2001-01-01', {
      area: { kind: 'districts', codes: ['RS-77'] },
      lastSeen: { at: '2027-01-01T00:00:00Z', place: { 'sr-Latn': 'Тајноместо', 'sr-Cyrl': 'Тајноместо', en: 'Tajnomesto' } },
    });
    const faults = checkContent(content, NOW);
    expect(faults.map((f) => f.code)).toEqual(['BIRTH_DATE_ADULT', 'LAST_SEEN_FUTURE', 'CRITERION_NOT_MET', 'AREA_UNKNOWN_DISTRICT', 'SCRIPT_MIXED']);
    expect(JSON.stringify(faults)).not.toMatch(/Тајноместо|2001|Probi|Kanarinka|RS-77/);
  });
});

describe('parseContent', () => {
  it('fills in defaults and trims', () => {
    const parsed = parseContent(input({ policeTelephone: undefined, 'child.vulnerable': undefined, caseNumber: '  KU-1  ' }));
    expect(parsed).toEqual(sampleContent({ caseNumber: 'KU-1' }));
    expect(parsed.policeTelephone).toBe('192');
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['no assessment', { assessment: undefined }, ['CRITERION_MISSING assessment']],
    ['an empty assessment', { assessment: {} }, ['CRITERION_MISSING assessment.criterion', 'CRITERION_MISSING assessment.reason', 'CRITERION_MISSING assessment.judgedBy']],
    ['a null assessment', { assessment: null }, ['CRITERION_MISSING assessment']],
    ['a blank reason', { 'assessment.reason': '   ' }, ['CRITERION_MISSING assessment.reason']],
    ['an unknown criterion', { 'assessment.criterion': 'because' }, ['CONTENT_INVALID assessment.criterion']],
    ['no area', { area: undefined }, ['AREA_MISSING area']],
    ['a null area', { area: null }, ['AREA_MISSING area']],
    ['an area of no kind', { area: {} }, ['AREA_MISSING area.kind']],
    ['no districts', { area: { kind: 'districts', codes: [] } }, ['AREA_MISSING area.codes']],
    ['no polygons', { area: { kind: 'polygons', polygons: [] } }, ['AREA_MISSING area.polygons']],
    ['a polygon of two corners', { area: { kind: 'polygons', polygons: [[[20, 44], [21, 44]]] } }, ['AREA_TOO_SMALL area.polygons[0]']],
    ['a strange district', { area: { kind: 'districts', codes: ['RS-00', 'Beograd'] } }, ['AREA_UNKNOWN_DISTRICT area.codes[1]']],
    ['a corner off the earth', { area: { kind: 'polygons', polygons: [[[20, 44], [21, 44], [21, 144]]] } }, ['CONTENT_INVALID area.polygons[0][2][1]']],
    ['no validity', { validHours: undefined }, ['VALIDITY_OUT_OF_RANGE validHours']],
    ['73 hours', { validHours: 73 }, ['VALIDITY_OUT_OF_RANGE validHours']],
    ['half an hour', { validHours: 0.5 }, ['VALIDITY_OUT_OF_RANGE validHours']],
    ['a birth date that is none', { 'child.birthDate': '2020-02-30' }, ['CONTENT_INVALID child.birthDate']],
    ['a time without offset', { 'lastSeen.at': '2026-11-24T13:45:00' }, ['CONTENT_INVALID lastSeen.at']],
    ['a missing script', { 'lastSeen.place.sr-Cyrl': undefined }, ['CONTENT_INVALID lastSeen.place.sr-Cyrl']],
    ['an unknown field', { 'child.nickname': 'Tajna' }, ['CONTENT_INVALID child']],
    ['a control character', { caseNumber: 'KU\u0007' }, ['CONTENT_INVALID caseNumber']],
    ['several at once', { validHours: 0, area: undefined, 'child.sex': 'x' }, ['CONTENT_INVALID child.sex', 'AREA_MISSING area', 'VALIDITY_OUT_OF_RANGE validHours']],
  ])('refuses %s', (_name, changes, faults) => {
    expect(found(changes)).toEqual(faults);
  });

  it('names the rule', () => {
    const details = faultsOf(() => parseContent(input({ validHours: 73, 'child.sex': 'x', 'child.heightCm': 'tall', caseNumber: 'K'.repeat(41) }))).map((f) => f.detail);
    expect(details).toEqual(['At most 40 characters.', 'One of: female, male.', 'Expected: number.', 'At most 72.']);
  });

  it('answers anything at all with content or a refusal that repeats nothing, and not without end', () => {
    expect(faultsOf(() => parseContent(undefined))).toEqual([{ code: 'CONTENT_INVALID', field: '', detail: 'Expected: object.' }]);
    expect(faultsOf(() => parseContent({ area: { kind: 'polygons', polygons: [Array.from({ length: 500 }, () => ['a', 'b'])] } })).length).toBeLessThanOrEqual(50);
    fc.assert(fc.property(fc.constantFrom('child', 'lastSeen', 'area', 'assessment', 'validHours', 'child.name', 'lastSeen.place', 'photo'), fc.jsonValue(), (path, value) => {
      const canary = { CANARY: 'CANARY', value };
      for (const put of [canary, value, [canary]]) {
        for (const fault of faultsOf(() => parseContent(input({ [path]: put })))) expect(JSON.stringify(fault)).not.toContain('CANARY');
      }
    }), { numRuns: 200 });
  });
});
