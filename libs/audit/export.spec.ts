import fc from 'fast-check';
import { createCheckpointKey } from './checkpoint.js';
import { csvCell, exportCsv, exportJson, exportJsonLines, verifyExport } from './export.js';
import { checkpointAt, sampleChain } from './testing/sample-chain.js';
import type { LinkedFact } from './chain.js';

fc.configureGlobal({ seed: 20_261_124 });

const key = createCheckpointKey();
const chain = sampleChain(6);
const checkpoint = checkpointAt(key.privateKeyPem, chain[5] as LinkedFact);

async function collect(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}
const write = () => collect(exportJsonLines(chain, [checkpoint], [key.publicKeyPem]));
const linesOf = (text: string) => text.replace(/\n$/, '').split('\n');

describe('the export for verifiers', () => {
  it('is verified without the system that wrote it', async () => {
    const lines = linesOf(await write());
    expect(lines).toHaveLength(1 + 1 + 6 + 1);
    expect(await verifyExport(lines)).toMatchObject({ ok: true, facts: 6, checkpoints: 1, coveredTo: 6, keys: 'export' });
    expect(await verifyExport(lines, { publicKeys: [key.publicKeyPem] })).toMatchObject({ ok: true, keys: 'given' });
  });

  it('does not vouch for itself when the keys come from elsewhere', async () => {
    const other = createCheckpointKey();
    expect(await verifyExport(linesOf(await write()), { publicKeys: [other.publicKeyPem] })).toMatchObject({ ok: false, checkpointFaults: [{ reason: 'unknown-key' }] });
  });

  it('is caught by a checkpoint kept elsewhere when its tail was cut', async () => {
    const short = linesOf(await collect(exportJsonLines(chain.slice(0, 4), [], [key.publicKeyPem])));
    expect(await verifyExport(short)).toMatchObject({ ok: true, coveredTo: 0 });
    expect(await verifyExport(short, { checkpoints: [checkpoint] })).toMatchObject({ ok: false, broken: { seq: 5, to: 6, reason: 'tail-missing' } });
  });

  it('shows any changed octet in any of its rows', async () => {
    const lines = linesOf(await write());
    await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 7 }), fc.nat(), fc.integer({ min: 32, max: 126 }), async (n, place, letter) => {
      const line = lines[n] as string;
      const p = place % line.length;
      const other = line.slice(0, p) + String.fromCharCode(letter) + line.slice(p + 1);
      fc.pre(other !== line);
      const verdict = await verifyExport(lines.map((text, i) => (i === n ? other : text)));
      expect(verdict.ok).toBe(false);
      // A place that is now further on leaves a gap before it; every other change is named at its own row.
      expect(verdict.broken?.seq).toBeLessThanOrEqual(n - 1);
      expect(verdict.facts).toBe(n - 2);
    }));
  });

  it('names the line that cannot be read', async () => {
    const lines = linesOf(await write());
    const unreadable = (seq: number, line: number) => ({ ok: false, broken: { seq, reason: 'unreadable', detail: `line ${line}` } });
    expect(await verifyExport(lines.map((l, i) => (i === 4 ? `${l} ` : l)))).toMatchObject(unreadable(3, 5));
    expect(await verifyExport(lines.slice(0, -1))).toMatchObject(unreadable(7, 9));
    expect(await verifyExport([...lines, '{}'])).toMatchObject(unreadable(7, 9));
    // What the closing line says of them is not so.
    expect(await verifyExport(lines.filter((_, n) => n !== 1 && n !== 7))).toMatchObject(unreadable(6, 7));
    expect(await verifyExport(lines.map((l, n) => (n === 8 ? l.replace(chain[5]!.hash, chain[4]!.hash) : l)))).toMatchObject(unreadable(7, 9));
    await expect(verifyExport([lines[0]!.replace('BEGIN PUBLIC KEY', 'BEGIN'), ...lines.slice(1)])).rejects.toThrow('AUDIT_EXPORT_INVALID (line 1)');
    await expect(verifyExport(lines.slice(1))).rejects.toThrow('AUDIT_EXPORT_INVALID (line 1)');
    await expect(verifyExport([])).rejects.toThrow('AUDIT_EXPORT_INVALID (line 1)');
  });
});

describe('the file of an export', () => {
  it.each(['whole', 'broken'])('is let go of after reading, when it is %s', async (state) => {
    const lines = linesOf(await write());
    let isOpen = true;
    function* file(): Generator<string> {
      try {
        yield* state === 'whole' ? lines : lines.map((line, n) => (n === 3 ? line.toUpperCase() : line));
      } finally {
        isOpen = false;
      }
    }
    expect((await verifyExport(file())).ok).toBe(state === 'whole');
    expect(isOpen).toBe(false);
  });
});

describe('the exports for reading', () => {
  it('write a table with CRLF and quoted JSON', async () => {
    const rows = (await collect(exportCsv(chain.slice(0, 2)))).split('\r\n');
    expect(rows[0]).toBe('seq,at,type,actor,alert,id,body,hash');
    expect(rows[1]).toBe(`1,2026-11-24T18:00:00.000Z,breaker.changed,system,,00000000-0000-4000-8000-000000000000,"{""destination"":""rts-1"",""state"":""open""}",${chain[0]?.hash}`);
    expect(rows).toHaveLength(4);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('give no spreadsheet a formula: %j', (text) => {
    expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/);
  });

  it.each(['a,b', 'a"b', 'a\nb', 'a\rb'])('quote what would end a cell: %j', (text) => {
    expect(csvCell(text)).toBe(`"${text.replace('"', '""')}"`);
  });

  it('read back as the cells that were written, but for the apostrophe', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const cell = csvCell(text);
      const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      expect(read === text || read === `'${text}`).toBe(true);
      expect(/^[=+\-@\t\r]/.test(read)).toBe(false);
    }));
  });

  it('write one JSON array, also of nothing and of a record that is none', async () => {
    const facts = JSON.parse(await collect(exportJson(chain))) as { seq: number; fact: { type: string } }[];
    expect(facts.map((f) => f.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(facts[0]?.fact.type).toBe('breaker.changed');
    expect(JSON.parse(await collect(exportJson([])))).toEqual([]);
    expect(JSON.parse(await collect(exportJson([{ seq: 1, hash: '', record: 'no"json' }])))).toEqual([{ seq: 1, hash: '', record: 'no"json' }]);
  });
});
