import { readDate, readMoment, readPolygons, readPosition, writeDate, writeMoment, writePolygons, writePosition } from './reading.js';

const NOW = Date.parse('2026-11-24T18:00:00Z');

describe('what officers type', () => {
  it.each([['17.5.2020', '2020-05-17'], ['17. 05. 2020.', '2020-05-17'], ['17052020', '2020-05-17'], ['2020-05-17', '2020-05-17'], ['29.2.2024', '2024-02-29'], ['29.2.2023', undefined], ['17.5.20', undefined], ['', undefined]])(
    'reads %j as the date %s', (text, date) => { expect(readDate(text)).toBe(date); });

  it.each([
    ['24.11.2026. 13:45', '2026-11-24T13:45:00+01:00'], ['24.11. 13:45', '2026-11-24T13:45:00+01:00'], ['25.12. 13:45', '2025-12-25T13:45:00+01:00'], ['1345', '2026-11-24T13:45:00+01:00'],
    ['23:10', '2026-11-23T23:10:00+01:00'], ['1.7.2026 8.05', '2026-07-01T08:05:00+02:00'], ['25:00', undefined], ['31.6.2026 10:00', undefined], ['juče', undefined],
    // Clocks go back: the hour comes twice, and the first is meant. Clocks go forward: the hour does not come, and nothing is guessed.
    ['25.10.2026 2:30', '2026-10-25T02:30:00+02:00'], ['29.3.2026 2:30', undefined],
  ])('reads %j as the moment %s in Belgrade', (text, moment) => { expect(readMoment(text, NOW)).toBe(moment); });

  it.each([['45.2396, 19.8369', [19.8369, 45.2396]], ['45,2396 19,8369', [19.8369, 45.2396]], ['45.2° N 19.8° E', [19.8, 45.2]], ['45.2', undefined], ['91, 20', undefined]])(
    'reads %j as the position %j', (text, position) => { expect(readPosition(text)).toEqual(position); });

  it('reads corners one a line, polygons apart by an empty line', () => {
    expect(readPolygons('44, 20\n44.1, 20\n44.1, 20.1\n\n45, 19\n45.1, 19\n45.1, 19.1\n')).toEqual([[[20, 44], [20, 44.1], [20.1, 44.1]], [[19, 45], [19, 45.1], [19.1, 45.1]]]);
    expect(readPolygons('44, 20\n44.1')).toBeUndefined();
  });

  it('reads what it writes', () => {
    expect(readDate(writeDate('2020-05-17'))).toBe('2020-05-17');
    for (const moment of ['2026-11-24T13:45:00+01:00', '2026-07-01T08:05:00+02:00']) expect(readMoment(writeMoment(moment), NOW)).toBe(moment);
    expect(readPosition(writePosition([19.8369, 45.2396]))).toEqual([19.8369, 45.2396]);
    const polygons: [number, number][][] = [[[20, 44], [20.5, 44.5], [20, 44.5]], [[19, 45]]];
    expect(readPolygons(writePolygons(polygons))).toEqual(polygons);
  });
});
