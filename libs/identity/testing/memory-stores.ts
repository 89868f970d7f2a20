import type { Fact } from '#audit/fact.js';
import type { Officer } from '../officer.js';
import type { EndCause, Session, SessionId } from '../session.js';
import type { Account, OfficerStore, SessionStore } from '../store.js';
import type { Counter, ThrottleStore } from '../throttle.js';

export interface MemoryStores {
  readonly officers: OfficerStore;
  readonly sessions: SessionStore;
  readonly throttle: ThrottleStore;
  readonly facts: Fact[];
  readonly accounts: Map<string, Account>;
}

/** The stores of identity in memory, as atomic as a database: nothing in a call waits. */
export function memoryStores(): MemoryStores {
  const accounts = new Map<string, Account>();
  const sessions = new Map<SessionId, Session>();
  const counters = new Map<string, Counter>();
  const counted = new Map<string, number>();
  const facts: Fact[] = [];
  const officerOf = ({ id, userName, displayName, roles, enabled }: Account): Officer => ({ id, userName, displayName, roles, enabled });
  const update = (id: string, change: Partial<Account>) => accounts.set(id, { ...(accounts.get(id) as Account), ...change });
  const raise = (id: string, step: number): 'opened' | 'replayed' | 'disabled' => {
    const account = accounts.get(id);
    if (!account?.enabled) return 'disabled';
    if (account.lastStep >= step) return 'replayed';
    update(id, { lastStep: step });
    return 'opened';
  };
  const endAll = (officerId: string, at: Date, endedCause: EndCause): number => {
    const open = [...sessions.values()].filter((s) => s.officerId === officerId && s.endedAt === null);
    for (const session of open) sessions.set(session.id, { ...session, endedAt: at, endedCause });
    return open.length;
  };

  return {
    facts,
    accounts,
    officers: {
      async add(account, fact) {
        if ([...accounts.values()].some((a) => a.userName === account.userName)) return false;
        accounts.set(account.id, account);
        facts.push(fact);
        return true;
      },
      findByUserName: async (userName) => [...accounts.values()].find((a) => a.userName === userName),
      findById: async (id) => accounts.get(id),
      list: async () => [...accounts.values()].map(officerOf).sort((a, b) => (a.userName < b.userName ? -1 : 1)),
      notEnrolled: async () => [...accounts.values()].filter((a) => a.passwordHash === null).map((a) => a.id),
      async change(id, change, at, fact) {
        if (!accounts.has(id)) return false;
        update(id, change);
        if (!change.enabled) endAll(id, at, 'disabled');
        facts.push(fact);
        return true;
      },
      async reset(id, to, at, fact) {
        if (!accounts.has(id)) return false;
        update(id, { ...to, lastStep: 0 });
        endAll(id, at, 'reset');
        facts.push(fact);
        return true;
      },
      async rehash(id, from, to) {
        if (accounts.get(id)?.passwordHash === from) update(id, { passwordHash: to });
      },
    },
    sessions: {
      async open(session, step, fact) {
        const result = raise(session.officerId, step);
        if (result === 'opened') {
          sessions.set(session.id, session);
          facts.push(fact);
        }
        return result;
      },
      async openByPasskey(session, { passkey, counter }, fact) {
        if (!accounts.get(session.officerId)?.enabled) return 'disabled';
        const used = counted.get(passkey) ?? 0;
        if (used >= counter && (used > 0 || counter > 0)) return 'replayed';
        counted.set(passkey, counter);
        sessions.set(session.id, session);
        facts.push(fact);
        return 'opened';
      },
      openOf: async (officerId) => [...sessions.values()].filter((s) => s.officerId === officerId && s.endedAt === null).sort((a, b) => b.openedAt.getTime() - a.openedAt.getTime()),
      async find(tokenHash) {
        const session = [...sessions.values()].find((s) => s.tokenHash === tokenHash);
        const account = session && accounts.get(session.officerId);
        return session && account && { session, officer: officerOf(account) };
      },
      async touch(id, seenAt) {
        const session = sessions.get(id);
        if (session && seenAt > session.seenAt) sessions.set(id, { ...session, seenAt });
      },
      async end(id, at, endedCause, fact) {
        const session = sessions.get(id);
        if (!session || session.endedAt !== null) return false;
        sessions.set(id, { ...session, endedAt: at, endedCause });
        facts.push(fact);
        return true;
      },
      async endAll(officerId, at, cause, fact) {
        const ended = endAll(officerId, at, cause);
        facts.push(fact(ended));
        return ended;
      },
      useStep: async (officerId, step) => raise(officerId, step) === 'opened',
      async note(fact) {
        facts.push(fact);
      },
    },
    throttle: {
      async change(keys, step) {
        const { result, counters: next } = step(keys.map((key) => counters.get(key)));
        keys.forEach((key, i) => counters.set(key, next[i] as Counter));
        return result;
      },
    },
  };
}
