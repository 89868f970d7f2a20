import { useSay } from '../language.js';
import type { Preview } from './source.js';
import { texts } from './texts.js';

/** The pages of a sign as they light up, letter by letter; read out as the rows that they are. */
export function Sign({ face, pieces }: { readonly face: NonNullable<Preview['face']>; readonly pieces: NonNullable<Preview['pieces']> }) {
  const t = useSay();
  return (
    <div className="preview-signs" role="group" aria-label={t(texts.signs)} tabIndex={0}>
      {pieces.map(({ text }, index) => {
        const rows = text.split('\n');
        return (
          <figure key={text} className="preview-sign">
            <div className="preview-matrix" role="img" aria-label={`${t(texts.page(index + 1, pieces.length))}: ${rows.join(' / ')}`} style={{ gridTemplateColumns: `repeat(${face.columns}, 1.05em)` }}>
              {cells(rows, face).map((letter, index) => <span key={index} aria-hidden="true">{letter}</span>)}
            </div>
            <figcaption>{t(texts.page(index + 1, pieces.length))}</figcaption>
          </figure>
        );
      })}
    </div>
  );
}

/** Every cell of the sign, row by row from the top, with the letter that it lights up. */
function cells(rows: readonly string[], { rows: height, columns, centred }: NonNullable<Preview['face']>): readonly string[] {
  const letters = rows.map((row) => padded([...row], columns, centred, ' '));
  return padded(letters, height, centred, padded([], columns, false, ' ')).flat();
}

function padded<T>(items: readonly T[], size: number, centred: boolean, empty: T): readonly T[] {
  const free = Math.max(0, size - items.length);
  const before = centred ? Math.floor(free / 2) : 0;
  return [...Array.from({ length: before }, () => empty), ...items, ...Array.from({ length: free - before }, () => empty)];
}
