import { makeFact, readRecord, SYSTEM, type Fact } from '#audit/fact.js';
import { randomIds, type FactId, type OfficerId } from '#kernel/ids.js';
import { newSession, type Session, type SessionId } from '../session.js';
import type { Account, OfficerStore, SessionStore } from '../store.js';
import type { Counter, ThrottleStore } from '../throttle.js';

export interface StoresUnderTest {
  readonly officers: OfficerStore;
  readonly sessions: SessionStore;
  readonly throttle: ThrottleStore;
  /** The records of all facts that were written, in any order. */
  records(): Promise<readonly string[]>;
}

/** What every implementation of the stores of identity must do. Run it in a spec file of the implementation. */
export function describeIdentityStores(name: string, make: () => Promise<StoresUnderTest>): void {
  const at = new Date('2026-11-24T18:00:00.000Z');
  const later = new Date('2026-11-24T18:05:00.000Z');
  const account = (over: Partial<Account> = {}): Account => {
    const id = randomIds.next<OfficerId>();
    return { id, userName: `officer-${id.slice(0, 8)}`, displayName: 'Izmišljeni Službenik', roles: ['author'], enabled: true, passwordHash: 'hash', sealedTotp: Buffer.from([1, 0, 255]), lastStep: 0, ...over };
  };
  const fact = (): Fact => makeFact({ id: randomIds.next<FactId>(), at, type: 'officer.sessions_ended', actor: SYSTEM, body: { officer: randomIds.next<OfficerId>(), sessions: 0 } });
  const opening = (officerId: OfficerId): Session => newSession(randomIds.next<SessionId>(), officerId, at).session;

  describe(`identity stores: ${name}`, () => {
    let stores: StoresUnderTest;
    beforeAll(async () => {
      stores = await make();
    });
    const isWritten = async (of: Fact) => (await stores.records()).includes(of.record);
    const added = async (over: Partial<Account> = {}): Promise<Account> => {
      const one = account(over);
      expect(await stores.officers.add(one, fact())).toBe(true);
      return one;
    };

    it('keep an account as it was given, with its fact', async () => {
      const [one, its] = [account({ roles: ['author', 'approver'] }), fact()];
      expect(await stores.officers.add(one, its)).toBe(true);
      const found = await stores.officers.findByUserName(one.userName);
      expect({ ...found, sealedTotp: Buffer.from(found?.sealedTotp ?? []) }).toEqual(one);
      expect((await stores.officers.findById(one.id))?.userName).toBe(one.userName);
      expect(await isWritten(its)).toBe(true);
      expect(await stores.officers.findByUserName('nobody-at-all')).toBeUndefined();
      expect(await stores.officers.findById(randomIds.next<OfficerId>())).toBeUndefined();
    });

    it('list officers without their secrets', async () => {
      const one = await added();
      const { passwordHash, sealedTotp, lastStep, ...officer } = one;
      expect([passwordHash, sealedTotp?.length, lastStep]).toEqual(['hash', 3, 0]);
      expect(await stores.officers.list()).toContainEqual(officer);
    });

    it('know who has not enrolled', async () => {
      const [one, other] = [await added({ passwordHash: null, sealedTotp: null }), await added()];
      const waiting = await stores.officers.notEnrolled();
      expect([waiting.includes(one.id), waiting.includes(other.id)]).toEqual([true, false]);
      expect(await stores.officers.findById(one.id)).toMatchObject({ passwordHash: null, sealedTotp: null });
    });

    it('refuse a taken user name and write nothing', async () => {
      const [one, its] = [await added(), fact()];
      const other = account({ userName: one.userName });
      expect(await stores.officers.add(other, its)).toBe(false);
      expect(await stores.officers.findById(other.id)).toBeUndefined();
      expect(await isWritten(its)).toBe(false);
    });

    it('replace a password hash only if it is still the old one', async () => {
      const one = await added();
      await stores.officers.rehash(one.id, 'another', 'lost');
      await stores.officers.rehash(one.id, 'hash', 'new');
      expect((await stores.officers.findById(one.id))?.passwordHash).toBe('new');
    });

    it('open one session for one code, of many at the same moment', async () => {
      const one = await added({ lastStep: 9 });
      const tries = Array.from({ length: 12 }, () => ({ session: opening(one.id), its: fact() }));
      const results = await Promise.all(tries.map(({ session, its }) => stores.sessions.open(session, 10, its)));
      expect(results.filter((r) => r === 'opened')).toHaveLength(1);
      expect(results.filter((r) => r === 'replayed')).toHaveLength(11);
      for (const [i, { session, its }] of tries.entries()) {
        expect((await stores.sessions.find(session.tokenHash)) !== undefined).toBe(results[i] === 'opened');
        expect(await isWritten(its)).toBe(results[i] === 'opened');
      }
      expect((await stores.officers.findById(one.id))?.lastStep).toBe(10);
      expect(await stores.sessions.open(opening(one.id), 9, fact())).toBe('replayed');
    });

    it('use up a code for a step-up once, also against a sign-in', async () => {
      const one = await added();
      expect(await stores.sessions.useStep(one.id, 5)).toBe(true);
      expect(await stores.sessions.useStep(one.id, 5)).toBe(false);
      expect(await stores.sessions.useStep(one.id, 4)).toBe(false);
      expect(await stores.sessions.open(opening(one.id), 5, fact())).toBe('replayed');
      expect(await stores.sessions.open(opening(one.id), 6, fact())).toBe('opened');
    });

    it('find a session with its officer, and see it only move forward', async () => {
      const one = await added();
      const session: Session = { ...opening(one.id), device: { browser: 'firefox', system: 'linux' } };
      await stores.sessions.open(session, 1, fact());
      expect((await stores.sessions.openOf(one.id)).map(({ device }) => device)).toEqual([session.device]);
      await stores.sessions.touch(session.id, later);
      await stores.sessions.touch(session.id, at);
      const found = await stores.sessions.find(session.tokenHash);
      expect(found?.session).toEqual({ ...session, seenAt: later });
      expect(found?.officer).toEqual({ id: one.id, userName: one.userName, displayName: one.displayName, roles: one.roles, enabled: true });
    });

    it('end a session once, with one fact', async () => {
      const one = await added();
      const session = opening(one.id);
      await stores.sessions.open(session, 1, fact());
      const [first, second] = [fact(), fact()];
      expect(await stores.sessions.end(session.id, later, 'signed_out', first)).toBe(true);
      expect(await stores.sessions.end(session.id, at, 'ended_elsewhere', second)).toBe(false);
      expect((await stores.sessions.find(session.tokenHash))?.session).toMatchObject({ endedAt: later, endedCause: 'signed_out' });
      expect([await isWritten(first), await isWritten(second)]).toEqual([true, false]);
    });

    it('end all sessions of one officer and say how many', async () => {
      const [one, other] = [await added(), await added()];
      const sessions = [opening(one.id), opening(one.id), opening(other.id)];
      for (const [i, session] of sessions.entries()) await stores.sessions.open(session, i + 1, fact());
      expect((await stores.sessions.openOf(one.id)).map(({ id }) => id).sort()).toEqual(sessions.slice(0, 2).map(({ id }) => id).sort());
      const said = (count: number) => makeFact({ id: randomIds.next<FactId>(), at, type: 'officer.sessions_ended', actor: SYSTEM, body: { officer: one.id, sessions: count } });
      expect(await stores.sessions.endAll(one.id, later, 'ended_elsewhere', said)).toBe(2);
      const ends = await Promise.all(sessions.map(async (s) => (await stores.sessions.find(s.tokenHash))?.session.endedAt));
      expect(ends).toEqual([later, later, null]);
      expect(await stores.sessions.openOf(one.id)).toEqual([]);
      expect((await stores.records()).some((r) => readRecord(r)?.body['officer'] === one.id && readRecord(r)?.body['sessions'] === 2)).toBe(true);
    });

    it('end every session of an officer who is disabled, and let no code of theirs through', async () => {
      const one = await added();
      const session = opening(one.id);
      await stores.sessions.open(session, 1, fact());
      const its = fact();
      expect(await stores.officers.change(one.id, { roles: ['author'], enabled: false }, later, its)).toBe(true);
      expect(await isWritten(its)).toBe(true);
      const found = await stores.sessions.find(session.tokenHash);
      expect([found?.session.endedAt, found?.officer.enabled]).toEqual([later, false]);
      expect(await stores.sessions.open(opening(one.id), 2, fact())).toBe('disabled');
      expect(await stores.sessions.useStep(one.id, 3)).toBe(false);
      const unknown = fact();
      expect(await stores.officers.change(randomIds.next<OfficerId>(), { roles: ['author'], enabled: true }, at, unknown)).toBe(false);
      expect(await isWritten(unknown)).toBe(false);
    });

    it('replace both factors of an officer who is reset, and end what they had open', async () => {
      const one = await added({ lastStep: 7 });
      const session = opening(one.id);
      await stores.sessions.open(session, 8, fact());
      const its = fact();
      expect(await stores.officers.reset(one.id, { passwordHash: 'other', sealedTotp: Buffer.from([7]) }, later, its)).toBe(true);
      expect(await isWritten(its)).toBe(true);
      expect(await stores.officers.findById(one.id)).toMatchObject({ passwordHash: 'other', lastStep: 0 });
      expect((await stores.sessions.find(session.tokenHash))?.session).toMatchObject({ endedAt: later, endedCause: 'reset' });
      const unknown = fact();
      expect(await stores.officers.reset(randomIds.next<OfficerId>(), { passwordHash: 'x', sealedTotp: Buffer.from([7]) }, at, unknown)).toBe(false);
      expect(await isWritten(unknown)).toBe(false);
    });

    it('write a fact about what failed', async () => {
      const its = fact();
      await stores.sessions.note(its);
      expect(await isWritten(its)).toBe(true);
    });

    it('count parallel attempts one by one, whatever the order of the keys', async () => {
      const [a, b] = [randomIds.next<string>(), randomIds.next<string>()];
      const add = (counters: readonly (Counter | undefined)[]) => ({
        result: undefined,
        counters: counters.map((c) => ({ failures: (c?.failures ?? 0) + 0.5, at: later, knownUntil: c ? later : null })),
      });
      await Promise.all(Array.from({ length: 20 }, (_, n) => stores.throttle.change(n % 2 === 0 ? [a, b] : [b, a], add)));
      const seen = await stores.throttle.change([a, b], (counters) => ({ result: counters, counters: counters as Counter[] }));
      expect(seen).toEqual([{ failures: 10, at: later, knownUntil: later }, { failures: 10, at: later, knownUntil: later }]);
    });
  });
}
