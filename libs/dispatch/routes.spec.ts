import type { Outcome } from './channel.js';
import type { ClaimedDelivery } from './delivery.js';
import { chooseRoute, holdOn, isRouteTrouble, placeOn, settleOn, type RouteView } from './routes.js';

const NOW = new Date('2026-11-24T18:00:00Z');
const EXPIRES = new Date('2026-11-25T18:00:00Z');
const CHANNELS = ['smpp', 'smpp', 'cap-push'];

/** Routes by a word each: `c` closed, `o` open and holding back, `l` open and letting one through. */
const routes = (states: string, resend: RouteView['resend'] = 'safe'): RouteView[] =>
  [...states].map((state, n) => ({ channel: CHANNELS[n]!, resend, breaker: { state: state === 'c' ? 'closed' : 'open', holdMs: state === 'o' ? 9_000 : 0 } }));
const delivery = (changes: Partial<ClaimedDelivery> = {}) => ({ kind: 'alert' as ClaimedDelivery['kind'], route: 0, attempt: 1, had: false, expiresAt: EXPIRES, ...changes });
const deferred = (reason: string): Outcome => ({ kind: 'deferred', reason });
const settled = (outcome: Outcome, states: string, changes: Partial<ClaimedDelivery> = {}, resend?: 'ask') => settleOn(delivery(changes), outcome, routes(states, resend), NOW, 0);

describe('the choice of a route', () => {
  it.each([
    ['ccc', 0, 0], ['occ', 0, 1], ['ooc', 0, 2], ['lcc', 0, 1], ['ccc', 1, 1], ['coc', 1, 2], ['occ', 2, 2],
    // The last is never blocked for good: it is chosen as soon as it lets one through.
    ['ool', 0, 2], ['lol', 1, 2], ['l', 0, 0],
    ['ooo', 0, undefined], ['llo', 0, undefined], ['coo', 1, undefined], ['o', 0, undefined], ['cc', 2, undefined],
  ])('among %s from %i on is %s', (states, from, chosen) => {
    expect(chooseRoute(routes(states), from)).toBe(chosen);
  });
});

describe('a delivery that was just taken', () => {
  it('goes over the first route that is well, and waits when there is none', () => {
    expect(placeOn(delivery(), routes('cc'))).toEqual({ do: 'send' });
    expect(placeOn(delivery(), routes('oc'))).toEqual({ do: 'move', move: { to: 1, channel: 'smpp', reason: 'breaker_open' } });
    expect(placeOn(delivery({ route: 1 }), routes('occ'))).toEqual({ do: 'send' });
    expect(placeOn(delivery(), routes('oo'))).toEqual({ do: 'hold' });
    expect(placeOn(delivery(), [])).toEqual({ do: 'send' });
  });

  it('stays on the route over which its partner may have it, and an ending on its own', () => {
    expect(placeOn(delivery({ had: true }), routes('oc'))).toEqual({ do: 'hold' });
    expect(placeOn(delivery({ had: true }), routes('lc'))).toEqual({ do: 'send' });
    expect(placeOn(delivery({ kind: 'found' }), routes('oc'))).toEqual({ do: 'send' });
  });

  it('leaves a route that the configuration has no more', () => {
    expect(placeOn(delivery({ route: 2 }), routes('c'))).toEqual({ do: 'move', move: { to: 0, channel: 'smpp', reason: 'route_not_configured' } });
  });
});

describe('a delivery that found no route', () => {
  it('waits for its last route and begins with the first then; where its partner may have it, for its own', () => {
    expect(holdOn({ route: 1, had: false }, routes('oo'))).toEqual({ holdMs: 9_000, move: { to: 0, channel: 'smpp' } });
    expect(holdOn({ route: 0, had: false }, routes('oo'))).toEqual({ holdMs: 9_000 });
    expect(holdOn({ route: 1, had: true }, routes('loo'))).toEqual({ holdMs: 9_000 });
  });

  it('waits a little where no breaker says how long', () => {
    expect(holdOn({ route: 0, had: true }, routes('lo'))).toEqual({ holdMs: 250 });
    expect(holdOn({ route: 0, had: false }, [])).toEqual({ holdMs: 250 });
  });
});

describe('trouble with a route', () => {
  it.each<[boolean, Outcome]>([
    [true, deferred('unreachable: bind refused')], [true, deferred('http_503')], [true, deferred('connect_refused')], [true, deferred('timeout')],
    [true, { kind: 'refused', reason: 'http_401' }], [true, { kind: 'refused', reason: 'http_403' }],
    [true, { kind: 'refused', reason: 'voice_missing' }],
    [false, { kind: 'refused', reason: 'http_422' }], [false, { kind: 'refused', reason: 'ESME_RINVDSTADR' }],
    [false, deferred('throttled')], [false, deferred('http_429')], [false, deferred('ESME_RTHROTTLED: 0 of 2 taken, 0 unknown')],
    [false, deferred('aborted')], [false, deferred('content_unavailable')], [false, deferred('identifier_active')],
    [false, { kind: 'uncertain', reason: 'timeout' }], [false, { kind: 'accepted', references: [], expectedReceipts: 0 }],
  ])('is %s of %j', (expected, outcome) => {
    expect(isRouteTrouble(outcome)).toBe(expected);
  });
});

describe('what follows an attempt on one of several routes', () => {
  it('is the next route that is well, at once', () => {
    expect(settled(deferred('unreachable'), 'ccc')).toEqual({ state: 'waiting', mayHave: false, reason: 'unreachable', nextAttemptAt: NOW, move: { to: 1, channel: 'smpp', reason: 'unreachable' } });
    expect(settled({ kind: 'refused', reason: 'http_401' }, 'coc').move).toEqual({ to: 2, channel: 'cap-push', reason: 'http_401' });
  });

  it('is a wait after the last, and then the first again; a round counts as one attempt', () => {
    const after = (attempt: number) => settled(deferred('away'), 'ccc', { route: 2, attempt });
    expect(after(3)).toEqual({ state: 'waiting', mayHave: false, reason: 'away', nextAttemptAt: new Date(NOW.getTime() + 500), move: { to: 0, channel: 'smpp' } });
    expect(after(6).nextAttemptAt).toEqual(new Date(NOW.getTime() + 1_000));
    expect(settled(deferred('away'), 'coo').move).toBeUndefined();
    expect(settled({ kind: 'refused', reason: 'http_403' }, 'ccc', { route: 2 }).state).toBe('waiting');
  });

  it('is never another route where the partner may have it, may have acted, said no to the message, or is merely slow', () => {
    expect(settled({ kind: 'uncertain', reason: 'timeout' }, 'cc')).toMatchObject({ state: 'waiting', mayHave: true });
    expect(settled({ kind: 'uncertain', reason: 'timeout' }, 'cc', { route: 1 })).not.toHaveProperty('move');
    expect(settled({ kind: 'uncertain', reason: 'timeout' }, 'cc', {}, 'ask')).toEqual({ state: 'uncertain', mayHave: true, reason: 'timeout' });
    expect(settled(deferred('away'), 'cc', { had: true })).not.toHaveProperty('move');
    expect(settled(deferred('away'), 'cc', { kind: 'withdrawn' })).not.toHaveProperty('move');
    expect(settled({ kind: 'refused', reason: 'http_422' }, 'cc')).toEqual({ state: 'dead', mayHave: false, reason: 'http_422' });
    expect(settled(deferred('throttled'), 'cc')).not.toHaveProperty('move');
  });

  it('is repeated or left to a person as the channel of the route says that was taken', () => {
    const both = [...routes('c', 'safe'), ...routes('c', 'ask')];
    const on = (route: number) => settleOn(delivery({ route }), { kind: 'uncertain', reason: 'timeout' }, both, NOW, 0).state;
    expect([on(0), on(1)]).toEqual(['waiting', 'uncertain']);
  });

  it('is as ever where there is one route, and the end where there is no time left', () => {
    expect(settled({ kind: 'refused', reason: 'http_401' }, 'c')).toEqual({ state: 'dead', mayHave: false, reason: 'http_401' });
    expect(settled(deferred('away'), 'cc', { expiresAt: NOW })).toMatchObject({ state: 'dead', reason: 'expired' });
  });
});
