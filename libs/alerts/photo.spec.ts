import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { sha256Hex } from '#kernel/canonical.js';
import { Refusal } from '#kernel/errors.js';
import { cleanPhoto } from './photo.js';
import { readPicture } from './picture-file.js';

const codeOf = async (bytes: Uint8Array): Promise<string> => cleanPhoto(bytes).then(() => 'none', (error: unknown) => (error instanceof Refusal ? error.code : String(error)));
const drawn = (width = 60, height = 40): Sharp => sharp({ create: { width, height, channels: 3, background: '#336699' } });
const join = (...parts: (Uint8Array | string)[]): Uint8Array => new Uint8Array(Buffer.concat(parts.map((p) => Buffer.from(p as Uint8Array))));
const segment = (marker: number, body: Uint8Array): Uint8Array => join(Uint8Array.of(0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255), body);
/** The JPEG with a segment put right behind its start. */
const withSegment = (jpeg: Uint8Array, added: Uint8Array): Uint8Array => join(jpeg.subarray(0, 2), added, jpeg.subarray(2));
const ZIP = Buffer.from('504b0304140000000800', 'hex');

/** The JPEG followed by a second one that its Multi-Picture index declares. */
function multiPicture(first: Uint8Array, second: Uint8Array): Uint8Array {
  const index = Buffer.alloc(4 + 8 + 2 + 12 + 4 + 32);
  index.write('MPF\0', 0, 'latin1');
  index.write('MM\0*', 4, 'latin1');
  index.writeUInt32BE(8, 8);
  index.writeUInt16BE(1, 12);
  index.writeUInt16BE(0xb002, 14);
  index.writeUInt16BE(7, 16);
  index.writeUInt32BE(32, 18);
  index.writeUInt32BE(26, 22);
  // Entries: attribute, size, offset from the header, which stands at 2 (SOI) + 4 (marker, length) + 4 (MPF).
  index.writeUInt32BE(second.length, 30 + 16 + 4);
  const whole = withSegment(first, segment(0xe2, index));
  new DataView(whole.buffer).setUint32(10 + 26 + 16 + 8, whole.length - 10);
  return join(whole, second);
}

const pngHeader = (width: number, height: number): Uint8Array => {
  const ihdr = Buffer.alloc(25);
  ihdr.writeUInt32BE(13, 0);
  ihdr.write('IHDR', 4, 'latin1');
  ihdr.writeUInt32BE(width, 8);
  ihdr.writeUInt32BE(height, 12);
  ihdr.set([8, 2, 0, 0, 0], 16);
  return join(Buffer.from('89504e470d0a1a0a', 'hex'), ihdr, Buffer.from('0000000049454e44ae426082', 'hex'));
};

describe('cleanPhoto', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('takes %s and gives a JPEG with its hash and size', async (format) => {
    const { ref, bytes } = await cleanPhoto(new Uint8Array(await drawn().toFormat(format).toBuffer()));
    expect(ref).toEqual({ sha256: sha256Hex(bytes), mediaType: 'image/jpeg', width: 60, height: 40, bytes: bytes.length });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', space: 'srgb', width: 60, height: 40 });
    // What it gives it would take: nothing trails, nothing breaks off.
    expect(readPicture(bytes)).toEqual({ format: 'jpeg', width: 60, height: 40, trailing: false });
  });

  it('strips EXIF with place and camera, XMP and profile, and turns the picture upright', async () => {
    const taken = await drawn().withExif({ IFD0: { Artist: 'CANARY' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '45/1 15/1 0/1' } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>CANARY</x:xmpmeta>')
      .withIccProfile('p3').withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(taken.includes('CANARY')).toBe(true);
    const { ref, bytes } = await cleanPhoto(taken);
    const { exif, icc, xmp, iptc, orientation } = await sharp(bytes).metadata();
    expect([exif, icc, xmp, iptc, orientation]).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(Buffer.from(bytes).includes('CANARY')).toBe(false);
    expect([ref.width, ref.height]).toEqual([40, 60]);
  });

  it('keeps at most 1,200 pixels on the longest side and never enlarges', async () => {
    expect((await cleanPhoto(await drawn(2400, 1600).jpeg().toBuffer())).ref).toMatchObject({ width: 1200, height: 800 });
    expect((await cleanPhoto(await drawn(30, 1500).png().toBuffer())).ref).toMatchObject({ width: 24, height: 1200 });
  });

  it('puts transparency on white and makes colours of CMYK and grey', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png().toBuffer();
    expect([...(await sharp((await cleanPhoto(clear)).bytes).raw().toBuffer()).subarray(0, 3)]).toEqual([255, 255, 255]);
    for (const space of ['cmyk', 'b-w'] as const) {
      const { bytes } = await cleanPhoto(await drawn().toColourspace(space).jpeg().toBuffer());
      expect(await sharp(bytes).metadata()).toMatchObject({ space: 'srgb', channels: 3 });
    }
  });

  it('takes an EXIF thumbnail and a second picture that the file declares, and drops both', async () => {
    const [jpeg, small] = [await drawn().jpeg().toBuffer(), await drawn(8, 8).jpeg().toBuffer()];
    const thumbnailed = withSegment(jpeg, segment(0xe1, join('Exif\0\0', small)));
    expect((await cleanPhoto(thumbnailed)).ref).toMatchObject({ width: 60, height: 40 });
    const several = multiPicture(jpeg, small);
    expect(readPicture(several)).toMatchObject({ trailing: false });
    expect((await cleanPhoto(several)).ref).toMatchObject({ width: 60, height: 40 });
    expect(await codeOf(join(several, ZIP))).toBe('PHOTO_TRAILING_DATA');
    expect(await codeOf(join(several, small))).toBe('PHOTO_TRAILING_DATA');
    // Declared, but no picture stands there.
    expect(await codeOf(join(several.subarray(0, several.length - small.length), ZIP))).toBe('PHOTO_TRAILING_DATA');
  });

  it.each(['jpeg', 'png', 'webp'] as const)('refuses a second file behind the end of a %s', async (format) => {
    const picture = await drawn().toFormat(format).toBuffer();
    expect(await codeOf(join(picture, ZIP))).toBe('PHOTO_TRAILING_DATA');
    expect(await codeOf(join(picture, '<script>alert(1)</script>'))).toBe('PHOTO_TRAILING_DATA');
    expect(await codeOf(join(picture, picture))).toBe('PHOTO_TRAILING_DATA');
    expect(await codeOf(join(picture, Uint8Array.of(0)))).toBe('PHOTO_TRAILING_DATA');
  });

  it.each(['jpeg', 'png', 'webp'] as const)('refuses a %s that breaks off anywhere', async (format) => {
    const picture = new Uint8Array(await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888888', noise: { type: 'gaussian', mean: 128, sigma: 40 } } }).toFormat(format).toBuffer());
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: picture.length - 1 }), async (length) => {
      expect(await codeOf(picture.slice(0, length))).toBe('PHOTO_NOT_A_PICTURE');
    }), { numRuns: 60 });
  });

  it('takes the first frame of a moving picture, and none of which the pixels break off inside a whole file', async () => {
    const moving = await sharp(Buffer.alloc(10 * 24 * 3, 99), { raw: { width: 10, height: 24, channels: 3, pageHeight: 8 } }).webp().toBuffer();
    expect((await cleanPhoto(moving)).ref).toMatchObject({ width: 10, height: 8 });
    const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888888', noise: { type: 'gaussian', mean: 128, sigma: 40 } } }).png().toBuffer();
    const [begins, half] = [png.indexOf('IDAT') - 4, png.readUInt32BE(png.indexOf('IDAT') - 4) >> 1];
    const broken = Buffer.concat([png.subarray(0, begins + 8 + half), Buffer.alloc(4), png.subarray(-12)]);
    broken.writeUInt32BE(half, begins);
    expect(readPicture(broken)).toMatchObject({ width: 64, height: 64, trailing: false });
    expect(await codeOf(broken)).toBe('PHOTO_NOT_A_PICTURE');
  });

  it('refuses other formats and what only looks like a picture', async () => {
    expect(await codeOf(await drawn().gif().toBuffer())).toBe('PHOTO_NOT_A_PICTURE');
    expect(await codeOf(await drawn().tiff().toBuffer())).toBe('PHOTO_NOT_A_PICTURE');
    expect(await codeOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'))).toBe('PHOTO_NOT_A_PICTURE');
    expect(await codeOf(Buffer.from('%PDF-1.7\n'))).toBe('PHOTO_NOT_A_PICTURE');
    expect(await codeOf(new Uint8Array())).toBe('PHOTO_NOT_A_PICTURE');
    // Whole outside, rubbish inside.
    expect(await codeOf(pngHeader(10, 10))).toBe('PHOTO_NOT_A_PICTURE');
  });

  it('refuses too many octets and too many pixels before decoding', async () => {
    expect(await codeOf(new Uint8Array(10 * 1024 * 1024 + 1))).toBe('PHOTO_TOO_LARGE');
    expect(await codeOf(pngHeader(50_000, 50_000))).toBe('PHOTO_TOO_LARGE');
    expect(await codeOf(pngHeader(40_001, 1000))).toBe('PHOTO_TOO_LARGE');
    const jpeg = new Uint8Array(await drawn().jpeg().toBuffer());
    const frame = Buffer.from(jpeg).indexOf(Uint8Array.of(0xff, 0xc0));
    new DataView(jpeg.buffer).setUint32(frame + 5, 0xffff_ffff);
    expect(await codeOf(jpeg)).toBe('PHOTO_TOO_LARGE');
  });

  it('answers every damaged file with a picture or a refusal that names the photo alone', async () => {
    const pictures = await Promise.all((['jpeg', 'png', 'webp'] as const).map((format) => drawn(24, 16).toFormat(format).toBuffer()));
    await fc.assert(fc.asyncProperty(fc.nat(2), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }), async (which, damage) => {
      const bytes = new Uint8Array(pictures[which] as Buffer);
      for (const [at, octet] of damage) bytes[at % bytes.length] = octet;
      const outcome = await cleanPhoto(bytes).then(({ ref }) => ref.mediaType, (error: unknown) => (error as Refusal).faults);
      if (outcome !== 'image/jpeg') expect(outcome).toEqual([{ code: expect.stringMatching(/^PHOTO_/), field: 'photo' }]);
    }), { numRuns: 150 });
  });
});
