import { sampleNotice } from '#dispatch/testing/sample-notice.js';
import { catalog, channelByKind } from './catalog.js';

describe('the catalogue', () => {
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
