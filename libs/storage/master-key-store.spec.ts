import { createHmac } from 'node:crypto';
import { FixedClock } from '#kernel/clock.js';
import { randomIds } from '#kernel/ids.js';
import { idOfKey, MasterKey, SUBSCRIBERS_BEFORE, wrapping, type KeyReader } from '#kernel/master-key.js';
import { newCaseKey, open, seal } from '#kernel/sealing.js';
import { NOBODY } from '#alerts/alert.js';
import { reasonOf, secretOf } from '#identity/changes.js';
import { approve, inReview, keysInHand, NOW, numberOf, openSealedGround, sealElsewhere, subscribe, type SealedGround } from '../../tests/support/sealed-ground.js';
import { PgAuditStore } from './audit-store.js';
import { rows } from './database.js';
import { adoptMasterKey, announceMasterKey, countSealed, knownKeys, openMasterKey, replaceMasterKey } from './master-key-store.js';
import { PLACES } from './reseal.js';

const clock = new FixedClock(NOW);
const [old, next, strange] = [newCaseKey(), newCaseKey(), newCaseKey()];
const [OLD, NEXT] = [idOfKey(old), idOfKey(next)];

let ground: SealedGround;
beforeEach(async () => { ground = await openSealedGround(); }, 60_000);
afterEach(() => ground.close());

const adopt = (read: KeyReader) => adoptMasterKey(ground.owner, read, clock, randomIds);
const announce = () => announceMasterKey(ground.owner, next, clock, randomIds);
const replace = (master: MasterKey, told?: () => void) => replaceMasterKey(ground.owner, master, clock, randomIds, told);
const everyone = { kind: 'sms', mode: 'drill', shard: 0, shards: 1 } as const;
const underKeys = async () => [...new Set((await countSealed(ground.owner)).map(({ key }) => key))].sort();
const keyFacts = async () => (await rows<{ type: string }>(ground.owner, `SELECT type FROM facts WHERE type LIKE 'master_key.%' ORDER BY seq`)).map(({ type }) => type);
/** Stops a replacement as a power cut would, after some batches. */
const stopAfter = (batches: number) => {
  let left = batches;
  return () => {
    left -= 1;
    if (left === 0) throw new Error('the power is gone');
  };
};

describe('the first master key of a database', () => {
  it('is taken once; another one opens nothing, and the application cannot start with it', async () => {
    await expect(openMasterKey(ground.app, () => [old])).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', message: expect.stringContaining('npm run migrate') });
    const [held] = await Promise.all([adopt(() => [old]), adopt(() => [old])]);
    expect([held.id, await keyFacts(), await knownKeys(ground.app)]).toEqual([OLD, ['master_key.adopted'], [{ id: OLD, state: 'sealing', since: NOW }]]);
    const digests = new Set([held, await openMasterKey(ground.app, () => [old]), MasterKey.of(old)].map((key) => key.digest('a')));
    // What the digests of a new database are keyed with follows from no master key.
    expect(digests.size).toBe(2);
    for (const work of [() => openMasterKey(ground.app, () => [strange]), () => adopt(() => [strange])]) {
      await expect(work()).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', message: expect.stringContaining(`database is sealed under ${OLD}`) });
    }
  });

  it('takes over what was sealed before texts said their key, digests of it included', async () => {
    const before = ground.under(MasterKey.of(old));
    const alert = await inReview(before.actions);
    await subscribe(before.audience, 0, 3);
    // As it was kept then.
    const [{ wrapped }] = await rows<{ wrapped: Buffer }>(ground.owner, 'SELECT wrapped FROM case_keys') as [{ wrapped: Buffer }];
    await rows(ground.owner, 'UPDATE case_keys SET wrapped = $1', [seal(old, open(old, wrapped, wrapping(alert.id)), wrapping(alert.id))]);
    const derived = createHmac('sha256', old).update(SUBSCRIBERS_BEFORE).digest();
    for (const { id, sealed } of await rows<{ id: string; sealed: Buffer }>(ground.owner, 'SELECT id, sealed FROM subscribers')) {
      await rows(ground.owner, 'UPDATE subscribers SET sealed = $2 WHERE id = $1', [id, seal(derived, open(old, sealed, `subscriber:${id}`), `subscriber:${id}`)]);
    }
    expect(await underKeys()).toEqual(['']);

    await expect(adopt(() => [strange])).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', message: expect.stringContaining('case_keys') });
    expect(await knownKeys(ground.owner)).toEqual([]);
    const after = ground.under(await adopt(() => [old]));
    expect(await underKeys()).toEqual([OLD]);
    expect(await after.store.load('drill', alert.id)).toEqual(alert);
    expect((await after.audience.members(everyone, undefined, 10)).map(({ contact }) => contact).sort()).toEqual([0, 1, 2].map(numberOf));
    expect(await after.audience.leave('sms', 'drill', numberOf(1))).toBe(true);
  });
});

describe('replacing the master key', () => {
  it('goes on where it was stopped, while an alert is approved and subscribers come and leave, and leaves nothing under the old one', async () => {
    const keys = keysInHand(old);
    const { actions, audience, store } = ground.under(await adopt(keys.read));
    const running = await inReview(actions);
    await subscribe(audience, 0, 450);
    const { change } = await sealElsewhere(ground, await openMasterKey(ground.app, keys.read));
    const contents = await rows(ground.owner, 'SELECT id, kind, payload, status FROM changes');

    keys.hold(old, next);
    await announce();
    keys.hold(next, old);
    const master = await openMasterKey(ground.owner, keys.read);
    // Seven tables before the subscribers have a row or two each; then two of their three batches.
    let batches = 0;
    await expect(replace(master, () => {
      batches += 1;
      if (batches === 9) throw new Error('the power is gone');
    })).rejects.toThrow('the power is gone');
    expect(await underKeys()).toEqual([OLD, NEXT].sort());
    expect(await keyFacts()).toEqual(['master_key.adopted', 'master_key.announced']);

    const approved = await approve(actions, running);
    expect((await store.sentNotice(approved.id, 1))?.contentHash).toBe(approved.published!.contentHash);
    const begun = await inReview(actions);
    await subscribe(audience, 449, 452);
    expect(await audience.leave('sms', 'drill', numberOf(7))).toBe(true);
    expect(await audience.count(everyone)).toBe(451);

    const done = await replace(master);
    expect(done).toBeGreaterThan(0);
    expect([await underKeys(), await knownKeys(ground.owner)]).toEqual([[NEXT], [{ id: NEXT, state: 'sealing', since: NOW }]]);
    expect(await replace(master)).toBe(0);
    expect(await keyFacts()).toEqual(['master_key.adopted', 'master_key.announced', 'master_key.replaced']);
    expect((await new PgAuditStore(ground.app).verify(new Map())).ok).toBe(true);

    // With the old key thrown away.
    const after = ground.under(await openMasterKey(ground.app, () => [next]));
    expect((await after.store.load('drill', approved.id)).status).toBe('active');
    expect(await after.store.load('drill', begun.id)).toEqual(begun);
    const contacts = (await after.audience.members(everyone, undefined, 1_000)).map(({ contact }) => contact).sort();
    expect(contacts).toEqual(Array.from({ length: 452 }, (_, n) => numberOf(n)).filter((_, n) => n !== 7));
    expect(await after.audience.leave('sms', 'drill', numberOf(8))).toBe(true);
    const [kept] = await rows<{ sealed: Buffer; reason: Buffer }>(ground.owner, 'SELECT sealed, reason FROM changes');
    expect([open(next, kept!.sealed, secretOf(change)), open(next, kept!.reason, reasonOf(change))].map(String)).toEqual(['secret', 'razlog']);
    expect(await rows(ground.owner, 'SELECT id, kind, payload, status FROM changes')).toEqual(contents);
  });

  it('brings back no case that was erased, before or in the middle', async () => {
    const keys = keysInHand(old);
    const { actions, store } = ground.under(await adopt(keys.read));
    const [first, second] = [await inReview(actions), await inReview(actions)];
    const erase = async (id: typeof first.id) => {
      const { version } = await store.load('drill', id);
      await actions.reject({ mode: 'drill', id, version }, 'razlog', '00000000-0000-4000-8000-000000000003' as never);
      await actions.erase('drill', id, NOBODY);
    };
    await erase(first.id);
    keys.hold(old, next);
    await announce();
    keys.hold(next, old);
    const master = await openMasterKey(ground.owner, keys.read);
    await expect(replace(master, stopAfter(1))).rejects.toThrow('the power is gone');
    await erase(second.id);
    await replace(master);
    expect(await rows(ground.owner, 'SELECT FROM case_keys')).toEqual([]);
    for (const { id } of [first, second]) await expect(store.load('drill', id)).rejects.toMatchObject({ code: 'ALERT_ERASED' });
  });

  it('refuses whoever missed it, and nothing comes back under the old key', async () => {
    const missed = ground.under(await adopt(() => [old]));
    const waiting = await inReview(missed.actions);
    await announce();
    // Both may be sealed under until the new one is in force.
    await inReview(missed.actions);
    await replace(await openMasterKey(ground.owner, keysInHand(next, old).read));
    await expect(inReview(missed.actions)).rejects.toMatchObject({ code: 'MASTER_KEY_REPLACED', kind: 'busy' });
    await expect(subscribe(missed.audience, 0, 1)).rejects.toMatchObject({ code: 'MASTER_KEY_REPLACED' });
    await expect(missed.store.load('drill', waiting.id)).rejects.toThrow('does not open');
    expect(await underKeys()).toEqual([NEXT]);
    await expect(openMasterKey(ground.app, () => [old])).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG' });
  });

  it('does not start without the key that something is still sealed under, and does without one that nothing is', async () => {
    await adopt(() => [old]);
    await announce();
    expect((await openMasterKey(ground.app, () => [old])).id).toBe(OLD);
    await expect(openMasterKey(ground.app, () => [next])).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', message: expect.stringContaining(OLD) });
    await expect(openMasterKey(ground.app, () => [strange, old])).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG' });
    await expect(replace(MasterKey.of(next))).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', message: expect.not.stringContaining(next.toString('hex')) });
    expect(await underKeys()).toEqual([OLD]);
  });

  it('lets a key that was announced and never used give way to another, and none that was used', async () => {
    await adopt(() => [old]);
    await announceMasterKey(ground.owner, strange, clock, randomIds);
    await announce();
    await announce();
    expect((await knownKeys(ground.owner)).map(({ id }) => id)).toEqual([OLD, NEXT]);
    await inReview(ground.under(await openMasterKey(ground.app, keysInHand(next, old).read)).actions);
    await expect(announceMasterKey(ground.owner, strange, clock, randomIds)).rejects.toMatchObject({ code: 'MASTER_KEY_BEING_REPLACED' });
  });

  it('is finished by the database only when nothing is left, whoever says so', async () => {
    await inReview(ground.under(await adopt(() => [old])).actions);
    await announce();
    await rows(ground.owner, 'SELECT close_master_key($1, $2)', [NEXT, NOW]);
    await expect(rows(ground.owner, 'SELECT finish_master_key($1, $2)', [OLD, ['{}']])).rejects.toMatchObject({ code: 'MASTER_KEY_BEING_REPLACED' });
    expect((await knownKeys(ground.owner)).map(({ id, state }) => `${id} ${state}`)).toEqual([`${NEXT} sealing`, `${OLD} leaving`]);
  });

  it('is nothing that the application may do, nor say that it was done', async () => {
    await inReview(ground.under(await adopt(() => [old])).actions);
    for (const sql of [
      `UPDATE case_keys SET wrapped = wrapped`, `INSERT INTO master_keys VALUES ('${NEXT}', 'arriving', now())`, `UPDATE master_keys SET state = 'leaving'`, `DELETE FROM master_keys`,
      `UPDATE house_keys SET wrapped = wrapped`, `SELECT announce_master_key('${NEXT}', now(), '{}')`, `SELECT close_master_key('${NEXT}', now())`,
      `SELECT finish_master_key('${OLD}', '{}')`, `SELECT adopt_master_key('${NEXT}', now(), '', '', '{}')`,
    ]) await expect(ground.app.query(sql)).rejects.toMatchObject({ code: '42501' });
    await expect(ground.app.query('SELECT append_facts($1)', [['{"type":"master_key.replaced"}']])).rejects.toMatchObject({ code: 'FM003' });
  });

  it('edits no change that was settled: the same is sealed anew, or it is refused', async () => {
    const master = await adopt(() => [old]);
    await sealElsewhere(ground, master);
    await announce();
    for (const edit of [`payload = '{"a":1}'`, `sealed = NULL`, `sealed = overlay(sealed PLACING '\\x00' FROM 30)`, `reason = reason, status = 'open'`]) {
      await expect(ground.owner.query(`UPDATE changes SET ${edit}`)).rejects.toMatchObject({ code: 'FM002' });
    }
    await expect(ground.owner.query(`UPDATE changes SET payload = '{"a":1}', sealed = $1`, [MasterKey.of(next).seal(Buffer.from('x'), 'x')])).rejects.toMatchObject({ code: 'FM002' });
  });

  it('covers every column that is kept to a key in force, and counts each of them', async () => {
    const guarded = await rows<{ place: string }>(ground.owner,
      `SELECT DISTINCT tgrelid::regclass::text || '.' || convert_from(substring(tgargs FROM 1 FOR length(tgargs) - 1), 'UTF8') AS place FROM pg_trigger WHERE tgfoid = 'keep_seal'::regproc ORDER BY 1`);
    expect(guarded.map(({ place }) => place)).toEqual(PLACES.map(({ table, column }) => `${table}.${column}`).sort());
    const keys = keysInHand(old);
    const master = await adopt(keys.read);
    const { actions, audience } = ground.under(master);
    await inReview(actions);
    await subscribe(audience, 0, 1);
    await sealElsewhere(ground, master);
    const counted = (await countSealed(ground.app)).map(({ place, count }) => `${place} ${count}`);
    expect(counted).toEqual(['case_keys 1', 'changes 2', 'destination_secrets 1', 'drafts 1', 'enrolments 1', 'house_keys 2', 'officers 1', 'subscribers 1']);
  });
});
