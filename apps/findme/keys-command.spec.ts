import { copyFile, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKeysIn } from '#config/secrets.js';
import { idOfKey } from '#kernel/master-key.js';
import { newCaseKey } from '#kernel/sealing.js';
import { rows } from '#storage/database.js';
import { countSealed, knownKeys, openMasterKey } from '#storage/master-key-store.js';
import { approve, inReview, openSealedGround, subscribe, type SealedGround } from '../../tests/support/sealed-ground.js';
import { keysCommand } from './keys-command.js';

let ground: SealedGround;
let state: string;
let folder: string;

beforeEach(async () => {
  ground = await openSealedGround();
  state = await mkdtemp(join(tmpdir(), 'findme-keys-'));
  folder = join(state, 'secrets');
  // As `npm run migrate` leaves it.
  await keys('new');
  await rm(join(folder, 'master-key-next'));
});
afterEach(async () => {
  await ground.close();
  await rm(state, { recursive: true, force: true });
});

async function keys(verb: string, secrets = folder): Promise<string> {
  let said = '';
  await keysCommand([verb], { DATABASE_URL: ground.ownerUrl, FINDME_STATE: state, FINDME_SECRETS: secrets }, (text) => { said += text; });
  return said;
}

const file = (name: string, of = folder) => join(of, name);
const key = async (name: string, of = folder) => Buffer.from((await readFile(file(name, of), 'utf8')).trim(), 'hex');
const underKeys = async () => [...new Set((await countSealed(ground.owner)).map(({ key: id }) => id))];
const replaced = async () => (await rows<{ from: string; to: string }>(ground.owner, `SELECT record::jsonb -> 'body' ->> 'from' AS from, record::jsonb -> 'body' ->> 'to' AS to FROM facts WHERE type = 'master_key.replaced'`));
/** The application, as a program that runs has it. */
const running = async (of = folder) => ground.under(await openMasterKey(ground.app, masterKeysIn(of)));

describe('the command for keys', () => {
  it('replaces the master key under a program that runs and was told nothing', async () => {
    const old = await key('master-key');
    const { actions, audience, store } = await running();
    const alert = await inReview(actions);
    await subscribe(audience, 0, 3);
    const said = await keys('replace');
    const now = await key('master-key');
    expect(said).toContain(`Key ${idOfKey(now)} is in force`);
    expect([(await stat(file('master-key'))).mode & 0o077, (await stat(file('master-key-previous'))).mode & 0o077]).toEqual([0, 0]);
    expect((await readdir(folder)).filter((name) => /next|draft/.test(name))).toEqual([]);
    expect([await underKeys(), await replaced()]).toEqual([[idOfKey(now)], [{ from: idOfKey(old), to: idOfKey(now) }]]);
    // The same program goes on, also once the old key is carried away.
    await rm(file('master-key-previous'));
    expect((await approve(actions, alert)).status).toBe('active');
    await inReview(actions);
    await subscribe(audience, 3, 4);
    expect(await audience.count({ kind: 'sms', mode: 'drill', shard: 0, shards: 1 })).toBe(4);
    expect((await store.load('drill', alert.id)).status).toBe('active');
    expect(await underKeys()).toEqual([idOfKey(now)]);
    const facts = await rows<{ record: string }>(ground.owner, 'SELECT record FROM facts');
    const everything = `${said}${await keys('status')}${facts.map(({ record }) => record).join()}`;
    for (const secret of [old, now]) for (const form of ['hex', 'base64', 'base64url'] as const) expect(everything).not.toContain(secret.toString(form));
  });

  it('goes on from every step at which it can be stopped', async () => {
    for (const stopped of [
      async () => { await writeFile(file('master-key-next'), newCaseKey().toString('hex')); },
      async () => { await keys('new'); },
      async () => { await keys('new'); await copyFile(file('master-key'), file('master-key-previous')); },
      async () => { await keys('new'); await keys('take'); },
      async () => {
        await keys('new');
        await keys('take');
        await rows(ground.owner, 'SELECT close_master_key($1, now())', [idOfKey(await key('master-key'))]);
      },
    ]) {
      const old = await key('master-key');
      const { actions } = await running();
      const alert = await inReview(actions);
      await stopped();
      await inReview(actions);
      expect(await keys('replace')).toContain('is in force');
      expect(idOfKey(await key('master-key'))).not.toBe(idOfKey(old));
      expect([await underKeys(), (await knownKeys(ground.owner)).length]).toEqual([[idOfKey(await key('master-key'))], 1]);
      expect((await approve(actions, alert)).status).toBe('active');
      await rm(file('master-key-previous'));
    }
    expect(await replaced()).toHaveLength(5);
  }, 180_000);

  it('begins no other replacement while the key of the last one lies beside', async () => {
    await keys('replace');
    const now = await key('master-key');
    await expect(keys('replace')).rejects.toThrow('carry it to where the keys of backups are kept');
    await expect(keys('new')).rejects.toThrow('carry it');
    expect([idOfKey(await key('master-key')), (await replaced()).length]).toEqual([idOfKey(now), 1]);
  });

  it('serves several hosts: each takes the key that was carried to it, before or after the others', async () => {
    const elsewhere = join(state, 'elsewhere');
    await keysCommand(['status'], { DATABASE_URL: ground.ownerUrl, FINDME_STATE: state, FINDME_SECRETS: elsewhere }, () => undefined);
    await copyFile(file('master-key'), file('master-key', elsewhere));
    const [here, there] = [await running(), await running(elsewhere)];
    expect(await keys('new')).toContain('Copy that file');
    await copyFile(file('master-key-next'), file('master-key-next', elsewhere));
    await keys('take');
    const alert = await inReview(here.actions);
    expect(await there.store.load('drill', alert.id)).toEqual(alert);
    const theirs = await inReview(there.actions);
    expect((await underKeys()).length).toBe(2);
    expect(await keys('take', elsewhere)).toContain('from now on');
    expect(await keys('take', elsewhere)).toContain('No key waits');
    await keys('replace');
    expect([(await approve(there.actions, alert)).status, (await approve(here.actions, theirs)).status]).toEqual(['active', 'active']);
    expect(await underKeys()).toEqual([idOfKey(await key('master-key', elsewhere))]);
  });

  it('refuses a key that the database does not know, one that is no key, and a word that is no verb', async () => {
    await inReview((await running()).actions);
    await writeFile(file('master-key-next'), newCaseKey().toString('hex'));
    await expect(keys('take')).rejects.toThrow('does not know key');
    await writeFile(file('master-key-next'), 'abc');
    await expect(keys('take')).rejects.toThrow('master-key-next is no master key');
    await rm(file('master-key-next'));
    await rename(file('master-key'), file('kept'));
    await writeFile(file('master-key'), newCaseKey().toString('hex'));
    await expect(keys('replace')).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG' });
    await expect(keys('shred')).rejects.toThrow('npm run keys -- replace');
    await rename(file('kept'), file('master-key'));
    expect(await keys('status')).toMatch(/^key [0-9a-f]{16} {2}in force, since/);
  });
});
