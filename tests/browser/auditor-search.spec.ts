import { apiPath, instantOf, isAlertId, readSearch, searchPath } from '#apps/console/auditor/search.js';

describe('an auditor’s search in an address', () => {
  it('is read back as it was written, without what is empty or not known', () => {
    const search = { destination: 'tv-1', outcome: 'accepted', from: '2026-11-24T10:42' };
    const path = searchPath('/audit', search);
    expect(path).toBe('/audit?destination=tv-1&outcome=accepted&from=2026-11-24T10%3A42');
    expect(readSearch(path.split('?')[1]!)).toEqual(search);
    expect(readSearch('caseNumber=KU-1&mode=&channel= smpp ')).toEqual({ channel: 'smpp' });
    expect(searchPath('/audit', { after: '' })).toBe('/audit');
  });

  it('asks the API for instants, and only for what it knows', () => {
    expect(apiPath('/v1/audit/times', { mode: 'live', status: 'active', from: '2026-07-01T00:00' }, ['mode', 'from'], { limit: '5' }))
      .toBe('/v1/audit/times?mode=live&from=2026-06-30T22%3A00%3A00.000Z&limit=5');
  });

  it.each([
    ['2026-01-15T12:00', '2026-01-15T11:00:00.000Z'], ['2026-07-15T12:00', '2026-07-15T10:00:00.000Z'],
    // The clocks went forward at 2 on 29 March 2026 and back at 3 on 25 October.
    ['2026-03-29T01:59', '2026-03-29T00:59:00.000Z'], ['2026-03-29T03:00', '2026-03-29T01:00:00.000Z'], ['2026-10-25T03:00', '2026-10-25T02:00:00.000Z'], ['2026-10-25T01:30', '2026-10-24T23:30:00.000Z'],
    ['yesterday', undefined], ['', undefined],
  ])('takes %s for the time in Belgrade', (local, instant) => {
    expect(instantOf(local)).toBe(instant);
  });

  it('knows the id of an alert', () => {
    expect(isAlertId('0123abcd-0123-4abc-8abc-0123456789ab')).toBe(true);
    expect(isAlertId('0123ABCD-0123-4abc-8abc-0123456789ab')).toBe(false);
    expect(isAlertId('KU-1234/2026')).toBe(false);
  });
});
