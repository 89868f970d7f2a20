import { randomUUID } from 'node:crypto';
import { createCheckpointKey, publicKeyOf, readPublicKeys, verifyCheckpoint, type Checkpoint } from '#audit/checkpoint.js';
import { verifyExport } from '#audit/export.js';
import { readRecord } from '#audit/fact.js';
import { ReadPdf } from './testing/pdf.js';
import { Stage } from './testing/stage.js';

const { privateKeyPem } = createCheckpointKey();
const publicKey = publicKeyOf(privateKeyPem);
let stage: Stage;
let id: string;

beforeAll(async () => {
  stage = await Stage.open({ secret: (name) => (name === 'audit-signing-key' ? privateKeyPem : '') });
  await stage.signIn('rada');
  const written = await stage.written();
  ({ id } = written);
  const contentHash = await stage.submitted(written.path);
  await stage.signIn('iva');
  await stage.ask('POST', `${written.path}/approve`, { as: 'iva', body: { contentHash, code: stage.freshCode('iva') } });
  const delivery = randomUUID();
  await stage.sql(
    `INSERT INTO deliveries (id, alert_id, revision, kind, channel, destination, key, state, expires_at, accepted_at)
     SELECT $1::uuid, o.alert_id, o.revision, o.kind, 'cap-push', 'tv-proba', $1::uuid::text, 'confirmed', now() + interval '1 day', o.created_at + interval '2 seconds' FROM outbox o WHERE alert_id = $2`, [delivery, id]);
  await stage.sql(`INSERT INTO receipts (destination, receipt_key, key, stage, word, delivery_id, received_at) VALUES ('tv-proba', 'r1', $1, 'confirmed', 'aired 24', $2::uuid, $3)`, [delivery, delivery, stage.clock.now()]);
});

afterAll(() => stage.close());

async function report(query: string): Promise<ReadPdf> {
  const answer = await stage.ask('GET', `/v1/audit/report.pdf?${query}`, { as: 'rada' });
  expect([query, answer.status, answer.headers['content-type']]).toEqual([query, 200, 'application/pdf']);
  return new ReadPdf(answer.bytes);
}

describe('a report', () => {
  it.each([['sr-Latn', 'Odobreno i aktivirano', 'VEŽBA'], ['sr-Cyrl', 'Одобрено и активирано', 'ВЕЖБА'], ['en', 'Approved and activated', 'DRILL']])('of an alert opens and is written in %s, in letters of its own', async (language, approved, drill) => {
    const pdf = await report(`alert=${id}&language=${language}`);
    const text = pdf.text();
    expect(text).toContain(approved);
    expect(text).toContain(drill);
    expect(text).toContain('iva (izmišljena)');
    expect(text).toContain('tv-proba');
    expect(text).not.toContain('\uFFFD');
    expect(text).not.toContain('\u0000');
    expect(pdf.fontsEmbedded()).toBe(true);
  });

  it('carries the signed checkpoint that covers it, printed and attached, and facts that verify against the whole', async () => {
    const pdf = await report(`alert=${id}`);
    const files = pdf.files();
    expect([...files.keys()].sort()).toEqual(['checkpoint.json', 'facts.jsonl', 'keys.pem']);
    const checkpoint = JSON.parse(files.get('checkpoint.json')!) as Checkpoint;
    expect(verifyCheckpoint(readPublicKeys([publicKey]), checkpoint)).toBe('good');
    expect(files.get('keys.pem')).toBe(publicKey);
    const printed = pdf.text().replaceAll('\n', '');
    for (const part of [String(checkpoint.seq), checkpoint.hash, checkpoint.keyId, checkpoint.signature]) expect(printed).toContain(part);

    const lines = files.get('facts.jsonl')!.trimEnd().split('\n');
    const verdict = await verifyExport(lines, { publicKeys: [publicKey] });
    expect(verdict).toMatchObject({ ok: true, selection: { asked: { alert: id } } });
    expect(verdict.facts).toBeGreaterThan(3);
    const seqs = lines.flatMap((line) => (JSON.parse(line) as { seq?: number }).seq ?? []);
    expect(Math.max(...seqs)).toBeLessThanOrEqual(checkpoint.seq);
    const whole = (await stage.ask('GET', '/v1/audit/export.jsonl', { as: 'rada' })).text.trimEnd().split('\n');
    expect(await verifyExport(lines, { publicKeys: [publicKey], whole, checkpoints: [checkpoint] })).toMatchObject({ ok: true, selection: { whole: { ok: true } } });
  });

  it('of a mode between two times shows its alerts and how quick it was', async () => {
    const text = (await report('mode=drill&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&language=en')).text();
    for (const shown of [id.slice(0, 8), 'cap-push', 'to acceptance', '2.000']) expect(text).toContain(shown);
    expect((await report('mode=live&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&language=en')).text()).toContain('Nothing.');
  });

  it('is itself a fact, with what was asked for', async () => {
    await report(`alert=${id}`);
    const [last] = await stage.sql<{ record: string }>('SELECT record FROM facts ORDER BY seq DESC LIMIT 1');
    expect(readRecord(last!.record)).toMatchObject({ type: 'audit.exported', body: { format: 'pdf', selection: { alert: id } } });
  });

  it('holds nothing that was written about the child', async () => {
    const pdf = await report(`alert=${id}`);
    expect(pdf.text() + [...pdf.files().values()].join('')).not.toMatch(/Kanarinka|Probić|Канаринка/);
  });

  it.each(['', 'mode=drill', `mode=drill&from=2020-01-01T00:00:00Z`, `alert=${randomUUID()}&mode=drill`, 'alert=1', 'language=de'])('is refused where it is not clear of what: %s', async (query) => {
    const { status, json } = await stage.ask('GET', `/v1/audit/report.pdf?${query}`, { as: 'rada' });
    expect([status, json['code']]).toEqual([422, 'REQUEST_INVALID']);
  });

  it('is refused of an alert that is none, and to anyone but an auditor', async () => {
    expect((await stage.ask('GET', `/v1/audit/report.pdf?alert=${randomUUID()}`, { as: 'rada' })).json['code']).toBe('ALERT_MISSING');
    for (const as of ['mila', 'iva', 'uros'] as const) expect((await stage.ask('GET', `/v1/audit/report.pdf?alert=${id}`, { as })).status).toBe(403);
  });
});
