import type { ShownMessage, ShownPartner } from '#apps/api/board.controller.js';
import { byChannel, countPartners, messageTo, needsAnEye, total } from './counts.js';

const message = (revision: number, standing: ShownMessage['standing'], more: Partial<ShownMessage> = {}): ShownMessage => ({ revision, standing, attempts: 1, ...more }) as ShownMessage;
const route = (breaker: ShownPartner['routes'][number]['breaker']): ShownPartner['routes'][number] => ({ channel: 'smpp', breaker, since: null });
const partner = (more: Partial<ShownPartner> = {}): ShownPartner =>
  ({ destination: 'mts', channel: 'smpp', isConfigured: true, routes: [route('closed')], messages: [message(1, 'confirmed')], airing: null, erasure: null, ...more }) as ShownPartner;

describe('the counts of a board', () => {
  it('count how partners stand with one revision, and leave out those to whom it does not go', () => {
    const partners = [partner({ messages: [message(2, 'queued'), message(1, 'confirmed')] }), partner(), partner({ messages: [message(1, 'failed')] }), partner({ messages: [] })];
    expect(countPartners(partners, 1)).toEqual({ confirmed: 2, failed: 1 });
    expect(countPartners(partners, 2)).toEqual({ queued: 1 });
    expect(countPartners(partners, undefined)).toEqual({});
    expect(total(countPartners(partners, 1))).toBe(3);
    expect([messageTo(partners[0]!)?.revision, messageTo(partners[0]!, 1)?.standing, messageTo(partners[1]!, 2)]).toEqual([2, 'confirmed', undefined]);
  });

  it('put partners together by channel, in the order in which each channel first comes', () => {
    const [one, two, three] = [partner({ destination: 'a', channel: 'smpp' }), partner({ destination: 'b', channel: 'email' }), partner({ destination: 'c', channel: 'smpp' })];
    expect(byChannel({ partners: [one, two, three] }).map(([channel, own]) => [channel, own.map(({ destination }) => destination)])).toEqual([['smpp', ['a', 'c']], ['email', ['b']]]);
  });
});

describe('a partner needs somebody\'s eye', () => {
  it.each<[string, Partial<ShownPartner>]>([
    ['a route of it is broken', { routes: [route('closed'), route('open')] }], ['a route is being tried', { routes: [route('half-open')] }],
    ['it missed a slot', { airing: { missed: 1 } as ShownPartner['airing'] }], ['it has not erased in time', { erasure: { overdue: true } as ShownPartner['erasure'] }],
    ['it is not configured any more', { isConfigured: false }], ['its newest message failed', { messages: [message(2, 'failed'), message(1, 'confirmed')] }],
    ['its newest message is uncertain', { messages: [message(1, 'uncertain')] }], ['its newest message waits after an attempt', { messages: [message(1, 'queued', { attempts: 1 })] }],
  ])('when %s', (_why, more) => {
    expect(needsAnEye(partner(more))).toBe(true);
  });

  it.each<[string, Partial<ShownPartner>]>([
    ['everything is well', {}], ['it has no message', { messages: [] }], ['an older message failed', { messages: [message(2, 'confirmed'), message(1, 'failed')] }],
    ['its message was not tried yet', { messages: [message(1, 'queued', { attempts: 0 })] }], ['it aired all', { airing: { missed: 0 } as ShownPartner['airing'] }],
    ['it has time left to erase', { erasure: { overdue: false } as ShownPartner['erasure'] }],
  ])('not when %s', (_why, more) => {
    expect(needsAnEye(partner(more))).toBe(false);
  });
});
