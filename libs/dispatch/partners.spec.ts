import { z } from 'zod';
import { systemClock } from '#kernel/clock.js';
import type { AlertId, DestinationId } from '#kernel/ids.js';
import { silentLog } from '#kernel/log.js';
import { routeName, type Channel, type Connection, type Line, type Message, type ProbeResult, type Receipt } from './channel.js';
import { Partners, type PartnersInput } from './partners.js';
import { plainRules } from './testing/outgoing.js';

const connection = (probe: () => Promise<ProbeResult>): Connection => ({
  publish: async () => ({ kind: 'accepted', references: [], expectedReceipts: 0 }), withdraw: async () => ({ kind: 'accepted', references: [], expectedReceipts: 0 }),
  probe, close: async () => undefined,
});

/** Partners of the given names, each answering probes in its way; those named as a fallback are a route of another. */
function partnersOf(
  probes: Record<string, () => Promise<ProbeResult>>, fallbacks: Record<string, string[]> = {}, received: Receipt[] = [],
  open: (line: Line, kind: string) => Connection = (_, kind) => connection(probes[kind]!), more: Partial<PartnersInput> = {},
) {
  const changes: string[] = [];
  const channelOf = (kind: string): Channel => ({
    kind, settings: z.strictObject({}), resend: () => 'safe', lapses: false, connectsTo: () => [], parts: () => 2, preview: () => [], open: (_, line) => open(line, kind),
  });
  const partners = new Partners({
    destinations: Object.keys(probes).filter((id) => !Object.values(fallbacks).flat().includes(id)).map((id) => ({
      id: id as DestinationId, name: id, channel: id, mode: 'drill', settings: {}, fallbacks: (fallbacks[id] ?? []).map((channel) => ({ channel, settings: {} })),
    })),
    channelOf, clock: systemClock, log: silentLog, secret: () => '', outgoing: plainRules, receive: async (receipt) => { received.push(receipt); }, onBreaker: (id, state, route) => changes.push(`${routeName(id, route)} ${state}`),
    breakerPolicy: { timeoutMs: 1_000, thresholdPercentage: 50, volume: 2, patienceMs: 60_000 }, ...more,
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

  it('asks over every route, and names a partner of which one came back once, and each route by its own name', async () => {
    let well = false;
    const changing = async (): Promise<ProbeResult> => (well ? { well } : { well: false, reason: 'away' });
    const { partners, changes } = partnersOf({ mts: changing, second: changing }, { mts: ['second'] });
    for (let n = 0; n < 3; n += 1) await partners.probe(10);
    expect(changes.sort()).toEqual(['mts open', 'mts#2 open']);
    well = true;
    expect(await partners.probe(10)).toEqual(['mts']);
    expect(partners.reaches).toEqual([{ id: 'mts', channel: 'mts', mode: 'drill', parts: 2, lapses: [false, false] }]);
    await partners.close();
  });

  it('keeps apart what two routes of a partner call their messages, and leaves our own key as it is', async () => {
    const received: Receipt[] = [];
    const lines: Line[] = [];
    const taken: Connection = { ...connection(async () => ({ well: true })), publish: async () => ({ kind: 'accepted', references: ['17'], expectedReceipts: 1 }) };
    const { partners } = partnersOf({ mts: async () => ({ well: true }), second: async () => ({ well: true }) }, { mts: ['second'] }, received, (line) => {
      lines.push(line);
      return taken;
    });
    const { routes } = partners.get('mts' as DestinationId)!;
    const outcomes = await Promise.all(routes.map((route) => route.connection.publish({} as Message, new AbortController().signal)));
    expect(outcomes.map((outcome) => outcome.kind === 'accepted' && outcome.references)).toEqual([['17'], ['#2 17']]);
    const said = { destination: 'mts' as DestinationId, receiptKey: '17:DELIVRD', stage: 'confirmed', word: 'DELIVRD' } as const;
    for (const line of lines) await line.receive({ ...said, about: { reference: '17' } });
    await lines[1]!.receive({ ...said, about: { key: 'ours' } });
    expect(received.map(({ receiptKey, about }) => [receiptKey, about])).toEqual([
      ['17:DELIVRD', { reference: '17' }], ['#2 17:DELIVRD', { reference: '#2 17' }], ['#2 17:DELIVRD', { key: 'ours' }],
    ]);
    await partners.close();
  });

  it('hands each route what it left behind, by its own names', async () => {
    const lines: Line[] = [];
    const unheard = { alertId: 'a' as AlertId, part: 0, isEnding: false, expires: new Date(0), uncertain: true };
    const well = async (): Promise<ProbeResult> => ({ well: true });
    const { partners } = partnersOf({ mts: well, second: well }, { mts: ['second'] }, [], (line) => {
      lines.push(line);
      return connection(well);
    }, { unheard: async (id) => [{ ...unheard, references: [`${id}-1`, '#2 17', 'piece 9'] }, { ...unheard, part: 1, references: ['#2 18'] }] });
    expect(await Promise.all(lines.map((line) => line.unheard!()))).toEqual([
      [{ ...unheard, references: ['mts-1', 'piece 9'] }], [{ ...unheard, references: ['17'] }, { ...unheard, part: 1, references: ['18'] }],
    ]);
    await partners.close();
  });

  it('tells planning where everything goes', async () => {
    const { partners } = partnersOf({ rts: async () => ({ well: true }) });
    expect(partners.reaches).toEqual([{ id: 'rts', channel: 'rts', mode: 'drill', parts: 2, lapses: [false] }]);
    expect(partners.get('rts' as DestinationId)?.destination.name).toBe('rts');
    expect(partners.get('nobody' as DestinationId)).toBeUndefined();
    await partners.close();
  });
});
