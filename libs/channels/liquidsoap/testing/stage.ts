import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Voice } from '#alerts/voice.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { liquidsoapSettings, type LiquidsoapSettings, type LiquidsoapSettingsInput } from '../config.js';

/** A voice that hums for seven seconds, at once and everywhere. */
export const humming: Voice = async () => ({ kind: 'spoken', wave: { sampleRate: 8_000, samples: new Int16Array(7 * 8_000).fill(1_000) } });

/** A fictional radio on loopback whose time runs fast. */
export function radio(port: number, folder: string, settings: Partial<LiquidsoapSettingsInput> = {}): Destination<LiquidsoapSettings> {
  return {
    id: 'radio-proba' as DestinationId, name: 'Radio Proba', channel: 'liquidsoap', mode: 'drill', simulated: true,
    settings: liquidsoapSettings.parse({ port, folder, simulated: { speed: 400 }, ...settings }),
  };
}

/** A folder shared with the playout, and what removes it. */
export async function sharedFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'findme-air-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
