import { sampleContent } from '#alerts/testing/sample-content.js';
import type { OfficerId } from '#kernel/ids.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { Stage, type Name } from './testing/stage.js';

let stage: Stage;
beforeAll(async () => { stage = await Stage.open(); });
afterAll(() => stage.close());

let keys = 0;
const newKey = () => `key-${String(keys += 1)}`;
const create = (key: string, changes = {}, as: Name = 'mila') =>
  stage.ask('POST', '/v1/drill/alerts', { as, body: sampleContent(changes), headers: { 'idempotency-key': key } });

describe('an idempotency key', () => {
  it('gives the same answer to the same request, and refuses another', async () => {
    const key = newKey();
    const [first, again] = [await create(key), await create(key)];
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect(await create(key, { validHours: 5 })).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_KEY_REUSED', faults: [{ field: 'Idempotency-Key' }] } });
    expect((await create(key, {}, 'ana')).json['id']).not.toBe(first.json['id']);
    expect(await create('two words')).toMatchObject({ status: 422, json: { code: 'REQUEST_INVALID' } });
  });

  it('has one effect when the same request comes ten times at once', async () => {
    const { alerts } = await stage.rowCounts();
    const key = newKey();
    await stage.signIn('mila');
    const told = await Promise.all(Array.from({ length: 10 }, () => create(key)));
    expect(new Set(told.map(({ status, text }) => `${String(status)} ${text}`)).size).toBe(1);
    expect((await stage.rowCounts())['alerts']).toBe(alerts! + 1);
  });

  it('is of one alert, in the version that was read', async () => {
    const [one, other] = [await create(newKey()), await create(newKey())];
    const key = newKey();
    const submit = (path: unknown, version: number) => stage.ask('POST', `${String(path)}/submit`, { as: 'mila', headers: { 'idempotency-key': key, 'if-match': String(version) } });
    const first = await submit(one.headers.location, 1);
    expect([first.status, (await submit(one.headers.location, 1)).text]).toEqual([200, first.text]);
    for (const again of [submit(one.headers.location, 2), submit(other.headers.location, 1)]) expect(await again).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('is free again after a refusal', async () => {
    const key = newKey();
    expect((await create(key, { validHours: 100 })).status).toBe(422);
    expect((await create(key)).status).toBe(201);
  });

  it('keeps no personal data, not even as a hash that could be guessed', async () => {
    const key = newKey();
    const { json } = await create(key);
    const [row] = await stage.sql<{ answer: string; request_hash: string }>('SELECT * FROM answered_requests WHERE key = $1', [key]);
    expect(row).toMatchObject({ answer: json['id'], request_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  it('finds what a run left that was lost before it could answer: no second alert, no second code', async () => {
    const key = newKey();
    const created = await create(key);
    const lose = (k: string) => stage.sql(`UPDATE answered_requests SET status = NULL, created_at = created_at - interval '1 minute' WHERE key = $1`, [k]);
    await lose(key);
    expect((await create(key)).text).toBe(created.text);

    const path = String(created.headers.location);
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    const [approval, code] = [newKey(), stage.freshCode('iva')];
    const approve = () => stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code }, headers: { 'idempotency-key': approval } });
    const approved = await approve();
    expect(approved.status).toBe(200);
    await lose(approval);
    expect((await approve()).text).toBe(approved.text);
    // A newer code makes it no other request.
    const withNewCode = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') }, headers: { 'idempotency-key': approval } });
    expect(withNewCode.text).toBe(approved.text);
    expect(await stage.sql(`SELECT FROM outbox WHERE alert_id = $1`, [created.json['id']])).toHaveLength(1);

    const ending = newKey();
    const found = () => stage.ask('POST', `${path}/found`, { as: 'mila', body: { reason: 'Probni kraj.' }, headers: { 'idempotency-key': ending } });
    const [once, twice] = await Promise.all([found(), found()]);
    expect([once.status, twice.text]).toEqual([200, once.text]);
    await lose(ending);
    expect((await found()).text).toBe(once.text);
  });

  it('makes a decision whose run was lost before it had any effect, and never tells it as made', async () => {
    const { source, masterKey, clock } = stage.parts.house;
    const answered = new AnsweredRequests(source, masterKey, clock);
    const created = await create(newKey());
    const [path, subject] = [String(created.headers.location), String(created.json['id'])];
    const lost = async (as: Name, key: string, verb: string, body: object): Promise<void> => {
      const [row] = await stage.sql<{ id: OfficerId }>('SELECT id FROM officers WHERE user_name = $1', [as]);
      const request = { method: 'POST', route: `/v1/:mode/alerts/:id/${verb}`, params: { mode: 'drill', id: subject }, version: null, body };
      await expect(answered.once({ officer: row!.id, key, subject, request }, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    };
    const contentHash = await stage.submitted(path);
    await stage.signIn('iva');
    const [approval, ending] = [newKey(), newKey()];
    await lost('iva', approval, 'approve', { contentHash });
    const approved = await stage.ask('POST', `${path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') }, headers: { 'idempotency-key': approval } });
    expect(approved).toMatchObject({ status: 200, json: { status: 'active' } });
    await lost('mila', ending, 'found', { reason: 'Probni kraj.' });
    expect(await stage.ask('POST', `${path}/found`, { as: 'mila', body: { reason: 'Probni kraj.' }, headers: { 'idempotency-key': ending } })).toMatchObject({ status: 200, json: { status: 'found' } });
  });
});
