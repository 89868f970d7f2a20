import type { AimReached } from '#apps/findme/bench.js';

/** Something that is measured, once a round. */
export interface Contender {
  readonly name: string;
  /** One measurement. Whether more is better is the table's matter. */
  run(round: number): Promise<number>;
}

/** One table: contenders of the same rounds, the first of them the baseline. */
export interface Table {
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly rows: readonly Row[];
}

/** A contender's figures, and how many times the baseline's they are, round by round. */
export interface Row {
  readonly name: string;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** How many times as good as the baseline of the same round: median of all rounds, lowest, highest. */
  readonly ratio: { readonly median: number; readonly lowest: number; readonly highest: number };
}

/** What a benchmark found. */
export interface Report {
  readonly program: string;
  readonly tables: readonly Table[];
  readonly aims: readonly AimReached[];
  readonly notes: readonly string[];
}

/**
 * Measures all in turn, round by round, so that whatever else the machine does falls on all alike; the order turns round
 * with each round. One round beforehand, which counts nothing, warms everything up.
 */
export async function interleave(title: string, unit: string, better: Table['better'], rounds: number, contenders: readonly Contender[]): Promise<Table> {
  const figures = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    const order = contenders.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const figure = await contenders[index]!.run(round);
      if (round > 0) figures[index]!.push(figure);
    }
  }
  const [baseline = []] = figures;
  const rows = contenders.map(({ name }, index): Row => {
    const own = figures[index]!;
    const ratios = own.map((figure, round) => (better === 'higher' ? figure / baseline[round]! : baseline[round]! / figure));
    return { name, ...spreadOf(own), ratio: spreadOf(ratios) };
  });
  return { title, unit, better, rows };
}

function spreadOf(values: readonly number[]): { median: number; lowest: number; highest: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, lowest: sorted[0]!, highest: sorted.at(-1)! };
}

/** Prints the report (one JSON object with `--json`) and hands what was aimed at to the one who started this program. */
export function tell(report: Report): void {
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${report.tables.map(textOf).join('\n')}${report.notes.map((note) => `${note}\n`).join('')}\n`);
  if (process.connected) process.send?.(report.aims);
}

function textOf({ title, unit, better, rows }: Table): string {
  const cells = [
    [title, unit, 'lowest', 'highest', better === 'higher' ? 'times as many' : 'times as quick', 'of one round'],
    ...rows.map(({ name, median, lowest, highest, ratio }, index) => [
      name, short(median), short(lowest), short(highest), ...(index === 0 ? ['baseline', ''] : [short(ratio.median), `${short(ratio.lowest)} to ${short(ratio.highest)}`]),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => `${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd()}\n`).join('');
}

/** Three digits that count. */
export function short(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
