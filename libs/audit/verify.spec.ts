import { createHash, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { fail } from '#kernel/errors.js';
import { GENESIS, nextHash, type LinkedFact } from './chain.js';
import { createCheckpointKey, keyIdOf, publicKeyOf, readPublicKeys, verifyCheckpoint, type Checkpoint } from './checkpoint.js';
import { checkpointAt, link, sampleChain, sampleRecord } from './testing/sample-chain.js';
import { verifyAudit, type AuditRow } from './verify.js';

fc.configureGlobal({ seed: 20_261_124 });

const key = createCheckpointKey();
const publicKeys = readPublicKeys([key.publicKeyPem]);
const chain = sampleChain(12);
const last = chain[11] as LinkedFact;
const at = (i: number): LinkedFact => chain[i] as LinkedFact;
const checkpoints = [checkpointAt(key.privateKeyPem, at(4)), checkpointAt(key.privateKeyPem, last)];
const check = (rows: readonly AuditRow[], points: readonly Checkpoint[] = checkpoints) => verifyAudit({ rows, checkpoints: points, publicKeys });
const changed = (i: number, change: Partial<AuditRow>): AuditRow[] => chain.map((row, n) => (n === i ? { ...row, ...change } : row));

describe('the chain', () => {
  it('hashes the octets of the previous hash and of the record', () => {
    expect(nextHash(GENESIS, 'č')).toBe(createHash('sha256').update(Buffer.concat([Buffer.alloc(32), Buffer.from('č', 'utf8')])).digest('hex'));
    expect(() => nextHash('AB', '')).toThrow(TypeError);
  });
});

describe('a checkpoint', () => {
  const good = checkpoints[1] as Checkpoint;

  it('is good under its own key only', () => {
    expect(verifyCheckpoint(publicKeys, good)).toBe('good');
    expect(good.keyId).toBe(keyIdOf(publicKeyOf(key.privateKeyPem)));
    expect(verifyCheckpoint(readPublicKeys([createCheckpointKey().publicKeyPem]), good)).toBe('unknown-key');
  });

  it('is verified with Ed25519 keys and no others', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => readPublicKeys([key.publicKeyPem, publicKey.export({ type: 'spki', format: 'pem' }).toString()])).toThrow('a checkpoint key is an Ed25519 key');
  });

  it('has one spelling: the spare bits of base64 are not free', () => {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const sameOctets = digits[digits.indexOf(good.signature[85] as string) + 1] as string;
    expect(verifyCheckpoint(publicKeys, { ...good, signature: `${good.signature.slice(0, 85)}${sameOctets}==` })).toBe('bad-signature');
  });

  it('is bad when any character of any member is another', () => {
    fc.assert(fc.property(fc.constantFrom('seq', 'hash', 'at', 'keyId', 'signature'), fc.nat(), fc.constantFrom('0', '1', 'a', 'A', '='), (member, place, letter) => {
      const text = String(good[member as keyof Checkpoint]);
      const other = text.slice(0, place % text.length) + letter + text.slice((place % text.length) + 1);
      fc.pre(other !== text);
      expect(verifyCheckpoint(publicKeys, { ...good, [member]: member === 'seq' ? Number(other) : other })).not.toBe('good');
    }));
  });
});

describe('the verifier', () => {
  it('counts every checkpoint of a place, and believes the history rewritten when one of them knows another, whichever came first', async () => {
    const [first, other] = [checkpointAt(key.privateKeyPem, at(4)), checkpointAt(key.privateKeyPem, { ...at(4), hash: 'a'.repeat(64) })];
    expect(await check(chain, [first, first])).toMatchObject({ ok: true, checkpoints: 2, coveredTo: 5 });
    for (const points of [[first, other], [other, first]]) expect(await check(chain, points)).toMatchObject({ ok: false, broken: { seq: 1, to: 5, reason: 'history-rewritten' } });
  });

  it('names the place of a checkpoint that is none as far as it says it, and repeats nothing else of it', async () => {
    const strange = { seq: '<script>', keyId: '<script>' } as unknown as Checkpoint;
    expect(await check(chain, [...checkpoints, strange])).toMatchObject({ ok: false, checkpointFaults: [{ seq: 0, keyId: '?', reason: 'malformed' }] });
  });

  it('calls nothing broken when the rows cannot be read now', async () => {
    function* busy(): Generator<AuditRow> {
      yield at(0);
      throw fail('STORE_BUSY');
    }
    await expect(verifyAudit({ rows: busy(), checkpoints, publicKeys })).rejects.toThrow('STORE_BUSY');
  });

  it('accepts what was written and counts it', async () => {
    expect(await check(chain)).toEqual({ ok: true, facts: 12, lastHash: last.hash, checkpoints: 2, coveredTo: 12, unlinked: 0, checkpointFaults: [] });
    expect(await verifyAudit({ rows: [], checkpoints: [], publicKeys, unlinked: 3 })).toMatchObject({ ok: true, facts: 0, lastHash: GENESIS, coveredTo: 0, unlinked: 3 });
  });

  it('finds any changed octet in any record or hash, and names its row', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(11), fc.constantFrom('record' as const, 'hash' as const), fc.nat(), fc.integer({ min: 1, max: 127 }), async (i, member, place, flip) => {
      const text = at(i)[member];
      const p = place % text.length;
      const other = text.slice(0, p) + String.fromCharCode(text.charCodeAt(p) ^ flip) + text.slice(p + 1);
      const verdict = await check(changed(i, { [member]: other }));
      expect(verdict.ok).toBe(false);
      expect(verdict.broken?.seq).toBe(i + 1);
      expect(verdict.facts).toBe(i);
      expect(verdict.broken?.reason).toBe(member === 'record' ? 'record-changed' : 'hash-changed');
    }));
  });

  it('finds any two records, rows or places that were swapped, and names the first', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(11), fc.nat(11), fc.constantFrom('records', 'rows', 'order'), async (a, b, what) => {
      fc.pre(a !== b);
      const swapped = chain.map((row, n) => {
        const other = n === a ? at(b) : n === b ? at(a) : row;
        return what === 'records' ? { ...row, record: other.record } : what === 'rows' ? { ...other, seq: row.seq } : other;
      });
      const verdict = await check(swapped);
      expect(verdict.broken?.seq).toBe(Math.min(a, b) + 1);
      // Neighbours that were swapped are recognised as such, whichever way it was done.
      if (Math.abs(a - b) === 1) expect(verdict.broken?.reason).toBe('reordered');
    }));
  });

  it('finds any dropped rows, with or without renumbering', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(11), fc.integer({ min: 1, max: 12 }), fc.boolean(), async (from, many, renumber) => {
      const left = chain.filter((_, n) => n < from || n >= from + many);
      const verdict = await check(renumber ? left.map((row, n) => ({ ...row, seq: n + 1 })) : left);
      expect(verdict.ok).toBe(false);
      expect(verdict.broken?.seq).toBe(from + 1);
      const cut = from + many >= 12;
      expect(verdict.broken?.reason).toMatch(cut ? /^tail-missing$/ : renumber ? /^(record-changed|link-broken)$/ : /^gap$/);
    }));
  });

  it('finds any inserted row, with or without renumbering', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(12), fc.boolean(), async (place, renumber) => {
      const before = chain[place - 1]?.hash ?? GENESIS;
      const record = sampleRecord(77);
      const rows = [...chain.slice(0, place), { seq: place + 1, record, hash: nextHash(before, record) }, ...chain.slice(place)];
      const verdict = await check(renumber ? rows.map((row, n) => ({ ...row, seq: n + 1 })) : rows);
      // After the last checkpoint a well made row is simply the next fact; before it the chain does not fit any more.
      if (place === 12) expect(verdict).toMatchObject({ ok: true, facts: 13, coveredTo: 12 });
      else expect(verdict.ok).toBe(false);
    }));
  });

  it('says inserted of a row that the next one passes over', async () => {
    const rows = [...chain.slice(0, 3), { seq: 4, record: sampleRecord(77), hash: 'b'.repeat(64) }, ...chain.slice(3)].map((row, n) => ({ ...row, seq: n + 1 }));
    expect((await check(rows)).broken).toEqual({ seq: 4, reason: 'inserted' });
  });

  it('says out of order of a row that comes a second time', async () => {
    expect((await check([...chain.slice(0, 8), at(2), ...chain.slice(8)])).broken).toMatchObject({ seq: 9, reason: 'out-of-order' });
    expect((await check([...chain, at(4)])).broken).toEqual({ seq: 5, reason: 'out-of-order' });
  });

  it('catches an owner who rewrites a record and the whole chain after it, by the checkpoint', async () => {
    const forged = link(chain.map((row, n) => (n === 6 ? sampleRecord(77) : row.record)));
    expect((await check(forged)).broken).toEqual({ seq: 6, to: 12, reason: 'history-rewritten' });
    // Without a checkpoint nobody could tell: the verdict says how far it vouches.
    expect(await check(forged, [])).toMatchObject({ ok: true, coveredTo: 0 });
  });

  it('names records that hash well and are no facts', async () => {
    const odd = link([sampleRecord(0), '{"v":1}', sampleRecord(2)]);
    expect((await check(odd, [])).broken).toEqual({ seq: 2, reason: 'record-malformed' });
  });

  it('names columns that contradict the record', async () => {
    const columns = { type: 'alert.created', alert: null } as const;
    expect((await check(changed(2, { columns }))).broken).toEqual({ seq: 3, reason: 'columns-differ', detail: 'type' });
    expect((await check(changed(0, { columns: { type: 'breaker.changed', alert: null } }))).ok).toBe(true);
  });

  it('tells record from hash in the last row only by a checkpoint', async () => {
    const rows = changed(11, { record: sampleRecord(77) });
    expect((await check(rows)).broken).toEqual({ seq: 12, reason: 'record-changed' });
    expect((await check(rows, [])).broken).toEqual({ seq: 12, reason: 'link-broken' });
  });

  it('lists every checkpoint that is not good and is not satisfied then', async () => {
    const stranger = checkpointAt(createCheckpointKey().privateKeyPem, at(3));
    const bent = { ...(checkpoints[0] as Checkpoint), seq: 6 };
    const verdict = await check(chain, [stranger, bent, ...checkpoints]);
    expect(verdict).toMatchObject({ ok: false, facts: 12, checkpoints: 2 });
    expect(verdict.checkpointFaults.map((f) => f.reason)).toEqual(['unknown-key', 'bad-signature']);
    // What stands where a key is named is told only if it can be the name of one.
    const odd = { ...(checkpoints[0] as Checkpoint), keyId: '\u001b[2J' };
    expect((await check(chain, [odd])).checkpointFaults).toEqual([{ seq: 5, keyId: '?', reason: 'malformed' }]);
  });

  it('holds a few rows only, and closes its source at the first break', async () => {
    let pulled = 0;
    let closed = false;
    async function* endless() {
      try {
        for (const row of sampleChain(2_000)) {
          pulled += 1;
          yield pulled === 5 ? { ...row, hash: '0'.repeat(64) } : row;
        }
      } finally {
        closed = true;
      }
    }
    expect((await verifyAudit({ rows: endless(), checkpoints: [], publicKeys })).broken?.seq).toBe(5);
    expect([pulled, closed]).toEqual([6, true]);
  });
});
