import { sha256Hex } from '#kernel/canonical.js';

/** Key of what a newsroom's server says of a message: the same word about the same recipient again is the same receipt. */
export const receiptKeyOf = (token: string, recipient: string, action: string): string =>
  `${token}/${sha256Hex(recipient.toLowerCase()).slice(0, 16)}/${action}`;
