import { channelContract } from '#dispatch/testing/contract.js';
import { humming, sharedFolder } from '#dispatch/testing/playout-stage.js';
import { createLiquidsoap } from './channel.js';
import type { LiquidsoapSettings } from './config.js';
import { startFakePartner } from './fake-partner.js';
import { radio } from './testing/stage.js';

channelContract<LiquidsoapSettings>({
  breaksOff: true,
  hurries: true,
  channel: createLiquidsoap(humming),
  start: async () => {
    const folder = await sharedFolder();
    const start = (port: number) => startFakePartner(radio(port, folder.path));
    const partner = await start(0);
    return { partner, destination: radio(partner.port, folder.path), secret: () => '', restart: () => start(partner.port), stop: () => folder.remove() };
  },
  // Liquidsoap passes on what it is told by name; the alert's identifier is in the CAP that the newsroom gets.
  carriesIdentifier: false,
  wrongSettings: [
    { ...radio(1, '/tmp/x').settings, host: 'radio.example' },
    { ...radio(1, '/tmp/x').settings, folder: '/with space' },
    { ...radio(1, '/tmp/x').settings, queue: 'alert.push x' },
    { ...radio(1, '/tmp/x').settings, languages: [] },
    { ...radio(1, '/tmp/x').settings, unknown: true },
  ],
});
