import { z } from 'zod';
import type { DestinationId } from '#kernel/ids.js';
import { sampleNotice } from '#dispatch/testing/sample-notice.js';
import type { Channel, Destination, Preview } from '#dispatch/channel.js';
import { channelFaults, previewsOf } from './previews.js';

const preview = (limit: number): Preview => ({
  language: 'en', encoding: 'UTF-8', text: 'x', length: 200, limit, unit: 'characters', segments: 1,
  faults: limit < 200 ? [{ code: 'TEXT_TOO_LONG', field: 'texts.en' }] : [],
});
const channel = (kind: string): Channel => ({
  kind, settings: z.unknown(), resend: () => 'safe', lapses: false, connectsTo: () => [], parts: () => 1, preview: (_, settings) => [preview((settings as { limit: number }).limit)],
  open: () => { throw new Error('a preview opens nothing'); },
});
const channels = [channel('long'), channel('short')];
const destination = (fallbacks: Destination['fallbacks'] = []): Destination =>
  ({ id: 'mts' as DestinationId, name: 'mts', channel: 'long', mode: 'drill', settings: { limit: 1_000 }, fallbacks });
const notice = sampleNotice({ mode: 'drill' });

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
