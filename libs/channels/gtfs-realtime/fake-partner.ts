import type { Destination } from '#dispatch/channel.js';
import type { FakePartner } from '#dispatch/testing/fake-partner.js';
import { startHttpsPartner, type FakePartnerOptions } from '#dispatch/testing/https-partner.js';
import { MEDIA_TYPE } from './channel.js';
import { feedPath, folderOf, type GtfsRealtimeSettings } from './config.js';
import { decode } from './encode.js';

/**
 * A simulated partner whose screens poll the feeds that are put on its server. It takes whole feeds of its own world only,
 * tells repetitions by key and by address and time, serves what it took, and posts a signed receipt, `displayed` or `removed`.
 */
export function startFakePartner(destination: Destination<GtfsRealtimeSettings>, options: FakePartnerOptions): Promise<FakePartner> {
  const { settings, mode } = destination;
  const feeds = new Map<string, Buffer>();
  const [before, after] = feedPath(settings.url, 'x-alert-x').split('x-alert-x') as [string, string];
  const polled = { ...destination, settings: { ...settings, url: folderOf(settings.url) } };
  return startHttpsPartner(polled, options, {
    method: 'PUT',
    contentType: MEDIA_TYPE,
    serves: (path) => path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length,
    read: ({ path, body }) => {
      const feed = decode(body);
      if (!feed?.fullDataset || feed.entities.some(({ id }) => !id.startsWith(`findme-${mode}-`))) return undefined;
      const held = feeds.get(path);
      // What hung on the way must not bring back what ended meanwhile.
      if (held && feed.timestamp < (decode(held)?.timestamp ?? 0)) return undefined;
      feeds.set(path, body);
      const runs = feed.entities.length > 0;
      return { identifier: `${path}/${feed.timestamp}`, action: runs ? 'publish' : 'withdraw', answer: { status: held ? 204 : 201 }, words: [runs ? 'displayed' : 'removed'] };
    },
    fetch: (path) => {
      const feed = feeds.get(path);
      return feed ? { status: 200, headers: { 'Content-Type': MEDIA_TYPE }, body: feed } : { status: 404 };
    },
    rubbish: { status: 200, headers: { 'Content-Type': MEDIA_TYPE }, body: 'stored, probably' },
  });
}
