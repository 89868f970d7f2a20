import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Voice } from '#alerts/voice.js';

/** A voice that hums for seven seconds, at once and everywhere. */
export const humming: Voice = async () => ({ kind: 'spoken', wave: { sampleRate: 8_000, samples: new Int16Array(7 * 8_000).fill(1_000) } });

/** A folder shared with a playout, and what removes it. */
export async function sharedFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'findme-air-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
