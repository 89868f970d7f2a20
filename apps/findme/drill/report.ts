import type { ChannelSummary } from './channel-summary.js';
import type { ErasureView } from './erasures.js';
import type { LedgerReport } from './ledgers.js';
import type { Usage } from './memory.js';
import { isConfirmed, type DeliveryView } from './views.js';

const HEADINGS = ['what', 'channel', 'destination', 'outcome', 'attempts', 'ms', 'receipts', 'ledger'];

/** The delivery table: one line a delivery, in the order in which partners accepted. */
export function deliveryTable(deliveries: readonly DeliveryView[], ledgers: LedgerReport): string {
  const order = (d: DeliveryView) => d.msToAcceptance ?? Infinity;
  const lines = [...deliveries].sort((a, b) => a.revision - b.revision || order(a) - order(b)).map((d) => {
    const { effects = 0, duplicates = 0 } = ledgers.of.get(d.id) ?? {};
    return [
      d.kind, d.channel, d.part > 0 ? `${d.destination}/${d.part}` : d.destination, outcome(d), String(d.attempts),
      d.msToAcceptance === null ? '-' : String(Math.round(d.msToAcceptance)), receipts(d), `${effects}${duplicates > 0 ? ` (+${duplicates} repeated)` : ''}`,
    ];
  });
  return aligned([HEADINGS, ...lines]);
}

/** One line on erasing: who has confirmed, and who can be confirmed by an officer's word alone. */
export function erasureLine(erasures: readonly ErasureView[]): string {
  const done = erasures.filter((e) => e.confirmedAt !== null).length;
  const open = erasures.filter((e) => e.confirmedAt === null).map((e) => e.destination);
  return `Erasure: confirmed by ${done} of ${erasures.length} partners${open.length > 0 ? `; open: ${open.join(', ')}` : ''}.`;
}

/** One line of progress: how many of the deliveries stand where. */
export function progressLine(deliveries: readonly DeliveryView[]): string {
  const counts = new Map<string, number>();
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, count]) => `${count} ${state}`).join(', ');
}

/** One line a channel, under its name: how many of its deliveries stand where. */
export function channelLines(deliveries: readonly DeliveryView[]): (readonly [channel: string, line: string])[] {
  return [...new Set(deliveries.map(({ channel }) => channel))].map((channel) => [channel, `  ${channel.padEnd(14)} ${progressLine(deliveries.filter((d) => d.channel === channel))}`]);
}

/** The channels in a table, and below it what each program needed. */
export function summaryTables(channels: readonly ChannelSummary[], usage: readonly Usage[]): string {
  const ms = (value: number | null): string => (value === null ? '-' : String(Math.round(value)));
  const rows = channels.map((c) => [
    c.phase, c.channel, String(c.destinations), String(c.deliveries), String(c.accepted), ms(c.firstMs), ms(c.halfMs), ms(c.lastMs),
    `${c.deliveries === 0 ? 0 : Math.floor((100 * c.confirmed) / c.deliveries)} %`, c.receipts.expected === 0 ? 'none exist' : `${c.receipts.confirmed}/${c.receipts.expected}${c.receipts.failed > 0 ? ` (${c.receipts.failed} failed)` : ''}`,
  ]);
  const programs = usage.map(({ name, processes, peakBytes, cpuSeconds }) => [name, String(processes), String(Math.round(peakBytes / 2 ** 20)), cpuSeconds.toFixed(1)]);
  return [
    aligned([['what', 'channel', 'destinations', 'deliveries', 'accepted', 'first ms', 'half ms', 'last ms', 'confirmed', 'receipts'], ...rows]),
    ...(programs.length === 0 ? [] : [aligned([['program', 'processes', 'peak MiB', 'CPU s'], ...programs])]),
  ].join('\n\n');
}

/** What changed of one destination, for the live view. */
export function changeLine(d: DeliveryView): string {
  const took = d.msToAcceptance === null ? '' : ` after ${Math.round(d.msToAcceptance)} ms`;
  return `  ${d.kind.padEnd(9)} ${d.channel.padEnd(9)} ${d.destination.padEnd(24)} ${d.state}${d.reason ? ` (${d.reason})` : ''}${took}, receipts ${receipts(d)}`;
}

/** The state, why where it is not as it should be, and that nobody can know more where no receipts exist. */
function outcome(d: DeliveryView): string {
  if (d.reason && !isConfirmed(d)) return `${d.state} (${d.reason})`;
  return d.confirmation === 'unknowable' ? `${d.state} (unknowable)` : d.state;
}

function receipts({ receipts: { expected, confirmed, failed } }: DeliveryView): string {
  if (expected === 0) return 'none exist';
  return `${confirmed}/${expected ?? '?'}${failed > 0 ? ` (${failed} failed)` : ''}`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}`).join('\n');
}
