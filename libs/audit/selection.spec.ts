import { fail } from '#kernel/errors.js';
import { createCheckpointKey } from './checkpoint.js';
import { exportJsonLines, exportSelection, verifyExport } from './export.js';
import { GENESIS, nextHash, type LinkedFact } from './chain.js';
import { verifySelection, type SelectedFact } from './selection.js';
import { checkpointAt, link, sampleChain, sampleRecord } from './testing/sample-chain.js';

const key = createCheckpointKey();
const chain = sampleChain(12);
const checkpoint = checkpointAt(key.privateKeyPem, chain[11] as LinkedFact);
const asked = { channel: 'cap-push' };
const selected = (places: readonly number[], of: readonly LinkedFact[] = chain): SelectedFact[] => places.map((seq) => ({ ...of[seq - 1]!, previous: of[seq - 2]?.hash ?? GENESIS }));

async function lines(parts: AsyncIterable<string>): Promise<string[]> {
  let text = '';
  for await (const part of parts) text += part;
  return text.trimEnd().split('\n');
}
const selection = (rows: readonly SelectedFact[], points = [checkpoint]) => lines(exportSelection(rows, asked, points, [key.publicKeyPem]));
const whole = (rows: readonly LinkedFact[] = chain) => lines(exportJsonLines(rows, [checkpoint], [key.publicKeyPem]));
const good = [2, 3, 4, 7, 12];

describe('a selection', () => {
  it('is verified row by row, says that it is one, and that nothing vouches for what lies between', async () => {
    expect(await verifyExport(await selection(selected(good)))).toMatchObject({ ok: true, facts: 5, checkpoints: 1, coveredTo: 0, selection: { asked } });
    expect(await verifyExport(await selection([], []))).toMatchObject({ ok: true, facts: 0, selection: { asked } });
  });

  it('shows a changed record, a changed hash, and neighbours that do not follow', async () => {
    const changed = (change: (row: SelectedFact) => Partial<SelectedFact>) => selected(good).map((row) => (row.seq === 3 ? { ...row, ...change(row) } : row));
    const broken = { ok: false, facts: 1, broken: { seq: 3, reason: 'link-broken' } };
    expect(await verifyExport(await selection(changed(() => ({ record: sampleRecord(99) }))))).toMatchObject(broken);
    expect(await verifyExport(await selection(changed(() => ({ hash: 'a'.repeat(64) }))))).toMatchObject(broken);
    expect(await verifyExport(await selection(changed(() => ({ previous: 'none' }))))).toMatchObject(broken);
    // Recomputed over another history: fits by itself, not its neighbour.
    expect(await verifyExport(await selection(changed(({ record }) => ({ previous: GENESIS, hash: nextHash(GENESIS, record) }))))).toMatchObject(broken);
  });

  it('shows rows out of order, and a row that a signed checkpoint knows otherwise', async () => {
    expect(await verifyExport(await selection(selected([3, 2])))).toMatchObject({ ok: false, broken: { seq: 2, reason: 'out-of-order' } });
    expect(await verifyExport(await selection(selected([3, 3])))).toMatchObject({ ok: false, facts: 1, broken: { seq: 3, reason: 'out-of-order' } });
    const [row] = selected([12]);
    const other = { ...row!, record: sampleRecord(99), hash: nextHash(row!.previous, sampleRecord(99)) };
    expect(await verifyExport(await selection([other]))).toMatchObject({ ok: false, broken: { seq: 12, reason: 'history-rewritten' } });
  });

  it('is not good with a checkpoint that is not, and broken by nothing that only cannot be read now', async () => {
    const points = [{ ...checkpoint, hash: 'a'.repeat(64) }];
    expect(await verifyExport(await selection(selected(good), points))).toMatchObject({ ok: false, facts: 5, checkpointFaults: [{ reason: 'bad-signature' }] });
    function* busy(): Generator<SelectedFact> {
      yield* selected([2]);
      throw fail('STORE_BUSY');
    }
    await expect(verifySelection({ rows: busy(), checkpoints: [], publicKeys: new Map() })).rejects.toThrow('STORE_BUSY');
  });

  it('is held against the export of everything', async () => {
    expect(await verifyExport(await selection(selected(good)), { whole: await whole() })).toMatchObject({ ok: true, coveredTo: 12, selection: { whole: { ok: true, facts: 12 } } });
    const forged = link(Array.from({ length: 12 }, (_, n) => sampleRecord(n + 20)));
    const strange = await selection(selected([5, 7], forged), []);
    expect(await verifyExport(strange)).toMatchObject({ ok: true });
    expect(await verifyExport(strange, { whole: await whole() })).toMatchObject({ ok: false, broken: { seq: 5, reason: 'not-in-whole' }, selection: { whole: { ok: true } } });
    expect(await verifyExport(await selection(selected(good)), { whole: await whole(chain.slice(0, 11)) })).toMatchObject({ ok: false, selection: { whole: { ok: false, broken: { reason: 'tail-missing' } } } });
    await expect(verifyExport(strange, { whole: strange })).rejects.toThrow('AUDIT_EXPORT_INVALID (line 1)');
  });

  it('cannot be passed off as everything, nor everything as a selection', async () => {
    const [, ...rest] = await selection(selected([1, 2]));
    const [header] = await whole();
    expect(await verifyExport([header!, ...rest])).toMatchObject({ ok: false, broken: { seq: 1, reason: 'unreadable' } });
    const [, ...all] = await whole();
    expect(await verifyExport([(await selection([]))[0]!, ...all])).toMatchObject({ ok: false, broken: { seq: 1, reason: 'unreadable' } });
  });
});
