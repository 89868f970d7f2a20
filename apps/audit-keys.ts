import type { SecretReader } from '#config/secrets.js';
import { Refusal } from '#kernel/errors.js';
import { publicKeyOf } from '#audit/checkpoint.js';
import { pemBlocks } from '#audit/outside-files.js';

/**
 * The public keys that checkpoints may be signed by, as PEM: that of the present signing key, then those that were retired
 * (`audit-earlier-keys`, one PEM after the other), which go on vouching for what they signed.
 */
export function auditPublicKeys(secret: SecretReader): readonly string[] {
  return [publicKeyOf(secret('audit-signing-key')), ...pemBlocks(earlier(secret))];
}

function earlier(secret: SecretReader): string {
  try {
    return secret('audit-earlier-keys');
  } catch (error) {
    if (error instanceof Refusal) return '';
    throw error;
  }
}
