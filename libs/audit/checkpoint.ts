import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '#kernel/canonical.js';

/**
 * A signed statement that the chain stood at `hash` after fact number `seq`. Kept off the host, it is what catches an owner
 * of the database who rewrites the chain or cuts off its tail.
 */
export const checkpointSchema = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** Ed25519 (RFC 8032) over the canonical JSON of the other five members, in base64. */
  signature: z.base64().length(88),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Public keys by their identifier. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** Makes a pair of Ed25519 keys in PEM (PKCS #8 and SPKI) with its identifier. The private one leaves this host for no one. */
export function createCheckpointKey(): { readonly keyId: string; readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    keyId: keyIdOf(publicKey),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The public half of a private key, in PEM. */
export function publicKeyOf(privateKeyPem: string): string {
  return createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString();
}

/** Identifier of a public key: the first 16 hexadecimal digits of the SHA-256 of its SPKI DER. */
export function keyIdOf(publicKey: KeyObject | string): string {
  const key = typeof publicKey === 'string' ? createPublicKey(publicKey) : publicKey;
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex').slice(0, 16);
}

/** Reads public keys from PEM. Throws a TypeError when one of them is not an Ed25519 key. */
export function readPublicKeys(pems: Iterable<string>): PublicKeys {
  const keys = new Map<string, KeyObject>();
  for (const pem of pems) {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('a checkpoint key is an Ed25519 key');
    keys.set(keyIdOf(key), key);
  }
  return keys;
}

/** Signs where the chain stands. */
export function signCheckpoint(privateKeyPem: string, place: { readonly seq: number; readonly hash: string; readonly at: Date }): Checkpoint {
  const key = createPrivateKey(privateKeyPem);
  const statement = { v: 1 as const, seq: place.seq, hash: place.hash, at: place.at.toISOString(), keyId: keyIdOf(createPublicKey(key)) };
  const signature = sign(null, Buffer.from(canonicalJson(statement)), key).toString('base64');
  return checkpointSchema.parse({ ...statement, signature });
}

/** Tells whether a checkpoint is what one of the keys signed. */
export function verifyCheckpoint(publicKeys: PublicKeys, checkpoint: Checkpoint): 'good' | 'malformed' | 'unknown-key' | 'bad-signature' {
  const parsed = checkpointSchema.safeParse(checkpoint);
  if (!parsed.success) return 'malformed';
  const { signature, ...statement } = parsed.data;
  const key = publicKeys.get(statement.keyId);
  if (!key) return 'unknown-key';
  // Base64 has spare bits in its last digit: only the one canonical spelling counts, so that every changed byte shows.
  const octets = Buffer.from(signature, 'base64');
  if (octets.toString('base64') !== signature) return 'bad-signature';
  return verify(null, Buffer.from(canonicalJson(statement)), key, octets) ? 'good' : 'bad-signature';
}
