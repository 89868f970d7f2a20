import { outlineOf, widthOf, type Weight } from './font.js';

/** A piece of text in one look. */
export interface Run {
  readonly text: string;
  readonly weight: Weight;
  readonly colour: string;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How a block of paragraphs may be set. Sizes in pixels; line height and gap in parts of the size. */
export interface Setting {
  readonly largest: number;
  readonly smallest: number;
  readonly lineHeight: number;
  /** Space between paragraphs. */
  readonly gap: number;
  readonly align?: 'start' | 'centre';
  /** Where the block stands when it is lower than its box. */
  readonly stands?: 'top' | 'middle';
}

interface Word { readonly text: string; readonly run: Run }
interface Line { readonly words: readonly Word[]; readonly width: number }

/** A set block and what draws it as SVG, or that it does not fit at the smallest size. */
export type Block = { readonly fits: true; readonly size: number; readonly height: number; draw(): string } | { readonly fits: false };

/**
 * Sets paragraphs into a box at the largest size at which all of them fit whole. Lines break between words only, nothing is
 * cut: what does not fit at the smallest size is not set at all.
 */
export function setBlock(paragraphs: readonly (readonly Run[])[], box: Box, setting: Setting): Block {
  for (let size = setting.largest; size >= setting.smallest; size -= size > 60 ? 2 : 1) {
    const lines = paragraphs.map((runs) => breakLines(runs, box.width / size));
    if (lines.some((paragraph) => paragraph === undefined)) continue;
    const broken = lines as readonly (readonly Line[])[];
    const count = broken.reduce((sum, paragraph) => sum + paragraph.length, 0);
    const height = (count * setting.lineHeight + Math.max(0, broken.length - 1) * setting.gap) * size;
    // Outlines cost far more than measures, and most blocks are set only to see whether they fit.
    if (height <= box.height) return { fits: true, size, height, draw: () => draw(broken, box, setting, size, height) };
  }
  return { fits: false };
}

/** Width in parts of the size. Undefined when a single word is wider than the box. */
function breakLines(runs: readonly Run[], width: number): readonly Line[] | undefined {
  const words = runs.flatMap((run) => bound(run.text).split(/[ \t\n]+/).filter((text) => text !== '').map((text): Word => ({ text, run })));
  const space = widthOf(' ', 'regular');
  const lines: Line[] = [];
  let line: Word[] = [];
  let used = 0;
  for (const word of words) {
    const wide = widthOf(word.text, word.run.weight);
    if (wide > width) return undefined;
    const after = line.length === 0 ? wide : used + space + wide;
    if (after <= width) {
      line.push(word);
      used = after;
      continue;
    }
    lines.push({ words: line, width: used });
    line = [word];
    used = wide;
  }
  if (line.length > 0) lines.push({ words: line, width: used });
  return lines;
}

/** A number stays with what it counts, and a dash with what it follows. */
const bound = (text: string): string => text.replace(/(\d) (?=\p{L})/gu, '$1\u00a0').replace(/ –/g, '\u00a0–');

function draw(paragraphs: readonly (readonly Line[])[], box: Box, { lineHeight, gap, align, stands }: Setting, size: number, height: number): string {
  const paths: string[] = [];
  const space = widthOf(' ', 'regular') * size;
  // The baseline stands where capitals look centred in their line.
  let y = box.y + (stands === 'middle' ? (box.height - height) / 2 : 0) + (lineHeight / 2 + 0.33) * size;
  for (const lines of paragraphs) {
    for (const { words, width } of lines) {
      let x = box.x + (align === 'centre' ? (box.width - width * size) / 2 : 0);
      for (const { text, run } of words) {
        paths.push(`<path fill="${run.colour}" d="${outlineOf(text, run.weight, size, x, y)}"/>`);
        x += widthOf(text, run.weight) * size + space;
      }
      y += lineHeight * size;
    }
    y += gap * size;
  }
  return paths.join('');
}
