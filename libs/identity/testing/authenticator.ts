import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { AuthenticationResponseJSON, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '../passkey.js';

/** What goes wrong on purpose. */
export interface Odd {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly crossOrigin?: boolean;
  /** What the counter says instead of one more. */
  readonly counter?: number;
  readonly type?: string;
}

/** An authenticator with one passkey (ES256), made of software, for tests. */
export class SoftAuthenticator {
  readonly credentialId = randomBytes(32).toString('base64url');
  private readonly key: KeyObject;
  private readonly publicKey: { readonly x: string; readonly y: string };
  private counter = 0;

  constructor(private readonly origin: string, private readonly rpId: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = privateKey;
    this.publicKey = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  }

  /** As `navigator.credentials.create` answers. */
  make({ challenge }: Pick<PublicKeyCredentialCreationOptionsJSON, 'challenge'>, odd: Odd = {}): RegistrationResponseJSON {
    const id = Buffer.from(this.credentialId, 'base64url');
    const cose = new Map<number, number | Uint8Array<ArrayBuffer>>([[1, 2], [3, -7], [-1, 1], [-2, bytes(this.publicKey.x)], [-3, bytes(this.publicKey.y)]]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const authData = Buffer.concat([this.data(0x40, odd), Buffer.alloc(16), length, id, isoCBOR.encode(cose)]);
    const attestationObject = isoCBOR.encode(new Map<string, unknown>([['fmt', 'none'], ['attStmt', new Map()], ['authData', new Uint8Array(authData)]]) as Parameters<typeof isoCBOR.encode>[0]);
    return {
      id: this.credentialId, rawId: this.credentialId, type: 'public-key', clientExtensionResults: {},
      response: { clientDataJSON: this.clientData(odd.type ?? 'webauthn.create', challenge, odd), attestationObject: Buffer.from(attestationObject).toString('base64url'), transports: ['internal'] },
    };
  }

  /** As `navigator.credentials.get` answers. */
  prove({ challenge }: Pick<PublicKeyCredentialRequestOptionsJSON, 'challenge'>, odd: Odd = {}): AuthenticationResponseJSON {
    this.counter = odd.counter ?? this.counter + 1;
    const authenticatorData = this.data(0, odd);
    const clientDataJSON = this.clientData(odd.type ?? 'webauthn.get', challenge, odd);
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest()]);
    return {
      id: this.credentialId, rawId: this.credentialId, type: 'public-key', clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData: authenticatorData.toString('base64url'), signature: sign('sha256', signed, this.key).toString('base64url') },
    };
  }

  private data(more: number, { rpId = this.rpId, userVerified = true }: Odd): Buffer {
    const rest = Buffer.alloc(5);
    rest.writeUInt8(0x01 | (userVerified ? 0x04 : 0) | more, 0);
    rest.writeUInt32BE(this.counter, 1);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), rest]);
  }

  private clientData(type: string, challenge: string, { origin = this.origin, crossOrigin = false }: Odd): string {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }), 'utf8').toString('base64url');
  }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64url'));
