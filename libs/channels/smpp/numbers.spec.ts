import { partsOf, settingsSchema, targetsOf } from './config.js';
import { parseNumbers } from './numbers.js';
import { inventedNumbers, numbersFile, settingsWith } from './testing/operator-stage.js';

describe('a file of opted-in numbers', () => {
  it('is read with its comments, spaces and repetitions, each number once', () => {
    const text = '\ufeff# opted in, invented\r\n+999 600 000001\n999600000002\n\n999-600-000001\n';
    expect(parseNumbers(text)).toEqual({ numbers: ['999600000001', '999600000002'], faults: [] });
  });

  it('names the lines that hold no international number, and never what stands there', () => {
    const { faults } = parseNumbers('0641234567\n+999600000001\nPetar\n++999600000001\n1234567\n9996000000010000\n00999600000001\n+0\n');
    expect(faults).toEqual(['line 1 is no number in international form', 'line 3 is no number in international form', 'line 4 is no number in international form', 'line 5 is no number in international form', 'line 6 is no number in international form', 'and 2 more lines']);
    expect(parseNumbers('# nobody\n').faults).toEqual(['the file holds no number']);
  });

  it('is checked with the settings, all faults at once', () => {
    const bad = numbersFile(['0641234567', 'x']);
    const result = settingsSchema.safeParse({ ...settingsWith(), deduplicates: true, keyTlv: null, audience: { kind: 'numbers', file: bad.file } });
    bad.remove();
    expect(result.error?.issues.map((i) => i.path.join('.'))).toEqual(['deduplicates', 'audience.file', 'audience.file']);
  });

  it('keeps its parts although the file changes, until the settings are read anew', () => {
    const list = numbersFile(inventedNumbers(5));
    const settings = settingsWith({ audience: { kind: 'numbers', file: list.file, partSize: 2 } });
    list.remove();
    expect(partsOf(settings)).toBe(3);
    expect([0, 1, 2, 3].map((part) => targetsOf(settings, part).length)).toEqual([2, 2, 1, 0]);
  });
});
