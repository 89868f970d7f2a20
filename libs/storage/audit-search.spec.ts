import type { DataSource } from 'typeorm';
import { randomIds, type AlertId, type FactId, type OfficerId } from '#kernel/ids.js';
import { GENESIS, nextHash } from '#audit/chain.js';
import { destinationActor, makeFact, officerActor, SYSTEM, type FactBody } from '#audit/fact.js';
import { createAlert } from '#alerts/alert.js';
import { sampleContent } from '#alerts/testing/sample-content.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { AUTHOR } from '../../tests/support/officers.js';
import { AuditSearch, type FactFilter, type FactPage } from './audit-search.js';

const NOW = Date.parse('2026-11-24T18:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1_000);
const SOMEBODY = randomIds.next<OfficerId>();

let stage: DispatchStage;
let source: DataSource;
let search: AuditSearch;
let alert: AlertId;
/** Places of what the alert's creation wrote, then those below. */
let first: number;

beforeAll(async () => {
  stage = await DispatchStage.open([]);
  source = stage.source;
  search = new AuditSearch(source);
  alert = randomIds.next<AlertId>();
  await stage.alerts.create(createAlert(alert, 'drill', sampleContent(), AUTHOR, at(-60)));
  const delivery = { deliveryId: randomIds.next<string & FactId>(), key: 'key', channel: 'smpp', destination: 'mts' };
  const attempt: FactBody<'delivery.attempted'> = { ...delivery, part: 0, route: 0, call: 'publish', attempt: 1, outcome: 'refused', contentHash: 'a'.repeat(64), ms: 3 };
  const aired: FactBody<'airing.settled'> = {
    deliveryId: delivery.deliveryId, channel: 'cap-push', destination: 'rts-1', slot: 0, state: 'missed', dueAt: '2026-11-24T18:00:00Z', airedAt: null, seconds: null, receiptSeq: null, silent: false,
  };
  const id = () => randomIds.next<FactId>();
  const records = [
    makeFact({ id: id(), at: at(1), type: 'delivery.attempted', actor: SYSTEM, alertId: alert, body: attempt }),
    makeFact({ id: id(), at: at(2), type: 'airing.settled', actor: SYSTEM, alertId: alert, body: aired }),
    // A writer whose clock is behind: later in place, earlier in time.
    makeFact({ id: id(), at: at(0), type: 'delivery.attempted', actor: SYSTEM, alertId: randomIds.next<AlertId>(), body: { ...attempt, outcome: 'accepted' } }),
    makeFact({ id: id(), at: at(3), type: 'audit.exported', actor: officerActor(SOMEBODY), body: { format: 'csv', facts: 1, lastSeq: 1 } }),
    makeFact({ id: id(), at: at(4), type: 'outbox.planned', actor: destinationActor('rts-1'), body: { revision: 1, deliveries: 2 } }),
  ];
  await source.query('SELECT append_facts($1)', [records.map((fact) => fact.record)]);
  first = (await search.page({ type: 'delivery.attempted' }, { limit: 1 }))[0]!.seq;
});

afterAll(() => stage.close());

const page = async (filter: FactFilter, asked: Partial<FactPage> = {}) => (await search.page(filter, { limit: 10, ...asked })).map((row) => row.seq - first);

describe('looking for facts', () => {
  it.each<[string, () => FactFilter, number[]]>([
    ['the alert', () => ({ alert }), [-2, -1, 0, 1]],
    ['the type', () => ({ type: 'airing.settled' }), [1]],
    ['the officer', () => ({ actor: `officer:${SOMEBODY}` }), [3]],
    ['a partner who spoke', () => ({ actor: 'destination:rts-1' }), [4]],
    ['the partner', () => ({ destination: 'rts-1' }), [1]],
    ['the channel', () => ({ channel: 'smpp' }), [0, 2]],
    ['the outcome of an attempt', () => ({ outcome: 'refused' }), [0]],
    ['what became of an airing', () => ({ outcome: 'missed' }), [1]],
    ['the mode of the alert', () => ({ mode: 'drill' }), [-2, -1, 0, 1]],
    ['a mode without alerts', () => ({ mode: 'live' }), []],
    ['the time, whatever the order of clocks', () => ({ from: at(0), to: at(1) }), [0, 2]],
    ['a time from which on', () => ({ from: at(3) }), [3, 4]],
    ['a time without facts', () => ({ from: at(60) }), []],
    ['all at once', () => ({ alert, channel: 'smpp', outcome: 'refused', from: at(1), to: at(1), mode: 'drill' }), [0]],
    ['things that no fact is together', () => ({ destination: 'mts', channel: 'cap-push' }), []],
  ])('finds by %s', async (_what, filter, expected) => {
    expect(await page(filter())).toEqual(expected);
    expect(await search.count(filter(), Number.MAX_SAFE_INTEGER)).toBe(expected.length);
  });

  it('pages in both directions without leaving out or repeating', async () => {
    const all = await page({}, { limit: 100 });
    for (const newestFirst of [false, true]) {
      const seen: number[] = [];
      for (let after: number | undefined; ;) {
        const found = await search.page({}, { newestFirst, limit: 2, ...(after !== undefined && { after }) });
        seen.push(...found.map((row) => row.seq - first));
        if (found.length < 2) break;
        after = found.at(-1)!.seq;
      }
      expect(seen).toEqual(newestFirst ? all.toReversed() : all);
    }
  });

  it('gives each fact of a selection the hash before it, and ends where it is told', async () => {
    const found = [];
    for await (const row of search.stream({ channel: 'smpp' }, first + 1)) found.push(row);
    expect(found.map((row) => row.seq - first)).toEqual([0]);
    expect(nextHash(found[0]!.previous, found[0]!.record)).toBe(found[0]!.hash);
    for await (const row of search.stream({}, 1)) expect(row.previous).toBe(GENESIS);
    expect(await search.count({ channel: 'smpp' }, first + 1)).toBe(1);
  });
});
