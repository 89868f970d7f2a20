import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/*
 * Sealing of personal data: AES-256-GCM (NIST SP 800-38D). Each case has a key of its own, wrapped under the master key;
 * destroying the wrapped key erases the case everywhere, copies and backups included. A sealed text is
 * version (1 octet, now 1) || nonce (12, random) || ciphertext || tag (16).
 */
const VERSION = 1;
const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const OVERHEAD = 1 + NONCE_LENGTH + TAG_LENGTH;

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
 * that a sealed text cannot be moved to another row. Random nonces are safe for 2^32 sealings under one key.
 */
export function seal(key: Uint8Array, plaintext: Uint8Array, aad: string): Buffer {
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', checked(key), nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(purpose(aad));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Uint8Array.of(VERSION), nonce, body, cipher.getAuthTag()]);
}

/** Opens what `seal` made. Throws SealBroken. */
export function open(key: Uint8Array, sealed: Uint8Array, aad: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < OVERHEAD || bytes[0] !== VERSION) throw new SealBroken();
  const decipher = createDecipheriv('aes-256-gcm', checked(key), bytes.subarray(1, 1 + NONCE_LENGTH), { authTagLength: TAG_LENGTH });
  decipher.setAAD(purpose(aad));
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
  const opened = decipher.update(bytes.subarray(1 + NONCE_LENGTH, -TAG_LENGTH));
  try {
    decipher.final();
  } catch {
    opened.fill(0);
    throw new SealBroken();
  }
  return opened;
}

/** Wraps a case key under the master key; `aad` names the case. */
export function wrapKey(masterKey: Uint8Array, caseKey: Uint8Array, aad: string): Buffer {
  return seal(masterKey, checked(caseKey), `key:${aad}`);
}

/** Unwraps a case key. Throws SealBroken. */
export function unwrapKey(masterKey: Uint8Array, wrapped: Uint8Array, aad: string): Buffer {
  return open(masterKey, wrapped, `key:${aad}`);
}

/**
 * HMAC-SHA-256 of a text, in hexadecimal: two texts can be told equal by who has the key, and by nobody once it is
 * destroyed. The key is derived first, so that one key never serves both the cipher and the digest.
 */
export function keyedDigest(key: Uint8Array, text: string): string {
  const digestKey = createHmac('sha256', checked(key)).update('findme keyed digest v1').digest();
  return createHmac('sha256', digestKey).update(text, 'utf8').digest('hex');
}

/** The version is authenticated with the purpose, so that it cannot be changed either. */
const purpose = (aad: string): Buffer => Buffer.from(`findme seal v${VERSION}\0${aad}`, 'utf8');

function checked(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_LENGTH) throw new TypeError('a sealing key has 32 octets');
  return key;
}
