import type { ExportVerdict } from './export.js';
import { BREAKS, type Verdict } from './verify.js';

/** What a verification found, in lines for a person. `keys`: where the public keys came from. */
export function tellVerdict(what: string, { ok, facts, checkpoints, coveredTo, broken, checkpointFaults }: Verdict, keys: 'given' | 'secrets' | 'export', selection?: ExportVerdict['selection']): string[] {
  const lines = selection
    ? [`${what} is a selection: ${facts} facts each follow from the hash given before them.`, `Asked for: ${Object.entries(selection.asked).map(([name, value]) => `${name} ${value}`).join(', ')}.`]
    : [`${what}: ${facts} facts follow from each other.`];
  lines.push(`Signed checkpoints: ${checkpoints} agree${coveredTo > 0 ? `, covering facts 1 to ${coveredTo}` : ''}.`);
  if (selection?.whole) {
    lines.push(selection.whole.ok
      ? `The export of everything is whole (${selection.whole.facts} facts)${ok ? ', and has each of these facts in its place' : ''}.`
      : 'BROKEN: the export of everything is not whole itself; verify it alone to see where.');
  } else if (selection) {
    lines.push('PARTIAL: whether facts were left out, or changed together with their hashes, a selection cannot show. Hold it against an export of everything with --whole.');
  } else if (facts > coveredTo) {
    lines.push(`No checkpoint covers ${coveredTo + 1} to ${facts} yet: their owner could still rewrite them unseen.`);
  }
  if (keys === 'export') lines.push('The keys are the export\'s own: it vouches for itself alone. Give keys from elsewhere with --keys.');
  for (const fault of checkpointFaults) lines.push(`BROKEN: the checkpoint at fact ${fault.seq} is ${fault.reason} (key ${fault.keyId}).`);
  if (broken) {
    const place = broken.to !== undefined && broken.to !== broken.seq ? `facts ${broken.seq} to ${broken.to}` : `fact ${broken.seq}`;
    lines.push(`BROKEN: ${place}: ${BREAKS[broken.reason]} (${broken.reason}${broken.detail === undefined ? '' : `: ${broken.detail}`})`);
  }
  return lines;
}
