import fc from 'fast-check';
import type { AlertId, OfficerId } from '#kernel/ids.js';
import { ALERT_MOVES, capTime, createAlert, decide, PROPOSAL_MOVES, wholeSecond, type Action, type Alert, type AlertStatus, type Verb } from './alert.js';
import { Composer } from './compose.js';
import type { Area } from './content.js';
import { contentHashOf, type Notice } from './notice.js';
import { sampleContent } from './testing/sample-content.js';
import { describeArea } from './texts.js';

const NOW = new Date('2026-11-24T18:00:00.750Z');
const LATER = new Date('2026-12-24T18:00:00Z');
const [WRITER, SECOND, APPROVER, SUBMITTER] = ['writer', 'second', 'approver', 'submitter'] as OfficerId[] as [OfficerId, OfficerId, OfficerId, OfficerId];
const OTHER = sampleContent({ caseNumber: 'KU-2/2026' });

let salts = 0;
const composer = new Composer({ publicUrl: 'https://primer.example', salt: () => String((salts += 1)).padStart(32, '0') });
const noticeOf = (alert: Alert): Notice => composer.proposal(alert, alert.proposal!);

const created = (mode: 'drill' | 'live' = 'drill') => createAlert('a-1' as AlertId, mode, sampleContent(), WRITER, NOW);
const submit = (alert: Alert, by = SUBMITTER) => decide(alert, { do: 'submit', notice: noticeOf(alert) }, by, NOW);
const approve = (alert: Alert, by = APPROVER, now = NOW) => decide(alert, { do: 'approve', contentHash: alert.proposal!.contentHash! }, by, now);
const sendBack = (alert: Alert, how: 'return' | 'reject') => decide(alert, { do: how, reason: 'razlog' }, APPROVER, NOW);
const edit = (alert: Alert, by = WRITER) => decide(alert, { do: 'edit', content: OTHER }, by, NOW);
const revise = (alert: Alert, by = WRITER) => decide(alert, { do: 'revise' }, by, NOW);
const end = (alert: Alert, how: 'found' | 'withdraw' | 'expire', now = LATER) =>
  decide(alert, how === 'expire' ? { do: how, notice: composer.ending(alert, how) } : { do: how, notice: composer.ending(alert, how), reason: 'razlog' }, SECOND, now);

const active = () => approve(submit(created()));
const STAGES: Record<string, () => Alert> = {
  'prepared, a draft': () => created(),
  'prepared, in review': () => submit(created()),
  'prepared, returned': () => sendBack(submit(created()), 'return'),
  'active, no update in the making': active,
  'active, an update drafted': () => revise(active()),
  'active, an update in review': () => submit(revise(active())),
  'active, an update returned': () => sendBack(submit(revise(active())), 'return'),
  rejected: () => sendBack(submit(created()), 'reject'),
  found: () => end(active(), 'found'),
  withdrawn: () => end(active(), 'withdraw'),
  expired: () => end(active(), 'expire'),
  erased: () => decide(end(active(), 'found'), { do: 'erase' }, APPROVER, LATER),
};

const ENDS = { found: 'found', withdraw: 'withdrawn', expire: 'expired' };
/** What a reader of the domain would write down: stage by stage, what may be done and where it leads. */
const ALLOWED: Record<string, Partial<Record<Verb, string>>> = {
  'prepared, a draft': { edit: 'prepared/draft', submit: 'prepared/in_review', erase: 'erased' },
  'prepared, in review': { return: 'prepared/returned', reject: 'rejected/none', approve: 'active/none', erase: 'erased' },
  'prepared, returned': { edit: 'prepared/returned', submit: 'prepared/in_review', erase: 'erased' },
  'active, no update in the making': { revise: 'active/draft', ...ENDS },
  'active, an update drafted': { edit: 'active/draft', submit: 'active/in_review', ...ENDS },
  'active, an update in review': { return: 'active/returned', reject: 'active/none', approve: 'active/none', ...ENDS },
  'active, an update returned': { edit: 'active/returned', submit: 'active/in_review', ...ENDS },
  rejected: { erase: 'erased' },
  found: { erase: 'erased' },
  withdrawn: { erase: 'erased' },
  expired: { erase: 'erased' },
  erased: {},
};

const VERBS: readonly Verb[] = ['edit', 'submit', 'return', 'reject', 'approve', 'revise', 'found', 'withdraw', 'expire', 'erase'];

const ENDING = composer.ending(active(), 'withdraw');

/** The action as somebody may ask for it who does not look at the state first. */
function ask(alert: Alert, verb: Verb): Action {
  const notice = ENDING;
  switch (verb) {
    case 'edit': return { do: verb, content: OTHER };
    case 'submit': return { do: verb, notice: alert.proposal ? noticeOf(alert) : notice };
    case 'approve': return { do: verb, contentHash: alert.proposal?.contentHash ?? '' };
    case 'return': case 'reject': return { do: verb, reason: 'razlog' };
    case 'found': case 'withdraw': return { do: verb, notice, reason: 'razlog' };
    case 'expire': return { do: verb, notice };
    case 'revise': case 'erase': return { do: verb };
  }
}

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('the table of moves', () => {
  const table = Object.keys(STAGES).flatMap((stage) => VERBS.map((verb) => ({ stage, verb, to: ALLOWED[stage]?.[verb] })));

  it.each(table.filter((row) => row.to))('$stage: $verb leads to $to', ({ stage, verb, to }) => {
    const before = STAGES[stage]!();
    const after = decide(before, ask(before, verb), APPROVER, LATER);
    expect(`${after.status}${to!.includes('/') ? `/${after.proposal?.status ?? 'none'}` : ''}`).toBe(to);
    if (!to!.includes('/')) expect(after.proposal).toBeUndefined();
    expect(after.version).toBe(before.version + 1);
  });

  it.each(table.filter((row) => !row.to))('$stage: $verb is refused', ({ stage, verb }) => {
    const before = STAGES[stage]!();
    expect(refusal(() => decide(before, ask(before, verb), APPROVER, LATER))).toBe(stage === 'erased' ? 'ALERT_ERASED' : 'TRANSITION_NOT_ALLOWED');
  });

  it('knows no status that these stages leave out', () => {
    expect(Object.keys(ALERT_MOVES).sort()).toEqual([...new Set(Object.values(STAGES).map((stage) => stage().status))].sort());
    expect(Object.keys(PROPOSAL_MOVES).sort()).toEqual([...new Set(Object.values(STAGES).map((stage) => stage().proposal?.status ?? 'none'))].sort());
  });

  it.each(['return', 'reject', 'found', 'withdraw'] as const)('wants a reason to %s', (verb) => {
    const before = verb === 'found' || verb === 'withdraw' ? active() : submit(created());
    for (const reason of ['', ' \n\t']) expect(refusal(() => decide(before, { ...ask(before, verb), reason } as Action, APPROVER, NOW))).toBe('REASON_MISSING');
  });

  it('expires nothing before its time', () => {
    const alert = active();
    const over = alert.published!.expiresAt;
    expect(refusal(() => end(alert, 'expire', new Date(over.getTime() - 1)))).toBe('TRANSITION_NOT_ALLOWED');
    expect(end(alert, 'expire', over).status).toBe('expired');
  });
});

describe('four eyes', () => {
  it.each([
    ['who wrote it', WRITER, () => submit(created())],
    ['who edited a word of it', SECOND, () => submit(edit(created(), SECOND))],
    ['who submitted it without writing a word', SUBMITTER, () => submit(created(), SUBMITTER)],
    ['who edited it after it was returned', APPROVER, () => submit(edit(sendBack(submit(created()), 'return'), APPROVER))],
    ['who wrote it before it was returned', WRITER, () => submit(edit(sendBack(submit(created()), 'return'), SECOND))],
    ['who opened the update', SECOND, () => submit(revise(active(), SECOND))],
    ['who submitted the update', SUBMITTER, () => submit(revise(active(), SECOND), SUBMITTER)],
  ])('does not let %s approve it', (_who, by, stage) => {
    expect(refusal(() => approve(stage(), by))).toBe('APPROVER_IS_WRITER');
  });

  it('does not let who wrote the draft approve what others made of it', () => {
    const begun = createAlert('a-1' as AlertId, 'drill', sampleContent(), WRITER, NOW, [SECOND]);
    expect(refusal(() => approve(submit(begun), SECOND))).toBe('APPROVER_IS_WRITER');
    const taken = decide(created(), { do: 'edit', content: OTHER, writers: [SECOND, APPROVER] }, WRITER, NOW);
    expect(taken.proposal?.writers).toEqual([WRITER, SECOND, APPROVER]);
    expect(refusal(() => approve(submit(taken), SECOND))).toBe('APPROVER_IS_WRITER');
  });

  it('lets who wrote the first alert approve an update that others wrote', () => {
    expect(approve(submit(revise(active(), SECOND)), WRITER).published?.revision).toBe(2);
  });

  it('approves only the hash that was seen', () => {
    const seen = submit(created());
    const hash = seen.proposal!.contentHash!;
    const changed = submit(edit(sendBack(seen, 'return')));
    expect(changed.proposal!.contentHash).not.toBe(hash);
    for (const stale of [hash, '', 'f'.repeat(64)]) {
      expect(refusal(() => decide(changed, { do: 'approve', contentHash: stale }, APPROVER, NOW))).toBe('APPROVAL_STALE_HASH');
    }
  });

  it('does not approve a notice that is no longer the one that has the hash', () => {
    const alert = submit(created());
    const forged: Alert = { ...alert, proposal: { ...alert.proposal!, notice: { ...alert.proposal!.notice!, policeTelephone: '555' } } };
    expect(refusal(() => approve(forged))).toBe('APPROVAL_STALE_HASH');
  });

  it('does not approve a hash that the notice has, when it is not the one that was frozen with it', () => {
    const alert = submit(created());
    const forged: Alert = { ...alert, proposal: { ...alert.proposal!, contentHash: 'f'.repeat(64) } };
    expect(refusal(() => decide(forged, { do: 'approve', contentHash: alert.proposal!.contentHash! }, APPROVER, NOW))).toBe('APPROVAL_STALE_HASH');
  });

  it('has a new hash for the same words each time they are submitted', () => {
    const first = submit(created());
    expect(submit(sendBack(first, 'return')).proposal!.contentHash).not.toBe(first.proposal!.contentHash);
  });
});

describe('a revision', () => {
  it.each(['return', 'edit'] as const)('is thawed by %s: nothing frozen is left', (how) => {
    const returned = sendBack(submit(created()), 'return');
    const { proposal } = how === 'edit' ? edit(returned) : returned;
    expect(proposal).not.toHaveProperty('notice');
    expect(proposal).not.toHaveProperty('contentHash');
    if (how === 'edit') expect(proposal).not.toHaveProperty('submittedBy');
  });

  it('that was given back remembers what was given back, through every edit after it', () => {
    const returned = sendBack(submit(created()), 'return');
    expect(returned.proposal?.returned).toEqual(sampleContent());
    expect(edit(returned).proposal).toMatchObject({ content: OTHER, returned: sampleContent() });
  });

  it('keeps every writer once, in the order of writing', () => {
    expect(edit(edit(edit(created(), SECOND)), SECOND).proposal?.writers).toEqual([WRITER, SECOND]);
  });

  it('takes the next number even where one was rejected or dropped', () => {
    const rejected = sendBack(submit(revise(active())), 'reject');
    expect(rejected).toMatchObject({ lastRevision: 2, published: { revision: 1 } });
    const again = revise(rejected);
    expect(again.proposal?.revision).toBe(3);
    const ended = end(again, 'withdraw', NOW);
    expect(ended).toMatchObject({ lastRevision: 4, published: { revision: 1 } });
    expect(ended.proposal).toBeUndefined();
    expect(composer.ending(again, 'withdraw')).toMatchObject({ revision: 4, kind: 'withdrawn', identifier: 'findme-drill-a-1-4' });
  });

  it('of what is erased is none: neither what was published nor what was proposed', () => {
    for (const before of [end(revise(active()), 'found', NOW), sendBack(submit(created()), 'return')]) {
      expect(decide(before, { do: 'erase' }, APPROVER, NOW)).toMatchObject({ status: 'erased', published: undefined, proposal: undefined });
    }
  });

  it('starts an update from what the public has', () => {
    expect(revise(active()).proposal).toMatchObject({ kind: 'update', content: sampleContent(), writers: [WRITER] });
  });

  it.each(['drill', 'live'] as const)('of a %s stays one for ever', (mode) => {
    const alert = approve(submit(revise(approve(submit(created(mode))))));
    expect(alert.mode).toBe(mode);
    for (const notice of [composer.ending(alert, 'found'), noticeOf(revise(alert))]) expect(notice.mode).toBe(mode);
  });

  it('is sent at the whole second of its approval, and refers to every message before it', () => {
    const first = active();
    expect(first.published).toMatchObject({ sentAt: new Date('2026-11-24T18:00:00Z'), expiresAt: new Date('2026-11-25T18:00:00Z') });
    const second = approve(submit(revise(first)), APPROVER, new Date('2026-11-24T19:30:00.999Z'));
    expect(second.published?.messages).toEqual([
      { identifier: 'findme-drill-a-1-1', sent: '2026-11-24T19:00:00+01:00' },
      { identifier: 'findme-drill-a-1-2', sent: '2026-11-24T20:30:00+01:00' },
    ]);
    expect(composer.ending(second, 'found').references).toEqual(second.published?.messages);
  });

  it('ends everywhere it went, also where an update went no more: whoever has it is told', () => {
    const movedTo = (alert: Alert, area: Area) => approve(submit(decide(revise(alert), { do: 'edit', content: sampleContent({ area }) }, WRITER, NOW)));
    const first = active();
    expect(composer.ending(first, 'found').area).toEqual(sampleContent().area);
    const moved = movedTo(movedTo(first, { kind: 'districts', codes: ['RS-20'] }), { kind: 'districts', codes: ['RS-01', 'RS-20'] });
    expect(noticeOf(revise(moved)).area).toEqual({ kind: 'districts', codes: ['RS-01', 'RS-20'] });
    for (const how of ['found', 'withdraw', 'expire'] as const) {
      const { area, texts } = composer.ending(moved, how);
      expect(area).toEqual({ kind: 'districts', codes: ['RS-01', 'RS-06', 'RS-20'] });
      expect(texts.en.area).toBe(describeArea(area, 'en'));
    }
    expect(composer.ending(movedTo(approve(submit(createAlert('a-1' as AlertId, 'drill', sampleContent({ area: { kind: 'country' } }), WRITER, NOW))), { kind: 'districts', codes: ['RS-06'] }), 'found').area).toEqual({ kind: 'country' });
  });
});

describe('any sequence of actions by anybody', () => {
  const people = [WRITER, SECOND, APPROVER, SUBMITTER];
  const step = fc.record({ verb: fc.constantFrom(...VERBS), by: fc.constantFrom(...people), stale: fc.integer({ min: 0, max: 9 }) });
  const terminal = new Set<AlertStatus>(['found', 'withdrawn', 'expired', 'rejected', 'erased']);

  it('keeps four eyes, versions, identities and endings', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      let alert = created();
      const hashes: string[] = [];
      const writers = new Map<number, Set<OfficerId>>([[1, new Set([WRITER])]]);
      for (const { verb, by, stale } of steps) {
        const action = verb === 'approve' && stale === 0 && hashes.length > 1 ? { do: verb, contentHash: hashes[0]! } : ask(alert, verb);
        let after: Alert;
        try {
          after = decide(alert, action, by, LATER);
        } catch (error) {
          expect((error as { code: string }).code).toMatch(/^(TRANSITION_NOT_ALLOWED|APPROVER_IS_WRITER|APPROVAL_STALE_HASH|ALERT_ERASED)$/);
          continue;
        }
        expect(after.version).toBe(alert.version + 1);
        expect({ id: after.id, mode: after.mode, by: after.createdBy, at: after.createdAt }).toEqual({ id: alert.id, mode: alert.mode, by: alert.createdBy, at: alert.createdAt });
        if (verb === 'edit' || verb === 'revise') {
          const known = writers.get(after.proposal!.revision) ?? new Set();
          writers.set(after.proposal!.revision, known.add(by));
        }
        if (verb === 'submit') hashes.push(after.proposal!.contentHash!);
        if (verb === 'approve') {
          const { proposal } = alert;
          expect(writers.get(proposal!.revision)!.has(by) || proposal!.submittedBy === by).toBe(false);
          expect(after.published).toMatchObject({ revision: proposal!.revision, contentHash: contentHashOf(proposal!.notice!), identifier: proposal!.notice!.identifier });
          expect(action).toMatchObject({ contentHash: after.published!.contentHash });
        } else if (verb !== 'erase') {
          expect(after.published).toEqual(alert.published);
        }
        // Messages only grow, and what was sent stays as it was sent.
        const sent = alert.published?.messages ?? [];
        if (after.status !== 'erased') expect(after.published?.messages.slice(0, sent.length) ?? []).toEqual(sent);
        if (after.status === 'active') expect(after.published).toBeDefined();
        if (terminal.has(alert.status)) expect(after.status).toBe('erased');
        expect(after.lastRevision).toBeGreaterThanOrEqual(alert.lastRevision);
        expect(after.lastRevision - alert.lastRevision).toBe(['revise', 'found', 'withdraw', 'expire'].includes(verb) ? 1 : 0);
        alert = after;
      }
    }), { numRuns: 100 });
  });
});

describe('a time as CAP wants it', () => {
  it.each([
    ['winter time', '2026-11-24T18:00:00Z', '2026-11-24T19:00:00+01:00'],
    ['summer time', '2026-07-01T22:30:00Z', '2026-07-02T00:30:00+02:00'],
    ['a fraction, which CAP has not', '2026-11-24T18:00:00.999Z', '2026-11-24T19:00:00+01:00'],
    ['the last second before summer time', '2026-03-29T00:59:59Z', '2026-03-29T01:59:59+01:00'],
    ['the first second of summer time', '2026-03-29T01:00:00Z', '2026-03-29T03:00:00+02:00'],
    ['half past two, the first time', '2026-10-25T00:30:00Z', '2026-10-25T02:30:00+02:00'],
    ['half past two, the second time', '2026-10-25T01:30:00Z', '2026-10-25T02:30:00+01:00'],
    ['midnight', '2026-12-31T23:00:00Z', '2027-01-01T00:00:00+01:00'],
  ])('writes %s', (_what, instant, written) => {
    expect(capTime(new Date(instant))).toBe(written);
  });

  it('names the same instant, to the second, all through the years', () => {
    fc.assert(fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }), (instant) => {
      const written = capTime(instant);
      expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00$/);
      expect(new Date(written)).toEqual(wholeSecond(instant));
    }), { numRuns: 500 });
  });
});
