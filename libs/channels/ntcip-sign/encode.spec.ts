import { sampleEnding, sampleNotice, sampleUpdate } from '#dispatch/testing/sample-notice.js';
import { readMessage, writeMessage } from './ber.js';
import { activationCode, blankActivation, encode, messageCrc, minutesUntil, ownedBy, preview, rowOfCode, writeMulti, writeOwner } from './encode.js';
import { roadSign } from './testing/stage.js';

const { settings } = roadSign(1);

describe('a message for a sign', () => {
  it('has the CRC and the activation of the example in the standard', () => {
    const crc = messageCrc(Buffer.from('[jp3]TEST [fl]Flashing[/fl]'));
    expect(crc).toBe(0x95f9);
    const code = activationCode({ minutes: 267, priority: 55, row: { memory: 4, number: 5 }, crc, source: '103.8.9.10' });
    expect(code.toString('hex').toUpperCase()).toBe('010B3704000595F96708090A');
    expect(rowOfCode(code.subarray(3, 8))).toEqual({ memory: 4, number: 5, crc });
    expect(rowOfCode(Buffer.alloc(4))).toBeUndefined();
  });

  it('is MULTI with as many pages as needed, each for its time, brackets doubled', () => {
    expect(writeMulti([['NESTALA', 'ANA [6]']], 3)).toBe('[jp3][jl3]NESTALA[nl]ANA [[6]]');
    expect(writeMulti([['A', 'B'], ['C']], 2.5)).toBe('[pt25o0][jp3][jl3]A[nl]B[np]C');
  });

  it('says what the preview says, and says in a drill on every page that it is one', () => {
    const notice = sampleNotice();
    const [shown] = preview(notice, settings);
    expect(shown).toMatchObject({ language: 'sr-Latn', encoding: 'ASCII', faults: [] });
    const pages = encode(notice, settings).toString().replace(/^\[pt30o0\]\[jp3\]\[jl3\]/, '').split('[np]').map((page) => page.split('[nl]'));
    expect(pages.map((page) => page.join('\n')).join('\n\n')).toBe(shown!.text);
    expect(pages.length).toBe(shown!.segments);
    for (const [first] of pages) expect(first).toBe('VEZBA');
    expect(encode(sampleNotice({ mode: 'live' }), settings).toString()).not.toContain('VEZBA');
  });

  it('is refused, never cut, where the sign is too small', () => {
    const small = { ...settings, rows: 1, columns: 10 };
    expect(preview(sampleNotice(), small)[0]!.faults).toEqual([{ code: 'TEXT_TOO_LONG', field: 'texts.sr-Latn.headline', detail: '4 pages of 1 rows of 10 letters.' }]);
    expect(() => encode(sampleNotice(), small)).toThrow(expect.objectContaining({ code: 'TEXT_TOO_LONG' }));
    expect(preview(sampleEnding('found'), small)).toEqual([]);
  });

  it('never lasts without end, nor longer than its alert', () => {
    const now = new Date('2026-11-24T17:00:30Z');
    expect(minutesUntil('2026-11-24T18:30:00+01:00', now)).toBe(29);
    expect(minutesUntil('2026-11-24T18:01:00+01:00', now)).toBe(0);
    expect(minutesUntil('2026-11-24T17:00:00+01:00', now)).toBe(0);
    expect(minutesUntil('2036-11-24T17:00:00+01:00', now)).toBe(65_534);
    const activation = { minutes: 1, priority: 1, row: { memory: 3, number: 1 }, crc: 0, source: '0.0.0.0' };
    for (const minutes of [0, 65_535, 1.5]) expect(() => activationCode({ ...activation, minutes })).toThrow(RangeError);
    expect(activationCode(blankActivation(200, '10.0.0.1')).toString('hex')).toBe('fffec80700010000' + '0a000001');
  });

  it('tells by its owner whose it is', () => {
    const first = sampleNotice();
    const owner = writeOwner(first.identifier, 'k'.repeat(40));
    expect(ownedBy(owner, first)).toBe(true);
    expect(ownedBy(owner, sampleEnding('found', sampleUpdate(first)))).toBe(true);
    expect(ownedBy(owner, sampleEnding('found'))).toBe(false);
    expect(ownedBy('', first)).toBe(false);
    expect(() => writeOwner('i'.repeat(100), 'k'.repeat(40))).toThrow(RangeError);
  });
});

describe('the simulated sign\'s own BER', () => {
  const message = {
    version: 1, community: 'proba', pdu: 'response' as const, requestId: 2_147_483_647, errorStatus: 0, errorIndex: 0,
    varbinds: [['1.3.6.1.4.1.1206.4.2.3.6.17.0', -129], ['1.3.6.1.4.1.1206.4.2.3.5.8.1.3.3.300', Buffer.alloc(300, 65)], ['2.100.3', null], ['1.3.1', 'noSuchInstance'], ['1.3.2', 65_535]] as const,
  };

  it('reads what it writes', () => {
    expect(readMessage(writeMessage(message))).toEqual(message);
  });

  it('takes everything else for nothing', () => {
    const bytes = writeMessage(message);
    for (let cut = 0; cut < bytes.length; cut += 7) expect(readMessage(bytes.subarray(0, cut))).toBeUndefined();
    expect(readMessage(Buffer.from('0\u0005rubbish'))).toBeUndefined();
    expect(readMessage(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toBeUndefined();
  });
});
