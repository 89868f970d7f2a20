import { createCipheriv, createECDH, createHmac, randomFillSync, type ECDH } from 'node:crypto';
import type { Receiver } from './subscription.js';

/*
 * Message encryption for web push (RFC 8291) in one record of aes128gcm (RFC 8188).
 */

/** The content coding's header: salt (16), record size (4), key id length (1), the sender's public key (65). */
const HEADER = 86;
const RECORD_SIZE = 4096;
/** What push services must take (RFC 8030 section 7.2), less header, delimiter and tag. */
export const PAYLOAD_LIMIT = RECORD_SIZE - HEADER - 1 - 16;

/**
 * Everything that encrypting one message to one receiver takes. A key pair and a salt are for one message (RFC 8291
 * section 3.1), so this is used once and let go.
 */
export interface MessageKeys {
  /** Salt, record size, our public key: the head of the message. */
  readonly header: Buffer;
  /** Content encryption key (16 octets) and nonce (12). */
  readonly secret: Buffer;
}

/** What makes it random; given in the RFC's own example. */
export interface Chance {
  readonly salt: Uint8Array;
  readonly privateKey: Uint8Array;
}

const KEY_INFO = Buffer.from('WebPush: info\0');
const CEK_INFO = Buffer.from('Content-Encoding: aes128gcm\0\x01', 'latin1');
const NONCE_INFO = Buffer.from('Content-Encoding: nonce\0\x01', 'latin1');
const ONE = Buffer.of(1);
const PADDING_DELIMITER = Buffer.of(2);

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

/** One curve for all: each use makes a new pair in it. */
const curve: ECDH = createECDH('prime256v1');

/** Makes a key pair and a salt and derives what one message needs (RFC 8291 section 3.4). Throws when the receiver's key is no point of the curve. */
export function deriveKeys({ publicKey, authSecret }: Pick<Receiver, 'publicKey' | 'authSecret'>, chance?: Chance): MessageKeys {
  const header = Buffer.allocUnsafe(HEADER);
  if (chance) {
    header.set(chance.salt, 0);
    curve.setPrivateKey(chance.privateKey);
  } else {
    randomFillSync(header, 0, 16);
    curve.generateKeys();
  }
  header.writeUInt32BE(RECORD_SIZE, 16);
  header[20] = 65;
  const own = curve.getPublicKey();
  header.set(own, 21);
  // HKDF (RFC 5869) with outputs of at most one block is two HMACs; both infos end in their counter.
  const ikm = hmac(hmac(authSecret, curve.computeSecret(publicKey)), KEY_INFO, publicKey, own, ONE);
  const prk = hmac(header.subarray(0, 16), ikm);
  const secret = Buffer.allocUnsafe(28);
  hmac(prk, CEK_INFO).copy(secret, 0, 0, 16);
  hmac(prk, NONCE_INFO).copy(secret, 16, 0, 12);
  return { header, secret };
}

/** The body of a message. The keys are worth nothing afterwards: they are wiped. Throws when the payload is over its limit. */
export function encrypt({ header, secret }: MessageKeys, payload: Uint8Array): Buffer {
  if (payload.length > PAYLOAD_LIMIT) throw new RangeError('a payload over its limit was not refused before');
  const cipher = createCipheriv('aes-128-gcm', secret.subarray(0, 16), secret.subarray(16), { authTagLength: 16 });
  secret.fill(0);
  return Buffer.concat([header, cipher.update(payload), cipher.update(PADDING_DELIMITER), cipher.final(), cipher.getAuthTag()]);
}
