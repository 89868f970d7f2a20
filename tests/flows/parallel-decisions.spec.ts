import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { FixedClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { silentLog } from '#kernel/log.js';
import { randomIds, type AlertId, type OfficerId } from '#kernel/ids.js';
import { verifyAudit } from '#audit/verify.js';
import { AlertActions, type Target } from '#alerts/alert-actions.js';
import type { Alert } from '#alerts/alert.js';
import { Composer } from '#alerts/compose.js';
import { contentHashOf } from '#alerts/notice.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { PgAlertStore } from '#storage/alert-store.js';
import { CaseKeys } from '#storage/case-keys.js';
import { openDatabase, rows } from '#storage/database.js';
import { freshDatabase, type TestDatabase } from '../support/database.js';
import { addOfficers, APPROVER, AUTHOR, SECOND_AUTHOR } from '../support/officers.js';

/*
 * Officers who all act at once on what they last read. Each may be refused; what is accepted must read, from the first to
 * the last, like one officer acting after the other.
 */
const SECOND_APPROVER = '00000000-0000-4000-8000-000000000005' as OfficerId;
const OFFICERS = [AUTHOR, SECOND_AUTHOR, APPROVER, SECOND_APPROVER];
const VERBS = ['edit', 'edit', 'submit', 'submit', 'approve', 'approve', 'approve', 'return', 'reject', 'revise', 'withdraw', 'found'] as const;
type Verb = (typeof VERBS)[number];
interface Step { readonly verb: Verb; readonly by: OfficerId }

const REFUSALS = /^(ALERT_STALE|TRANSITION_NOT_ALLOWED|APPROVER_IS_WRITER|APPROVAL_STALE_HASH|ROLE_MISSING)$/;

let database: TestDatabase;
let source: DataSource;
let owner: pg.Client;
let store: PgAlertStore;
let actions: AlertActions;

beforeAll(async () => {
  database = await freshDatabase();
  await addOfficers(database.ownerUrl);
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`INSERT INTO officers (id, user_name, display_name, roles, password_hash, sealed_totp) VALUES ($1, 'approver-2', 'Second approver', '{author,approver}', '', '')`, [SECOND_APPROVER]);
  source = await openDatabase({ url: database.appUrl, name: 'spec', poolSize: 16, acquireTimeoutMs: 20_000 });
  store = new PgAlertStore(source, new CaseKeys(MasterKey.of(randomBytes(32))), randomIds);
  actions = new AlertActions({
    store, composer: new Composer({ publicUrl: 'https://primer.example' }), channelFaults: () => [], clock: new FixedClock('2026-11-24T18:00:00.400Z'), ids: randomIds, log: silentLog,
  });
});

afterAll(async () => {
  await owner.end();
  await source.destroy();
  await database.drop();
});

function perform({ verb, by }: Step, seen: Alert, n: number): Promise<Alert> {
  const target: Target = { mode: 'drill', id: seen.id, version: seen.version };
  switch (verb) {
    case 'edit': return actions.edit(target, sampleContent({ caseNumber: `KU-${n}/2026` }), by);
    case 'submit': return actions.submit(target, by);
    case 'approve': return actions.approve(target, seen.proposal?.contentHash ?? '', by);
    case 'return': case 'reject': return actions[verb](target, 'razlog', by);
    case 'revise': return actions.revise(target, by);
    case 'withdraw': case 'found': return actions.end('drill', seen.id, verb, 'razlog', by);
  }
}

interface Won { readonly step: Step; readonly before: Alert; readonly after: Alert }

/** Sends waves of steps; all of one wave act on what was read before it. Returns what was accepted. */
async function storm(id: AlertId, waves: readonly (readonly Step[])[]): Promise<Won[]> {
  const won: Won[] = [];
  for (const wave of waves) {
    const seen = await store.load('drill', id);
    await Promise.all(wave.map(async (step, n) => {
      try {
        won.push({ step, before: seen, after: await perform(step, seen, n) });
      } catch (error) {
        const { code } = error as { code?: string };
        if (!code || !REFUSALS.test(code)) throw error;
      }
    }));
  }
  return won;
}

async function check(id: AlertId, won: readonly Won[]): Promise<void> {
  const end = await store.load('drill', id);
  // One after the other: each version was made once, none is missing.
  const versions = won.map((w) => w.after.version).sort((a, b) => a - b);
  expect(versions).toEqual(Array.from({ length: end.version - 1 }, (_, n) => n + 2));

  const approvals = won.filter((w) => w.step.verb === 'approve');
  const endings = won.filter((w) => w.step.verb === 'withdraw' || w.step.verb === 'found');
  expect(endings.length).toBe(end.status === 'found' || end.status === 'withdrawn' ? 1 : 0);
  const revisions = approvals.map((w) => w.after.published!.revision);
  expect(new Set(revisions).size).toBe(revisions.length);

  // One outbox row for each approved revision and for the ending, with the hash that was approved; and what would be sent has it.
  const outbox = await rows<{ revision: number; content_hash: string; kind: string }>(source, 'SELECT revision, content_hash, kind FROM outbox WHERE alert_id = $1 ORDER BY revision', [id]);
  const published = outbox.filter((row) => ['alert', 'update'].includes(row.kind));
  expect(published.map((row) => ({ revision: row.revision, hash: row.content_hash })))
    .toEqual(approvals.map((w) => ({ revision: w.after.published!.revision, hash: w.after.published!.contentHash })).sort((a, b) => a.revision - b.revision));
  expect(outbox.length - published.length).toBe(endings.length);
  for (const row of outbox) expect(contentHashOf((await store.sentNotice(id, row.revision))!)).toBe(row.content_hash);

  // Four eyes, read from what is stored.
  const stored = await rows<{ writers: string[]; decided_by: string; submitted_by: string }>(source, `SELECT writers, decided_by, submitted_by FROM revisions WHERE alert_id = $1 AND status = 'approved'`, [id]);
  for (const r of stored) expect([...r.writers, r.submitted_by]).not.toContain(r.decided_by);

  // A fact for each change and a change for each fact: creation has two.
  const facts = await rows<{ type: string; count: number }>(source, 'SELECT type, count(*)::integer AS count FROM facts WHERE alert_id = $1 GROUP BY type', [id]);
  const count = (type: string) => facts.find((f) => f.type === type)?.count ?? 0;
  const made = (...verbs: Verb[]) => won.filter((w) => verbs.includes(w.step.verb)).length;
  expect({
    saved: count('revision.saved'), submitted: count('revision.submitted'), approved: count('revision.approved'), returned: count('revision.returned'),
    rejected: count('revision.rejected'), ended: count('alert.found') + count('alert.withdrawn'), all: facts.reduce((sum, f) => sum + f.count, 0),
  }).toEqual({
    saved: 1 + made('edit', 'revise'), submitted: made('submit'), approved: made('approve'), returned: made('return'), rejected: made('reject'), ended: endings.length,
    all: won.length + 2,
  });
}

async function chainHolds(): Promise<void> {
  const chain = await owner.query<{ seq: string; record: string; hash: Buffer }>('SELECT seq, record, hash FROM facts ORDER BY seq');
  async function* linked() {
    for (const row of chain.rows) yield { seq: Number(row.seq), record: row.record, hash: row.hash.toString('hex') };
  }
  expect(await verifyAudit({ rows: linked(), checkpoints: [], publicKeys: new Map() })).toMatchObject({ ok: true, facts: chain.rowCount });
}

const step: fc.Arbitrary<Step> = fc.record({ verb: fc.constantFrom(...VERBS), by: fc.constantFrom(...OFFICERS) });
const withoutEnd = step.filter(({ verb }) => verb !== 'withdraw' && verb !== 'found');

describe('officers who decide at the same time', () => {
  it('never approve twice, never lose a change, never change without a fact', async () => {
    // Endings come late in the story, else nearly every story would be over at once.
    const waves = fc.tuple(fc.array(fc.array(withoutEnd, { minLength: 4, maxLength: 14 }), { minLength: 8, maxLength: 12 }), fc.array(step, { maxLength: 14 }));
    const verbs = new Set<Verb>();
    const story = fc.asyncProperty(waves, async ([peaceful, last]) => {
      const { id } = await actions.create('drill', sampleContent(), AUTHOR);
      const won = await storm(id, [...peaceful, last]);
      for (const { step: { verb } } of won) verbs.add(verb);
      await check(id, won);
    });
    // More of them while chance has left something undone: stories in which nothing is ever given back would show less.
    const undone = () => (['edit', 'submit', 'approve', 'return', 'revise'] as const).filter((verb) => !verbs.has(verb));
    for (let rounds = 0; rounds === 0 || (undone().length > 0 && rounds < 8); rounds += 1) await fc.assert(story, { numRuns: 8, endOnFailure: true });
    expect(undone()).toEqual([]);
    await chainHolds();
  });

  it('two hundred at once on one revision: one approval, and one withdrawal that no edit holds up', async () => {
    const { id } = await actions.create('drill', sampleContent(), AUTHOR);
    const ready = await storm(id, [[{ verb: 'submit', by: SECOND_AUTHOR }]]);
    const everyone = (verb: Verb): Step[] => OFFICERS.map((by) => ({ verb, by }));
    const crowd = Array.from({ length: 10 }, () => [...everyone('approve'), ...everyone('edit'), ...everyone('submit')]).flat();
    const approval = await storm(id, [[...crowd, ...Array.from({ length: 80 }, (): Step => ({ verb: 'approve', by: APPROVER }))]]);
    expect(approval.map((w) => w.step.verb)).toEqual(['approve']);

    const opened = await storm(id, [[{ verb: 'revise', by: AUTHOR }]]);
    const busy = Array.from({ length: 15 }, (): Step[] => [{ verb: 'edit', by: AUTHOR }, { verb: 'edit', by: SECOND_AUTHOR }, { verb: 'submit', by: AUTHOR }]);
    let edited: Won[] = [];
    const [, ended] = await Promise.all([
      storm(id, busy).then((w) => { edited = w; }),
      storm(id, [[...everyone('withdraw'), ...everyone('found'), ...everyone('withdraw')]]),
    ]);
    expect(ended).toHaveLength(1);
    await check(id, [...ready, ...approval, ...opened, ...edited, ...ended]);
    await chainHolds();
  });
});
