import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { FixedClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds, type FactId, type OfficerId } from '#kernel/ids.js';
import { makeFact, SYSTEM } from '#audit/fact.js';
import { Accounts } from '#identity/accounts.js';
import { Passwords } from '#identity/password.js';
import { newSession, type SessionId } from '#identity/session.js';
import { describeIdentityStores } from '#identity/testing/store-contract.js';
import { totpAt } from '#identity/totp.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { openDatabase, rows } from './database.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from './officer-store.js';

const NOW = new Date('2026-11-24T18:00:00Z');

let database: TestDatabase;
let app: DataSource;
let owner: DataSource;

beforeAll(async () => {
  database = await freshDatabase();
  app = await openDatabase({ url: database.appUrl, name: 'spec' });
  owner = await openDatabase({ url: database.ownerUrl, name: 'spec owner' });
});

afterAll(async () => {
  await Promise.all([app.destroy(), owner.destroy()]);
  await database.drop();
});

const records = async () => (await rows<{ record: string }>(app, 'SELECT record FROM facts ORDER BY seq')).map((row) => row.record);

// Officers are added and changed as the owner, everything else is done as the application.
describeIdentityStores('in PostgreSQL', async () => {
  const [byOwner, byApp] = [new PgOfficerStore(owner), new PgOfficerStore(app)];
  return {
    officers: {
      add: (account, fact) => byOwner.add(account, fact),
      change: (id, change, at, fact) => byOwner.change(id, change, at, fact),
      reset: (id, to, at, fact) => byOwner.reset(id, to, at, fact),
      findByUserName: (userName) => byApp.findByUserName(userName),
      findById: (id) => byApp.findById(id),
      list: () => byApp.list(),
      notEnrolled: () => byApp.notEnrolled(),
      rehash: (id, from, to) => byApp.rehash(id, from, to),
    },
    sessions: new PgSessionStore(app),
    throttle: new PgThrottleStore(app),
    records,
  };
});

const accountsOn = (source: DataSource) => new Accounts({
  officers: new PgOfficerStore(source), sessions: new PgSessionStore(source), throttle: new PgThrottleStore(source),
  passwords: new Passwords({ cost: { ln: 8, r: 8, p: 1 } }), masterKey: KEY, clock: new FixedClock(NOW), ids: randomIds,
});
const KEY = MasterKey.of(randomBytes(32));

describe('officers in the database', () => {
  it('sign in once with one code, however many try at the same moment', async () => {
    const password = 'ispravan konj baterija';
    const { totpSecret } = await accountsOn(owner).add({ userName: 'probni', displayName: 'Probni Službenik', roles: ['author'], password }, SYSTEM);
    const tries = await Promise.allSettled(Array.from({ length: 3 }, (_, n) =>
      accountsOn(app).signIn({ userName: 'probni', password, code: totpAt(totpSecret, NOW), source: `192.0.2.${n + 1}` })));
    expect(tries.filter((t) => t.status === 'fulfilled')).toHaveLength(1);
    for (const t of tries) if (t.status === 'rejected') expect(t.reason).toMatchObject({ code: 'CODE_REPLAYED' });
  });

  it('are added and changed by the owner alone, and are given no role by the application', async () => {
    const added = accountsOn(app).add({ userName: 'uljez', displayName: 'Uljez', roles: ['approver'], password: 'ispravan konj baterija' }, SYSTEM);
    await expect(added).rejects.toMatchObject({ code: '42501' });
    const [probni] = await new PgOfficerStore(app).list();
    await expect(accountsOn(app).change(probni!.id, { roles: ['approver'], enabled: true }, SYSTEM)).rejects.toMatchObject({ code: '42501' });
    expect((await records()).join()).not.toContain('officer.changed');
  });

  it.each([
    ['auditor and author at once', `UPDATE officers SET roles = '{auditor,author}'`],
    ['no role', `UPDATE officers SET roles = '{}'`],
    ['a role there is not', `UPDATE officers SET roles = '{king}'`],
  ])('never have %s, even by the owner\'s hand', async (_what, sql) => {
    await expect(owner.query(sql)).rejects.toMatchObject({ code: '23514' });
  });

  it('leave nothing behind when the fact cannot be written', async () => {
    const one = await accountsOn(owner).add({ userName: 'bez-traga', displayName: 'Bez Traga', roles: ['author'], password: 'ispravan konj baterija' }, SYSTEM);
    const { session } = newSession(randomIds.next<SessionId>(), one.officer.id, NOW);
    const good = makeFact({ id: randomIds.next<FactId>(), at: NOW, type: 'officer.signed_out', actor: SYSTEM, body: { session: session.id } });
    await expect(new PgSessionStore(app).open(session, 7, { ...good, record: 'no JSON' })).rejects.toThrow();
    expect(await new PgSessionStore(app).find(session.tokenHash)).toBeUndefined();
    expect((await new PgOfficerStore(app).findById(one.officer.id))?.lastStep).toBe(0);
  });

  it('cannot be disabled past a session that is being opened', async () => {
    const { officer } = await accountsOn(owner).add({ userName: 'trka', displayName: 'Trka', roles: ['author'], password: 'ispravan konj baterija' }, SYSTEM);
    const opening = new pg.Client({ connectionString: database.appUrl });
    await opening.connect();
    const { session } = newSession(randomIds.next<SessionId>(), officer.id, NOW);
    await opening.query('BEGIN');
    await opening.query('UPDATE officers SET totp_last_step = 1 WHERE id = $1', [officer.id]);
    const disabled = accountsOn(owner).change(officer.id, { roles: ['author'], enabled: false }, SYSTEM);
    await opening.query('INSERT INTO sessions VALUES ($1, $2, $3, $4, $4)', [session.id, officer.id, session.tokenHash, NOW]);
    await opening.query('COMMIT');
    await opening.end();
    await disabled;
    expect((await new PgSessionStore(app).find(session.tokenHash))?.session.endedAt).toEqual(NOW);
  });

  it('keep sessions that nobody can hand to another officer', async () => {
    await expect(app.query(`UPDATE sessions SET officer_id = $1`, [randomIds.next<OfficerId>()])).rejects.toMatchObject({ code: '42501' });
    await expect(app.query('DELETE FROM sessions')).rejects.toMatchObject({ code: '42501' });
  });

  it('forget old counters and no others', async () => {
    const throttle = new PgThrottleStore(app);
    const [old, recent] = [new Date('2026-10-01T00:00:00Z'), NOW];
    await throttle.change(['old', 'recent'], () => ({ result: 0, counters: [{ failures: 1, at: old, knownUntil: null }, { failures: 2, at: recent, knownUntil: null }] }));
    expect(await throttle.forget(new Date('2026-10-24T00:00:00Z'))).toBe(1);
    expect(await throttle.change(['old', 'recent'], (counters) => ({ result: counters.map((c) => c?.failures), counters: counters.map((c) => c ?? { failures: 0, at: NOW, knownUntil: null }) })))
      .toEqual([undefined, 2]);
  });
});
