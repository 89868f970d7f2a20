import type { Destination } from '#dispatch/channel.js';
import type { DestinationId } from '#kernel/ids.js';
import { ntcipSignSettings, type NtcipSignSettings, type NtcipSignSettingsInput } from '../config.js';

/** The secrets of a drill by name. */
export function drillSecret(name: string): string {
  if (name === 'sign-password') return 'izmisljena-lozinka-znaka';
  throw new TypeError(`no secret ${name}`);
}

/** A fictional sign on loopback. */
export function roadSign(port: number, settings: Partial<NtcipSignSettingsInput> = {}): Destination<NtcipSignSettings> {
  return {
    id: 'znak-proba' as DestinationId,
    name: 'Znak Proba',
    channel: 'ntcip-sign',
    mode: 'drill',
    settings: ntcipSignSettings.parse({ host: '127.0.0.1', port, access: { version: 'v2c', community: 'sign-password' }, rows: 4, columns: 20, maxPages: 4, timeoutMs: 500, tries: 1, settleMs: 150, ...settings }),
  };
}
