import { FixedClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import type { Log } from '#kernel/log.js';
import type { Connection, Message, Outcome, ProbeResult } from './channel.js';
import { testMeansOf, Tester, testKey, type ConnectionTest, type TestId, type TestResult } from './connection-test.js';
import type { Partner } from './partners.js';

const clock = new FixedClock('2026-11-24T17:00:00Z');
const id = '0f6c7c1e-0000-4000-8000-000000000001' as TestId;
const order = (over: Partial<ConnectionTest> = {}): ConnectionTest => ({ id, destination: 'tv-1' as DestinationId, mode: 'drill', means: 'notice', key: testKey(id), ...over });

/** Carries out one test against a partner of one route, and tells what came of it. */
async function carried(test: ConnectionTest, { publish, probe = () => Promise.resolve({ well: true }), tests = 'unseen', mode = 'drill' }: {
  publish?: (message: Message, signal: AbortSignal) => Promise<Outcome>; probe?: () => Promise<ProbeResult>; tests?: 'unseen' | 'seen' | undefined; mode?: 'drill' | 'live';
}): Promise<{ result: TestResult; logged: string }> {
  const results: TestResult[] = [];
  const logged: string[] = [];
  const waiting = [test];
  const log: Log = { event: (name, fields) => void logged.push(`${name} ${JSON.stringify(fields)}`) };
  const connection = { publish: publish ?? (() => Promise.reject(new Error('a probe publishes nothing'))), probe } as unknown as Connection;
  // A breaker that is open, and throws when it is asked or told anything.
  const breaker = new Proxy({}, { get: () => { throw new Error('a test asks no breaker'); } });
  const partner = { routes: [{ connection, breaker, channel: { kind: 'cap-push', tests: () => tests }, destination: { id: 'tv-1', channel: 'cap-push', mode, settings: {} } }] } as unknown as Partner;
  const tester = new Tester({
    clock, log, publicUrl: 'https://findme.example', attemptMs: 20,
    partners: { get: (of) => (of === 'tv-1' ? partner : undefined) },
    store: { take: () => Promise.resolve(waiting.pop()), settle: (_test, result) => Promise.resolve(void results.push(result)) },
  });
  await tester.run();
  await tester.settled();
  expect(results).toHaveLength(1);
  return { result: results[0]!, logged: logged.join('\n') };
}

describe('a connection test', () => {
  it('is a notice in drill where the channel carries one, live only where nobody can see it, and else a probe', () => {
    const means = (mode: 'drill' | 'live', seen?: 'unseen' | 'seen') => testMeansOf({ mode, settings: {} } as never, { tests: () => seen } as never);
    expect([means('drill', 'unseen'), means('live', 'unseen'), means('drill', 'seen'), means('live', 'seen'), means('drill'), means('live')]).toEqual(['notice', 'notice', 'notice', 'probe', 'probe', 'probe']);
  });

  it('goes by the code that carries alerts, under its own key, marked, past any breaker', async () => {
    const seen: Message[] = [];
    const { result, logged } = await carried(order(), { publish: (message) => Promise.resolve(seen.push(message)).then(() => ({ kind: 'accepted', references: ['r'], expectedReceipts: 1 })) });
    expect(seen).toMatchObject([{ key: testKey(id), part: 0, notice: { test: true, mode: 'drill' } }]);
    expect(result).toMatchObject({ outcome: { kind: 'accepted' }, channel: 'cap-push', contentHash: seen[0]!.notice.contentHash });
    expect(logged).toContain('test.made');
  });

  it('only asks where it is a probe', async () => {
    expect((await carried(order({ means: 'probe' }), { tests: undefined })).result).toMatchObject({ outcome: { kind: 'well' }, contentHash: null });
    expect((await carried(order({ means: 'probe' }), { probe: () => Promise.resolve({ well: false, reason: 'timeout' }) })).result.outcome).toEqual({ kind: 'unwell', reason: 'timeout' });
  });

  it('does not go where the destination has become another meanwhile: another world, a channel that would show it, or none', async () => {
    const refused = { kind: 'refused', reason: 'destination_changed' };
    expect((await carried(order(), { mode: 'live' })).result.outcome).toEqual(refused);
    expect((await carried(order({ mode: 'live' }), { mode: 'live', tests: 'seen' })).result.outcome).toEqual(refused);
    expect((await carried(order({ destination: 'tv-9' as DestinationId }), {})).result.outcome).toEqual(refused);
  });

  it('ends in time, and says uncertain of a channel that throws', async () => {
    const hanging = (_message: Message, signal: AbortSignal) => new Promise<Outcome>((resolve) => { signal.addEventListener('abort', () => resolve({ kind: 'uncertain', reason: 'aborted' })); });
    expect((await carried(order(), { publish: hanging })).result.outcome).toEqual({ kind: 'uncertain', reason: 'aborted' });
    expect((await carried(order(), { publish: () => Promise.reject(new Error('Kanarinka')) })).result.outcome).toEqual({ kind: 'uncertain', reason: 'channel_failed' });
  });
});
