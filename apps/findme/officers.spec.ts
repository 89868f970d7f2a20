import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '#identity/accounts.js';
import { Passwords } from '#identity/password.js';
import { totpAt } from '#identity/totp.js';
import { systemClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { masterKeysIn } from '#config/secrets.js';
import { openMasterKey } from '#storage/master-key-store.js';
import { openDatabase, rows } from '#storage/database.js';
import { PgOfficerStore, PgSessionStore, PgThrottleStore } from '#storage/officer-store.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { seedDrillOfficers } from './officers.js';

describe('the officers of drills', () => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await freshDatabase();
    folder = await mkdtemp(join(tmpdir(), 'findme-secrets-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  it('are made once, told the same at every start, and can sign in', async () => {
    const first = await seedDrillOfficers({ ownerUrl: database.ownerUrl, folder });
    expect(first.map((a) => `${a.user}: ${a.role}`)).toEqual(['autor: author', 'autor2: author', 'odobrava: approver', 'dezurni: author, approver', 'uprava: administrator', 'uprava2: administrator', 'revizor: auditor', 'tehnika-rts: partner']);
    expect(await seedDrillOfficers({ ownerUrl: database.ownerUrl, folder })).toEqual(first);
    expect((await stat(join(folder, 'officer-autor-password'))).mode & 0o077).toBe(0);

    const source = await openDatabase({ url: database.appUrl, name: 'spec' });
    const masterKey = await openMasterKey(source, masterKeysIn(folder));
    const accounts = new Accounts({
      officers: new PgOfficerStore(source), sessions: new PgSessionStore(source), throttle: new PgThrottleStore(source), passwords: new Passwords(), masterKey, clock: systemClock, ids: randomIds,
    });
    const [{ user, password, totpSecret }] = first as [(typeof first)[0]];
    const signedIn = await accounts.signIn({ userName: user, password, code: totpAt(totpSecret, systemClock.now()), source: '127.0.0.1' });
    expect(signedIn.officer.roles).toEqual(['author']);
    expect(await rows(source, `SELECT FROM facts WHERE type = 'officer.added'`)).toHaveLength(8);
    await source.destroy();
  });

  it('of another clone\'s secrets are refused, and left as they are', async () => {
    const other = await mkdtemp(join(tmpdir(), 'findme-secrets-'));
    await expect(seedDrillOfficers({ ownerUrl: database.ownerUrl, folder: other })).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG' });
    await copyFile(join(folder, 'master-key'), join(other, 'master-key'));
    await expect(seedDrillOfficers({ ownerUrl: database.ownerUrl, folder: other })).rejects.toThrow('another clone');
    await rm(other, { recursive: true });
  });
});
