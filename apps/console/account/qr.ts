/*
 * QR codes (ISO/IEC 18004:2015): byte mode, error correction level M, versions 1 to 13 (up to 331 octets). Enough for the
 * address of a second factor, and nothing is loaded for it.
 */

/** By version, from 1: error correction codewords of a block, and blocks (table 9, level M). */
const EC_PER_BLOCK = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9];
const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0, (r) => r % 2 === 0, (_, c) => c % 3 === 0, (r, c) => (r + c) % 3 === 0, (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0, (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

type Grid = (boolean | undefined)[][];

/** The dark modules of a text's QR code, row by row, without the quiet zone of four around it. Throws RangeError for a text too long. */
export function qrCode(text: string): readonly (readonly boolean[])[] {
  const octets = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, at) => octets.length <= dataOctets(at + 1) - (at + 1 < 10 ? 2 : 3)) + 1;
  if (version === 0) throw new RangeError('too long for a QR code of version 13');
  const codewords = interleaved(dataOf(octets, version), version);
  const plain = patterns(version);
  const drawn = MASKS.map((mask, number) => {
    const grid = plain.map((row) => [...row]);
    fill(grid, codewords, mask);
    drawFormat(grid, number);
    return grid as boolean[][];
  });
  return drawn.reduce((best, grid) => (penalty(grid) < penalty(best) ? grid : best));
}

/** Modules that carry data, in octets (section 7.1 and annex D, counted). */
function rawOctets(version: number): number {
  const alignments = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const modules = (16 * version + 128) * version + 64 - (alignments === 0 ? 0 : (25 * alignments - 10) * alignments - 55) - (version >= 7 ? 36 : 0);
  return Math.floor(modules / 8);
}

const dataOctets = (version: number): number => rawOctets(version) - EC_PER_BLOCK[version - 1]! * BLOCKS[version - 1]!;

/** Mode, length, octets, terminator and padding (section 7.4). */
function dataOf(octets: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number): void => { for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >>> bit) & 1); };
  put(4, 4);
  put(octets.length, version < 10 ? 8 : 16);
  for (const octet of octets) put(octet, 8);
  const room = dataOctets(version) * 8;
  put(0, Math.min(4, room - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: room / 8 }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((octet, bit) => octet * 2 + bit, 0));
}

/** Blocks with their error correction, column by column (section 7.6). */
function interleaved(data: readonly number[], version: number): number[] {
  const [blocks, ec] = [BLOCKS[version - 1]!, EC_PER_BLOCK[version - 1]!];
  const short = Math.floor(data.length / blocks);
  const long = data.length % blocks;
  let from = 0;
  const made = Array.from({ length: blocks }, (_, at) => {
    const part = data.slice(from, from += short + (at >= blocks - long ? 1 : 0));
    return { part, check: remainder(part, ec) };
  });
  const columns = (length: number, of: (block: (typeof made)[number]) => readonly number[]): number[] =>
    Array.from({ length }, (_, column) => made.flatMap((block) => of(block)[column] ?? [])).flat();
  return [...columns(short + 1, ({ part }) => part), ...columns(ec, ({ check }) => check)];
}

/** Reed-Solomon over GF(256) with polynomial 0x11d. */
function remainder(data: readonly number[], degree: number): number[] {
  let generator = [1];
  for (let root = 1, n = 0; n < degree; n += 1, root = times(root, 2)) {
    generator = [...generator, 0].map((coefficient, at) => coefficient ^ times(generator[at - 1] ?? 0, root));
  }
  const left = new Array<number>(degree).fill(0);
  for (const octet of data) {
    const factor = octet ^ left.shift()!;
    left.push(0);
    for (let at = 0; at < degree; at += 1) left[at]! ^= times(generator[at + 1]!, factor);
  }
  return left;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) product = ((product << 1) ^ ((product >>> 7) * 0x11d)) ^ (((b >>> bit) & 1) * a);
  return product;
}

/** Finders, timing, alignment and version (section 6.3); format modules are kept free. */
function patterns(version: number): Grid {
  const size = version * 4 + 17;
  const grid: Grid = Array.from({ length: size }, () => new Array<boolean | undefined>(size).fill(undefined));
  const set = (row: number, column: number, dark: boolean): void => { if (row >= 0 && row < size && column >= 0 && column < size) grid[row]![column] = dark; };
  for (let at = 0; at < size; at += 1) { set(6, at, at % 2 === 0); set(at, 6, at % 2 === 0); }
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]] as const) {
    for (let r = -4; r <= 4; r += 1) for (let c = -4; c <= 4; c += 1) {
      const ring = Math.max(Math.abs(r), Math.abs(c));
      set(row + r, column + c, ring !== 2 && ring !== 4);
    }
  }
  const centres = centresOf(version, size);
  centres.forEach((row, i) => { centres.forEach((column, j) => {
    const last = centres.length - 1;
    if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
    for (let r = -2; r <= 2; r += 1) for (let c = -2; c <= 2; c += 1) set(row + r, column + c, Math.max(Math.abs(r), Math.abs(c)) !== 1);
  }); });
  drawFormat(grid, 0);
  if (version >= 7) {
    const bits = (version << 12) | divided(version << 12, 0x1f25, 12);
    for (let at = 0; at < 18; at += 1) {
      const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
      set(b, a, ((bits >>> at) & 1) === 1);
      set(a, b, ((bits >>> at) & 1) === 1);
    }
  }
  return grid;
}

function centresOf(version: number, size: number): number[] {
  if (version === 1) return [];
  const n = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (n * 2 - 2)) * 2;
  return [6, ...Array.from({ length: n - 1 }, (_, at) => size - 7 - (n - 2 - at) * step)];
}

/** Level M and the mask, twice (section 7.9), and the one module that is always dark. */
function drawFormat(grid: Grid, mask: number): void {
  const size = grid.length;
  const bits = ((mask << 10) | divided(mask << 10, 0x537, 10)) ^ 0x5412;
  for (let at = 0; at < 15; at += 1) {
    const dark = ((bits >>> at) & 1) === 1;
    const down = at < 6 ? at : at < 8 ? at + 1 : size - 15 + at;
    const across = at < 8 ? size - 1 - at : at < 9 ? 7 : 14 - at;
    grid[down]![8] = dark;
    grid[8]![across] = dark;
  }
  grid[size - 8]![8] = true;
}

/** Remainder of a binary polynomial division; `divisor` has `degree` as its highest power. */
function divided(value: number, divisor: number, degree: number): number {
  let left = value;
  for (let bit = 31 - Math.clz32(left); left !== 0 && bit >= degree; bit = 31 - Math.clz32(left)) left ^= divisor << (bit - degree);
  return left;
}

/** Codewords in pairs of columns from the right, up and down (section 7.7.3), masked as they are put. */
function fill(grid: Grid, codewords: readonly number[], mask: (row: number, column: number) => boolean): void {
  const size = grid.length;
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const row = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (grid[row]![column] !== undefined) continue;
        const dark = (((codewords[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1) === 1;
        grid[row]![column] = dark !== mask(row, column);
        bit += 1;
      }
    }
  }
}

/** How hard a code is to read (section 7.8.3). */
function penalty(grid: readonly (readonly boolean[])[]): number {
  const size = grid.length;
  const lines = [...grid, ...grid.map((_, column) => grid.map((row) => row[column]!))];
  let sum = 0;
  for (const line of lines) {
    const text = line.map((dark) => (dark ? '1' : '0')).join('');
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
    for (let at = 0; at + 11 <= size; at += 1) if (/^(10111010000|00001011101)$/.test(text.slice(at, at + 11))) sum += 40;
  }
  for (let r = 1; r < size; r += 1) for (let c = 1; c < size; c += 1) {
    const dark = grid[r]![c];
    if (grid[r - 1]![c] === dark && grid[r]![c - 1] === dark && grid[r - 1]![c - 1] === dark) sum += 3;
  }
  const share = (grid.flat().filter(Boolean).length / size ** 2) * 100;
  return sum + Math.floor(Math.abs(share - 50) / 5) * 10;
}
