import { createECDH, createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { fail } from '#kernel/errors.js';

/** Push services refuse tokens that are valid for more than 24 hours (RFC 8292 section 2). */
const VALID_MS = 12 * 3_600_000;
/** A token is made anew when it has less than this left: no message goes out with one that is about to end. */
const EARLY_MS = 6 * 3_600_000;

/** Who we are to push services (RFC 8292). A token is signed once for each service and kept: signing costs more than all else of a message. */
export class Vapid {
  /** `applicationServerKey` for browsers: the public key, uncompressed, base64url. */
  readonly publicKey: string;
  private readonly key: KeyObject;
  private readonly kept = new Map<string, { readonly header: string; readonly until: number }>();

  /** `privateKey` is base64url of 32 octets, as `web-push generate-vapid-keys` prints it. Throws CONFIGURATION_INVALID. */
  constructor(privateKey: string, private readonly subject: string) {
    const d = Buffer.from(privateKey, 'base64url');
    const curve = createECDH('prime256v1');
    try {
      if (d.length !== 32) throw new Error('length');
      curve.setPrivateKey(d);
    } catch {
      throw fail('CONFIGURATION_INVALID', 'settings.vapid.key', 'A VAPID key is base64url of the 32 octets of a private key on P-256.');
    }
    const point = curve.getPublicKey();
    this.publicKey = point.toString('base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    this.key = createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x: x!, y: y! } });
  }

  /** The Authorization header for a push service. */
  header(origin: string, now: Date): string {
    const known = this.kept.get(origin);
    const left = (known?.until ?? 0) - now.getTime();
    // Both ways: after a clock that was wrong a token may lie too far ahead.
    if (known && left > EARLY_MS && left <= VALID_MS) return known.header;
    const until = now.getTime() + VALID_MS;
    const header = `vapid t=${this.token(origin, until)}, k=${this.publicKey}`;
    this.kept.set(origin, { header, until });
    return header;
  }

  /** A JWT signed with ES256 (RFC 7518 section 3.4: the signature is r and s, not DER). */
  private token(aud: string, until: number): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud, exp: Math.floor(until / 1000), sub: this.subject })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: this.key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }
}
