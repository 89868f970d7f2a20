/** What the outside of a picture file tells, before anything is decoded. */
export interface PictureFile {
  readonly format: 'jpeg' | 'png' | 'webp';
  readonly width: number;
  readonly height: number;
  /** Something follows behind the end of the picture. */
  readonly trailing: boolean;
}

/** Where a picture ends and how large it says it is; undefined when it never ends or is malformed on the way there. */
interface Extent {
  readonly width: number;
  readonly height: number;
  /** Offset behind its last octet. */
  readonly end: number;
}

/**
 * Reads the skeleton of a JPEG, PNG or WebP file: size in pixels and where the picture ends. Undefined for every other
 * file and for one that breaks off.
 */
export function readPicture(bytes: Uint8Array): PictureFile | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = within(() => readJpeg(data, 0), 'jpeg') ?? within(() => readPng(data), 'png') ?? within(() => readWebp(data), 'webp');
  if (!found) return undefined;
  const { format, extent: { width, height, end } } = found;
  if (width === 0 || height === 0) return undefined;
  const trailing = end !== data.byteLength && !(format === 'jpeg' && isMultiPicture(data, end));
  return { format, width, height, trailing };
}

/** A read past the end of the file means that the file breaks off. */
function within(read: () => Extent | undefined, format: PictureFile['format']): { format: PictureFile['format']; extent: Extent } | undefined {
  try {
    const extent = read();
    return extent && { format, extent };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const ascii = (data: DataView, at: number, length: number): string => String.fromCharCode(...Array.from({ length }, (_, i) => data.getUint8(at + i)));

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
/** Markers that stand alone, without a length: TEM and the restart markers. */
const standsAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
/** Start of frame: C0 to CF but for Huffman tables (C4), arithmetic conditioning (CC) and the reserved C8. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/**
 * A JPEG from `start` to its own end-of-image marker (ITU-T T.81 annex B). Segments are stepped over by their length, so
 * the thumbnail inside EXIF, a JPEG with an end of its own, does not count.
 */
function readJpeg(data: DataView, start: number): Extent | undefined {
  if (data.getUint8(start) !== 0xff || data.getUint8(start + 1) !== SOI || data.getUint8(start + 2) !== 0xff) return undefined;
  let size: { width: number; height: number } | undefined;
  let scans = 0;
  let at = start + 2;
  for (;;) {
    if (data.getUint8(at++) !== 0xff) return undefined;
    let marker = data.getUint8(at++);
    while (marker === 0xff) marker = data.getUint8(at++);
    if (marker === EOI) return size && scans > 0 ? { ...size, end: at } : undefined;
    if (standsAlone(marker)) continue;
    if (marker === 0x00 || marker === SOI) return undefined;
    const length = data.getUint16(at);
    if (length < 2) return undefined;
    if (isFrame(marker)) {
      const frame = { height: data.getUint16(at + 3), width: data.getUint16(at + 5) };
      // Two frames of different size would let one reader judge what another decodes.
      if (size && (size.width !== frame.width || size.height !== frame.height)) return undefined;
      size = frame;
    }
    at += length;
    if (marker === SOS) {
      scans++;
      at = skipEntropyCoded(data, at);
    }
  }
}

/** Offset of the next marker that ends a run of entropy-coded data: FF followed by neither 00 nor a restart marker. */
function skipEntropyCoded(data: DataView, from: number): number {
  let at = from;
  for (;;) {
    if (data.getUint8(at) === 0xff) {
      const next = data.getUint8(at + 1);
      if (next !== 0x00 && next !== 0xff && !standsAlone(next)) return at;
    }
    at++;
  }
}

/**
 * Tells whether all that follows a JPEG's end are further JPEGs which the file itself declares in its Multi-Picture index
 * (CIPA DC-007): phones store a second rendering or a gain map so. Zero octets between them are padding.
 */
function isMultiPicture(data: DataView, end: number): boolean {
  try {
    const declared = multiPictureEntries(data);
    let at = end;
    while (at < data.byteLength) {
      const entry = declared.find(({ start }) => start === at);
      if (entry) {
        const extent = readJpeg(data, at);
        if (!extent || extent.end > at + entry.size) return false;
        at = extent.end;
      } else if (data.getUint8(at) === 0 && declared.some(({ start, size }) => start > at || (start < at && at < start + size))) at++;
      else return false;
    }
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface Entry {
  readonly start: number;
  readonly size: number;
}

/** Pictures after the first that an APP2 `MPF` segment declares; offsets from the start of the file. */
function multiPictureEntries(data: DataView): Entry[] {
  for (let at = 2; data.getUint8(at) === 0xff && data.getUint8(at + 1) !== SOS;) {
    const marker = data.getUint8(at + 1);
    if (marker === 0xff) { at++; continue; }
    const length = data.getUint16(at + 2);
    if (marker === 0xe2 && length > 8 && ascii(data, at + 4, 4) === 'MPF\0') return readIndex(data, at + 8, at + 2 + length);
    at += 2 + length;
  }
  return [];
}

/** The MP entries of an index whose TIFF header stands at `header`; offsets in it count from there. */
function readIndex(data: DataView, header: number, until: number): Entry[] {
  const little = data.getUint16(header) === 0x4949;
  const directory = header + data.getUint32(header + 4, little);
  const fields = data.getUint16(directory, little);
  for (let i = 0; i < fields; i++) {
    const field = directory + 2 + i * 12;
    if (field + 12 > until) return [];
    if (data.getUint16(field, little) !== 0xb002) continue;
    const octets = data.getUint32(field + 4, little);
    const list = header + data.getUint32(field + 8, little);
    if (list + octets > until) return [];
    const entries = Array.from({ length: Math.floor(octets / 16) }, (_, n): Entry => ({
      size: data.getUint32(list + n * 16 + 4, little),
      start: header + data.getUint32(list + n * 16 + 8, little),
    }));
    // The first entry is the picture itself, with offset 0.
    return entries.slice(1);
  }
  return [];
}

/** A PNG up to the end of its IEND chunk (W3C PNG section 5). */
function readPng(data: DataView): Extent | undefined {
  if (data.getUint32(0) !== 0x89504e47 || data.getUint32(4) !== 0x0d0a1a0a || ascii(data, 12, 4) !== 'IHDR') return undefined;
  const [width, height] = [data.getUint32(16), data.getUint32(20)];
  for (let at = 8; ;) {
    const length = data.getUint32(at);
    const end = at + 12 + length;
    if (end > data.byteLength) return undefined;
    if (ascii(data, at + 4, 4) === 'IEND') return { width, height, end };
    at = end;
  }
}

/** A WebP up to the size its RIFF header gives (RFC 9649 section 2), an odd one padded. */
function readWebp(data: DataView): Extent | undefined {
  if (ascii(data, 0, 4) !== 'RIFF' || ascii(data, 8, 4) !== 'WEBP') return undefined;
  const size = data.getUint32(4, true);
  const end = 8 + size + (size % 2);
  if (end > data.byteLength) return undefined;
  const canvas = webpCanvas(data, ascii(data, 12, 4));
  return canvas && { ...canvas, end };
}

function webpCanvas(data: DataView, chunk: string): { width: number; height: number } | undefined {
  const uint24 = (at: number): number => data.getUint16(at, true) + (data.getUint8(at + 2) << 16);
  if (chunk === 'VP8X') return { width: uint24(24) + 1, height: uint24(27) + 1 };
  if (chunk === 'VP8L') {
    const bits = data.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  if (chunk === 'VP8 ') return { width: data.getUint16(26, true) & 0x3fff, height: data.getUint16(28, true) & 0x3fff };
  return undefined;
}
