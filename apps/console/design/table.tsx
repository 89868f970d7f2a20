import { useEffect, useRef, type ReactNode } from 'react';

/**
 * A table that scrolls sideways where it must, with the keyboard too; on a telephone each row is a block in which the heads of
 * its columns name the cells. `grouped`: the children are bodies of their own, else rows.
 */
export function Table({ head, label, labelledBy, caption, className = '', grouped = false, children }: {
  readonly head: readonly ReactNode[];
  readonly label?: string;
  /** Id of what names the table, in place of a label. */
  readonly labelledBy?: string;
  readonly caption?: string;
  readonly className?: string;
  readonly grouped?: boolean;
  readonly children: ReactNode;
}) {
  const table = useRef<HTMLTableElement>(null);
  useEffect(() => {
    if (table.current) nameCells(table.current);
  });
  return (
    <div className="scroll" role="group" aria-label={label} aria-labelledby={labelledBy} tabIndex={0}>
      <table ref={table} className={`stacked ${className}`}>
        {caption !== undefined && <caption>{caption}</caption>}
        <thead><tr>{head.map((name, column) => <th key={column} scope="col">{name}</th>)}</tr></thead>
        {grouped ? children : <tbody>{children}</tbody>}
      </table>
    </div>
  );
}

/** Gives each cell the name of its column, for the style sheet to show. What heads a row needs none. */
function nameCells({ tHead, tBodies }: HTMLTableElement): void {
  const names = [...(tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent);
  for (const body of tBodies) {
    for (const { cells } of body.rows) {
      for (const cell of cells) {
        if (cell.tagName === 'TD' && cell.colSpan === 1) cell.dataset['name'] = names[cell.cellIndex];
      }
    }
  }
}
