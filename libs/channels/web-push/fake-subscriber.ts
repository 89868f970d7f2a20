import { createDecipheriv, createECDH, hkdfSync, type ECDH } from 'node:crypto';
import type { PushSubscription } from './subscription.js';

/** What a browser made of a message. */
export interface Received {
  /** Salt and the sender's public key, by which no two messages are alike. */
  readonly salt: string;
  readonly senderKey: string;
  readonly payload: Buffer;
}

interface Keys { readonly curve: ECDH; readonly authSecret: Buffer }

/** A fictional browser: key pair, authentication secret, and the receiving half of RFC 8291. */
export class FakeSubscriber {
  private kept: Keys | undefined;

  /** The same seed and name give the same browser again. */
  constructor(private readonly seed: string, readonly name: string) {}

  /** What its PushManager would give. */
  subscription(origin: string): PushSubscription {
    const { curve, authSecret } = this.keys();
    return { endpoint: `${origin}/wpush/${this.name}`, keys: { p256dh: curve.getPublicKey('base64url'), auth: authSecret.toString('base64url') } };
  }

  /** Decrypts a message (RFC 8188 section 2, RFC 8291 section 4). Throws when it is not for this browser or not whole. */
  receive(body: Buffer): Received {
    const { curve, authSecret } = this.keys();
    const salt = body.subarray(0, 16);
    const length = body[20] ?? 0;
    const senderKey = body.subarray(21, 21 + length);
    const record = body.subarray(21 + length);
    if (body.readUInt32BE(16) < record.length || length !== 65) throw new Error('more than one record, or no key');
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), curve.getPublicKey(), senderKey]);
    const ikm = Buffer.from(hkdfSync('sha256', curve.computeSecret(senderKey), authSecret, info, 32));
    const derive = (what: string, octets: number) => Buffer.from(hkdfSync('sha256', ikm, salt, `Content-Encoding: ${what}\0`, octets));
    const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12), { authTagLength: 16 });
    decipher.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    const end = padded.lastIndexOf(2);
    if (end < 0 || padded.subarray(end + 1).some((octet) => octet !== 0)) throw new Error('no delimiter of a last record');
    return { salt: salt.toString('base64url'), senderKey: senderKey.toString('base64url'), payload: padded.subarray(0, end) };
  }

  /** Made when first asked for: a hundred thousand browsers would keep everybody waiting at the start. */
  private keys(): Keys {
    if (this.kept) return this.kept;
    const material = Buffer.from(hkdfSync('sha256', this.seed, '', `fictional browser ${this.name}`, 48));
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(material.subarray(0, 32));
    return (this.kept = { curve, authSecret: material.subarray(32) });
  }
}
