import fc from 'fast-check';
import type { AlertId, DestinationId } from '#kernel/ids.js';
import { planFanOut, type EarlierDelivery, type OutboxRow, type Reach } from './plan.js';

const row = (kind: OutboxRow['kind'], mode: OutboxRow['mode'] = 'live', revision = 1): OutboxRow =>
  ({ id: '1', alertId: 'a-1' as AlertId, revision, kind, mode, expiresAt: new Date('2026-11-25T18:00:00Z') });
const reach = (id: string, changes: Partial<Reach> = {}): Reach => ({ id: id as DestinationId, channel: 'mail', mode: 'live', parts: 1, lapses: [false], ...changes });
const earlier = (destination: string, mayHave: boolean, part = 0, route = 0): EarlierDelivery => ({ channel: 'mail', destination: destination as DestinationId, part, route, mayHave });
const places = (planned: ReturnType<typeof planFanOut>) => planned.map((p) => `${p.destination}/${p.part}`);

describe('the plan of an outbox row', () => {
  it.each(['alert', 'update'] as const)('sends an %s to every destination of its mode, in all parts, whoever had what', (kind) => {
    const reaches = [reach('rts'), reach('mts', { parts: 3 }), reach('drill-tv', { mode: 'drill' })];
    expect(places(planFanOut(row(kind), reaches, []))).toEqual(['rts/0', 'mts/0', 'mts/1', 'mts/2']);
    expect(places(planFanOut(row(kind, 'drill'), reaches, [earlier('rts', true)]))).toEqual(['drill-tv/0']);
  });

  it.each(['found', 'withdrawn', 'expired'] as const)('tells %s to exactly those that may have the alert', (kind) => {
    const had = [earlier('rts', true), earlier('mts', true, 1), earlier('mts', false, 2), earlier('pink', false)];
    expect(places(planFanOut(row(kind, 'live', 2), [reach('rts'), reach('mts'), reach('pink'), reach('b92')], had))).toEqual(['rts/0', 'mts/1']);
  });

  it('tells an ending once to who had several revisions, and to who had an older one only', () => {
    const had = [earlier('rts', true), earlier('rts', true), earlier('pink', true), earlier('pink', false)];
    expect(places(planFanOut(row('withdrawn', 'live', 3), [], had))).toEqual(['rts/0', 'pink/0']);
  });

  it('tells an ending over every route by which its partner may have the alert, each under a key of its own', () => {
    const had = [earlier('mts', true, 0, 1), earlier('mts', true, 0, 0), earlier('mts', false, 0, 2), earlier('pink', true, 0, 1)];
    const planned = planFanOut(row('found', 'live', 3), [reach('mts', { lapses: [false, true, false] })], had);
    expect(planned.map((p) => `${p.destination} ${p.route}`)).toEqual(['mts 1', 'mts 0', 'pink 1']);
    expect(new Set(planned.map((p) => p.key)).size).toBe(3);
    const expiry = planFanOut(row('expired', 'live', 3), [reach('mts', { lapses: [false, true, false] })], had);
    expect(expiry.map((p) => `${p.destination} ${p.route}`)).toEqual(['mts 0', 'pink 1']);
  });

  it('tells it even to who left the configuration meanwhile', () => {
    expect(places(planFanOut(row('withdrawn', 'live', 2), [], [earlier('gone-tv', true)]))).toEqual(['gone-tv/0']);
  });

  it('lets expiry be where messages end by themselves, but never a withdrawal', () => {
    const reaches = [reach('web', { lapses: [true] }), reach('rts')];
    const had = [earlier('web', true), earlier('rts', true)];
    expect(places(planFanOut(row('expired', 'live', 2), reaches, had))).toEqual(['rts/0']);
    expect(places(planFanOut(row('withdrawn', 'live', 2), reaches, had))).toEqual(['web/0', 'rts/0']);
  });

  it('gives each delivery one key of its own, the same each time', () => {
    const place = fc.record({ id: fc.constantFrom('rts', 'mts', 'pink'), channel: fc.constantFrom('mail', 'smpp'), parts: fc.integer({ min: 1, max: 4 }) });
    fc.assert(fc.property(fc.uniqueArray(place, { selector: (p) => p.id }), fc.integer({ min: 1, max: 5 }), (list, revision) => {
      const reaches = list.map(({ id, ...rest }) => reach(id, rest));
      const planned = planFanOut(row('alert', 'live', revision), reaches, []);
      expect(planFanOut(row('alert', 'live', revision), reaches, [])).toEqual(planned);
      const others = planFanOut(row('alert', 'live', revision + 1), reaches, []);
      const keys = [...planned, ...others].map((p) => p.key);
      expect(new Set(keys).size).toBe(keys.length);
      for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
    }));
  });

  it('starts the first parts of a long audience at once and leaves the others to the queue, but never an ending', () => {
    const long = [{ ...reach('mts'), parts: 6 }];
    expect(planFanOut(row('alert'), long, []).map((p) => p.spread)).toEqual([false, false, false, false, true, true]);
    const had = Array.from({ length: 6 }, (_, part) => ({ ...earlier('mts', true), part }));
    expect(planFanOut(row('found', 'live', 2), long, had).map((p) => p.spread)).toEqual(Array(6).fill(false));
  });
});
