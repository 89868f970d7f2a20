import type { House } from '#apps/composition.js';
import { makeFact, officerActor, type FactBody } from '#audit/fact.js';
import type { Selection } from '#audit/selection.js';
import type { FactId, OfficerId } from '#kernel/ids.js';
import { rows } from '#storage/database.js';

/** Writes down who takes what away, before the first octet leaves: how many facts, up to which place, and what was asked for. */
export async function noteExport(
  { source, clock, ids }: House, officer: OfficerId, format: FactBody<'audit.exported'>['format'], facts: number, lastSeq: number, selection: Selection | undefined,
): Promise<void> {
  const body: FactBody<'audit.exported'> = { format, facts, lastSeq, ...(selection && { selection: { ...selection } }) };
  await rows(source, 'SELECT append_facts($1)', [[makeFact({ id: ids.next<FactId>(), at: clock.now(), type: 'audit.exported', actor: officerActor(officer), body }).record]]);
}
