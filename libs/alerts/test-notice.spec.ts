import { CANARY_NAMES } from '#dispatch/testing/sample-notice.js';
import { LANGUAGES } from './content.js';
import { contentHashOf } from './notice.js';
import { testNotice } from './test-notice.js';

const now = new Date('2026-11-24T17:00:00.500Z');
const order = { id: '0f6c7c1e-0000-4000-8000-000000000001', mode: 'drill', publicUrl: 'https://findme.example' } as const;
const MARKS = { 'sr-Latn': /^TEST VEZE/, 'sr-Cyrl': /^ТЕСТ ВЕЗЕ/, en: /^CONNECTION TEST/ } as const;

describe('a test notice', () => {
  it('says in every language, wherever it begins, that it is a test and that no child is missing', () => {
    const { texts } = testNotice(order, now);
    for (const language of LANGUAGES) {
      for (const text of [texts[language].headline, texts[language].short, texts[language].full]) expect(text).toMatch(MARKS[language]);
      expect(texts[language].short.length).toBeLessThan(134);
    }
  });

  it('has the same words whoever asks, in either world, and no content, photo or child', () => {
    const { texts, content, photo, ...rest } = testNotice(order, now);
    expect(testNotice({ ...order, id: '0f6c7c1e-0000-4000-8000-000000000002', mode: 'live' }, new Date(0)).texts).toEqual(texts);
    expect([content, photo]).toEqual([undefined, undefined]);
    for (const name of CANARY_NAMES) expect(JSON.stringify([texts, rest])).not.toContain(name);
  });

  it('is marked in what is hashed, and lapses in a quarter of an hour', () => {
    const notice = testNotice(order, now);
    expect(notice).toMatchObject({ sent: '2026-11-24T18:00:00+01:00', expires: '2026-11-24T18:15:00+01:00', identifier: `findme-test-drill-${order.id}`, contentHash: contentHashOf(notice) });
    const { test: _, ...unmarked } = notice;
    expect(contentHashOf(unmarked)).not.toBe(notice.contentHash);
  });
});
