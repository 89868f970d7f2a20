import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { Passwords } from '#identity/password.js';
import { totpAt } from '#identity/totp.js';
import { seedDrillOfficers } from './officers.js';
import { officersCommand } from './officers-command.js';

let database: TestDatabase;
let state: string;

beforeAll(async () => {
  database = await freshDatabase();
  state = await mkdtemp(join(tmpdir(), 'findme-officers-'));
});

afterAll(async () => {
  await database.drop();
  await rm(state, { recursive: true, force: true });
});

async function officers(...parameters: string[]): Promise<string> {
  let said = '';
  await officersCommand(parameters, { DATABASE_URL: database.ownerUrl, FINDME_STATE: state, FINDME_SECRETS: join(state, 'secrets') }, (text) => {
    said += text;
  });
  return said;
}

describe('the command for officers', () => {
  it('adds an officer, tells password and second factor once, lists, disables, enables and resets, each with a fact', async () => {
    const added = await officers('add', 'marko.markovic', 'Marko Izmišljeni', 'author,approver');
    expect(added).toMatch(/password {7}\S{19}\n {2}second factor {2}[A-Z2-7]{32}\n {2}otpauth:/);
    expect(await officers('list')).toMatch(/^marko\.markovic\s+enabled\s+author, approver\s+Marko Izmišljeni\n$/);
    await officers('disable', 'marko.markovic');
    expect(await officers('list')).toContain('disabled');
    await officers('enable', 'marko.markovic');
    const reset = await officers('reset', 'marko.markovic');
    expect(reset).toMatch(/password {7}\S{19}\n {2}second factor {2}[A-Z2-7]{32}\n {2}otpauth:/);
    expect(reset).not.toBe(added.replace('Added', 'Reset'));
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    const { rows } = await client.query<{ type: string }>('SELECT type FROM facts ORDER BY seq');
    await client.end();
    expect(rows.map((r) => r.type)).toEqual(['master_key.adopted', 'officer.added', 'officer.changed', 'officer.changed', 'officer.sign_in_reset']);
  });

  it('shows what the authenticator of a drill officer would, once, and of nobody else', async () => {
    const folder = join(state, 'secrets');
    const [{ totpSecret } = { totpSecret: '' }] = await seedDrillOfficers({ ownerUrl: database.ownerUrl, folder, passwords: new Passwords({ cost: { ln: 10, r: 8, p: 1 } }) });
    const [, code, left] = /^(\d{6}) {3}works once, for another (\d+) s\n$/.exec(await officers('code', 'autor')) ?? [];
    expect([-30_000, 0].map((ms) => totpAt(totpSecret, new Date(Date.now() + ms)))).toContain(code);
    expect(Number(left)).toBeGreaterThan(30);
    await expect(officers('code', 'marko.markovic')).rejects.toThrow('no drill officer');
  });

  it('adds a technician of a partner with what they answer for, and none without', async () => {
    await expect(officers('add', 'tehnika', 'Tehničar Izmišljeni', 'partner')).rejects.toThrow('OFFICER_INVALID (destinations)');
    await officers('add', 'tehnika', 'Tehničar Izmišljeni', 'partner', 'rts-1,rts-2');
    expect(await officers('list')).toMatch(/^tehnika\s+enabled\s+partner\s+Tehničar Izmišljeni$/m);
  });

  it('refuses a role that does not exist, a name that is taken or unknown, and tells how it is used', async () => {
    await expect(officers('add', 'pera', 'Pera Izmišljeni', 'president')).rejects.toThrow('OFFICER_INVALID');
    await expect(officers('add', 'marko.markovic', 'Drugi Izmišljeni', 'author')).rejects.toThrow('USER_NAME_TAKEN');
    await expect(officers('disable', 'niko')).rejects.toThrow('no officer niko');
    await expect(officers('reset', 'niko')).rejects.toThrow('no officer niko');
    await expect(officers('promote')).rejects.toThrow('npm run officers -- list');
  });
});
