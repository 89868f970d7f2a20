import { z } from 'zod';
import type { ErrorCode } from '#kernel/errors.js';

/** Fields of a body that carries a fresh proof of who asks. */
export const proofFields = {
  /** The six digits of the authenticator app. */
  code: z.string().max(20).optional(),
};

export const STEP_UP_REFUSALS = ['STEP_UP_MISSING', 'CODE_WRONG', 'CODE_REPLAYED', 'SIGN_IN_THROTTLED'] as const satisfies readonly ErrorCode[];
