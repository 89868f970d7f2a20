import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { liquidsoapSettings, type LiquidsoapSettings, type LiquidsoapSettingsInput } from '../config.js';

/** A fictional radio on loopback whose time runs fast. */
export function radio(port: number, folder: string, settings: Partial<LiquidsoapSettingsInput> = {}): Destination<LiquidsoapSettings> {
  return {
    id: 'radio-proba' as DestinationId, name: 'Radio Proba', channel: 'liquidsoap', mode: 'drill', simulated: true,
    settings: liquidsoapSettings.parse({ port, folder, simulated: { speed: 400 }, ...settings }),
  };
}
