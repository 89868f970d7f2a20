import fc from 'fast-check';
import { rows } from '#storage/database.js';
import type { Outcome } from '#dispatch/channel.js';
import type { Alert } from '#alerts/alert.js';
import type { Dispatcher } from '#dispatch/dispatcher.js';
import { ACCEPTED, DispatchStage, type Answer, type Seen } from '../support/dispatch-stage.js';
import { until } from '../support/until.js';

/*
 * Two dispatchers over one database, partners that answer as a seed says, news that come late or never, leases that lapse,
 * senders that stand still between claim and send: whatever the order, the ledgers must tell the same story.
 */
const PARTNERS = [{ id: 'safe-1' }, { id: 'safe-2', lapses: true }, { id: 'ask-1', resend: 'ask' as const }];

const turns = async (count: number) => {
  for (let n = 0; n < count; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

const pause = (ms: number) => new Promise<void>((resolve) => { setTimeout(resolve, ms); });

type Turn =
  | { readonly do: 'drain' | 'sweep' | 'heed' | 'renew'; readonly who: 0 | 1 }
  | { readonly do: 'lapse' }
  /** The news reaches one dispatcher only. */
  | { readonly do: 'update' | 'withdraw'; readonly who: 0 | 1 };

const behaviour = fc.record({
  before: fc.integer({ min: 0, max: 12 }),
  after: fc.integer({ min: 0, max: 12 }),
  kind: fc.constantFrom('accept', 'accept', 'accept', 'defer', 'refuse', 'lose'),
  deaf: fc.boolean(),
});
const who = fc.constantFrom(0 as const, 1 as const);
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'drain' as const, 'sweep' as const, 'heed' as const, 'renew' as const), who }) },
  { weight: 1, arbitrary: fc.constant({ do: 'lapse' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('update' as const, 'withdraw' as const), who }) },
);
const story = fc.record({
  behaviours: fc.array(behaviour, { minLength: 12, maxLength: 12 }),
  stalls: fc.array(fc.constantFrom(0, 0, 5, 40, 90), { minLength: 4, maxLength: 4 }),
  turns: fc.array(fc.record({ turn, wait: fc.integer({ min: 0, max: 30 }) }), { minLength: 6, maxLength: 16 }),
  ending: fc.boolean(),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** A partner's answer: it may take the message or not, and honours an abort unless it is deaf. */
function answerOf({ before, after, kind, deaf }: Story['behaviours'][number]): Answer {
  return async (call): Promise<Outcome> => {
    await turns(before);
    if (call.signal.aborted && !deaf) return { kind: 'deferred', reason: 'aborted' };
    if (kind === 'defer') return { kind: 'deferred', reason: 'busy' };
    if (kind === 'refuse' && call.action === 'publish') return { kind: 'refused', reason: 'no' };
    call.take();
    await turns(after);
    if (kind === 'lose' || (call.signal.aborted && !deaf)) return { kind: 'uncertain', reason: 'aborted' };
    return ACCEPTED;
  };
}

let stage: DispatchStage;
beforeAll(async () => {
  stage = await DispatchStage.open(PARTNERS);
});
afterAll(async () => {
  await stage.close();
});

async function play({ behaviours, stalls, turns: plot, ending }: Story): Promise<void> {
  stage.script.clear();
  for (const [n, behaviour] of behaviours.entries()) stage.answer(PARTNERS[n % PARTNERS.length]!.id, answerOf(behaviour));
  let stall = 0;
  const dispatcher = () => stage.dispatcher({
    trustMs: 3,
    notices: {
      notice: async (id, revision) => {
        const notice = await stage.alerts.sentNotice(id, revision);
        // Stands still between claim and send, now and then when it matters most.
        if (notice?.kind === 'alert' || notice?.kind === 'update') await pause(stalls[(stall += 1) % stalls.length]!);
        return notice;
      },
      photo: async () => undefined,
    },
  });
  const dispatchers: [Dispatcher, Dispatcher] = [dispatcher(), dispatcher()];
  let alert = await stage.approved();
  const approved = new Set([alert.published!.contentHash]);
  let officers = Promise.resolve();
  const going: Promise<unknown>[] = [];
  const decide = (how: 'update' | 'withdraw', tell: 0 | 1) => {
    officers = officers.then(async () => {
      if (alert.status !== 'active') return;
      alert = how === 'update' ? await stage.updated(alert) : await stage.withdrawn(alert);
      if (how === 'update') approved.add(alert.published!.contentHash);
      going.push(dispatchers[tell].drain());
    });
  };
  for (const { turn: next, wait } of plot) {
    if (next.do === 'update' || next.do === 'withdraw') decide(next.do, next.who);
    else if (next.do === 'lapse') going.push(stage.lapse());
    else going.push(work(dispatchers[next.who], next.do, alert));
    await pause(wait);
  }
  if (ending) decide('withdraw', 0);
  await officers;
  await Promise.all(going);
  await settle(dispatchers, alert);
  await check(alert, approved);
}

function work(dispatcher: Dispatcher, what: 'drain' | 'sweep' | 'heed' | 'renew', alert: Alert): Promise<void> {
  return { drain: () => dispatcher.drain(), sweep: () => dispatcher.sweep(0), heed: () => dispatcher.heed(alert.id), renew: () => dispatcher.renew() }[what]();
}

/** Lets the dispatchers work until nothing moves any more. */
async function settle(dispatchers: readonly Dispatcher[], alert: Alert): Promise<void> {
  await until(async () => {
    await stage.lapse();
    for (const dispatcher of dispatchers) await dispatcher.sweep(0);
    await Promise.all(dispatchers.map(async (d) => d.deliver((await stage.seen(alert.id)).filter((s) => s.state === 'waiting').map((s) => s.id))));
    const [left] = await rows<{ count: number }>(stage.source, 'SELECT count(*)::integer AS count FROM outbox WHERE planned_at IS NULL');
    return left!.count + dispatchers.reduce((sum, d) => sum + d.inFlight, 0) + (await stage.seen(alert.id)).filter((s) => ['queued', 'waiting', 'sending'].includes(s.state)).length;
  }, (left) => left === 0);
}

const placeOf = (d: { destination: string }) => d.destination;

async function check(alert: Alert, approved: ReadonlySet<string>): Promise<void> {
  const seen = await stage.seen(alert.id);
  const byKey = new Map(seen.map((d) => [d.key, d]));
  const calls = stage.calls.filter((c) => c.message.notice.alertId === alert.id);
  const taken = stage.taken.filter((t) => byKey.has(t.key));
  const isSeen = (d: Seen) => d.state === 'uncertain' && d.reason === 'sent_after_ending';

  // Nothing that was not approved, ever.
  for (const call of calls.filter((c) => c.action === 'publish')) expect(approved).toContain(call.message.notice.contentHash);

  for (const { id } of PARTNERS) {
    const here = calls.filter((c) => c.destination === id);
    const ended = here.find((c) => c.action === 'withdraw');
    // No publish begins after the withdrawal, unless a person has been told.
    const late = ended ? here.filter((c) => c.action === 'publish' && c.order > ended.order) : [];
    expect(late.filter((c) => !isSeen(byKey.get(c.message.key)!)).map((c) => c.message.notice.revision)).toEqual([]);

    const held = taken.filter((t) => t.destination === id);
    if (alert.status === 'withdrawn') {
      // Who took anything is told of the ending, and who was never asked for anything is not.
      const told = held.some((t) => t.action === 'withdraw');
      if (held.some((t) => t.action === 'publish')) expect(told || seen.some((d) => placeOf(d) === id && d.kind === 'withdrawn' && ['uncertain', 'dead'].includes(d.state))).toBe(true);
      if (!seen.some((d) => placeOf(d) === id && d.kind !== 'withdrawn' && d.attempts > 0)) expect(told).toBe(false);
    } else {
      // The newest revision reached everyone, or waits for a person.
      const newest = seen.find((d) => placeOf(d) === id && d.revision === alert.published!.revision)!;
      expect(newest.state).toMatch(/^(accepted|uncertain|dead)$/);
      if (newest.state === 'accepted') expect(held.some((t) => t.key === newest.key)).toBe(true);
      // The older ones count no more.
      for (const d of seen.filter((s) => placeOf(s) === id && s.revision < newest.revision)) expect(d.state).toMatch(/^(accepted|cancelled|dead)$/);
    }
  }

  // Each attempt has its row and its fact; nothing is said twice, nothing is left out.
  const [count] = await rows<{ attempts: number }>(stage.source, 'SELECT count(*)::integer AS attempts FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.alert_id = $1', [alert.id]);
  expect(await stage.facts('delivery.attempted', alert.id)).toBe(count!.attempts);
  expect(await stage.facts('outbox.planned', alert.id)).toBe(approved.size + (alert.status === 'withdrawn' ? 1 : 0));
}

describe('whatever the order in which two dispatchers, officers and partners act', () => {
  it('nothing unapproved goes out, nothing approved is lost, and no publish follows its withdrawal unseen', async () => {
    await fc.assert(fc.asyncProperty(story, play), { numRuns: 12, endOnFailure: true });
  });
});
