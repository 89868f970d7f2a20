import { z } from 'zod';
import { readPublicKeys, type Checkpoint } from './checkpoint.js';

/** Splits a text into its PEM public keys. */
export function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g) ?? [];
}

const keysAnswer = z.object({ keys: z.array(z.object({ publicKey: z.string() })) });

/** Reads public keys that came another way: PEM, or the answer of `GET /v1/audit/keys`. Throws a TypeError when there is none. */
export function readKeysText(text: string): readonly string[] {
  const pems = text.trimStart().startsWith('{') ? keysOfAnswer(text) : pemBlocks(text);
  try {
    if (readPublicKeys(pems).size > 0) return pems;
  } catch {
    // Said below: what cannot be read is no key.
  }
  throw new TypeError('The file of keys holds no Ed25519 public key.');
}

function keysOfAnswer(text: string): readonly string[] {
  try {
    return keysAnswer.parse(JSON.parse(text)).keys.map((key) => key.publicKey);
  } catch {
    return [];
  }
}

/** Reads checkpoints, one JSON a line. Whatever a line says is given to the verifier, which knows a checkpoint from what is none. Throws a TypeError for a line that is no JSON. */
export function readCheckpointsText(text: string): readonly Checkpoint[] {
  return text.split('\n').filter((line) => line.trim() !== '').map((line, index) => {
    try {
      return JSON.parse(line) as Checkpoint;
    } catch {
      throw new TypeError(`Line ${index + 1} of the file of checkpoints is no JSON.`);
    }
  });
}
