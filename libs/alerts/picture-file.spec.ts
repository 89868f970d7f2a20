import sharp, { type Sharp } from 'sharp';
import { readPicture } from './picture-file.js';

const noisy = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
  sharp({ create: { width, height, channels, background: { r: 136, g: 136, b: 136, alpha: 0.5 }, noise: { type: 'gaussian', mean: 128, sigma: 60 } } });
/** Three frames in one file. */
const moving = (): Sharp => sharp(Buffer.alloc(10 * 8 * 3 * 3, 99), { raw: { width: 10, height: 24, channels: 3, pageHeight: 8 } });

const bytes = (...parts: (readonly number[] | string)[]): Uint8Array => new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)))));
const segment = (marker: number, ...body: number[]): number[] => [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body];
const SOI = [0xff, 0xd8];
const EOI = [0xff, 0xd9];
/** Start of a frame of so many pixels, of a scan, and what follows a scan's header. */
const frame = (width: number, height: number, marker = 0xc0): number[] => segment(marker, 8, height >> 8, height & 255, width >> 8, width & 255, 0);
const scan = (...coded: number[]): number[] => [...segment(0xda, 0), ...coded];

describe('the outside of a picture', () => {
  it.each<[string, Promise<Buffer>]>([
    ['JPEG', noisy(61, 43).jpeg({ quality: 100 }).toBuffer()], ['progressive JPEG', noisy(61, 43).jpeg({ progressive: true }).toBuffer()], ['PNG', noisy(61, 43).png().toBuffer()],
    ['lossy WebP', noisy(61, 43).webp().toBuffer()], ['lossless WebP', noisy(61, 43).webp({ lossless: true }).toBuffer()], ['WebP with transparency', noisy(61, 43, 4).webp().toBuffer()],
  ])('tells the pixels that the decoder will find: %s', async (_what, made) => {
    const file = await made;
    const { width, height } = await sharp(file).metadata();
    expect(readPicture(file)).toMatchObject({ width, height, trailing: false });
    expect([width, height]).toEqual([61, 43]);
  });

  it('tells the canvas of a moving picture, and one of an odd number of octets ends behind its padding', async () => {
    expect(readPicture(await moving().webp().toBuffer())).toMatchObject({ width: 10, height: 8, trailing: false });
    // Every file of the encoder has an even number of octets: one less is odd.
    const odd = Buffer.from((await noisy(9, 9).webp({ lossless: true }).toBuffer()).subarray(0, -1));
    odd.writeUInt32LE(odd.length - 8, 4);
    expect(readPicture(odd)).toBeUndefined();
    expect(readPicture(Buffer.concat([odd, Buffer.alloc(1)]))).toMatchObject({ trailing: false });
    expect(readPicture(Buffer.concat([odd, Buffer.alloc(2)]))).toMatchObject({ trailing: true });
  });
});

describe('the skeleton of a JPEG', () => {
  const whole = [...SOI, ...frame(4, 3), ...scan(1, 2, 3), ...EOI];

  it('is walked over what only looks like a marker: stuffed octets, restarts, fill, and the ends of pictures inside segments', () => {
    expect(readPicture(bytes(whole))).toEqual({ format: 'jpeg', width: 4, height: 3, trailing: false });
    for (const coded of [[0xff, 0x00, 0xd9], [1, 0xff, 0xd0, 2, 0xff, 0xd7, 3], [0xff, 0xff, 0x00], [0xff, 0xff]]) {
      expect(readPicture(bytes(SOI, frame(4, 3), scan(...coded), EOI))).toMatchObject({ trailing: false });
      expect(readPicture(bytes(SOI, frame(4, 3), scan(...coded), EOI, [0]))).toMatchObject({ trailing: true });
    }
    expect(readPicture(bytes(SOI, segment(0xe1, ...whole), [0xff, 0x01, 0xff, 0xff], frame(4, 3), scan(1), segment(0xc4, 0), scan(2), EOI))).toMatchObject({ width: 4, trailing: false });
    // Tables have the numbers of frames; what stands in them is no size.
    for (const marker of [0xc4, 0xc8, 0xcc]) expect(readPicture(bytes(SOI, frame(4, 3), frame(9, 9, marker), scan(1), EOI))).toMatchObject({ width: 4, height: 3 });
  });

  it.each<[string, number[]]>([
    ['it has frames of two sizes, so that one reader could judge what another decodes', [...SOI, ...frame(4, 3), ...frame(4, 9), ...scan(1), ...EOI]],
    ['it has no frame', [...SOI, ...scan(1), ...EOI]], ['it has no scan', [...SOI, ...frame(4, 3), ...EOI]], ['it begins again', [...SOI, ...frame(4, 3), ...SOI, ...frame(4, 3), ...scan(1), ...EOI]],
    ['a segment is shorter than its own length', [...SOI, ...frame(4, 3), 0xff, 0xe1, 0, 1, ...scan(1), ...EOI]], ['no marker follows its start', [0xff, 0xd8, 0, ...frame(4, 3), ...scan(1), ...EOI]],
    ['it does not start', [0xff, 0xd9, ...frame(4, 3), ...scan(1), ...EOI]], ['it has no pixels', [...SOI, ...frame(4, 0), ...scan(1), ...EOI]], ['a stuffed octet stands outside of a scan', [...SOI, ...frame(4, 3), 0xff, 0x00, ...scan(1), ...EOI]],
  ])('is none when %s', (_why, octets) => {
    expect(readPicture(bytes(octets))).toBeUndefined();
  });
});

describe('further pictures that a JPEG declares', () => {
  const second = [...SOI, ...frame(2, 1), ...scan(1), ...EOI];
  /** A JPEG with a Multi-Picture index that declares `second` at its end after `gap`, of the size given, in either order of octets. */
  function several({ gap = [] as number[], size = second.length, little = false, fill = false, before = [] as number[] } = {}): Uint8Array {
    const number = (value: number, length: number): number[] => {
      const octets = Array.from({ length }, (_, n) => (value >>> (8 * (length - 1 - n))) & 255);
      return little ? octets.reverse() : octets;
    };
    const index = (offset: number): number[] => segment(0xe2, ...bytes('MPF\0', little ? 'II' : 'MM'), ...number(42, 2), ...number(8, 4), ...number(1, 2),
      ...number(0xb002, 2), ...number(7, 2), ...number(32, 4), ...number(26, 4), ...number(0, 4), ...number(0, 16), ...number(0, 4), ...number(size, 4), ...number(offset, 4), ...number(0, 4));
    const head = [...SOI, ...before, ...(fill ? [0xff] : [])];
    const tail = [...frame(4, 3), ...scan(1), ...EOI, ...gap];
    const length = head.length + index(0).length + tail.length;
    return bytes(head, index(length - (head.length + 8)), tail, second);
  }

  it('are taken where they are declared, in either order of octets, with zeros between', () => {
    for (const taken of [{}, { little: true }, { fill: true }, { gap: [0, 0, 0] }, { before: segment(0xe2, 1, 2) }, { size: second.length + 5 }]) expect([taken, readPicture(several(taken))]).toEqual([taken, expect.objectContaining({ width: 4, height: 3, trailing: false })]);
  });

  it('are nothing but trailing data where they are larger than declared, or where anything but zeros stands between', () => {
    for (const refused of [{ size: second.length - 1 }, { gap: [0x50, 0x4b] }]) expect([refused, readPicture(several(refused))]).toEqual([refused, expect.objectContaining({ trailing: true })]);
  });
});

describe('what only begins like a picture', () => {
  it.each([['a PNG without its header', bytes([0x89], 'PNG\r\n\x1a\n', [0, 0, 0, 4], 'XHDR', [0, 0, 0, 9], [0, 0, 0, 9], [0, 0, 0, 0], 'IEND', [0, 0, 0, 0])], ['another RIFF file', bytes('RIFF', [26, 0, 0, 0], 'WAVE', 'VP8X', Array(18).fill(0) as number[])]])('is none: %s', (_what, octets) => {
    expect(readPicture(octets)).toBeUndefined();
  });
});
