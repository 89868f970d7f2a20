import { PassThrough } from 'node:stream';
import type { Mode } from '#alerts/notice.js';
import type { readRecord, FactType } from '#audit/fact.js';
import { silentLog } from '#kernel/log.js';
import type { FactEvent } from '#storage/event-view.js';
import { until } from '../../tests/support/until.js';
import type { EventStream } from './event-stream.js';
import { Events } from './events.js';

const DESTINATIONS = [{ id: 'rts-vezba', mode: 'drill' }, { id: 'rts', mode: 'live' }] as const;
const ALERT = { drill: '00000000-0000-4000-8000-00000000000d', live: '00000000-0000-4000-8000-00000000000e' } as const;

let running: Events | undefined;
afterEach(() => running?.onModuleDestroy());

/** The streams over a chain that the test writes. */
function streams(pace = { pollMs: 1, beatMs: 60_000 }) {
  const chain: FactEvent[] = [];
  const view = {
    head: async () => chain.length,
    after: async (seq: number, limit: number, types?: readonly FactType[]) => chain.filter((event) => event.seq > seq && (types?.includes(event.type as FactType) ?? true)).slice(0, limit),
  };
  const events = new Events({ environment: { FINDME_PUBLIC_URL: 'https://find.example/' }, configuration: { destinations: DESTINATIONS }, log: silentLog }, view, pace);
  running = events;
  /** A fact about an alert of this mode, or about none. */
  const write = (type: FactType, mode: Mode | null, body: object, published = false): void => {
    const seq = chain.length + 1;
    const record = { v: 1, id: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`, type, at: '2026-11-24T17:00:00.000Z', actor: 'system', alert: mode && ALERT[mode], body };
    chain.push({ seq, type, fact: record as ReturnType<typeof readRecord>, mode, identifier: published ? `findme-${mode}-${seq}` : null });
  };
  return { events, write };
}

async function read(stream: EventStream, after?: number): Promise<() => string[]> {
  const out = new PassThrough();
  let text = '';
  out.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  await stream.join(out, after);
  return () => text.split('\n\n').filter((block) => !block.startsWith('retry') && block !== '').map((block) => {
    const [, id = '-'] = /^id: (.+)$/m.exec(block) ?? [];
    return `${id} ${/^event: (.+)$/m.exec(block)![1]!} ${/"kind":"(\w+)"/.exec(block)?.[1] ?? ''}`.trim();
  });
}

describe('the streams of a mode', () => {
  it('have what concerns its alerts and its destinations, for those who come and for those who come back, and nothing of the other mode or of administrators', async () => {
    const { events, write } = streams();
    const [drill, live] = [await read(await events.officers('drill')), await read(await events.officers('live'))];
    write('alert.created', 'drill', { mode: 'drill' });
    write('alert.created', 'live', { mode: 'live' });
    write('breaker.changed', null, { destination: 'rts-vezba', state: 'open' });
    write('breaker.changed', null, { destination: 'rts', state: 'open' });
    write('breaker.changed', null, { destination: 'that was taken away', state: 'open' });
    write('secret.rotated', null, { destination: 'rts-vezba', secret: 's', generation: 2, previousUntil: '2026-11-25T17:00:00.000Z' });
    write('alert.found', 'drill', { reason: '0'.repeat(64) }, true);
    write('alert.found', 'live', { reason: '0'.repeat(64) }, true);
    await until(() => [drill().length, live().length], ([d = 0, l = 0]) => d >= 3 && l >= 3);
    const expected = { drill: ['1 fact', '3 fact', '7 fact'], live: ['2 fact', '4 fact', '8 fact'] };
    expect([drill(), live()]).toEqual([expected.drill, expected.live]);
    for (const mode of ['drill', 'live'] as const) {
      const back = await read(await events.officers(mode), 0);
      expect(await until(back, (ids) => ids.length >= 3)).toEqual(expected[mode]);
    }
  });

  it('tell everyone what was published, updated and ended in it', async () => {
    const { events, write } = streams();
    const [drill, live] = [await read(await events.public('drill')), await read(await events.public('live'))];
    write('revision.approved', 'drill', { revision: 1, kind: 'alert' }, true);
    write('revision.approved', 'live', { revision: 1, kind: 'alert' }, true);
    write('revision.submitted', 'live', { revision: 2 });
    write('revision.approved', 'live', { revision: 2, kind: 'update' }, true);
    write('alert.withdrawn', 'live', { reason: '0'.repeat(64) }, true);
    write('alert.expired', 'drill', {}, true);
    const expected = { drill: ['1 published alert', '6 ended expired'], live: ['2 published alert', '4 updated update', '5 ended withdrawn'] };
    await until(() => [drill().length, live().length], ([d = 0, l = 0]) => d >= 2 && l >= 3);
    expect([drill(), live()]).toEqual([expected.drill, expected.live]);
    expect(await until(await read(await events.public('live'), 0), (ids) => ids.length >= 3)).toEqual(expected.live);
    // A revision that was approved without becoming public: nobody is told where to find it.
    write('alert.withdrawn', 'drill', { reason: '0'.repeat(64) });
    write('alert.found', 'drill', { reason: '0'.repeat(64) }, true);
    expect((await until(drill, (ids) => ids.length >= 3)).at(-1)).toBe('8 ended found');
  });

  it('show at their heartbeat that they live, when nothing happens', async () => {
    const { events } = streams({ pollMs: 1, beatMs: 0 });
    const readers = await Promise.all([events.officers('drill'), events.public('drill'), events.officers('live'), events.public('live')].map(async (stream) => read(await stream)));
    await until(() => readers.map((reader) => reader().length), (counts) => counts.every((count) => count >= 2));
    expect(new Set(readers.flatMap((reader) => reader()))).toEqual(new Set(['- beat']));
  });

  it('follow a chain that grows by more than a page between two looks', async () => {
    const { events, write } = streams({ pollMs: 1, beatMs: 60_000 });
    const reader = await read(await events.officers('drill'));
    for (let n = 0; n < 1_203; n += 1) write('breaker.changed', null, { destination: n % 3 === 0 ? 'rts-vezba' : 'rts', state: 'open' });
    await until(() => reader().length, (count) => count >= 401);
    const ids = reader().map((line) => Number(line.split(' ')[0]));
    expect(ids).toEqual(Array.from({ length: 401 }, (_, n) => 3 * n + 1));
  });
});
