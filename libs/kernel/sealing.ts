import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/*
 * Sealing of personal data: AES-256-GCM (NIST SP 800-38D). Each case has a key of its own, wrapped under the master key;
 * destroying the wrapped key erases the case everywhere, copies and backups included. A sealed text is
 * 1 (1 octet) || nonce (12, random) || ciphertext || tag (16), or, where keys are replaced while texts are kept (master-key.ts),
 * 2 || id of the key (8) || nonce || ciphertext || tag.
 */
const PLAIN = 1;
const NAMED = 2;
const ID_LENGTH = 8;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** Something sealed did not open: another key, another purpose (`aad`), or changed octets. Says no more than that. */
export class SealBroken extends Error {
  constructor() {
    super('sealed data does not open with this key for this purpose');
    this.name = 'SealBroken';
  }
}

/** A new random 256-bit key. */
export function newCaseKey(): Buffer {
  return randomBytes(KEY_LENGTH);
}

/**
 * Seals octets. `aad` names what they are and whose (`alert:<id>/content`): it is not stored, and opening needs the same, so
 * that a sealed text cannot be moved to another row. Random nonces are safe for 2^32 sealings under one key. `keyId` (16
 * hexadecimal digits) goes with the text, so that it is known which key opens it.
 */
export function seal(key: Uint8Array, plaintext: Uint8Array, aad: string, keyId?: string): Buffer {
  const head = keyId === undefined ? Buffer.of(PLAIN) : Buffer.concat([Uint8Array.of(NAMED), Buffer.from(keyId, 'hex')]);
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', checked(key), nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(purpose(head, aad));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

/** Opens what `seal` made. Throws SealBroken. */
export function open(key: Uint8Array, sealed: Uint8Array, aad: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const start = bytes[0] === NAMED ? 1 + ID_LENGTH : 1;
  if (bytes.length < start + NONCE_LENGTH + TAG_LENGTH || (bytes[0] !== PLAIN && bytes[0] !== NAMED)) throw new SealBroken();
  const decipher = createDecipheriv('aes-256-gcm', checked(key), bytes.subarray(start, start + NONCE_LENGTH), { authTagLength: TAG_LENGTH });
  decipher.setAAD(purpose(bytes.subarray(0, start), aad));
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
  const opened = decipher.update(bytes.subarray(start + NONCE_LENGTH, -TAG_LENGTH));
  try {
    decipher.final();
  } catch {
    opened.fill(0);
    throw new SealBroken();
  }
  return opened;
}

/** The id of the key that a text was sealed under, in hexadecimal; undefined where it does not say. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  return sealed[0] === NAMED ? Buffer.from(sealed.subarray(1, 1 + ID_LENGTH)).toString('hex') : undefined;
}

/**
 * HMAC-SHA-256 of a text, in hexadecimal: two texts can be told equal by who has the key, and by nobody once it is
 * destroyed. The key is derived first, so that one key never serves both the cipher and the digest.
 */
export function keyedDigest(key: Uint8Array, text: string): string {
  return digestUnder(digestKeyOf(key), text);
}

/** The key that `keyedDigest` derives first. */
export function digestKeyOf(key: Uint8Array): Buffer {
  return createHmac('sha256', checked(key)).update('findme keyed digest v1').digest();
}

/** HMAC-SHA-256 of a text under a key that serves digests alone, in hexadecimal. */
export function digestUnder(digestKey: Uint8Array, text: string): string {
  return createHmac('sha256', checked(digestKey)).update(text, 'utf8').digest('hex');
}

/** Version and id are authenticated with the purpose, so that they cannot be changed either. */
function purpose(head: Uint8Array, aad: string): Buffer {
  const id = Buffer.from(head.subarray(1)).toString('hex');
  return Buffer.from(`findme seal v${head[0]}\0${id && `${id}\0`}${aad}`, 'utf8');
}

function checked(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_LENGTH) throw new TypeError('a sealing key has 32 octets');
  return key;
}
