import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { FixedClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { Audience, Member, NewSubscriber, Selection } from '#dispatch/audience.js';
import { MemoryAudience } from '#dispatch/testing/memory-audience.js';
import { freshDatabase, type TestDatabase } from '../../tests/support/database.js';
import { PgAudience } from './audience-store.js';
import { openDatabase, rows } from './database.js';

const ENDPOINT = 'https://push.example/tajna-adresa-';
const asks = (n: number, more: Partial<NewSubscriber> = {}): NewSubscriber => ({
  kind: 'web-push', mode: 'drill', language: 'sr-Latn', districts: null, identity: `${ENDPOINT}${n}`, contact: `{"endpoint":"${ENDPOINT}${n}"}`, confirmed: true, ...more,
});
const all: Selection = { kind: 'web-push', mode: 'drill', shard: 0, shards: 1 };

let database: TestDatabase;
let source: DataSource;
const logged: object[] = [];
const log: Log = { event: (name, fields) => void logged.push({ name, ...fields }) };

beforeAll(async () => {
  database = await freshDatabase();
  source = await openDatabase({ url: database.appUrl, name: 'spec' });
});
beforeEach(() => rows(source, 'DELETE FROM subscribers'));
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

const stored = () => new PgAudience(source, MasterKey.of(Buffer.alloc(32, 7)), new FixedClock('2026-11-24T18:00:00Z'), randomIds, log);
const contacts = async (audience: Audience, selection: Partial<Selection> = {}) => (await audience.members({ ...all, ...selection }, undefined, 1_000)).map((m) => m.contact).sort();

describe.each([['in PostgreSQL', stored], ['in memory', () => new MemoryAudience()]] as const)('an audience %s', (_name, make) => {
  it('is read in pages, each member once, in shards that together are all', async () => {
    const audience = make();
    for (let n = 0; n < 25; n += 1) await audience.add(asks(n));
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await audience.members(all, after, 10);
      seen.push(...page.map((m) => m.contact));
      if (page.length < 10) break;
      after = page.at(-1)!.place;
    }
    expect(seen.sort()).toEqual(await contacts(audience));
    expect(new Set(seen).size).toBe(25);
    const shards = await Promise.all([0, 1, 2, 3].map((shard) => contacts(audience, { shard, shards: 4 })));
    expect(shards.flat().sort()).toEqual(seen);
    expect(shards.filter((s) => s.length > 0).length).toBeGreaterThan(1);
  });

  it('is chosen by mode, kind, language and districts; who named none gets all', async () => {
    const audience = make();
    await audience.add(asks(1));
    await audience.add(asks(2, { districts: ['RS-20', 'RS-21'] }));
    await audience.add(asks(3, { districts: ['RS-00'], language: 'en' }));
    await audience.add(asks(4, { mode: 'live' }));
    await audience.add(asks(5, { kind: 'email' }));
    expect((await contacts(audience)).length).toBe(3);
    expect((await contacts(audience, { area: { kind: 'districts', codes: ['RS-20'] } })).length).toBe(2);
    expect((await contacts(audience, { area: { kind: 'country' } })).length).toBe(3);
    expect((await contacts(audience, { area: { kind: 'polygons', polygons: [[[20.45, 44.8], [20.47, 44.8], [20.46, 44.82]]] } })).length).toBe(2);
    expect((await contacts(audience, { language: 'en' })).length).toBe(1);
    expect((await contacts(audience, { mode: 'live' })).length).toBe(1);
  });

  it('holds a contact once: asking again replaces what was asked, and the old token is worth nothing', async () => {
    const audience = make();
    const first = await audience.add(asks(1));
    const second = await audience.add(asks(1, { language: 'en', contact: 'new keys' }));
    const [member, ...rest] = await audience.members(all, undefined, 10);
    expect(rest).toEqual([]);
    expect(member).toEqual({ id: second.id, language: 'en', contact: 'new keys', place: second.id });
    expect(second.id).not.toBe(first.id);
    expect(await audience.remove(first.token)).toBe(false);
    expect(await audience.remove(second.token)).toBe(true);
    expect(await audience.remove(second.token)).toBe(false);
    expect(await contacts(audience)).toEqual([]);
  });

  it('has as members only those who confirmed', async () => {
    const audience = make();
    const { token } = await audience.add(asks(1, { confirmed: false }));
    expect(await contacts(audience)).toEqual([]);
    expect(await audience.confirm('somebody else\'s')).toBe(false);
    expect(await audience.confirm(token)).toBe(true);
    expect((await contacts(audience)).length).toBe(1);
  });

  it('counts the members of a selection', async () => {
    const audience = make();
    for (let n = 0; n < 5; n++) await audience.add(asks(n, { language: n === 0 ? 'en' : 'sr-Latn', confirmed: n < 4 }));
    expect([await audience.count(all), await audience.count({ ...all, language: 'en' }), await audience.count({ ...all, mode: 'live' })]).toEqual([4, 1, 0]);
  });

  it('tells what somebody asked for by their token, not too late; forgets who never confirms and nobody else; lets leave by the contact', async () => {
    const audience = make();
    const { token } = await audience.add(asks(1, { kind: 'wish', confirmed: false, districts: ['RS-20'] }));
    await audience.add(asks(2));
    const [long, soon] = [new Date('2000-01-01T00:00:00Z'), new Date('2100-01-01T00:00:00Z')];
    expect(await audience.find(token, 'wish', long)).toEqual({ mode: 'drill', language: 'sr-Latn', districts: ['RS-20'], contact: asks(1).contact });
    expect([await audience.find(token, 'web-push', long), await audience.find(token, 'wish', soon), await audience.find('another', 'wish', long)]).toEqual([undefined, undefined, undefined]);
    await audience.forget('wish', long);
    expect(await audience.find(token, 'wish', long)).toBeDefined();
    await audience.forget('wish', soon);
    await audience.forget('web-push', soon);
    expect(await audience.find(token, 'wish', long)).toBeUndefined();
    expect([await audience.leave('web-push', 'live', asks(2).identity), await audience.leave('web-push', 'drill', asks(2).identity), await audience.leave('web-push', 'drill', asks(2).identity)]).toEqual([false, true, false]);
    expect(await contacts(audience)).toEqual([]);
  });

  it('is read with the nearest first, over pages, in the same order each time; who named nothing near comes last', async () => {
    const audience = make();
    const nearest = ['RS-20', 'RS-21', 'RS-00'];
    const named = [null, ['RS-00'], ['RS-21', 'RS-00'], ['RS-20'], ['RS-05'], ['RS-00', 'RS-20']];
    for (let n = 0; n < 24; n += 1) await audience.add(asks(n, { districts: named[n % named.length]! }));
    const read = async (limit: number, after?: string) => {
      const seen: Member[] = [];
      for (;;) {
        const page = await audience.members({ ...all, nearest }, after, limit);
        seen.push(...page);
        if (page.length < limit) return seen;
        after = page.at(-1)!.place;
      }
    };
    const whole = await read(1_000);
    expect(whole.map((m) => m.place.slice(0, 2))).toEqual([...'01 '.repeat(8), ...'02 '.repeat(4), ...'03 '.repeat(4), ...'99 '.repeat(8)].join('').trim().split(' '));
    expect(await read(5)).toEqual(whole);
    expect(await read(5, whole[10]!.place)).toEqual(whole.slice(11));
    // A place of the other order leaves nobody out.
    expect(await read(5, whole[10]!.id)).toEqual(whole);
    expect((await audience.members(all, whole[10]!.place, 1_000)).length).toBe(24);
  });

  it('drops by id', async () => {
    const audience = make();
    const ids = [(await audience.add(asks(1))).id, (await audience.add(asks(2))).id];
    await audience.drop(ids.slice(0, 1), 'gone');
    await audience.drop([], 'gone');
    expect((await audience.members(all, undefined, 10)).map((m) => m.id)).toEqual(ids.slice(1));
  });
});

describe('subscribers in the database', () => {
  it('show no contact to who has the tables and not the key, and none in the log', async () => {
    const audience = stored();
    const { id, token } = await audience.add(asks(1));
    const [row] = await rows<Record<string, unknown>>(source, 'SELECT *, sealed::text AS shown FROM subscribers');
    expect(JSON.stringify(row)).not.toContain('tajna');
    expect(JSON.stringify(row)).not.toContain(token);
    expect(Buffer.from(row!['sealed'] as Buffer).includes('tajna')).toBe(false);
    await expect(new PgAudience(source, MasterKey.of(randomBytes(32)), new FixedClock('2026-11-24T18:00:00Z'), randomIds, log).members(all, undefined, 1)).rejects.toThrow('does not open');
    await audience.drop([id], 'gone');
    expect(logged.at(-1)).toEqual({ name: 'audience.dropped', count: 1, cause: 'gone' });
    expect(JSON.stringify(logged)).not.toContain('tajna');
  });

  it('cannot be moved to another row, kind or mode by the applications\' role', async () => {
    const audience = stored();
    await audience.add(asks(1));
    await audience.add(asks(2));
    await expect(rows(source, `UPDATE subscribers SET mode = 'live'`)).rejects.toThrow('permission denied');
    await expect(rows(source, `UPDATE subscribers SET digest = repeat('0', 64)`)).rejects.toThrow('permission denied');
    await expect(rows(source, 'TRUNCATE subscribers')).rejects.toThrow('permission denied');
    await rows(source, 'UPDATE subscribers s SET sealed = o.sealed FROM subscribers o WHERE o.id <> s.id');
    await expect(audience.members(all, undefined, 10)).rejects.toThrow('does not open');
  });

  it('takes the same contact from many at once', async () => {
    const audience = stored();
    await Promise.all(Array.from({ length: 8 }, () => audience.add(asks(1))));
    expect((await contacts(audience)).length).toBe(1);
  });
});
