import type { Channel } from '#dispatch/channel.js';
import { ntcipSignSettings, type NtcipSignSettings } from './config.js';
import { preview } from './encode.js';
import { SignConnection } from './sign.js';

/** NTCIP 1203 v3 over SNMP to one sign, read back after every order. */
export const ntcipSign: Channel<NtcipSignSettings> = {
  kind: 'ntcip-sign',
  settings: ntcipSignSettings,
  // The same words in the same row again look the same.
  resend: () => 'safe',
  // Every activation carries its duration; but the words stay in the sign's memory, and that it is dark is to be seen.
  lapses: false,
  connectsTo: ({ host, port }) => [{ host, port }],
  parts: () => 1,
  // Some ten requests, and the looks at what the sign makes of them.
  attemptMs: ({ timeoutMs, tries, settleMs }) => 3 * timeoutMs * tries + 2 * settleMs + 5_000,
  preview,
  // Of version 3 only digests, from which a weak password can be guessed.
  toldSecrets: ({ access }) => (access.version === 'v3' ? [access.authPassword, access.privPassword] : [access.community]),
  // Read back: the sign shows nothing of the alert, and our row of its memory is empty.
  erasedWords: () => ['blanked', 'replaced'],
  open: (destination, line) => new SignConnection(destination, line),
};
