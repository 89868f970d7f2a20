import { z } from 'zod';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '#identity/passkey.js';
import type { ErrorCode } from '#kernel/errors.js';

const base64url = (most: number) => z.string().regex(/^[A-Za-z0-9_-]+$/).max(most);
const credential = {
  id: base64url(1_400), rawId: base64url(1_400), type: z.literal('public-key'), authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional().catch(undefined),
  // Nothing is asked of extensions and nothing they say is looked at.
  clientExtensionResults: z.unknown().transform(() => ({})),
};

/** A browser's `navigator.credentials.get` as JSON (WebAuthn Level 3, section 5.1). */
export const passkeyProof: z.ZodType<AuthenticationResponseJSON> = z.object({
  ...credential,
  response: z.object({ clientDataJSON: base64url(8_192), authenticatorData: base64url(8_192), signature: base64url(8_192), userHandle: base64url(256).optional().catch(undefined) }),
}).meta({ id: 'PasskeyProof' });

/** A browser's `navigator.credentials.create` as JSON. */
export const passkeyMade: z.ZodType<RegistrationResponseJSON> = z.object({
  ...credential,
  response: z.object({ clientDataJSON: base64url(8_192), attestationObject: base64url(32_768), transports: z.array(z.string().max(40)).max(8).optional() }),
}).meta({ id: 'PasskeyMade' });

/** Fields of a body that carries a fresh proof of who asks: one of them. */
export const proofFields = {
  /** The six digits of the authenticator app. */
  code: z.string().max(20).optional(),
  /** The answer to a challenge of `POST /v1/session/step-up` for the same purpose. */
  passkey: passkeyProof.optional(),
};

/** What a proof is for: one revision of one alert, one change, one secret of one's own, or one's own passkeys. */
export const stepUpPurpose = z.discriminatedUnion('for', [
  z.strictObject({ for: z.literal('approve'), alert: z.uuid(), contentHash: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ for: z.literal('change'), change: z.uuid() }),
  z.strictObject({ for: z.literal('secret'), destination: z.string().max(40), secret: z.string().max(80) }),
  z.strictObject({ for: z.literal('passkeys') }),
]);

export const STEP_UP_REFUSALS = ['STEP_UP_MISSING', 'CODE_WRONG', 'CODE_REPLAYED', 'PASSKEY_REFUSED', 'SIGN_IN_THROTTLED'] as const satisfies readonly ErrorCode[];
