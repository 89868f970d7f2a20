import { createCheckpointKey, publicKeyOf } from '#audit/checkpoint.js';
import { verifyExport } from '#audit/export.js';
import { readRecord } from '#audit/fact.js';
import { PgAuditStore } from '#storage/audit-store.js';
import { Stage, type Name } from './testing/stage.js';

const { privateKeyPem } = createCheckpointKey();

interface Page<T> { readonly items: readonly T[]; readonly next: string | null }
interface FactSeen { readonly seq: number; readonly type: string; readonly actor: string; readonly at: string; readonly alert: string | null }

let stage: Stage;
let alert: string;

beforeAll(async () => {
  stage = await Stage.open({
    secret: (name) => {
      if (name === 'audit-earlier-keys') return createCheckpointKey().publicKeyPem;
      return name === 'audit-signing-key' ? privateKeyPem : 'secret';
    },
  });
  alert = (await stage.written()).id;
  await stage.signIn('rada');
  await new PgAuditStore(stage.parts.house.source).checkpoint(privateKeyPem, stage.clock.now());
  await stage.written();
});

afterAll(() => stage.close());

const get = async <T>(path: string): Promise<T> => (await stage.ask('GET', path, { as: 'rada' })).json as T;
const allFacts = () => stage.sql<{ seq: string; record: string }>('SELECT seq, record FROM facts ORDER BY seq');

describe('the audit, to its auditor', () => {
  it('shows every fact in order, page by page', async () => {
    const seen: FactSeen[] = [];
    for (let next: string | null = '0'; next !== null;) {
      const page: Page<FactSeen> = await get(`/v1/audit/facts?limit=3&after=${next}`);
      seen.push(...page.items);
      next = page.next;
    }
    const stored = await allFacts();
    expect(seen.map((f) => f.seq)).toEqual(stored.map((f) => Number(f.seq)));
    expect(seen.map((f) => f.type)).toEqual(stored.map((f) => readRecord(f.record)!.type));
  });

  it('finds by alert, type, actor and time', async () => {
    const { items } = await get<Page<FactSeen>>(`/v1/audit/facts?alert=${alert}`);
    expect(items.map((f) => f.type)).toEqual(['alert.created', 'revision.saved']);
    const [{ actor, at }] = items as [FactSeen];
    const types = async (query: string) => [...new Set((await get<Page<FactSeen>>(`/v1/audit/facts?${query}`)).items.map((f) => f.type))];
    expect(await types('type=alert.created')).toEqual(['alert.created']);
    expect(await types(`actor=${actor}&type=officer.signed_in`)).toEqual(['officer.signed_in']);
    expect(new Set((await get<Page<FactSeen>>(`/v1/audit/facts?from=${at}&to=${at}`)).items.map((f) => f.at))).toEqual(new Set([at]));
    expect((await get<Page<FactSeen>>(`/v1/audit/facts?from=2027-01-01T00:00:00Z`)).items).toEqual([]);
  });

  it.each(['type=gossip', 'alert=1', 'limit=0', 'limit=5000', 'after=-1', 'from=yesterday', 'colour=red'])('refuses to look for %s', async (query) => {
    const answer = await stage.ask('GET', `/v1/audit/facts?${query}`, { as: 'rada' });
    expect([answer.status, answer.json['code']]).toEqual([422, 'REQUEST_INVALID']);
  });

  it('is exported so that it verifies without the system, and says who exported it', async () => {
    const before = (await allFacts()).length;
    const answer = await stage.ask('GET', '/v1/audit/export.jsonl', { as: 'rada' });
    expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([200, 'application/jsonl; charset=utf-8', 'no-store']);
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="findme-audit-${before}.jsonl"`);
    const verdict = await verifyExport(answer.text.trimEnd().split('\n'), { publicKeys: [publicKeyOf(privateKeyPem)] });
    expect(verdict).toMatchObject({ ok: true, facts: before, checkpoints: 1 });
    const last = readRecord((await allFacts()).at(-1)!.record)!;
    expect(last).toMatchObject({ type: 'audit.exported', body: { format: 'jsonl', facts: before, lastSeq: before } });
    expect(last.actor).toMatch(/^officer:/);
  });

  it('is exported to be read, as a table and as JSON', async () => {
    const count = (await allFacts()).length;
    const table = await stage.ask('GET', '/v1/audit/export.csv', { as: 'rada' });
    expect([table.headers['content-type'], table.text.trimEnd().split('\r\n').length]).toEqual(['text/csv; charset=utf-8; header=present', count + 1]);
    const list = (await stage.ask('GET', '/v1/audit/export.json', { as: 'rada' })).json as unknown as { seq: number }[];
    expect(list).toHaveLength(count + 1);
  });

  it('is verified where it is kept', async () => {
    expect((await stage.ask('POST', '/v1/audit/verify', { as: 'rada' })).json).toMatchObject({ ok: true, checkpoints: 1, receipts: { ok: true } });
    await stage.sql(`ALTER TABLE facts DISABLE TRIGGER ALL`);
    await stage.sql(`UPDATE facts SET record = replace(record, '"drill"', '"live"') WHERE type = 'alert.created' AND alert_id = $1`, [alert]);
    const { json } = await stage.ask('POST', '/v1/audit/verify', { as: 'rada' });
    expect(json).toMatchObject({ ok: false, broken: { reason: 'record-changed' } });
    await stage.sql(`UPDATE facts SET record = replace(record, '"live"', '"drill"') WHERE type = 'alert.created' AND alert_id = $1`, [alert]);
    expect((await stage.ask('POST', '/v1/audit/verify', { as: 'rada' })).json).toMatchObject({ ok: true });
  });

  it('shows checkpoints and the keys that they are verified with', async () => {
    const { items, next } = await get<Page<{ keyId: string }>>('/v1/audit/checkpoints');
    const { keys } = await get<{ keys: { keyId: string; publicKey: string }[] }>('/v1/audit/keys');
    expect([items.length, next, keys.length]).toEqual([1, null, 2]);
    expect(keys[0]).toEqual({ keyId: items[0]!.keyId, publicKey: publicKeyOf(privateKeyPem) });
  });

  it.each<Name | 'nobody'>(['mila', 'iva', 'uros', 'nobody'])('is closed to %s', async (name) => {
    const who = name === 'nobody' ? {} : { as: name };
    for (const [method, path] of [['GET', 'facts'], ['GET', 'export.jsonl'], ['GET', 'export.csv'], ['GET', 'export.json'], ['POST', 'verify'], ['GET', 'checkpoints'], ['GET', 'keys']] as const) {
      expect([path, (await stage.ask(method, `/v1/audit/${path}`, who)).status]).toEqual([path, name === 'nobody' ? 401 : 403]);
    }
  });
});
