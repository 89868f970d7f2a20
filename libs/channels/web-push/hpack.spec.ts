import { HeaderWriter, readHead, unfold } from './hpack.js';

const octets = (hex: string) => Buffer.from(hex.replace(/ /g, ''), 'hex');

describe('compressed headers', () => {
  // RFC 7541 appendices C.4.1, C.6.1 and C.6.3.
  it.each([
    ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'], ['aec3 771a 4b', 'private'], ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3', 'https://www.example.com'], ['', ''],
  ])('are folded as in the standard: %s', (hex, text) => expect(unfold(octets(hex)).toString()).toBe(text));

  it.each([['ending in zeros', '10'], ['ending in eight ones', 'ff'], ['ending in the middle of a word', 'fe'], ['with the end in it', 'ffff ffff'], ['with no word', 'ffff fffc ff']])('are no text when folded %s', (_, hex) => {
    expect(() => unfold(octets(hex))).toThrow();
  });

  it.each([
    // RFC 7541 appendices C.5.1 and C.6.1: the sender may ask to remember, and what it refers to is what everybody knows.
    ['4803 3330 3258 0770 7269 7661 7465', { status: 302 }], ['4882 6402 5885 aec3 771a 4b', { status: 302 }],
    ['88', { status: 200 }], ['8d', { status: 404 }], ['3f e11f 20 8e', { status: 500 }], ['08 03 323031', { status: 201 }], ['00 07 3a737461747573 03 343239', { status: 429 }],
    ['88 0f26 02 3330', { status: 200, retryAfter: '30' }], ['88 10 0b 72657472792d6166746572 01 35', { status: 200, retryAfter: '5' }],
  ])('say how an answer stands: %s', (hex, head) => expect(readHead(octets(hex))).toEqual(head));

  it('are written once, and after that are a number each', () => {
    const writer = new HeaderWriter('push.example');
    const headers = [['topic', 't'.repeat(32)], ['ttl', '60']] as const;
    const first = writer.write('/a', headers);
    const again = writer.write('/a', headers);
    expect([first.length > 60, again.toString('hex')]).toEqual([true, '8387 0402 2f61 c0 bf be'.replace(/ /g, '')]);
    // Others in between move the numbers; what is asked for to be forgotten is written again.
    expect(writer.write('/a', [['ttl', '61']]).length).toBeLessThan(20);
    expect(writer.write('/a', headers).toString('hex')).toBe('838704022f61c1c0bf');
    writer.resize(0);
    writer.resize(100);
    expect(writer.write('/a', []).toString('hex', 0, 3)).toBe('203f45');
  });
});
