import { z } from 'zod';
import { systemClock } from '#kernel/clock.js';
import type { DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import type { Channel, Connection, ProbeResult } from './channel.js';
import { Partners, type PartnersInput } from './partners.js';

const connection = (probe: () => Promise<ProbeResult>): Connection => ({
  publish: async () => ({ kind: 'accepted', references: [], expectedReceipts: 0 }), withdraw: async () => ({ kind: 'accepted', references: [], expectedReceipts: 0 }),
  probe, close: async () => undefined,
});

/** Partners of the given names, each answering probes in its way. */
function partnersOf(probes: Record<string, () => Promise<ProbeResult>>) {
  const changes: string[] = [];
  const channelOf = (kind: string): Channel => ({
    kind, settings: z.strictObject({}), resend: () => 'safe', lapses: false, parts: () => 2, preview: () => [], open: () => connection(probes[kind]!),
  });
  const partners = new Partners({
    destinations: Object.keys(probes).map((id) => ({ id: id as DestinationId, name: id, channel: id, mode: 'drill', settings: {} })),
    channelOf, clock: systemClock, log: silentLog, secret: () => '', receive: async () => undefined, onBreaker: (id, state) => changes.push(`${id} ${state}`),
    breakerPolicy: { timeoutMs: 1_000, thresholdPercentage: 50, volume: 2, patienceMs: 60_000 },
  } as Partial<PartnersInput> as PartnersInput);
  return { partners, changes };
}

describe('probing all partners', () => {
  it('ends although one probe never ends, one throws at once and one rejects; all three are unwell', async () => {
    const { partners, changes } = partnersOf({
      well: async () => ({ well: true }), hung: () => new Promise(() => undefined), thrown: () => { throw new TypeError('bug'); }, rejected: async () => { throw new Error('away'); },
      honest: async () => ({ well: false, reason: 'refused' }),
    });
    await partners.probe(10);
    await partners.probe(10);
    expect(changes.sort()).toEqual(['honest open', 'hung open', 'rejected open', 'thrown open']);
    await partners.close();
  });

  it('closes the breaker of who is well again, and names them once', async () => {
    let well = false;
    const { partners, changes } = partnersOf({ rts: async () => (well ? { well } : { well: false, reason: 'away' }) });
    for (let n = 0; n < 3; n += 1) expect(await partners.probe(10)).toEqual([]);
    well = true;
    expect(await partners.probe(10)).toEqual(['rts']);
    expect(await partners.probe(10)).toEqual([]);
    expect(changes).toEqual(['rts open', 'rts closed']);
    await partners.close();
  });

  it('tells planning where everything goes', async () => {
    const { partners } = partnersOf({ rts: async () => ({ well: true }) });
    expect(partners.reaches).toEqual([{ id: 'rts', channel: 'rts', mode: 'drill', parts: 2, lapses: false }]);
    expect(partners.get('rts' as DestinationId)?.destination.name).toBe('rts');
    expect(partners.get('nobody' as DestinationId)).toBeUndefined();
    await partners.close();
  });
});
