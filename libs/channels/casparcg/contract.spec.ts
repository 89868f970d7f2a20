import { channelContract } from '#dispatch/testing/contract.js';
import { humming, sharedFolder } from '#dispatch/testing/playout-stage.js';
import { createCasparcg } from './channel.js';
import type { CasparcgSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { television } from './testing/stage.js';

channelContract<CasparcgSettings>({
  breaksOff: true,
  hurries: true,
  channel: createCasparcg(humming),
  start: async () => {
    const folder = await sharedFolder();
    const start = (port: number) => startFakePartner(television(port, folder.path));
    const partner = await start(0);
    return { partner, destination: television(partner.port, folder.path), secret: () => '', restart: () => start(partner.port), stop: () => folder.remove() };
  },
  notEncodable: '失踪',
  // A playout knows pictures by name; the alert's identifier is in the CAP that the newsroom gets.
  carriesIdentifier: false,
  wrongSettings: [
    { ...television(1, '/tmp/x').settings, host: 'tv.example' },
    { ...television(1, '/tmp/x').settings, seconds: 12 },
    { ...television(1, '/tmp/x').settings, mediaPrefix: 'x" CLEAR' },
    { ...television(1, '/tmp/x').settings, unknown: true },
  ],
});
