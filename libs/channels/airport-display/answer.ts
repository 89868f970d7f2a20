import { z } from 'zod';
import type { Outcome } from '#dispatch/channel.js';
import { ANSWER_INVALID, outcomeOfStatus, type Answer } from '#dispatch/https/answer.js';
import type { Picture } from './encode.js';

/** What an airport answers: the message, and every picture by the hash of what it stored. */
const acknowledgement = z.union([
  z.object({ identifier: z.string(), pictures: z.record(z.string(), z.string()) }),
  z.object({ identifier: z.string(), refused: z.string() }),
]);

/**
 * Judges the answer of an airport. Only one that names this message and has the hash of each picture, and of no other, is
 * acceptance: a picture that was cut or mixed up on the way is not what was approved.
 */
export function outcomeOf(answer: Answer, identifier: string, pictures: readonly Picture[], now: Date): Outcome {
  const settled = outcomeOfStatus(answer, now);
  if (settled) return settled;
  const parsed = acknowledgement.safeParse(parseJson(answer.body));
  if (!parsed.success || parsed.data.identifier !== identifier) return ANSWER_INVALID;
  if ('refused' in parsed.data) return { kind: 'refused', reason: 'airport_refused' };
  const stored = parsed.data.pictures;
  const whole = Object.keys(stored).length === pictures.length && pictures.every(({ name, sha256 }) => stored[name] === sha256);
  return whole ? { kind: 'accepted', references: [identifier], expectedReceipts: 1 } : { kind: 'uncertain', reason: 'pictures_differ' };
}

function parseJson(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}
