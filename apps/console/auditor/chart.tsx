import { useId } from 'react';

export interface Bar {
  readonly name: string;
  /** Milliseconds. */
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

const ROW = 34;
const LEFT = 240;
const WIDTH = 760;
/** Half of the last figure below the scale. */
const RIGHT = 40;

/**
 * How long things took, a line each: a bar to the median, a thinner one to what 95 of 100 stay below, a mark at the longest. The
 * scale is logarithmic, because partners differ by a thousand times. The same figures stand in a table beside it.
 */
export function Chart({ title, note, bars, duration }: { readonly title: string; readonly note: string; readonly bars: readonly Bar[]; readonly duration: (ms: number) => string }) {
  const id = useId();
  const [low, high] = decades(bars);
  const x = (ms: number): number => LEFT + ((Math.log10(Math.max(ms, low)) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) * (WIDTH - LEFT - RIGHT);
  const height = bars.length * ROW + 34;
  const ticks: number[] = [];
  for (let at = low; at <= high; at *= 10) ticks.push(at);
  return (
    <div className="scroll" role="group" aria-label={title} tabIndex={0}>
    <svg className="auditor-chart" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-labelledby={`${id}t ${id}d`}>
      <title id={`${id}t`}>{title}</title>
      <desc id={`${id}d`}>{note}</desc>
      {ticks.map((at) => (
        <g key={at}>
          <line className="grid" x1={x(at)} x2={x(at)} y1={4} y2={height - 26} />
          <text className="tick" x={x(at)} y={height - 8} textAnchor="middle">{duration(at)}</text>
        </g>
      ))}
      {bars.map(({ name, median, p95, max }, n) => {
        const y = n * ROW + 8;
        return (
          <g key={name}>
            <text className="name" x={LEFT - 10} y={y + 15} textAnchor="end">{name.length > 32 ? `${name.slice(0, 31)}…` : name}</text>
            <rect className="p95" x={LEFT} y={y + 7} width={Math.max(1, x(p95) - LEFT)} height={6} />
            <rect className="median" x={LEFT} y={y} width={Math.max(1, x(median) - LEFT)} height={20} />
            <line className="max" x1={x(max)} x2={x(max)} y1={y - 1} y2={y + 21} />
          </g>
        );
      })}
    </svg>
    </div>
  );
}

/** The powers of ten around all bars. */
function decades(bars: readonly Bar[]): readonly [number, number] {
  const low = Math.max(1, Math.min(...bars.map(({ median }) => median)));
  const high = Math.max(10, ...bars.map(({ max }) => max));
  const from = 10 ** Math.floor(Math.log10(low));
  return [from, Math.max(from * 10, 10 ** Math.ceil(Math.log10(high)))];
}
