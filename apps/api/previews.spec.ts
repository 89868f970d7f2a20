import { z } from 'zod';
import type { DestinationId } from '#kernel/ids.js';
import { sampleNotice } from '#dispatch/testing/sample-notice.js';
import type { Channel, Destination, Preview } from '#dispatch/channel.js';
import { channelFaults, exhibitAt, previewsOf } from './previews.js';

const preview = (limit: number): Preview => ({
  language: 'en', encoding: 'UTF-8', text: 'x', length: 200, limit, unit: 'characters', segments: 1,
  faults: limit < 200 ? [{ code: 'TEXT_TOO_LONG', field: 'texts.en' }] : [],
});
const channel = (kind: string): Channel => ({
  kind, settings: z.unknown(), resend: () => 'safe', lapses: false, connectsTo: () => [], parts: () => 1, preview: (_, settings) => [preview((settings as { limit: number }).limit)],
  exhibits: (_, settings) => [{ name: 'card.jpg', mediaType: 'image/jpeg', make: async () => Buffer.from(`${kind} ${JSON.stringify(settings)}`) }],
  open: () => { throw new Error('a preview opens nothing'); },
});
const channels = [channel('long'), channel('short')];
const destination = (fallbacks: Destination['fallbacks'] = []): Destination =>
  ({ id: 'mts' as DestinationId, name: 'mts', channel: 'long', mode: 'drill', settings: { limit: 1_000 }, fallbacks });
const notice = sampleNotice({ mode: 'drill' });

describe('the previews of several destinations', () => {
  const other = (id: string, limit: number, more: Partial<Destination> = {}): Destination => ({ ...destination(), id: id as DestinationId, name: id, settings: { limit }, ...more });

  it('stand together where they are equal, apart where their settings make them so, and are of the mode alone', () => {
    const previews = previewsOf(notice, [destination(), other('yettel', 300), other('a1', 1_000), other('mts-live', 1_000, { mode: 'live' })], channels);
    expect(previews.map((p) => [p.previews[0]!.limit, p.destinations.map((d) => d.id)])).toEqual([[1_000, ['mts', 'a1']], [300, ['yettel']]]);
  });
});

describe('what a destination gets beside the text', () => {
  const fallbacks = [{ channel: 'short', settings: { limit: 300 } }];
  const found = async (address: { destination: string; route: number; name: string }, mode: 'drill' | 'live' = 'drill') =>
    String(await exhibitAt(sampleNotice({ mode }), address, [destination(fallbacks)], channels)?.make({ notice }));

  it('is that of the route that is asked for, by its name, in the mode of the notice', async () => {
    expect(await found({ destination: 'mts', route: 0, name: 'card.jpg' })).toBe('long {"limit":1000}');
    expect(await found({ destination: 'mts', route: 1, name: 'card.jpg' })).toBe('short {"limit":300}');
    for (const address of [{ destination: 'mts', route: 2, name: 'card.jpg' }, { destination: 'mts', route: 0, name: 'poster.jpg' }, { destination: 'yettel', route: 0, name: 'card.jpg' }]) expect(await found(address)).toBe('undefined');
    expect(await found({ destination: 'mts', route: 0, name: 'card.jpg' }, 'live')).toBe('undefined');
  });
});

describe('the previews of a destination with fallbacks', () => {
  it('show what each route would carry, and routes that carry the same once', () => {
    const previews = previewsOf(notice, [destination([{ channel: 'long', settings: { limit: 1_000, host: 'other' } }, { channel: 'short', settings: { limit: 300 } }])], channels);
    expect(previews.map((p) => [p.channel, p.destinations, p.previews[0]!.limit])).toEqual([['long', [{ id: 'mts', name: 'mts', route: 0 }], 1_000], ['short', [{ id: 'mts', name: 'mts', route: 2 }], 300]]);
  });

  it('find the fault of a text that a fallback could not carry', () => {
    expect(channelFaults(notice, [destination()], channels)).toEqual([]);
    expect(channelFaults(notice, [destination([{ channel: 'short', settings: { limit: 160 } }])], channels)).toEqual([{ code: 'TEXT_TOO_LONG', field: 'texts.en', detail: 'At mts.' }]);
  });
});
