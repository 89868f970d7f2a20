import sharp, { type OutputInfo } from 'sharp';
import { sha256Hex } from '#kernel/canonical.js';
import { fail } from '#kernel/errors.js';
import type { PhotoRef } from './content.js';
import { readPicture } from './picture-file.js';

/** Largest file taken in, octets. */
const MOST_BYTES = 10 * 1024 * 1024;
/** Most pixels decoded, so that a small file cannot fill the memory. */
const MOST_PIXELS = 40_000_000;
/** Longest side of what is kept, pixels. */
const LONGEST_SIDE = 1200;
/** An honest picture of 40 megapixels takes a second or two. */
const TIMEOUT_SECONDS = 20;

// A photo of a missing child is decoded once and is nobody's cache entry; one thread a picture leaves the desk its cores.
sharp.cache(false);
sharp.concurrency(1);

export interface CleanPhoto {
  readonly ref: PhotoRef;
  /** A JPEG in sRGB without any metadata. */
  readonly bytes: Uint8Array;
}

/**
 * Decodes a photo and encodes it anew, so that nothing of the file but its pixels goes on: no EXIF, no place, no profile,
 * no second file. Takes JPEG, PNG and WebP; turns the picture upright, puts transparency on white, keeps 1,200 pixels on
 * the longest side. Of a moving picture the first frame is taken. Throws PHOTO_NOT_A_PICTURE, PHOTO_TOO_LARGE and
 * PHOTO_TRAILING_DATA; size and pixels are judged before anything is decoded.
 */
export async function cleanPhoto(bytes: Uint8Array): Promise<CleanPhoto> {
  if (bytes.length > MOST_BYTES) throw fail('PHOTO_TOO_LARGE', 'photo');
  const picture = readPicture(bytes);
  if (!picture) throw fail('PHOTO_NOT_A_PICTURE', 'photo');
  if (picture.width * picture.height > MOST_PIXELS) throw fail('PHOTO_TOO_LARGE', 'photo');
  if (picture.trailing) throw fail('PHOTO_TRAILING_DATA', 'photo');
  const encoded = await encodeAnew(bytes).catch(() => {
    // The decoder's message may quote the file.
    throw fail('PHOTO_NOT_A_PICTURE', 'photo');
  });
  const { data, info } = encoded;
  return {
    ref: { sha256: sha256Hex(data), mediaType: 'image/jpeg', width: info.width, height: info.height, bytes: data.length },
    bytes: data,
  };
}

function encodeAnew(bytes: Uint8Array): Promise<{ data: Buffer; info: OutputInfo }> {
  return sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error', pages: 1 })
    .timeout({ seconds: TIMEOUT_SECONDS })
    .autoOrient()
    .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: 82, chromaSubsampling: '4:4:4' })
    .toBuffer({ resolveWithObject: true });
}
