import { FACT_NAMES } from './fact-names.js';
import { canonicalJson } from '#kernel/canonical.js';
import type { AlertId, FactId, OfficerId } from '#kernel/ids.js';
import { FACT_BODIES, makeFact, officerActor, readRecord, wordOf, type FactInput } from './fact.js';
import { sampleId, sampleRecord } from './testing/sample-chain.js';

const at = new Date('2026-11-24T18:00:00.123Z');
const approval: FactInput<'revision.approved'> = {
  id: sampleId<FactId>(1),
  at,
  type: 'revision.approved',
  actor: officerActor(sampleId<OfficerId>(3)),
  alertId: sampleId<AlertId>(2),
  body: {
    revision: 1, kind: 'alert', contentHash: 'a'.repeat(64), approver: sampleId(3), submitter: sampleId(4), writers: [sampleId(4)],
    stepUp: 'totp', sent: '2026-11-24T19:00:00+01:00', expires: '2026-11-25T19:00:00+01:00',
  },
};

describe('a fact', () => {
  it('is one canonical text from which everything else is read', () => {
    const fact = makeFact(approval);
    expect(fact.record).toMatch(/^\{"actor":"officer:.*","alert":".*","at":"2026-11-24T18:00:00\.123Z","body":\{.*\},"id":".*","type":"revision\.approved","v":1\}$/);
    expect(canonicalJson(JSON.parse(fact.record))).toBe(fact.record);
    expect(readRecord(fact.record)).toMatchObject({ type: 'revision.approved', alert: approval.alertId, at: '2026-11-24T18:00:00.123Z' });
  });

  it('says null where it is about no alert', () => {
    expect(JSON.parse(sampleRecord(0))).toMatchObject({ alert: null, actor: 'system' });
  });

  it('takes no field that its type does not name, and does not repeat it in the error', () => {
    const body = { ...approval.body, childName: 'Izmišljeno Dete' };
    expect(() => makeFact({ ...approval, body })).toThrow(/^fact revision\.approved: .*unrecognized_keys$/);
  });

  it('takes no free text where a code is meant', () => {
    const body = { ...approval.body, contentHash: 'Izmišljeno Dete' };
    expect(() => makeFact({ ...approval, body })).toThrow('fact revision.approved: contentHash invalid_format');
  });

  it('has no body with an open string: everything in it is bounded ASCII', () => {
    for (const [type, schema] of Object.entries(FACT_BODIES)) {
      for (const [field, of] of Object.entries(schema.shape)) {
        expect([type, field, of.safeParse('Dete, 5 godina; čuva se').success]).toEqual([type, field, false]);
      }
    }
  });

  it('is not read from JSON in another spelling', () => {
    const record = makeFact(approval).record;
    expect(readRecord(record.replace('{"actor"', '{ "actor"'))).toBeUndefined();
    expect(readRecord(record.replace('"v":1', '"v":1.0'))).toBeUndefined();
    expect(readRecord(record.replace('"v":1', '"v":1,"w":1'))).toBeUndefined();
    expect(readRecord('{"a":"\\ud800"}')).toBeUndefined();
    expect(readRecord('')).toBeUndefined();
  });
});

describe('wordOf', () => {
  it('keeps codes and blunts everything else', () => {
    expect(wordOf('http 503')).toBe('http 503');
    expect(wordOf('Čačak\n=1')).toBe('_a_ak_1');
    expect(wordOf('x'.repeat(99))).toHaveLength(60);
    expect(wordOf('')).toBe('unknown');
  });
});

describe('the kinds of facts', () => {
  it('each have a name in three languages, and no other has', () => {
    expect(Object.keys(FACT_NAMES).sort()).toEqual(Object.keys(FACT_BODIES).sort());
    for (const name of Object.values(FACT_NAMES)) expect(Object.values(name).every((text) => text.trim() !== '')).toBe(true);
  });
});
