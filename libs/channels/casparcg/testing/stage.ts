import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { casparcgSettings, type CasparcgSettings, type CasparcgSettingsInput } from '../config.js';

/** A fictional television on loopback whose time runs fast. */
export function television(port: number, folder: string, settings: Partial<CasparcgSettingsInput> = {}): Destination<CasparcgSettings> {
  return {
    id: 'tv-proba' as DestinationId, name: 'TV Proba', channel: 'casparcg', mode: 'drill', simulated: true,
    settings: casparcgSettings.parse({ port, folder, simulated: { speed: 400 }, ...settings }),
  };
}
