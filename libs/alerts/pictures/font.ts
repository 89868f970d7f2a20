import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype, { type Font } from 'opentype.js';

/**
 * The lettering of every picture: Source Sans 3 (SIL Open Font License 1.1), which has all letters of Serbian in both
 * scripts and of the minority languages. It comes with the house, because a bare machine has no fonts, and letters become
 * outlines, so that a picture looks the same wherever it is drawn.
 */
export type Weight = 'regular' | 'bold';

const FILES: Readonly<Record<Weight, string>> = { regular: '400Regular/SourceSans3_400Regular.ttf', bold: '700Bold/SourceSans3_700Bold.ttf' };
const fonts = new Map<Weight, Font>();

function font(weight: Weight): Font {
  const known = fonts.get(weight);
  if (known) return known;
  const bytes = readFileSync(createRequire(import.meta.url).resolve(`@expo-google-fonts/source-sans-3/${FILES[weight]}`));
  const loaded = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  fonts.set(weight, loaded);
  return loaded;
}

const widths = new Map<string, number>();

/** Width of a text in parts of its size. */
export function widthOf(text: string, weight: Weight): number {
  const name = `${weight} ${text}`;
  const known = widths.get(name);
  if (known !== undefined) return known;
  const width = font(weight).getAdvanceWidth(text, 1);
  // Words come again and again while a size is looked for; nothing is kept for long, because words hold a child's data.
  if (widths.size === 0) setTimeout(() => widths.clear(), 10_000).unref();
  widths.set(name, width);
  return width;
}

/** SVG path data of a text whose baseline begins at (x, y). */
export const outlineOf = (text: string, weight: Weight, size: number, x: number, y: number): string => font(weight).getPath(text, x, y, size).toPathData(1);

/** Signs of a text that the lettering does not have, each once. */
export function missingIn(text: string): string[] {
  return [...new Set(text.replace(/\s/g, ''))].filter((sign) => font('regular').charToGlyphIndex(sign) === 0);
}

/** Reads the lettering beforehand, so that the first notice does not wait for it. */
export function warmLettering(): void {
  for (const weight of ['regular', 'bold'] as const) outlineOf('192', weight, 10, 0, 0);
}
