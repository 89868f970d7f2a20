import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Voice } from '#alerts/voice.js';
import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { casparcgSettings, type CasparcgSettings, type CasparcgSettingsInput } from '../config.js';

/** A voice that hums for seven seconds, at once and everywhere. */
export const humming: Voice = async () => ({ kind: 'spoken', wave: { sampleRate: 8_000, samples: new Int16Array(7 * 8_000).fill(1_000) } });

/** A fictional television on loopback whose time runs fast. */
export function television(port: number, folder: string, settings: Partial<CasparcgSettingsInput> = {}): Destination<CasparcgSettings> {
  return {
    id: 'tv-proba' as DestinationId, name: 'TV Proba', channel: 'casparcg', mode: 'drill', simulated: true,
    settings: casparcgSettings.parse({ port, folder, simulated: { speed: 400 }, ...settings }),
  };
}

/** A folder shared with the playout, and what removes it. */
export async function sharedFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'findme-card-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
