import { deliveryKey } from '#dispatch/delivery.js';
import { FixedClock } from '#kernel/clock.js';
import { MasterKey } from '#kernel/master-key.js';
import { randomIds, type AlertId, type DeliveryId, type DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { callRoll } from '#dispatch/roll.js';
import { DispatchStage } from '../../tests/support/dispatch-stage.js';
import { PgAudience } from './audience-store.js';
import { openDatabase, rows } from './database.js';
import { PgHeadway } from './headway-store.js';
import type { DataSource } from 'typeorm';

let stage: DispatchStage;
let source: DataSource;
let headway: PgHeadway;
const clock = new FixedClock('2026-11-24T18:00:00Z');
beforeAll(async () => {
  stage = await DispatchStage.open([]);
  source = await openDatabase({ url: stage.appUrl, name: 'spec' });
  headway = new PgHeadway(source, clock);
});
afterAll(async () => {
  await source.destroy();
  await stage.close();
});

const destination = 'mts' as DestinationId;
const AFTER = '00000000-0000-4000-8000-000000000007';

async function planned(parts: number): Promise<{ alert: AlertId; ids: DeliveryId[] }> {
  const { id } = await stage.approved();
  const made = await stage.deliveries().planNext((row) => Array.from({ length: parts }, (_, part) => (
    { channel: 'smpp', destination, part, key: deliveryKey(row.alertId, row.revision, 'smpp', destination, part), spread: false, route: 0 })));
  return { alert: id, ids: [...made!.queued] };
}

describe('how far parts have come', () => {
  it('is kept while a part is under way, so that another process goes on behind it, and forgotten at its end', async () => {
    const [id] = (await planned(1)).ids;
    expect(await headway.last(id!)).toBeUndefined();
    await headway.mark(id!, { taken: 0 });
    expect(await headway.last(id!)).toBeUndefined();
    await headway.mark(id!, { taken: 7, total: 20, after: AFTER });
    await headway.mark(id!, { taken: 9, total: 20 });
    expect(await headway.last(id!)).toEqual({ after: AFTER, taken: 7 });
    await headway.end(id!, { taken: 20, total: 20, after: AFTER });
    expect(await headway.last(id!)).toBeUndefined();
    expect(await rows(source, 'SELECT * FROM part_places')).toEqual([]);
  });

  it('lets a part that was interrupted go on in the same order in another process, the nearest first', async () => {
    const [id] = (await planned(1)).ids;
    const audience = new PgAudience(source, MasterKey.of(Buffer.alloc(32, 7)), clock, randomIds, silentLog);
    for (let n = 0; n < 30; n += 1) {
      const near = n % 3;
      await audience.add({ kind: 'sms', mode: 'drill', language: 'en', districts: near === 0 ? null : [`RS-0${near}`], identity: `${n}`, contact: `${near}-${n}`, confirmed: true });
    }
    const told: string[] = [];
    const call = (most: number) => callRoll({
      audience, headway, log: silentLog, delivery: id!, atOnce: 2, selection: { kind: 'sms', mode: 'drill', shard: 0, shards: 1, nearest: ['RS-02', 'RS-01'] },
      stopped: () => told.length >= most,
      tell: async ({ contact }) => {
        told.push(contact);
        return 'taken';
      },
    });
    await call(13);
    expect((await headway.last(id!))!.after).toMatch(/^02\//);
    const left = 30 - told.length;
    expect(await call(Infinity)).toMatchObject({ taken: left });
    expect(told.map((contact) => contact[0]).join('')).toBe(`${'2'.repeat(10)}${'1'.repeat(10)}${'0'.repeat(10)}`);
    expect(new Set(told).size).toBe(30);
    await expect(headway.mark(id!, { taken: 1, after: 'somewhere' })).rejects.toThrow('part_places');
  });

  it('is summed up by destination, with what was taken since a moment', async () => {
    const { alert, ids: [first, second, third] } = await planned(4);
    const began = clock.now();
    for (const taken of [0, 5, 10, 20]) {
      await headway.mark(first!, { taken, ...(taken > 0 && { total: 50 }) });
      clock.advance(10_000);
    }
    await headway.mark(second!, { taken: 40, total: 40 });
    await headway.mark(third!, { taken: 3 });
    await rows(source, "UPDATE deliveries SET state = 'accepted', accepted_at = $2 WHERE id = $1", [second, clock.now()]);
    const reach = await headway.reach('drill', alert, new Date(began.getTime() + 25_000));
    expect(reach).toEqual({
      revision: 1, kind: 'alert', destinations: [{
        destination, channel: 'smpp', parts: 4, accepted: 1, lastAcceptedAt: clock.now(), underWay: 3, receipts: { expected: 0, confirmed: 0, failed: 0 }, taken: 63,
        known: { parts: 2, total: 90, accepted: 1, acceptedTotal: 40 }, open: { taken: 20, underWay: 1, left: 30 }, firstMarkAt: began,
        // From the mark before the moment on: ten of the first part; the others began after it.
        gained: 10,
      }],
    });
    await expect(headway.reach('live', alert, began)).rejects.toThrow('ALERT_MISSING');
  });

  it('cannot be rewritten by the applications\' role', async () => {
    await expect(rows(source, 'UPDATE part_marks SET taken = 1')).rejects.toThrow('permission denied');
    await expect(rows(source, 'DELETE FROM part_marks')).rejects.toThrow('permission denied');
  });
});
