import { useSay } from '../language.js';
import type { Preview } from './source.js';
import { texts } from './texts.js';

/** The pages of a sign as they light up, letter by letter; read out as the rows that they are. */
export function Sign({ face, pieces }: { readonly face: NonNullable<Preview['face']>; readonly pieces: NonNullable<Preview['pieces']> }) {
  const t = useSay();
  return (
    <div className="preview-signs">
      {pieces.map(({ text }, index) => {
        const rows = text.split('\n');
        return (
          <figure key={text} className="preview-sign">
            <div className="preview-matrix" role="img" aria-label={`${t(texts.page(index + 1, pieces.length))}: ${rows.join(' / ')}`} style={{ gridTemplateColumns: `repeat(${face.columns}, 1.05em)` }}>
              {Array.from({ length: face.rows }, (_, row) => centred(rows[row] ?? '', face.columns).map((letter, column) => <span key={`${row}-${column}`} aria-hidden="true">{letter}</span>))}
            </div>
            <figcaption>{t(texts.page(index + 1, pieces.length))}</figcaption>
          </figure>
        );
      })}
    </div>
  );
}

/** A row in the middle of the sign, one letter a cell. */
function centred(row: string, columns: number): readonly string[] {
  const letters = [...row];
  const before = Math.max(0, Math.floor((columns - letters.length) / 2));
  return [...Array.from({ length: before }, () => ' '), ...letters, ...Array.from({ length: Math.max(0, columns - before - letters.length) }, () => ' ')];
}
