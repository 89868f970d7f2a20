import type { DeliveryId, DestinationId } from '#kernel/ids.js';
import { boardOf, standingOf, type BoardInput, type DeliveryGroup } from './board.js';
import type { Destination } from './channel.js';

const DECIDED = new Date('2026-11-24T18:00:00Z');
const after = (seconds: number) => new Date(DECIDED.getTime() + seconds * 1_000);
const mts = { id: 'mts' as DestinationId, name: 'MTS', channel: 'smpp', mode: 'drill', settings: {}, fallbacks: [{ channel: 'cap-push', settings: {} }] } satisfies Destination;
const group = (more: Partial<DeliveryGroup> = {}): DeliveryGroup => ({
  revision: 1, kind: 'alert', destination: 'mts' as DestinationId, route: 0, channel: 'smpp', state: 'queued', isMute: false, parts: 1, attempts: 0, nextAttemptAt: null,
  firstAcceptedAt: null, lastAcceptedAt: null, expected: 0, confirmed: 0, failed: 0, example: 'x' as DeliveryId, outcome: null, reason: null, ...more,
});
const accepted = (seconds: number, more: Partial<DeliveryGroup> = {}) => group({ state: 'accepted', firstAcceptedAt: after(seconds), lastAcceptedAt: after(seconds), outcome: 'accepted', ...more });
const board = (more: Partial<BoardInput>) => boardOf({
  destinations: [mts], messages: [{ revision: 1, kind: 'alert', decidedAt: DECIDED, plannedAt: DECIDED }], groups: [], moves: [], breakers: [], ...more,
});

describe('the fan-out board', () => {
  it('says what is uncertain and what nobody will ever know, and fills in nothing', () => {
    expect([standingOf('uncertain', false), standingOf('sending', false), standingOf('waiting', false), standingOf('accepted', true), standingOf('accepted', false), standingOf('dead', false), standingOf('cancelled', true)])
      .toEqual(['uncertain', 'sent', 'queued', 'unknowable', 'accepted', 'failed', 'cancelled']);
  });

  it('gives a partner the standing of the part that needs a person most, and counts the others', () => {
    const { partners: [partner] } = board({ groups: [accepted(1, { parts: 6, attempts: 6 }), group({ state: 'uncertain', parts: 2, attempts: 3, outcome: 'uncertain', reason: 'timeout' }), group({ state: 'waiting', nextAttemptAt: after(9) })] });
    expect(partner!.messages).toMatchObject([{
      standing: 'uncertain', parts: { accepted: 6, uncertain: 2, queued: 1 }, attempts: 9, outcome: 'uncertain', reason: 'timeout', nextAttemptAt: after(9), acceptedAt: after(1), msToAcceptance: null,
    }]);
  });

  it('measures from the decision to the last acceptance, and leaves out what was called off', () => {
    const { partners: [partner], messages } = board({
      messages: [{ revision: 2, kind: 'found', decidedAt: after(60), plannedAt: after(60) }, { revision: 1, kind: 'alert', decidedAt: DECIDED, plannedAt: DECIDED }],
      groups: [accepted(1), group({ state: 'cancelled' }), accepted(61, { revision: 2, kind: 'found', parts: 1 }), accepted(64, { revision: 2, kind: 'found', route: 1, channel: 'cap-push' })],
    });
    expect(partner!.messages.map(({ kind, msToAcceptance }) => [kind, msToAcceptance])).toEqual([['found', 4_000], ['alert', 1_000]]);
    expect(messages).toMatchObject([{ kind: 'found', partners: 1, accepted: 1, msToFirst: 1_000, msToLast: 4_000 }, { kind: 'alert', msToFirst: 1_000, msToLast: 1_000 }]);
  });

  it('calls nothing accepted as a whole while a part is on its way or waits for a person', () => {
    for (const state of ['queued', 'sending', 'waiting', 'dead', 'uncertain'] as const) {
      expect(board({ groups: [accepted(1), group({ state })] }).partners[0]!.messages[0]!.msToAcceptance).toBeNull();
    }
    expect(board({ groups: [group({ state: 'cancelled' })] }).messages[0]).toMatchObject({ partners: 1, accepted: 0, msToLast: null });
  });

  it('shows the breaker of each route, and which route was left and why', () => {
    const { partners: [partner] } = board({
      groups: [accepted(3, { route: 1, channel: 'cap-push' })], breakers: [{ route: 'mts', state: 'open', changedAt: after(2) }],
      moves: [{ destination: mts.id, revision: 1, at: after(2), from: 0, to: 1, reason: 'breaker_open', count: 1 }],
    });
    expect(partner!.routes).toEqual([{ channel: 'smpp', breaker: 'open', since: after(2) }, { channel: 'cap-push', breaker: 'closed', since: null }]);
    expect(partner!.messages[0]).toMatchObject({ route: 1, channel: 'cap-push', moved: { from: 0, to: 1, reason: 'breaker_open', count: 1 } });
  });

  it('shows partners to which nothing went yet, and those that the configuration has no more', () => {
    const { partners } = board({ groups: [accepted(1, { destination: 'gone' as DestinationId, channel: 'email' })] });
    expect(partners).toMatchObject([{ destination: 'mts', name: 'MTS', isConfigured: true, messages: [] }, { destination: 'gone', name: 'gone', channel: 'email', isConfigured: false, routes: [] }]);
  });
});
