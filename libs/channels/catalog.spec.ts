import { sampleNotice } from '#dispatch/testing/sample-notice.js';
import { z } from 'zod';
import type { Channel } from '#dispatch/channel.js';
import { catalog, channelByKind, listed } from './catalog.js';

describe('the catalogue', () => {
  it('hands on everything that a channel can say of itself', () => {
    const never = () => { throw new Error('not asked here'); };
    const whole: Required<Channel> = {
      kind: 'whole', settings: z.unknown(), lapses: true, snapshots: [], resend: never, filesOf: never, connectsTo: never, parts: never, partsAtOnce: never, attemptMs: never, preview: never, exhibits: never, reaches: never,
      receiptSecrets: never, toldSecrets: never, airing: never, erasedWords: never, tests: never, open: never,
    };
    expect(Object.keys(listed(whole)).sort()).toEqual(Object.keys(whole).sort());
  });

  it('finds a channel by its kind, and each kind once', () => {
    for (const channel of catalog) expect(channelByKind(channel.kind)).toBe(channel);
    expect(new Set(catalog.map((c) => c.kind)).size).toBe(catalog.length);
  });

  it('refuses a kind that it does not have', () => {
    expect(() => channelByKind('smoke-signals')).toThrow(expect.objectContaining({ code: 'CHANNEL_UNKNOWN' }));
  });

  it('reads settings by the channel\'s own schema before the channel sees them', () => {
    for (const channel of catalog) {
      expect(() => channel.preview(sampleNotice(), { kind: 'settings of something else' })).toThrow();
    }
  });
});
