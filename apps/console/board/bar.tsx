import { useId } from 'react';
import { STANDING_NAMES, STANDING_SIGNS } from '../facts/words.js';
import { useFormat, useSay } from '../language.js';
import { ORDER, total, type StandingCounts } from './counts.js';

/** Counts by standing, as a bar and in words. Each part has a pattern of its own: it reads without colour and in print. */
export function Bar({ counts }: { readonly counts: StandingCounts }) {
  const t = useSay();
  const { number } = useFormat();
  const id = useId();
  const all = total(counts);
  const shown = ORDER.filter((standing) => (counts[standing] ?? 0) > 0);
  const parts = shown.map((standing, index) => ({
    standing, width: (counts[standing]! / all) * 100, x: (shown.slice(0, index).reduce((before, other) => before + counts[other]!, 0) / all) * 100,
  }));
  return (
    <div className="board-count">
      <svg className="board-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <defs>
          <pattern id={`${id}-uncertain`} width="2" height="10" patternUnits="userSpaceOnUse"><rect width="1" height="10" className="board-uncertain" /></pattern>
          <pattern id={`${id}-failed`} width="1.4" height="4" patternUnits="userSpaceOnUse"><rect width="1.4" height="2.6" className="board-failed" /></pattern>
          <pattern id={`${id}-queued`} width="1.2" height="5" patternUnits="userSpaceOnUse"><rect width=".5" height="2" className="board-queued" /></pattern>
        </defs>
        <rect width="100" height="10" className="board-empty" />
        {parts.map(({ standing, x, width }) => {
          const fill = standing === 'uncertain' || standing === 'failed' || standing === 'queued' ? `url(#${id}-${standing})` : undefined;
          return <rect key={standing} x={x} width={x + width > 99.9 ? width : Math.max(0, width - 0.4)} height="10" className={`board-${standing}`} {...(fill && { fill, className: 'board-patterned' })} />;
        })}
      </svg>
      <ul className="board-words">
        {all === 0 && <li>–</li>}
        {shown.map((standing) => <li key={standing} className={`board-word-${standing}`}><span aria-hidden="true">{STANDING_SIGNS[standing]} </span><b>{number(counts[standing]!)}</b> {t(STANDING_NAMES[standing])}</li>)}
      </ul>
    </div>
  );
}
